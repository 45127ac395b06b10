"""State of one frame before temporal filtering: every chosen face reenacted, and what the transfer does to it.

A frame needs only the `TemporalFeatures` of its neighbours' faces. They are small and are cached on disk, so a resumed run
need not compute them again. The rest of an unfinished frame is computed again, which is the smaller part.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from aotface.compose.blend import target_texture
from aotface.compose.changed import as_mask
from aotface.compose.face_step import (
    FaceInProgress,
    Known,
    Looks,
    SeenFace,
    features_of,
    see_face,
    start_face,
    work_side,
)
from aotface.compose.place import Place, place_of
from aotface.compose.refined import difference, find_refinement
from aotface.compose.sharpness import softness
from aotface.compose.skin_texture import TextureArray
from aotface.errors import InputError
from aotface.face.align import align, scale_of
from aotface.media.video.decode import VideoFrame
from aotface.media.video.parts import Parts
from aotface.reenact.base import PreparedSource, Reenacted
from aotface.transfer.base import shrunk
from aotface.types import AlignedFace, Crop, Face, Frame, Landmarks, Mask
from aotface.video.looks import LookedAt, looks_from
from aotface.video.scene import Scene
from aotface.video.temporal_filter import FilterableChange, Light, filterable, light_grid

FEATURES = "features"
"""Under which name they are cached."""

REFINED_SIDE = 128
"""Side in pixels of the maps that refine somebody else's swap: they are smoother than that."""

LARGE_MADE, LARGE_FRAME = 40 << 20, 16 << 20
"""Bytes from which faces, and a frame's pixels in RGB, are not held until the frame's turn comes, but made again then: it
takes a third longer, and saves gigabytes with close-ups in 2160p."""


@dataclass(frozen=True)
class TemporalFeatures:
    """What the frames around ask of a face.

    ``visible``: skin that shows, at 256 px; of somebody else's swap, all of it.
    ``maps``: of the change, see `FilterableChange`; None: those of the frames around serve. ``light``: the target's, by
    which frames are compared. ``complete``: the maps decide all of the change. ``softness``: of the target beside X_r, in
    pixels of the frame; 0 of somebody else's swap, which stays as sharp as it is; None as the maps. ``texture``: the
    target's; None as the maps, or where it is not asked for, or too little shows.
    """

    visible: Mask
    maps: np.ndarray | None
    light: Light
    complete: bool
    softness: float | None = 0.0
    texture: TextureArray | None = None


@dataclass(frozen=True)
class FaceBuffers:
    """What only the frame itself needs of a face: X_r, and Y where the maps do not decide it. No pixels of the target.

    ``landmarks``: of the target, crop pixels. ``apart``: of somebody else's swap, see
    `aotface.compose.refined.difference`.
    """

    place: Place
    reenacted: Reenacted
    swapped: Crop | None
    landmarks: Landmarks
    apart: Mask | None = None

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        x_r = self.reenacted
        parts = [one.pixels for one in x_r.laid]
        arrays = (x_r.crop, x_r.mask, x_r.from_target, self.swapped, *parts)
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True)
class FaceState:
    """One face of one frame; ``made`` is None where the frame is a neighbour only, or the face is large."""

    track: int
    features: TemporalFeatures
    made: FaceBuffers | None


class FrameInputs(NamedTuple):
    """One frame of the target, and the same frame after somebody else's swap, and that swap's mask.

    ``looked``: the target's frames up to this one, as far back as a face may have been looked at for it.
    """

    frame: VideoFrame
    swapped: Frame | None
    mask: Frame | None
    looked: tuple[LookedAt, ...] = ()

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        arrays = (*self.frame.planes, self.swapped, self.mask)
        return sum(array.nbytes for array in arrays if array is not None)


class FrameState(NamedTuple):
    """One frame and its faces; ``read`` is None where it is needed as a neighbour only."""

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
        if read is not None and not read.frame.info.only_pictures and read.frame.rgb.nbytes > LARGE_FRAME:
            read = read._replace(frame=replace(read.frame))  # the copy has not been converted yet
        return FrameState(self.number, read, faces)

    def _bare(self) -> tuple[FaceState, ...]:
        return tuple(FaceState(face.track, face.features, None) for face in self.faces)


def make_frame_state(scene: Scene, parts: Parts | None, wanted: range, read: FrameInputs) -> FrameState:
    """Reenact the chosen faces of one frame, and find what the transfer does to them, each on its own.

    Args:
        scene: see there.
        parts: where temporal features are cached; None = nowhere.
        wanted: frames that will be finished; of the others only the temporal features are needed.
        read: the frame.
    """
    number, known = read.frame.index, None if parts is None else _load(parts, read.frame.index)
    faces = []
    for track, face in scene.faces_at(number):
        if track not in scene.sources:
            continue
        if known is None:
            faces.append(_new_face_state(scene, track, face, read))
        elif track in known:
            faces.append(FaceState(track, known[track], None))
    done = read._replace(looked=())  # large, and asked for no more
    state = FrameState(number, done, tuple(one for one in faces if one is not None))
    if parts is not None and known is None:
        _save(parts, state)
    return state.lighter() if number in wanted else state.as_neighbour()


def whole(scene: Scene, state: FrameState) -> FrameState:
    """The same frame with all of its faces made."""
    if state.read is None or all(face.made is not None for face in state.faces):
        return state
    faces = dict(scene.faces_at(state.number))
    made = []
    for one in state.faces:
        features = one.features
        if scene.sources[one.track] is None:
            made.append(replace(one, made=_made_again(faces[one.track], state.read)))
            continue
        known, face = Known(features.visible, None), faces[one.track]
        if features.complete:
            made.append(replace(one, made=_buffers(_see(scene, one.track, face, state.read, known))))
        else:
            begun = _start(scene, one.track, face, state.read, known)
            made.append(replace(one, made=_buffers(begun, begun.swapped)))
    return state._replace(faces=tuple(made))


def _new_face_state(scene: Scene, track: int, face: Face, read: FrameInputs) -> FaceState | None:
    """One face with its temporal features; None where it was not swapped."""
    if scene.sources[track] is None:
        return _refined_state(scene, track, face, read)
    looks = _looks(scene, track, read)
    if not scene.finds(track, read.frame.index):
        seen = _see(scene, track, face, read, looks=looks)
        return FaceState(
            track, TemporalFeatures(seen.visible, None, light_grid(seen.small), True, None), _buffers(seen)
        )
    begun = _start(scene, track, face, read, looks=looks)
    change, soft = _filterable(begun), _softness(begun)
    light, complete = light_grid(begun.small), change.swapped is None
    texture = None
    if scene.options.camera_match == "on":
        texture = target_texture(read.frame.rgb, begun.mask, begun.target.matrix, begun.features)
    features = TemporalFeatures(begun.visible, change.maps, light, complete, soft, texture)
    return FaceState(track, features, _buffers(begun, change.swapped))


def _looks(scene: Scene, track: int, read: FrameInputs) -> Looks | None:
    """How a face is looked at; None: without a thought of the frames before."""
    found = scene.looked_at(track, read.frame.index)
    before = next((one for one in read.looked if one.frame.index == found), None)
    if before is None:
        return None
    return looks_from(read.looked[-1], before, track, dict(scene.faces_at(found))[track])


def _start(
    scene: Scene,
    track: int,
    face: Face,
    read: FrameInputs,
    known: Known | None = None,
    looks: Looks | None = None,
) -> FaceInProgress:
    """The face step, with the source of this track."""
    words = read.frame.rgb, face, _source(scene, track), scene.transfer, scene.options, None, known
    begun = start_face(*words, looks=looks)
    assert begun is not None  # no region was given that might not find it
    return begun


def _see(
    scene: Scene,
    track: int,
    face: Face,
    read: FrameInputs,
    known: Known | None = None,
    looks: Looks | None = None,
) -> SeenFace:
    """The same, up to the transfer."""
    return see_face(read.frame.rgb, face, _source(scene, track), True, known, looks=looks)


def _source(scene: Scene, track: int) -> PreparedSource:
    """Of a track that is swapped."""
    source = scene.sources[track]
    assert source is not None
    return source


def own_maps(scene: Scene, face: FaceState, read: FrameInputs) -> np.ndarray:
    """Maps of a face of which `Scene.finds` said that those around serve, where they do not: a flash of one frame."""
    found = dict(scene.faces_at(read.frame.index))[face.track]
    maps = _start(scene, face.track, found, read, Known(face.features.visible, None)).change.temporal
    assert maps is not None  # only those of a transfer with maps are left out
    return maps


def _refined_state(scene: Scene, track: int, face: Face, read: FrameInputs) -> FaceState | None:
    """A face that somebody else has swapped; None where it is the target's own."""
    frame, mask = read.frame.rgb, None if read.mask is None else as_mask(read.mask)
    found = find_refinement(frame, _swapped(read), face, scene.transfer, scene.options, mask)
    if found is None:
        return None
    aligned = found.target
    texture = None
    if scene.options.camera_match == "on":
        features = features_of(len(found.given), aligned.landmarks)
        texture = target_texture(frame, found.shown, aligned.matrix, features)
    maps = cv2.resize(found.maps, (REFINED_SIDE, REFINED_SIDE), interpolation=cv2.INTER_AREA)
    light = light_grid(shrunk(aligned.crop))
    known = TemporalFeatures(found.region, maps.astype(np.float32), light, True, 0.0, texture)
    return FaceState(track, known, _given_buffers(aligned, found.given, found.apart))


def _given_buffers(target: AlignedFace, given: Crop, apart: Mask) -> FaceBuffers:
    """Of a face that somebody else has swapped: its mask is the region alone."""
    nothing = np.zeros(given.shape[:2], np.float32)
    reenacted = Reenacted(given, np.ones_like(nothing), nothing, target.landmarks)
    return FaceBuffers(place_of(target), reenacted, None, target.landmarks, apart)


def _made_again(face: Face, read: FrameInputs) -> FaceBuffers:
    """What the frame itself needs of such a face, whose features are known."""
    side = work_side(face)
    aligned = align(read.frame.rgb, face, side)
    given = align(_swapped(read), face, side).crop
    return _given_buffers(aligned, given, difference(shrunk(given), shrunk(aligned.crop)))


def _swapped(read: FrameInputs) -> Frame:
    if read.swapped is None:
        raise InputError("expected a source, or a video that is swapped already")
    return read.swapped


def _filterable(face: FaceInProgress) -> FilterableChange:
    """What frames around may change in the change."""
    if face.change.temporal is not None:
        return FilterableChange(face.change.temporal, None)
    return filterable(face.reenacted.crop, face.swapped, face.counted)


def _buffers(face: FaceInProgress | SeenFace, swapped: Crop | None = None) -> FaceBuffers:
    target = face.target
    reenacted = replace(face.reenacted, raster=None)  # nobody asks for it any more
    return FaceBuffers(place_of(target), reenacted, swapped, target.landmarks)


def _softness(face: FaceInProgress) -> float:
    """How much softer the footage is than X_r."""
    reenacted, target = face.reenacted, face.target
    points = reenacted.landmarks, target.landmarks
    return softness(reenacted.crop, target.crop, *points, face.counted, scale_of(target.matrix))


def _save(parts: Parts, state: FrameState) -> None:
    arrays = {"tracks": np.array([face.track for face in state.faces], np.int32)}
    for face in state.faces:
        features = face.features
        soft = None if features.softness is None else np.array([features.softness])
        values = {
            "visible": features.visible,
            "light": features.light,
            "complete": np.array([features.complete]),
            "maps": features.maps,
            "softness": soft,
            "texture": features.texture,
        }
        arrays |= {f"{face.track}.{name}": array for name, array in values.items() if array is not None}
    parts.save(FEATURES, arrays, state.number)


def _load(parts: Parts, index: int) -> dict[int, TemporalFeatures] | None:
    """By track; a chosen face that is not among them was not swapped. None where nothing was cached."""
    arrays = parts.load(FEATURES, index)
    if arrays is None:
        return None
    return {track: _features(arrays, track) for track in arrays["tracks"].tolist()}


def _features(arrays: dict[str, np.ndarray], track: int) -> TemporalFeatures:
    visible, light, complete = (arrays[f"{track}.{name}"] for name in ("visible", "light", "complete"))
    maps, soft, texture = (arrays.get(f"{track}.{name}") for name in ("maps", "softness", "texture"))
    softness = None if soft is None else float(soft[0])
    return TemporalFeatures(visible, maps, light, bool(complete[0]), softness, texture)
