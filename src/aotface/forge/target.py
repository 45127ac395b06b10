"""A target, read once for all samples of it: its frames, the face in each, and what of them is stored."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from aotface.errors import InputError, NoFaceError
from aotface.face.align import chained, crop_matrix, transform_landmarks
from aotface.face.detect import detect
from aotface.forge.cut import Cut, cut_of, from_display
from aotface.forge.plan import PlanInput
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.tracking.smooth import smooth
from aotface.tracking.tracks import Tracks, choose_tracks
from aotface.types import Face, Frame, Landmarks
from aotface.video.plan import open_clip
from aotface.video.render import analyse
from aotface.video.scene import Clip


@dataclass(frozen=True)
class Target:
    """``faces``: the face of every frame, None where it is not seen. ``picture`` or ``clip`` with ``tracks`` is there."""

    input: PlanInput
    faces: tuple[Face | None, ...]
    cut: Cut
    picture: Frame | None = None
    clip: Clip | None = None
    tracks: Tracks | None = None

    def frames(self) -> Iterator[Frame]:
        """The frames as they are."""
        if self.picture is not None:
            yield self.picture
        elif self.clip is not None:
            yield from (frame.rgb for frame in self.clip.frames())

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks in pixels of what is stored, and matrices from there to the aligned crop; NaN without a face."""
        points = np.full((len(self.faces), 468, 3), np.nan, np.float32)
        matrices = np.full((len(self.faces), 2, 3), np.nan)
        for number, face in enumerate(self.faces):
            if face is not None:
                points[number] = self.stored(face)
                matrices[number] = crop_matrix(points[number])
        return points, matrices

    def stored(self, face: Face) -> Landmarks:
        """Landmarks of a face in pixels of what is stored."""
        return transform_landmarks(face.landmarks, chained(from_display(face.pixel_aspect), self.cut.matrix))


@lru_cache(maxsize=2)
def read_target(target: PlanInput, region: str, side: int, shrink: float = 1.0) -> Target:
    """Read a target, and find its largest face.

    Raises:
        NoFaceError: it shows none. InputError: it cannot be read.
    """
    path = Path(target.file)
    if target.kind == "picture":
        picture = read_image(path).frame
        found = detect(picture)
        if not found:
            raise NoFaceError(f"{show(path)}: no face found; take input {target.id} out of the plan")
        return Target(
            target, (found[0],), _cut(picture.shape[:2], found[:1], (region, side, shrink)), picture=picture
        )
    clip = clip_of(target)
    tracks = analyse(clip)
    if not tracks.tracks:
        raise NoFaceError(f"{show(path)}: no face found in it; take input {target.id} out of the plan")
    chosen = choose_tracks(tracks, "largest")[0]
    smoothed, aspect = smooth(tracks, float(clip.info.rate)), float(clip.info.shown_aspect)
    faces = [dict(smoothed.faces_at(number)).get(chosen) for number in range(len(clip))]
    seen = [None if face is None else replace(face, pixel_aspect=aspect) for face in faces]
    cut = _cut(
        (clip.info.height, clip.info.width),
        [f for f in seen if f is not None],
        (region, side, shrink),
        aspect,
    )
    return Target(target, tuple(seen), cut, clip=clip, tracks=tracks)


def clip_of(target: PlanInput) -> Clip:
    """The frames of a clip that are used.

    Raises:
        InputError: it has fewer than the plan says.
    """
    clip = open_clip(Path(target.file))
    first = clip.first + target.first
    if first + target.frames > clip.last:
        raise InputError(
            f"{show(target.file)}: expected {target.frames} frames from {target.first} on, it has {len(clip)}; "
            f"correct input {target.id} of the plan"
        )
    return replace(clip, first=first, last=first + target.frames)


def source_frame(source: PlanInput) -> Frame:
    """The picture that shows a source: of a clip the first frame that is used."""
    if source.kind == "picture":
        return read_image(Path(source.file)).frame
    clip = clip_of(source)
    return next(clip.frames(clip.first, clip.first + 1)).square


def _cut(
    size: tuple[int, ...], faces: list[Face], stored: tuple[str, int, float], aspect: float = 1.0
) -> Cut:
    region, side, shrink = stored
    back = from_display(aspect)
    points = [transform_landmarks(face.landmarks, back)[:, :2] for face in faces]
    flat = np.concatenate([*points, np.zeros((0, 2), np.float32)]).astype(np.float64)
    return cut_of(int(size[0]), int(size[1]), region, side, flat, aspect, shrink)
