"""A video, frame after frame: the face step of a picture, with faces that are known over time.

A frame is made of the frames within `REACH` of it and of nothing else, and rounded towards the one before it in its
segment. So segments can be made in any order, on any machine, and again.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat

import numpy as np

from aotface.compose.adjust import adjust
from aotface.compose.beyond import Beyond, go_beyond
from aotface.compose.blend import blend
from aotface.compose.camera import Camera
from aotface.compose.eyes import EyePoints
from aotface.compose.face_step import brows_of, features_of, kept_of, lay_target_pixels
from aotface.compose.sharpness import soften, soften_reach
from aotface.face.align import scale_of
from aotface.media.video.decode import VideoFrame, deepened
from aotface.media.video.parts import Parts, cut
from aotface.provenance import mark_of
from aotface.threads import one_thread_each
from aotface.tracking.saved_tracker import SavedTracker
from aotface.tracking.tracker import DETECTION_INTERVAL
from aotface.tracking.tracks import Tracks
from aotface.types import Crop, Face, Frame, Mask
from aotface.video.averaged import averaged, refined, shown_part
from aotface.video.frame_state import (
    LARGE_FRAME,
    FaceState,
    FrameInputs,
    FrameState,
    TemporalFeatures,
    make_frame_state,
    own_maps,
    whole,
)
from aotface.video.layers import CompositedFace, Layers
from aotface.video.looks import LookedAt
from aotface.video.prefetch import parallel_map, prefetch
from aotface.video.quantise import Finished, quantise_towards_previous
from aotface.video.scene import SLOWEST, Clip, Scene, make_scene, prepare_source
from aotface.video.temporal_filter import (
    MAP_REACH,
    MASK_REACH,
    FilterableChange,
    window,
)

__all__ = [
    "Clip",
    "Scene",
    "analyse",
    "render_frames",
    "render_layers",
    "make_scene",
    "prepare_source",
    "shows_a_swap",
]

REACH = max(MAP_REACH, MASK_REACH)
"""Frames before and after that a frame is made of."""

PIECE, PIECE_FRAMES = "faces", 4
"""Under which name, and after how many frames each, the search for faces is saved."""

WORKERS = 1 if (os.cpu_count() or 1) < 4 else 2
"""Threads that make frame states, beside the compositing thread, which makes one too instead of idling. So two cores are
always busy; more threads would only wait for each other."""

Progress = Callable[[int], None]
"""Told how many frames are done."""


def analyse(clip: Clip, progress: Progress = lambda done: None, parts: Parts | None = None) -> Tracks:
    """Find and follow every face of a clip.

    Args:
        clip: the target.
        progress: see there.
        parts: where the search is saved every few frames, and resumed from; None = nowhere.

    Returns:
        Tracks with landmarks as they were found; frame 0 is the clip's first.
    """
    with one_thread_each():
        return _track_faces(clip, progress, parts)


def _track_faces(clip: Clip, progress: Progress, parts: Parts | None) -> Tracks:
    tracker = SavedTracker()
    while parts is not None and (piece := parts.load(PIECE, tracker.count)) is not None:
        tracker.restore(piece)
    known = tracker.count
    begin = known - tracker.memory

    def searched() -> Iterator[tuple[Frame, list[Face] | None]]:
        for number, read in enumerate(clip.frames(clip.first + begin), begin):
            frame = read.square  # what faces are looked for in
            yield frame, None if number < known else tracker.search_ahead(number, frame)

    # While one thread searches a whole frame, the other follows faces through those before.
    frames = prefetch(searched(), DETECTION_INTERVAL, lambda item: item[0].nbytes)
    for number, (frame, faces) in enumerate(frames, begin):
        if number < known:
            tracker.recall(number, frame)
            continue
        tracker.add(frame, faces)
        saved = tracker.saved
        if parts is not None and tracker.count - saved >= PIECE_FRAMES:
            parts.save(PIECE, tracker.growth(), saved)
        progress(tracker.count)
    return tracker.finish()


def render_frames(scene: Scene, first: int, last: int) -> Iterator[VideoFrame]:
    """The frames of a range, swapped; see `render_layers`."""
    return (layers.frame for layers in render_layers(scene, first, last))


def render_layers(
    scene: Scene,
    first: int,
    last: int,
    parts: Parts | None = None,
    segments: Sequence[tuple[int, int]] | None = None,
    before: Finished | None = None,
) -> Iterator[Layers]:
    """The frames of a range, swapped, each with what it was made of.

    Args:
        scene: see there.
        first: number of the first frame in the video.
        last: number of the first frame that is left out.
        parts: where the temporal features of frames are cached; None = nowhere.
        segments: of the video, see `cut`, which gives them when they are left out.
        before: the frame before the first, which is rounded towards it, unless a segment begins there. Left out, frames
            are made from the beginning of the segment on.

    Yields:
        Frames ready to be encoded; one without a chosen face is the target's own, bit for bit.
        Other layers are only made when they are asked for.

    Raises:
        VideoError: a frame cannot be decoded.
        InputError: the swapped video's frame has another size.
    """
    starts = [start for start, _ in segments or cut(scene.clip.first, scene.clip.last)]
    begin = first if before is not None else max(start for start in starts if start <= first)
    lead, tail = max(scene.clip.first, begin - REACH), min(scene.clip.last, last + REACH)
    make = partial(make_frame_state, scene, parts, range(begin, last))
    read = prefetch(_read(scene, lead, tail), weigh=lambda item: item.bytes)
    info = scene.clip.info
    # The state of one close-up in 2160p takes hundreds of megabytes.
    large = 3 * info.height * info.width > LARGE_FRAME
    states = parallel_map(make, read, 1 if large else WORKERS, 2, lambda item: item.bytes, helping=not large)
    for number, around in _windows(states, lead, tail):
        if begin <= number < last:
            layers = _finish(scene, around, number, None if number in starts else before)
            before = Finished(replace(layers.original), replace(layers.frame))  # copies without their RGB
            if number >= first:
                yield layers
            del layers  # with its crops, before the next frame is made


def shows_a_swap(scene: Scene, samples: int = 8) -> bool:
    """Whether a few frames, spread over those with a chosen face, show somebody else's swap."""
    chosen = [track.frames for track in scene.tracks.tracks if track.id in scene.sources]
    numbers = np.unique(np.concatenate(chosen)) + scene.clip.first
    places = np.unique(np.linspace(0, len(numbers) - 1, samples).round().astype(int))
    reads = (next(_read(scene, number, number + 1)) for number in numbers[places].tolist())
    return any(make_frame_state(scene, None, range(0), read).faces for read in reads)


def _read(scene: Scene, first: int, last: int) -> Iterator[FrameInputs]:
    swapped, masks = (
        _pixels_beside(scene.clip, other, first, last) for other in (scene.swapped, scene.masks)
    )
    masks = masks if scene.still_mask is None else repeat(scene.still_mask)
    for looked, swap, mask in zip(_looked(scene.clip, first, last), swapped, masks, strict=False):
        yield FrameInputs(looked[-1].frame, swap, mask, looked)


def _looked(clip: Clip, first: int, last: int) -> Iterator[tuple[LookedAt, ...]]:
    """Each frame, behind those before it in which its faces may have been looked at."""
    recent: deque[LookedAt] = deque(maxlen=SLOWEST)
    for frame in clip.frames(max(clip.first, first - SLOWEST + 1), last):
        recent.append(LookedAt(frame))
        if frame.index >= first:
            yield tuple(recent)


def _pixels_beside(clip: Clip, other: Clip | None, first: int, last: int) -> Iterator[Frame | None]:
    """Another video's frames at the same places; None for each where there is none."""
    if other is None:
        return repeat(None)
    shift = other.first - clip.first
    return (frame.rgb for frame in other.frames(first + shift, last + shift))


def _windows(
    states: Iterable[FrameState], first: int, last: int
) -> Iterator[tuple[int, Sequence[FrameState]]]:
    """Every frame's number with the frames within `REACH` of it, in order; those before it as neighbours."""
    held: deque[FrameState] = deque()
    arriving = iter(states)
    for number in range(first, last):
        while (not held or held[-1].number < number + REACH) and (item := next(arriving, None)) is not None:
            held.append(item)
        yield number, held
        for place, item in enumerate(held):
            if item.number == number:
                held[place] = item.as_neighbour()
        if held and held[0].number <= number - REACH:
            held.popleft()


def _finish(scene: Scene, around: Sequence[FrameState], number: int, before: Finished | None) -> Layers:
    """Filter the faces of one frame over its neighbours, blend them, and round them towards the frame before."""
    here = whole(scene, next(item for item in around if item.number == number))
    assert here.read is not None  # it was asked for
    target, label = here.read.frame, scene.label_at(number)
    if not here.faces:
        shown = target if label is None else target.edited(label.draw(target.rgb))
        return Layers(target, shown, (), scene.mark)
    frame = deepened(target.rgb)  # rounded once, when it is stored: twice would flicker
    composited, boxes = [], [] if label is None else [(False, (0, 0, *frame.shape[1::-1]))]
    for face in here.faces:
        assert face.made is not None
        known, stretch, neighbours = _known(scene, around, number, face.track)
        place, x_r = face.made.place, face.made.reenacted.crop
        beyond = finer = None
        if scene.sources[face.track] is None:
            swapped, mask, finer = refined(face, known, neighbours, here.read)
        else:
            swapped, mask, visible = _filtered(face, known, neighbours, scene, here.read)
            verdict = scene.foreheads.of(face.track, number)
            beyond = _beyond(face, target.rgb, swapped, mask, visible, verdict)
        if beyond is not None:
            x_r, swapped, mask = beyond.reenacted, beyond.swapped, beyond.mask
            frame = beyond.lay(frame, place.matrix)
        features = features_of(len(x_r), face.made.reenacted.landmarks, face.made.landmarks)
        camera = _camera(face, known, neighbours, scene, number, features)
        frame = blend(frame, swapped, mask, place.matrix, True, finer, camera, features)
        done = CompositedFace(face.track, place, x_r, mask, None if beyond is None else beyond.around)
        box = done.box(*frame.shape[:2])
        if box is not None:
            boxes.append((number - 1 in stretch, box))
        composited.append(done)
    frame = frame if label is None else label.draw(frame)
    mark = mark_of(frame) if scene.mark else None
    finished = target if mark is None else target.lightened(mark)
    for goes_on, box in sorted(
        boxes, key=lambda one: one[0]
    ):  # what is rounded alone does not undo another's rounding
        last = before if goes_on else None
        finished = quantise_towards_previous(last, Finished(target, finished), frame, mark, box)
    return Layers(target, finished, tuple(composited), scene.mark)


def _filtered(
    face: FaceState,
    known: dict[int, TemporalFeatures],
    around: Callable[..., list],
    scene: Scene,
    read: FrameInputs,
) -> tuple[Crop, Mask, Mask]:
    """Y and its mask, in the crop, and what is visible, at 256 px.

    ``around`` picks the window of a reach out of entries by frame number.
    """
    assert face.made is not None
    reenacted = face.made.reenacted
    mask, visible, filtered = averaged(reenacted, known, around, partial(own_maps, scene, face, read))
    options, made = scene.options, face.made
    scale = scale_of(made.place.matrix)
    found = around({index: one.softness for index, one in known.items()}, reach=MAP_REACH)
    soft = float(np.mean([value for value in found if value is not None]))
    here = shown_part(mask, 8 + int(np.ceil(soften_reach(soft) * max(scale, 1))))
    maps = filtered if face.features.maps is None else face.features.maps
    change = FilterableChange(maps, face.made.swapped)
    moved = change.apply(scene.transfer, reenacted.crop, filtered, here)
    whole = reenacted.crop.copy()
    whole[here] = soften(adjust(reenacted.crop[here], moved, options), soft, scale)
    lay_target_pixels(reenacted, whole)
    return whole, mask, visible


def _beyond(
    face: FaceState, frame: Frame, swapped: Crop, mask: Mask, visible: Mask, verdict: str | None
) -> Beyond | None:
    """What lies beside the mesh; None where the source gives nothing for it."""
    made = face.made
    if made is None or verdict is None:
        return None
    return go_beyond(
        frame, made.place.matrix, made.landmarks, made.reenacted, swapped, mask, visible, verdict
    )


def _camera(
    face: FaceState,
    known: dict[int, TemporalFeatures],
    around: Callable[..., list],
    scene: Scene,
    number: int,
    features: Mask,
) -> Camera | None:
    """What is laid on a face: texture of the window's mean, and grain: new, unless the frame repeats the one before."""
    assert face.made is not None
    around_it = around({index: one.texture for index, one in known.items()}, reach=MAP_REACH)
    found = [one for one in around_it if one is not None]
    if not found or (face.features.texture is None and face.features.maps is not None):
        return None
    texture = np.array(found).mean(axis=0, dtype=np.float32)
    made, shown = face.made, number - scene.clip.first
    while scene.tracks.repeats(face.track, range(shown, shown + 1)):
        shown -= 1
    given, points = scene.sources[face.track] is None, (made.reenacted.landmarks, made.landmarks)
    seed = scene.options.seed, shown, face.track
    if given:
        return Camera(features, seed, texture, given)
    eyes, kept = EyePoints(*points), kept_of(made.reenacted)
    brows = brows_of(len(made.reenacted.mask), points[0], kept)
    return Camera(features, seed, texture, eyes=eyes, kept=kept, brows=brows)


def _known(
    scene: Scene, around: Sequence[FrameState], number: int, track: int
) -> tuple[dict[int, TemporalFeatures], range, Callable[..., list]]:
    """One track's face in the frames around; those up to a break or a cut; and the windows of this frame in them."""
    known = {item.number: face.features for item in around for face in item.faces if face.track == track}
    cuts = {int(cut) + scene.clip.first for cut in scene.tracks.cuts}
    low = high = number
    while low - 1 in known and low not in cuts:
        low -= 1
    while high + 1 in known and high + 1 not in cuts:
        high += 1
    stretch = range(low, high + 1)
    repeats = scene.tracks.repeats(track, range(low - scene.clip.first, high + 1 - scene.clip.first))
    shown = frozenset(repeat + scene.clip.first for repeat in repeats)
    return known, stretch, partial(window, frame=number, stretch=stretch, repeats=shown)
