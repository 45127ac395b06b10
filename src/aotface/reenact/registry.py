"""Reenactors by name. Nothing heavy is imported until one is opened."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from aotface import plugins
from aotface.errors import UsageError
from aotface.reenact.recipe import read_recipe, recipe_names

if TYPE_CHECKING:
    from aotface.reenact.base import Reenactor

MESH, ONNX = "mesh", "onnx"


@dataclass(frozen=True)
class ReenactorSettings:
    """Which reenactor, and its files.

    ``name``: ``mesh``, ``onnx`` (``config`` describes the network), or a recipe, to which ``model`` (the swapper),
    ``embedding`` (the network of the identity) and ``converter`` (from its embedding to the swapper's own) belong.
    """

    name: str = MESH
    config: Path | None = None
    model: Path | None = None
    embedding: Path | None = None
    converter: Path | None = None

    def check(self) -> None:
        """Refuse what does not fit together; no network is opened.

        Raises:
            UsageError: an unknown name, a file that is missing, or one that has no use.
        """
        if self.name not in built_in() and self.name not in reenactor_names():
            known = ", ".join(reenactor_names())
            raise UsageError(f"expected --reenact as one of {known}, got {self.name!r}")
        needed = self._needed()
        given = {f.name for f in fields(self) if f.name != "name" and getattr(self, f.name) is not None}
        allowed = needed | ({"model", "embedding", "converter"} if self.name == ONNX else set())
        if missing := sorted(needed - given, key=list(_OPTIONS).index):
            words = " and ".join(f"{_OPTIONS[name]} FILE" for name in missing)
            why = "" if self.name == ONNX else ": weights of others are not in this package"
            raise UsageError(f"--reenact {self.name} needs {words}{why}")
        if spare := sorted(given - allowed, key=list(_OPTIONS).index):
            words = " and ".join(_OPTIONS[name] for name in spare)
            raise UsageError(f"--reenact {self.name} makes no use of {words}: leave it out")

    def _needed(self) -> set[str]:
        if self.name not in built_in():
            return set()
        if self.name in (MESH, ONNX):
            return {"config"} if self.name == ONNX else set()
        return set(read_recipe(self.name).models)

    @property
    def uses_onnxruntime(self) -> bool:
        """Whether a network of onnxruntime takes part, for the choice of the device."""
        return self.name in built_in() and self.name != MESH


_OPTIONS = {
    "config": "--reenact-config",
    "model": "--reenact-model",
    "embedding": "--reenact-embedding",
    "converter": "--reenact-converter",
}
"""What the fields are called on the command line."""


def reenactor_names() -> list[str]:
    """Every name that `open_reenactor` takes, plug-ins last; none of them is imported."""
    return [*built_in(), *plugins.names(plugins.REENACTORS, built_in())]


def built_in() -> list[str]:
    """Names that are not plug-ins."""
    return [MESH, ONNX, *recipe_names()]


def open_reenactor(settings: ReenactorSettings, device: str = "cpu") -> "Reenactor":
    """Open a reenactor.

    Args:
        settings: see there.
        device: where its networks run: ``cpu`` or ``cuda``.

    Raises:
        UsageError: see `ReenactorSettings.check`; or the device is not there.
        InputError, WeightsError: see `aotface.reenact.onnx.OnnxReenactor`.
    """
    settings.check()
    if settings.name == MESH:
        from aotface.reenact.mesh import MeshReenactor

        return MeshReenactor()
    if settings.name not in built_in():
        from aotface.reenact.base import Reenactor

        made: Reenactor = plugins.make(
            plugins.REENACTORS, settings.name, protocol=Reenactor, built_in=built_in()
        )
        return made
    from aotface.reenact.onnx import OnnxReenactor
    from aotface.reenact.onnx_spec import ModelPaths

    models = ModelPaths(settings.model, settings.embedding, settings.converter)
    config = settings.config or read_recipe(settings.name).path
    return OnnxReenactor(config, device, models, settings.name)


def identity_of(reenactor: "Reenactor") -> dict[str, str]:
    """What decides a reenactor's results, for records and for the work folder of a video: its name and its files' hashes.

    Where the files lie does not count, so a video resumes after they were moved.

    Raises:
        WeightsError: a file cannot be read.
    """
    from aotface.media.weights import sha256

    files = {f"file {number}": sha256(path) for number, path in enumerate(reenactor.files)}
    return {"reenactor": reenactor.name} | files
