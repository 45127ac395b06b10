"""Which face of the target gets which source: `--face`, `--face-map`, and reference pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aotface.compose.pipeline import choose
from aotface.errors import InputError, NoFaceError, UsageError
from aotface.face.detect import detect
from aotface.jobs.spec import FaceAssignment, JobSpec
from aotface.media.config import read_toml
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.options import DEFAULTS
from aotface.tracking.descriptor import descriptor_of
from aotface.tracking.tracks import Track, Tracks, choose_alike, choose_tracks
from aotface.types import Face, Frame

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


def assign(tracks: Tracks, wanted: tuple[FaceAssignment, ...]) -> dict[int, FaceAssignment]:
    """Find the tracks that are meant.

    Args:
        tracks: of the whole video.
        wanted: who goes where.

    Returns:
        By a track's number, in order.

    Raises:
        FaceError: no such face; or a reference that is like none, or like two.
        UsageError: one face is named twice.
    """

    def meant(row: FaceAssignment) -> tuple[int, ...]:
        reference = reference_in(str(row.face))
        return choose_tracks(tracks, str(row.face)) if reference is None else (_alike(tracks, reference),)

    return _assigned(wanted, meant)


def assign_faces(
    frame: Frame, faces: list[Face], wanted: tuple[FaceAssignment, ...]
) -> dict[int, FaceAssignment]:
    """As `assign`, of the faces of a picture, by their numbers; see there."""

    def meant(row: FaceAssignment) -> tuple[int, ...]:
        reference = reference_in(str(row.face))
        if reference is not None:
            return (_alike(picture_tracks(frame, faces), reference),)
        return tuple(face.index for face in choose(faces, str(row.face), "target"))

    return _assigned(wanted, meant)


def _assigned(
    wanted: tuple[FaceAssignment, ...], meant: Callable[[FaceAssignment], tuple[int, ...]]
) -> dict[int, FaceAssignment]:
    found: dict[int, FaceAssignment] = {}
    for row in wanted:
        for number in meant(row):
            if number in found:
                raise UsageError(f"face {number} of the target is named twice, again by {row.face}: drop one")
            found[number] = row
    return dict(sorted(found.items()))


def picture_tracks(frame: Frame, faces: list[Face]) -> Tracks:
    """The faces of a picture as those of a video of one frame, numbered as they are."""
    first, nothing = np.zeros(1, np.int32), np.zeros(1, np.float32)
    found = [
        Track(face.index, first, face.landmarks[None], nothing, descriptor_of(frame, face)) for face in faces
    ]
    return Tracks(1, np.zeros(0, np.int32), tuple(found))


def _alike(tracks: Tracks, reference: Path) -> int:
    frame = read_image(reference).frame
    faces = detect(frame)
    if not faces:
        raise NoFaceError(f"{show(reference)}: no face found in the reference: choose another picture")
    return choose_alike(tracks, descriptor_of(frame, faces[0]))


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
