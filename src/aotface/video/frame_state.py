"""State of one frame before temporal filtering: every chosen face reenacted, and what the transfer does to it.

A frame needs only the `TemporalFeatures` of its neighbours' faces. They are small and are cached on disk, so a resumed run
need not compute them again. The rest of an unfinished frame is computed again, which is the smaller part.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from aotface.compose.changed import changed_region, given_region
from aotface.compose.pipeline import enlarged, learned_colour_map, shrunk, transport, visible_at, work_side
from aotface.compose.sharpness import softness
from aotface.errors import InputError
from aotface.face.align import align, resize_matrix, scale_of
from aotface.media.video.decode import VideoFrame
from aotface.media.video.folder import FOLDER
from aotface.media.video.parts import Parts
from aotface.options import LEARNED, Options
from aotface.reenact.base import Reenacted
from aotface.reenact.given import GivenSwap
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Mask
from aotface.video.layers import Place, place_of
from aotface.video.scene import Scene
from aotface.video.temporal_filter import Light, light_grid, tone_of

FEATURES = "traits"
"""Under which name they are kept."""

LARGE_MADE, LARGE_FRAME = 40 << 20, 16 << 20
"""Bytes from which faces, and a frame's pixels in RGB, are not held until the frame's turn comes, but made again then: it
takes a third longer, and saves gigabytes with close-ups in 2160p."""


@dataclass(frozen=True)
class TemporalFeatures:
    """What the frames around ask of a face.

    ``visible``: skin that shows, at 256 px. ``maps``: the learned field; for other transfers what they did to the tone.
    ``light``: the target's, by which frames are compared. ``learned``: which of both ``maps`` is. ``softness``: of the
    target beside X_r, in pixels of the frame; 0 of somebody else's swap, which stays as sharp as it is.
    """

    visible: Mask
    maps: np.ndarray
    light: Light
    learned: bool
    softness: float = 0.0


@dataclass(frozen=True)
class FaceBuffers:
    """What only the frame itself needs of a face: X_r, and Y where it is no field. Without the target's own pixels."""

    place: Place
    reenacted: Reenacted
    swapped: Crop | None

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        arrays = (self.reenacted.crop, self.reenacted.mask, self.reenacted.from_target, self.swapped)
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True)
class FaceState:
    """One face of one frame on its way; ``made`` is None where the frame is a neighbour only, or the face is large."""

    track: int
    features: TemporalFeatures
    made: FaceBuffers | None


class FrameInputs(NamedTuple):
    """One frame of the target, and the same frame after somebody else's swap, and that swap's mask."""

    frame: VideoFrame
    swapped: Frame | None
    mask: Frame | None

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        arrays = (*self.frame.planes, self.swapped, self.mask)
        return sum(array.nbytes for array in arrays if array is not None)


class FrameState(NamedTuple):
    """One frame on its way; ``read`` is None where it is needed as a neighbour only."""

    number: int
    read: FrameInputs | None
    faces: tuple[FaceState, ...]

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        made = sum(face.made.bytes for face in self.faces if face.made is not None)
        return made + (0 if self.read is None else self.read.bytes)

    def as_neighbour(self) -> "FrameState":
        """Without what its neighbours do not ask for."""
        return FrameState(self.number, None, self._bare())

    def lighter(self) -> "FrameState":
        """Without what is large and can be made again, see `whole`."""
        read, faces = self.read, self.faces
        if sum(face.made.bytes for face in faces if face.made is not None) > LARGE_MADE:
            faces = self._bare()
        # a frame of a folder is its RGB, and its planes are made of that
        if read is not None and read.frame.info.container != FOLDER and read.frame.rgb.nbytes > LARGE_FRAME:
            read = read._replace(frame=replace(read.frame))  # the copy has not been converted yet
        return FrameState(self.number, read, faces)

    def _bare(self) -> tuple[FaceState, ...]:
        return tuple(FaceState(face.track, face.features, None) for face in self.faces)


class _Recipe(NamedTuple):
    """How one face is made: X_r from the aligned target, and, of somebody else's swap, where it shows."""

    reenact: Callable[[AlignedFace], Reenacted]
    region: Callable[[AlignedFace, Reenacted], Mask | None] | None


def make_frame_state(scene: Scene, parts: Parts | None, wanted: range, read: FrameInputs) -> FrameState:
    """Reenact the chosen faces of one frame, and find what the transfer does to them, each on its own.

    Args:
        scene: see there.
        parts: where traits are kept; None = nowhere.
        wanted: frames that will be finished; the others are seen for their traits alone.
        read: the frame.
    """
    number, known = read.frame.index, None if parts is None else _kept(parts, read.frame.index)
    going = []
    for track, face in scene.tracks.faces_at(number - scene.clip.first):
        if track not in scene.sources or (known is not None and track not in known):
            continue
        if known is None:
            going.append(
                _new_face_state(read.frame.rgb, track, face, _recipe(scene, track, read), scene.options)
            )
        else:
            going.append(FaceState(track, known[track], None))
    seen = FrameState(number, read, tuple(one for one in going if one is not None))
    if parts is not None and known is None:
        _keep(parts, seen)
    return seen.lighter() if number in wanted else seen.as_neighbour()


def whole(scene: Scene, seen: FrameState) -> FrameState:
    """The same frame with all of its faces made."""
    if seen.read is None or all(face.made is not None for face in seen.faces):
        return seen
    faces = dict(scene.tracks.faces_at(seen.number - scene.clip.first))
    rgb, options = seen.read.frame.rgb, scene.options
    ways = [_recipe(scene, face.track, seen.read) for face in seen.faces]
    made = (
        _make_again(rgb, faces[face.track], way, face.features, options)
        for face, way in zip(seen.faces, ways, strict=True)
    )
    return seen._replace(
        faces=tuple(FaceState(f.track, f.features, m) for f, m in zip(seen.faces, made, strict=True))
    )


def _recipe(scene: Scene, track: int, read: FrameInputs) -> _Recipe:
    prepared = scene.sources[track]
    if prepared is not None:
        return _Recipe(prepared.reenact, None)
    return _Recipe(partial(_given, read.swapped, read.frame), partial(_swapped_region, read.mask))


def _new_face_state(frame: Frame, track: int, face: Face, way: _Recipe, options: Options) -> FaceState | None:
    """One face on its way; None where it was not swapped."""
    target = align(frame, face, work_side(face))
    reenacted, visible = way.reenact(target), visible_at(frame, face)
    if way.region is not None:
        there = way.region(target, reenacted)
        if there is None:
            return None
        visible = visible * there
    mask = reenacted.mask * enlarged(visible, len(target.crop))
    light, place = light_grid(shrunk(target.crop)), place_of(target)
    soft = 0.0 if way.region is not None else _softness(reenacted, target, mask)
    if (
        options.transfer == LEARNED
        and (field := learned_colour_map(reenacted, target, mask, options)) is not None
    ):
        return FaceState(
            track, TemporalFeatures(visible, field, light, True, soft), FaceBuffers(place, reenacted, None)
        )
    swapped = transport(reenacted, target, mask, options)
    tone = tone_of(shrunk(reenacted.crop), shrunk(swapped), shrunk(mask * (1 - reenacted.from_target)))
    return FaceState(
        track, TemporalFeatures(visible, tone, light, False, soft), FaceBuffers(place, reenacted, swapped)
    )


def _softness(reenacted: Reenacted, target: AlignedFace, mask: Mask) -> float:
    """How much softer the footage is than X_r."""
    own, theirs, scale = reenacted.landmarks, target.landmarks, scale_of(target.matrix)
    return softness(reenacted.crop, target.crop, own, theirs, mask * (1 - reenacted.from_target), scale)


def _make_again(
    frame: Frame, face: Face, way: _Recipe, features: TemporalFeatures, options: Options
) -> FaceBuffers:
    """The rest of a face whose traits are known."""
    target = align(frame, face, work_side(face))
    reenacted = way.reenact(target)
    if features.learned:
        return FaceBuffers(place_of(target), reenacted, None)
    mask = reenacted.mask * enlarged(features.visible, len(target.crop))
    return FaceBuffers(place_of(target), reenacted, transport(reenacted, target, mask, options))


def _swapped_region(mask: Frame | None, target: AlignedFace, reenacted: Reenacted) -> Mask | None:
    """Where in the crop, at 256 px, somebody else's swap is."""
    if mask is None:
        return changed_region(*(shrunk(values) for values in (reenacted.crop, target.crop, reenacted.mask)))
    matrix = resize_matrix(target.matrix, len(target.crop), CROP_SIDE)
    white = np.float32(np.iinfo(mask.dtype).max)
    return given_region(mask.max(axis=2).astype(np.float32) / white, matrix)


def _given(other: Frame | None, frame: VideoFrame, target: AlignedFace) -> Reenacted:
    if other is None:
        raise InputError("expected a source, or a video that is swapped already")
    height, width = frame.rgb.shape[:2]
    return GivenSwap(other, height, width).reenact(target)


def _keep(parts: Parts, seen: FrameState) -> None:
    arrays = {"tracks": np.array([face.track for face in seen.faces], np.int32)}
    for face in seen.faces:
        values = {"visible": face.features.visible, "maps": face.features.maps, "light": face.features.light}
        values |= {
            "learned": np.array([face.features.learned]),
            "softness": np.array([face.features.softness]),
        }
        arrays |= {f"{face.track}.{name}": array for name, array in values.items()}
    parts.save(FEATURES, arrays, seen.number)


def _kept(parts: Parts, index: int) -> dict[int, TemporalFeatures] | None:
    """By track; a chosen face that is not among them was not swapped. None where nothing was kept."""
    arrays = parts.load(FEATURES, index)
    if arrays is None:
        return None
    return {track: _traits(arrays, track) for track in arrays["tracks"].tolist()}


def _traits(arrays: dict[str, np.ndarray], track: int) -> TemporalFeatures:
    names = ("visible", "maps", "light", "learned", "softness")
    visible, maps, light, learned, soft = (arrays[f"{track}.{name}"] for name in names)
    return TemporalFeatures(visible, maps, light, bool(learned[0]), float(soft[0]))
