"""Which face of a video gets which source: `--face`, `--face-map`, and reference pictures."""

from pathlib import Path
from typing import Any, NamedTuple

from aotface.errors import InputError, NoFaceError, UsageError
from aotface.face.detect import detect
from aotface.media.config import read_toml
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.options import DEFAULTS
from aotface.tracking.descriptor import descriptor_of
from aotface.tracking.tracks import Tracks, choose_alike, choose_tracks
from aotface.video.plan import Assignment

KEYS = {"face", "source", "source_face"}


class FaceWish(NamedTuple):
    """One wish: ``face`` as in ``--face``, and the source that goes there (None: it is there already)."""

    face: str
    source: Path | None
    source_face: str = DEFAULTS.source_face

    @property
    def files(self) -> list[Path]:
        """The pictures that are needed."""
        return [path for path in (self.source, reference_in(self.face)) if path is not None]


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


def read_faces(path: Path) -> tuple[FaceWish, ...]:
    """FrameInputs a mapping file: ``[[face]]`` tables with ``face``, ``source`` and, if wished, ``source_face``.

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


def assign(tracks: Tracks, wanted: tuple[FaceWish, ...]) -> tuple[Assignment, ...]:
    """Find the tracks that are meant.

    Args:
        tracks: of the whole video.
        wanted: who goes where.

    Returns:
        One entry per track, by its number.

    Raises:
        FaceError: no such face; or a reference that is like none, or like two.
        UsageError: two wishes for one face.
    """
    assignments: dict[int, Assignment] = {}
    for wish in wanted:
        reference = reference_in(wish.face)
        found = choose_tracks(tracks, wish.face) if reference is None else (_alike(tracks, reference),)
        for track in found:
            if track in assignments:
                raise UsageError(f"face {track} of the target is named twice, again by {wish.face}: drop one")
            assignments[track] = Assignment(track, wish.source, wish.source_face)
    return tuple(assignments[track] for track in sorted(assignments))


def _alike(tracks: Tracks, reference: Path) -> int:
    frame = read_image(reference).frame
    faces = detect(frame)
    if not faces:
        raise NoFaceError(f"{show(reference)}: no face found in the reference: choose another picture")
    return choose_alike(tracks, descriptor_of(frame, faces[0]))


def _row(path: Path, number: int, row: Any) -> FaceWish:
    """One table of a mapping file, checked."""
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
    return FaceWish(named, _inside(path.parent, source, place), str(source_face))


def _inside(folder: Path, name: str, place: str) -> Path:
    """A file that a mapping names, below its own folder unless the name is absolute."""
    path = folder / name
    if not Path(name).is_absolute() and not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{place}: {show(name)} leads out of {show(folder)}: give an absolute path")
    if not path.is_file():
        raise InputError(f"{place}: {show(path)}: no such file; check the name")
    return path
