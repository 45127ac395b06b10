"""A video, frame after frame: the straight line of `pipeline`, with faces that are known over time.

Whatever the segment, a frame is made of the frames within `REACH` of it and of nothing else, so that segments can be
made in any order, on any machine, and again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aotface.errors import InputError
from aotface.face.align import align, resize_matrix
from aotface.face.detect import detect
from aotface.face.parse import usable_texture
from aotface.face.render import render
from aotface.face.smooth import smooth
from aotface.face.track import Tracker
from aotface.face.tracks import Tracks, choose_tracks
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.facts import VideoFacts
from aotface.media.video.folder import FOLDER, read_folder_frames
from aotface.media.video.timing import FrameTimes
from aotface.provenance import mark_frame
from aotface.reenact.given import given
from aotface.reenact.mesh import Reenacted
from aotface.reenact.mesh import reenact as reenact_by_mesh
from aotface.swap.ahead import ahead
from aotface.swap.blend import blend
from aotface.swap.changed import changed_region, given_region
from aotface.swap.layers import Laid, Layers
from aotface.swap.options import LEARNED, Options
from aotface.swap.pipeline import (
    choose,
    enlarged,
    learned_field,
    shrunk,
    transport,
    visible_at,
    work_side,
)
from aotface.swap.steady import (
    FIELD_REACH,
    MASK_REACH,
    Light,
    light_of,
    settle,
    steady,
    steady_mask,
    tone_of,
    window,
)
from aotface.transport.field_arrays import lay_field
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Mask

REACH = max(FIELD_REACH, MASK_REACH)
"""Frames before and after that a frame is made of."""

Progress = Callable[[int], None]
"""Told how many frames are done."""


@dataclass(frozen=True)
class Clip:
    """Frames ``first`` to ``last - 1`` of a video, or of a folder of pictures."""

    path: Path
    facts: VideoFacts
    times: FrameTimes
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def frames(self, first: int | None = None, last: int | None = None) -> Iterator[VideoFrame]:
        """Read frames, by their numbers in the video; all of the clip when left out."""
        bounds = (self.first if first is None else first, self.last if last is None else last)
        if self.facts.container == FOLDER:
            return read_folder_frames(self.path, self.facts.rate, *bounds)
        return read_frames(self.path, *bounds, self.facts, self.times)


@dataclass(frozen=True)
class Scene:
    """Everything that decides the finished frames.

    ``clip``: the target. ``tracks``: its faces, smoothed, numbered from the clip's first frame. ``givers``: by track, the
    face that is put there: a source, or None where ``swapped`` holds it already. ``swapped``: the same frames after
    somebody else's swap. ``masks``: the same frames as a mask of that swap, white where it shows; left out, it is found.
    """

    clip: Clip
    tracks: Tracks
    givers: Mapping[int, "Giver | None"]
    options: Options
    mark: bool = True
    swapped: Clip | None = None
    masks: Clip | None = None


@dataclass(frozen=True)
class Giver:
    """A source, looked at once: the frame, its face, that face aligned, and its usable texture."""

    frame: Frame
    face: Face
    aligned: AlignedFace
    texture: np.ndarray

    def reenact(self, target: AlignedFace) -> Reenacted:
        """X_r by the mesh."""
        return reenact_by_mesh(self.frame, self.face, target, self.texture, self.aligned.matrix)


@dataclass(frozen=True)
class Going:
    """One face of one frame on its way, before its neighbours are asked.

    ``visible``: skin that shows, at 256 px. ``maps``: the learned field; for other transfers what they did to the tone,
    and ``swapped`` is what they gave. ``light``: the target's, by which frames are compared.
    """

    track: int
    target: AlignedFace
    reenacted: Reenacted
    visible: Mask
    maps: np.ndarray
    swapped: Crop | None
    light: Light


class Seen(NamedTuple):
    """One frame on its way."""

    frame: VideoFrame
    faces: tuple[Going, ...]


def prepare_source(frame: Frame, which: str) -> Giver:
    """Look at a source once.

    Args:
        frame: uint8 or uint16, RGB.
        which: ``largest`` or a number.

    Raises:
        NoFaceError, FaceIndexError, UsageError: see `choose`.
    """
    face = choose(detect(frame), which, "source")[0]
    aligned = align(frame, face)
    texture = usable_texture(aligned.crop, aligned.landmarks, render(aligned.landmarks, CROP_SIDE))
    return Giver(frame, face, aligned, texture)


def analyse(clip: Clip, progress: Progress = lambda done: None) -> Tracks:
    """Find and follow every face of a clip.

    Returns:
        Tracks with landmarks as they were found; frame 0 is the clip's first.
    """
    tracker = Tracker()
    for done, frame in enumerate(ahead(clip.frames()), 1):
        tracker.add(frame.rgb)
        progress(done)
    return tracker.finish()


def make_scene(
    clip: Clip,
    tracks: Tracks,
    giver: Giver | None,
    options: Options,
    mark: bool = True,
    swapped: Clip | None = None,
    givers: "Mapping[int, Giver | None] | None" = None,
    masks: Clip | None = None,
) -> Scene:
    """Choose the faces that were asked for, and smooth their motion.

    Args:
        clip: the target.
        tracks: of `analyse`.
        giver: the source; None when ``swapped`` holds the faces.
        options: see there.
        mark: embed the invisible watermark in every frame that is changed.
        swapped: see Scene.
        givers: who goes where, in place of ``giver`` and ``options.face``.
        masks: see Scene.

    Raises:
        NoFaceError, FaceIndexError, UsageError: see `choose_tracks`.
    """
    if givers is None:
        givers = dict.fromkeys(choose_tracks(tracks, options.face), giver)
    rate = float(clip.facts.rate)
    return Scene(clip, smooth(tracks, rate), givers, options, mark, swapped, masks)


def finished_frames(scene: Scene, first: int, last: int) -> Iterator[VideoFrame]:
    """The frames of a range, swapped; see `finished_layers`."""
    return (layers.frame for layers in finished_layers(scene, first, last))


def finished_layers(scene: Scene, first: int, last: int) -> Iterator[Layers]:
    """The frames of a range, swapped, each with what it was made of.

    Args:
        scene: see there.
        first: number of the first frame in the video.
        last: number of the first frame that is left out.

    Yields:
        Frames ready to be encoded; one without a chosen face is the target's own, bit for bit.
        Other layers are only made when they are asked for.

    Raises:
        VideoError: a frame cannot be decoded.
        InputError: the swapped video's frame has another size.
    """
    lead, tail = max(scene.clip.first, first - REACH), min(scene.clip.last, last + REACH)
    seen = ahead(map(partial(_see, scene), ahead(_read(scene, lead, tail))))
    for number, around in _windows(seen, lead, tail):
        if first <= number < last:
            yield _finish(scene, around, number)


class Read(NamedTuple):
    """One frame of the target, and the same frame after somebody else's swap, and that swap's mask."""

    frame: VideoFrame
    swapped: Frame | None
    mask: Frame | None


def shows_a_swap(scene: Scene, looks: int = 8) -> bool:
    """Whether a few frames, spread over those with a chosen face, show somebody else's swap."""
    chosen = [track.frames for track in scene.tracks.tracks if track.id in scene.givers]
    numbers = np.unique(np.concatenate(chosen)) + scene.clip.first
    places = np.unique(np.linspace(0, len(numbers) - 1, looks).round().astype(int))
    reads = (next(_read(scene, number, number + 1)) for number in numbers[places].tolist())
    return any(_see(scene, read).faces for read in reads)


def _read(scene: Scene, first: int, last: int) -> Iterator[Read]:
    beside = (_pixels_beside(scene.clip, other, first, last) for other in (scene.swapped, scene.masks))
    yield from map(Read, scene.clip.frames(first, last), *beside)


def _pixels_beside(clip: Clip, other: Clip | None, first: int, last: int) -> Iterator[Frame | None]:
    """Another video's frames at the same places; None for ever where there is none."""
    if other is None:
        return repeat(None)
    shift = other.first - clip.first
    return (frame.rgb for frame in other.frames(first + shift, last + shift))


def _see(scene: Scene, read: Read) -> Seen:
    """Reenact the chosen faces of one frame, and find what the transfer does to them, each on its own."""
    frame = read.frame
    going = []
    for track, face in scene.tracks.faces_at(frame.index - scene.clip.first):
        if track in scene.givers:
            giver = scene.givers[track]
            reenact = giver.reenact if giver is not None else partial(_given, read.swapped, frame)
            region = None if giver is not None else partial(_swapped_region, read.mask)
            going.append(_see_face(frame.rgb, track, face, reenact, region, scene.options))
    return Seen(frame, tuple(one for one in going if one is not None))


def _see_face(
    frame: Frame,
    track: int,
    face: Face,
    reenact: Callable[[AlignedFace], Reenacted],
    region: Callable[[AlignedFace, Reenacted], Mask | None] | None,
    options: Options,
) -> Going | None:
    """One face on its way; None where it was not swapped."""
    target = align(frame, face, work_side(face))
    reenacted, visible = reenact(target), visible_at(frame, face)
    if region is not None:
        there = region(target, reenacted)
        if there is None:
            return None
        visible = visible * there
    mask = reenacted.mask * enlarged(visible, len(target.crop))
    light = light_of(shrunk(target.crop))
    if options.transfer == LEARNED and (field := learned_field(reenacted, target, mask, options)) is not None:
        return Going(track, target, reenacted, visible, field, None, light)
    swapped = transport(reenacted, target, mask, options)
    tone = tone_of(shrunk(reenacted.crop), shrunk(swapped), shrunk(mask * (1 - reenacted.native)))
    return Going(track, target, reenacted, visible, tone, swapped, light)


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
    return given(other, target, *frame.rgb.shape[:2])


def _windows(seen: Iterable[Seen], first: int, last: int) -> Iterator[tuple[int, list[Seen]]]:
    """Every frame's number with the frames within `REACH` of it, in order."""
    held: deque[Seen] = deque()
    number = first
    for item in seen:
        held.append(item)
        if item.frame.index >= number + REACH:
            yield number, list(held)
            number += 1
            if held[0].frame.index < number - REACH:
                held.popleft()
    while number < last:
        yield number, list(held)
        number += 1
        if held and held[0].frame.index < number - REACH:
            held.popleft()


def _finish(scene: Scene, around: list[Seen], number: int) -> Layers:
    """Steady the faces of one frame by its neighbours, and lay them in."""
    here = next(item for item in around if item.frame.index == number)
    if not here.faces:
        return Layers(here.frame, here.frame, (), scene.mark)
    frame, laid = here.frame.rgb, []
    for going in here.faces:
        swapped, mask = _steadied(going, *_known(scene, around, number, going.track), number, scene.options)
        frame = blend(frame, swapped, mask, going.target.matrix)
        laid.append(Laid(going.track, going.target, going.reenacted.crop, mask))
    finished = here.frame.edited(mark_frame(frame) if scene.mark else frame)
    return Layers(here.frame, finished, tuple(laid), scene.mark)


def _steadied(
    going: Going, known: dict[int, Going], stretch: range, number: int, options: Options
) -> tuple[Crop, Mask]:
    """Y and its mask, in the crop."""
    lights = {index: one.light for index, one in known.items()}
    near = window(lights, number, MASK_REACH, stretch)
    visible = steady_mask(
        window({i: one.visible for i, one in known.items()}, number, MASK_REACH, stretch), near
    )
    mask = going.reenacted.mask * enlarged(visible, len(going.reenacted.mask))
    wide = window(lights, number, FIELD_REACH, stretch)
    maps = steady(window({i: one.maps for i, one in known.items()}, number, FIELD_REACH, stretch), wide)
    if going.swapped is not None:
        moved = settle(going.swapped, going.maps, maps)
    else:
        moved = lay_field(going.reenacted.crop, maps, options.device)
    keep = 1 - going.reenacted.native[..., None]
    return going.reenacted.crop + (moved - going.reenacted.crop) * keep, mask


def _known(scene: Scene, around: list[Seen], number: int, track: int) -> tuple[dict[int, Going], range]:
    """One track's face in the frames around, and how far it is there without a break or a cut."""
    known = {item.frame.index: going for item in around for going in item.faces if going.track == track}
    cuts = {int(cut) + scene.clip.first for cut in scene.tracks.cuts}
    low = high = number
    while low - 1 in known and low not in cuts:
        low -= 1
    while high + 1 in known and high + 1 not in cuts:
        high += 1
    return known, range(low, high + 1)
