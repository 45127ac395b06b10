"""Frames that a program holds: made as the command line makes them, without a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from aotface.compose.changed import as_mask
from aotface.compose.pipeline import refine, swap_faces
from aotface.errors import AotfaceError, InputError
from aotface.face.detect import detect
from aotface.jobs.assign import assign, assign_faces
from aotface.jobs.context import JobContext
from aotface.jobs.face_map import assignments_of
from aotface.jobs.spec import JobSpec
from aotface.media.array_input import as_frame
from aotface.provenance import mark_frame
from aotface.reenact.base import PreparedSource
from aotface.types import Frame, Mask
from aotface.video.in_memory import FramesInMemory, frames_in_memory, stored_pixels
from aotface.video.layers import Layers
from aotface.video.render import analyse, make_scene, render_layers, shows_a_swap


@dataclass(frozen=True)
class MadeFrame:
    """One finished frame. ``frame``: RGB, of the target's size and type. ``faces``: how many were swapped in it."""

    frame: Frame
    faces: int
    _mask: Callable[[], Mask]
    _reenacted: Callable[[], Frame]

    @cached_property
    def mask(self) -> Mask:
        """Height x width, 0..1: with which weight the swapped faces show."""
        return self._mask()

    @cached_property
    def reenacted(self) -> Frame:
        """The frame before the transfer."""
        return self._reenacted()


@dataclass(frozen=True)
class Inputs:
    """``target``: the frames to edit. ``swapped``, ``masks``: the same frames after another tool's swap, and where it shows.

    ``source``: the person, where there is no ``swapped``.
    """

    target: FramesInMemory
    swapped: FramesInMemory | None = None
    masks: FramesInMemory | None = None
    source: PreparedSource | None = None

    def check(self) -> None:
        """Refuse frames that do not meet one by one.

        Raises:
            InputError: other sizes or numbers of frames.
        """
        here = self.target.info
        for other in (self.swapped, self.masks):
            if other is None:
                continue
            pairs = (
                ("frames", len(other), len(self.target)),
                ("pixels of width", other.info.width, here.width),
                ("pixels of height", other.info.height, here.height),
            )
            for name, found, wanted in pairs:
                if found != wanted:
                    raise InputError(
                        f"{other.name}: expected the {self.target.name}'s {wanted} {name}, got {found}"
                    )


def inputs_from(
    target: Sequence[Any],
    swapped: Sequence[Any] | None,
    masks: Sequence[Any] | None,
    source: PreparedSource | None,
    fps: int | float | Fraction,
    chroma: str = "full",
) -> Inputs:
    """Frames as a program holds them; each is converted by `as_frame` when it is needed.

    Args:
        target: see `Inputs`; a batch of a torch tensor is such a sequence.
        swapped: likewise.
        masks: likewise.
        source: likewise.
        fps: frames per second.
        chroma: see `aotface.video.in_memory.CHROMA`.
    """

    def clip(frames: Sequence[Any], name: str) -> FramesInMemory:
        rate = Fraction(fps).limit_denominator(1001)
        return frames_in_memory(
            lambda number: as_frame(frames[number], name), len(frames), rate, name, chroma
        )

    return Inputs(
        clip(target, "target"),
        None if swapped is None else clip(swapped, "swapped"),
        None if masks is None else clip(masks, "mask"),
        source,
    )


def make_frames(context: JobContext, job: JobSpec, inputs: Inputs, steady: bool) -> Iterator[MadeFrame]:
    """All frames; ``steady``: they are of one video. A single frame is a picture either way."""
    make = make_video_frames if steady and len(inputs.target) > 1 else make_pictures
    return make(context, job, inputs)


def make_video_frames(context: JobContext, job: JobSpec, inputs: Inputs) -> Iterator[MadeFrame]:
    """Frames of one video: faces are followed, and the transfer is filtered over time.

    Args:
        context: networks, progress, and whether to stop.
        job: options; its paths are not read.
        inputs: see there.

    Yields:
        Every frame, in order: what `make_video` would encode.

    Raises:
        FaceError, UsageError, InputError: see `assign` and `Inputs.check`.
    """
    inputs.check()
    clip, swapped = inputs.target, inputs.swapped
    tracks = analyse(clip, lambda done: context.progress("looking for faces", done, len(clip)))
    sources = dict.fromkeys(assign(tracks, assignments_of(job)), inputs.source)
    scene = make_scene(clip, tracks, None, context.options, job.mark, swapped, sources, inputs.masks)
    if swapped is not None and inputs.masks is None and not shows_a_swap(scene):
        context.reporter.warn(
            f"{swapped.name}: no swap was seen in a few frames: such frames stay as they are"
        )
    for layers in render_layers(scene, clip.first, clip.last):
        yield _made(layers)
        context.progress("swapping", layers.original.index + 1 - clip.first, len(clip))


def make_pictures(context: JobContext, job: JobSpec, inputs: Inputs) -> Iterator[MadeFrame]:
    """Pictures that have nothing to do with each other, each made as a picture file is; see `make_video_frames`."""
    inputs.check()
    count, name = len(inputs.target), inputs.target.name
    for number in range(count):
        try:
            yield _picture(context, job, inputs, number)
        except AotfaceError as error:
            if count == 1:
                raise
            raise type(error)(f"{name}, picture {number}: {error}") from None
        context.progress("swapping", number + 1, count)


def _made(layers: Layers) -> MadeFrame:
    # copies without their RGB, so that what is shown is what the planes hold
    return MadeFrame(
        stored_pixels(layers.frame),
        len(layers.faces),
        layers.coverage,
        lambda: stored_pixels(layers.reenacted()),
    )


def _picture(context: JobContext, job: JobSpec, inputs: Inputs, number: int) -> MadeFrame:
    target, rows, options = inputs.target.pixels(number), assignments_of(job), context.options
    faces = detect(target)
    chosen = [faces[index] for index in assign_faces(target, faces, rows)]
    if inputs.swapped is not None:
        mask = None if inputs.masks is None else as_mask(inputs.masks.pixels(number))
        which = options.face if options.face == "all" else str(chosen[0].index)
        done = refine(inputs.swapped.pixels(number), target, replace(options, face=which), job.mark, mask)
    else:
        if inputs.source is None:
            raise InputError("expected a source, or frames that are swapped already")
        done = swap_faces(target, chosen, inputs.source, options, job.mark, faces)
    shown = mark_frame if job.mark else (lambda frame: frame)
    return MadeFrame(done.frame, len(done.faces), lambda: done.mask, lambda: shown(done.reenacted))
