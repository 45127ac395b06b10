"""Synthetic faces, for demo, documents and tests: each the mean of eight or more people."""

from importlib import resources
from pathlib import Path

from aotface.errors import InputError

FOLDER = Path(str(resources.files("aotface.samples")))
"""Where the pictures lie."""


def samples(role: str = "") -> list[Path]:
    """Paths of the samples, by name.

    Args:
        role: ``source`` (even light), ``target`` (lit), or empty for all.
    """
    return sorted(FOLDER.glob(f"{role}*.jpg"))


def sample(name: str) -> Path:
    """Path of one sample.

    Args:
        name: without suffix, such as ``source_light_man``.

    Raises:
        InputError: there is none of that name.
    """
    path = FOLDER / f"{name}.jpg"
    if path not in samples():
        known = ", ".join(p.stem for p in samples())
        raise InputError(f"no sample {name!r}: there are {known}")
    return path
