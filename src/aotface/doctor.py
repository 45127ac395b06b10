"""Is everything there: versions, devices, weights and their hashes, keys."""

import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from aotface import plugins
from aotface.errors import AotfaceError, UsageError, WeightsError
from aotface.media.runlog import PACKAGES
from aotface.media.weights import sha256
from aotface.options import Options
from aotface.provenance import authority
from aotface.settings import settings_folder

REPEATS = 5
"""How often each backend is timed."""

REINSTALL = "install again: scripts/setup, or pip install --force-reinstall aotface"


@dataclass(frozen=True)
class Check:
    """One line: ``state`` is ok, note (works without) or MISSING; ``remedy`` says what to do, if anything."""

    state: Literal["ok", "note", "MISSING"]
    name: str
    found: str
    remedy: str = ""


def examine() -> list[Check]:
    """Look at everything that is needed, and at what can be used.

    Returns:
        One check per thing, in the order of importance.
    """
    return [
        _python(),
        *_packages(),
        *_face_models(),
        *_weights(),
        *_devices(),
        *_backends(),
        *_plugins(),
        *_keys(),
    ]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.platform()}"
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        return Check("ok", "python", found)
    return Check("MISSING", "python", found, "Python 3.11 to 3.14 is needed: use one of these")


def _packages() -> list[Check]:
    checks = []
    for name in PACKAGES:
        try:
            checks.append(Check("ok", name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            checks.append(Check("MISSING", name, "not installed", f"pip install {name}, or scripts/setup"))
    return checks


def _face_models() -> list[Check]:
    """The models that find faces and hands, and their hashes."""
    from aotface.face.networks import SHA256, model_file

    return [_weights_file(Path(str(model_file(name))), expected) for name, expected in SHA256.items()]


def _weights_file(path: Path, expected: str) -> Check:
    try:
        found = sha256(path)
    except WeightsError as error:
        return Check("MISSING", path.name, str(error), REINSTALL)
    if expected and found != expected:
        return Check("MISSING", path.name, f"sha256 {found[:16]}..., expected {expected[:16]}...", REINSTALL)
    return Check("ok", path.name, f"sha256 {found[:16]}...")


def _weights() -> list[Check]:
    """The trained networks in this package."""
    folder = Path(__file__).parent / "weights"
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        found = "none in this version: --transfer takes the classical methods"
        return [Check("note", "trained transport", found)]
    return [_weights_file(path, "") for path in files]


def _devices() -> list[Check]:
    import torch

    from aotface.media.onnx_runtime import onnxruntime

    cuda = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    remedy = "" if cuda else "no NVIDIA GPU seen; with one: install torch with CUDA, then ask again"
    providers = [name.removesuffix("ExecutionProvider") for name in onnxruntime().get_available_providers()]
    return [
        Check("ok", "cpu", f"{torch.get_num_threads()} threads for torch"),
        Check("ok" if cuda else "note", "cuda", ", ".join(cuda) or "none", remedy),
        Check("ok", "onnxruntime on", ", ".join(providers)),
    ]


def _backends() -> list[Check]:
    """How long one face of 256 px takes with each backend of `aot` that is installed, now, on this computer."""
    try:
        from aotface.profiling.transfers import measure_backends

        costs, broken = measure_backends(REPEATS)
    except (AotfaceError, ImportError) as error:  # what is missing stands in lines of its own
        return [Check("note", "speed of aot", f"not measured: {error}")]
    checks = [Check("note", f"backend {name}", f"cannot be used: {error}") for name, error in broken.items()]
    if not costs:
        return checks
    order = sorted(costs, key=lambda name: costs[name].wall_ms)
    found = ", ".join(f"{name} {costs[name].wall_ms:.0f} ms" for name in order)
    advice = (
        ""
        if order[0] == Options.backend
        else f"fastest here: --backend {order[0]}; nothing chooses it for you"
    )
    return [Check("ok", "speed of aot", f"{found} a face", advice), *checks]


def _plugins() -> list[Check]:
    """Every plug-in that is installed, and whether it can be imported."""
    from aotface.forensics.base import BUILT_IN as DETECTORS
    from aotface.reenact.registry import built_in as reenactors
    from aotface.transfer import LISTED

    built_in: dict[plugins.Kind, tuple[str, ...]] = {
        plugins.TRANSFERS: tuple(LISTED),
        plugins.REENACTORS: tuple(reenactors()),
        plugins.FORGERY_DETECTORS: DETECTORS,
    }
    checks = []
    for kind, own in built_in.items():
        try:
            checks += [_plugin(plugin, own) for plugin in plugins.installed(kind)]
        except UsageError as error:
            checks.append(Check("note", "plug-ins", str(error)))
    return checks or [Check("ok", "plug-ins", "none")]


def _plugin(plugin: plugins.Plugin, built_in: tuple[str, ...]) -> Check:
    name = f"{plugin.kind.word} {plugin.name}"
    try:
        plugins.load(plugin, built_in)
    except UsageError as error:
        return Check("note", name, f"cannot be used: {error}")
    return Check("ok", name, f"plug-in of {plugin.package}")


def _keys() -> list[Check]:
    try:
        folder = settings_folder()
    except UsageError as error:
        return [Check("note", "signing keys", "none", str(error))]
    if authority.own_root() is None:
        return [
            Check("ok", "signing keys", f"none yet: a test authority is made in {folder} when first needed")
        ]
    return [Check("ok", "signing keys", f"test authority in {folder}")]
