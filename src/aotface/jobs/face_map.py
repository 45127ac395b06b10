"""Which face of the target gets which source: `--face`, `--face-map`, and reference pictures."""

from pathlib import Path
from typing import Any

from aotface.errors import InputError, UsageError
from aotface.jobs.spec import FaceAssignment, JobSpec
from aotface.media.config import read_toml
from aotface.media.files import show
from aotface.options import DEFAULTS

KEYS = {"face", "source", "source_face"}


def reference_in(face: str) -> Path | None:
    """The reference picture that ``--face`` names; None where it is no file's name.

    Raises:
        UsageError: neither a choice nor a file.
    """
    if face in ("largest", "all") or face.isdecimal():
        return None
    path = Path(face)
    if not path.is_file():
        raise UsageError(
            f"expected a face as largest, all, a number from 0 or a picture of it, got {face!r}; "
            "there is no such file"
        )
    return path


def read_face_map(path: Path) -> tuple[FaceAssignment, ...]:
    """Read a face map: ``[[face]]`` tables with ``face``, ``source`` and, if wished, ``source_face``.

    Args:
        path: the TOML file. Paths in it count from its folder and stay inside, unless they are absolute.

    Raises:
        InputError: it cannot be read, or says something else.
    """
    table = read_toml(path)
    rows = table.get("face")
    if set(table) != {"face"} or not isinstance(rows, list) or not rows:
        found = ", ".join(sorted(set(table))) or "nothing"
        raise InputError(f"{show(path)}: expected [[face]] tables and nothing else, found {found}")
    return tuple(_row(path, number, row) for number, row in enumerate(rows))


def assignments_of(spec: JobSpec) -> tuple[FaceAssignment, ...]:
    """Which face of the target gets what; the one source of ``refine`` is there already."""
    if spec.faces:
        return spec.faces
    if spec.face_map:
        return read_face_map(Path(spec.face_map))
    source = spec.source if spec.kind == "swap" else None
    return (FaceAssignment(face=spec.face, source=source, source_face=spec.source_face),)


def files_of(assignments: tuple[FaceAssignment, ...]) -> list[Path]:
    """The pictures that assignments name."""
    found = []
    for row in assignments:
        found += [Path(row.source)] if row.source is not None else []
        reference = reference_in(str(row.face))
        found += [reference] if reference is not None else []
    return found


def _row(path: Path, number: int, row: Any) -> FaceAssignment:
    """One table of a face map, checked."""
    place = f"{show(path)}: face table {number + 1}"
    if not isinstance(row, dict) or not {"face", "source"} <= set(row) <= KEYS:
        found = ", ".join(sorted(row)) if isinstance(row, dict) else repr(row)
        raise InputError(f"{place}: expected the keys face, source and at most source_face, found {found}")
    face, source, source_face = row["face"], row["source"], row.get("source_face", DEFAULTS.source_face)
    if (
        type(source) is not str
        or type(face) not in (int, str)
        or face == ""
        or (type(face) is int and face < 0)
    ):
        raise InputError(f"{place}: expected face as a number from 0 or a picture, and source as a picture")
    if source_face != "largest" and (type(source_face) is not int or source_face < 0):
        raise InputError(f'{place}: expected source_face as "largest" or a number, got {source_face!r}')
    named = str(face) if type(face) is int else str(_inside(path.parent, face, place))
    source_path = str(_inside(path.parent, source, place))
    return FaceAssignment(face=named, source=source_path, source_face=str(source_face))


def _inside(folder: Path, name: str, place: str) -> Path:
    """A file that a face map names, below its own folder unless the name is absolute."""
    path = folder / name
    if not Path(name).is_absolute() and not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{place}: {show(name)} leads out of {show(folder)}: give an absolute path")
    if not path.is_file():
        raise InputError(f"{place}: {show(path)}: no such file; check the name")
    return path
