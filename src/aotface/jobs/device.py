"""Networks of a job: which take part, where they run (what was asked for, or a refusal), and what records say of them."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from aotface.errors import AotfaceError, UsageError
from aotface.options import BACKENDS, DEVICES, Options
from aotface.transfer import listed, transfer_for

if TYPE_CHECKING:
    from aotface.jobs.spec import JobSpec


def pick_device(wanted: str, users: dict[str, str]) -> str:
    """Settle ``--device``.

    Args:
        wanted: ``auto``, ``cpu`` or ``cuda``.
        users: what runs networks in this run, as ``{"torch": "aot"}`` or ``{"onnxruntime": "swapper.toml"}``.

    Returns:
        ``cpu`` or ``cuda``; with ``auto`` cuda where every user can have it.

    Raises:
        UsageError: no such device, nobody would use it, or somebody cannot.
    """
    if wanted not in DEVICES:
        raise UsageError(f"expected --device auto, cpu or cuda, got {wanted!r}")
    if wanted == "cpu" or (wanted == "auto" and not users):
        return "cpu"
    if not users:
        raise UsageError("nothing in this run uses cuda: its methods work on the cpu, so leave --device out")
    without = [f"{library} (for {use})" for library, use in users.items() if not _has_cuda(library)]
    if wanted == "cuda" and without:
        raise UsageError(f"--device cuda, but {', '.join(without)} sees no cuda here: ask `aotface doctor`")
    return "cpu" if without else "cuda"


def networks(spec: "JobSpec") -> dict[str, str]:
    """Which library runs a network for what, in this job."""
    by_torch = listed(spec.transfer).uses_network and spec.backend == BACKENDS[0]
    found = {"torch": spec.transfer} if by_torch else {}
    return found | ({"onnxruntime": spec.reenact} if spec.reenactor_settings().uses_onnxruntime else {})


def with_transfer(spec: "JobSpec", name: str) -> "JobSpec":
    """The same job by another transfer, without what was meant for a network that it then does not run.

    Args:
        spec: what a server sets for all of its jobs, and one job of it.
        name: of the transfer.
    """
    line, changes = listed(name), {"transfer": name}
    if not line.uses_network:
        changes["backend"] = Options.backend
        if line.module:  # a plug-in may take weights
            changes["weights"] = Options.weights
    made = replace(spec, **changes)
    return made if networks(made) else replace(made, device="auto")


def transfer_identity(options: Options) -> dict[str, Any]:
    """What decides a transfer's results, for records: the hash of its weights, and the version of another backend.

    Raises:
        UsageError, WeightsError: the network cannot be had as it is asked for.
    """
    return dict(transfer_for(options).identity())


def preload(options: Options) -> None:
    """Load the network in the background; what is wrong with it is said where it is needed.

    Other backends are told when they are loaded how many threads they may use, so they are not loaded ahead.
    """
    if listed(options.transfer).uses_network and options.backend == BACKENDS[0]:
        threading.Thread(target=_load, args=(options,)).start()


def _load(options: Options) -> None:
    with suppress(AotfaceError):
        transfer_for(options)


def _has_cuda(library: str) -> bool:
    if library == "torch":
        import torch

        return torch.cuda.is_available()
    from aotface.media.onnx_runtime import PROVIDERS, onnxruntime

    return PROVIDERS["cuda"] in onnxruntime().get_available_providers()
