"""Find the faces of a target that an assignment means: by number, by size, or by a reference picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from aotface.compose.pipeline import choose
from aotface.errors import NoFaceError, UsageError
from aotface.face.detect import detect
from aotface.jobs.face_map import reference_in
from aotface.jobs.spec import FaceAssignment
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.tracking.descriptor import descriptor_of
from aotface.tracking.tracks import Track, Tracks, choose_alike, choose_tracks
from aotface.types import Face, Frame


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
