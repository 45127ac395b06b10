"""The video pipeline by stages: the pipeline itself runs, one thing after the other, with a clock at each stage."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import FunctionType
from typing import Any

from aotface.compose.face_step import work_side
from aotface.media.image import read_image
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.encode import Encoding, write_segment
from aotface.options import Options
from aotface.profiling.clock import Clock, Cost, together
from aotface.samples import sample
from aotface.threads import one_thread_each
from aotface.tracking.tracker import Tracker
from aotface.tracking.tracks import Tracks
from aotface.transfer import transfer_for
from aotface.transfer.base import Change, FacePair, InFrame, Maps, Part, Transfer, apply_part
from aotface.types import Crop, Matrix
from aotface.video.plan import open_clip
from aotface.video.render import make_scene, prepare_source, render_frames

SOURCE = "source_light_man"

PIPELINE = {
    "align": ("face.align.align",),
    "reenact": ("reenact.mesh.reenact",),
    "parse": ("compose.face_step.visible_at",),
    "transport": ("video.temporal_filter.apply_filtered_tone",),
    "filter": (
        *(
            f"video.temporal_filter.{n}"
            for n in ("light_grid", "tone_of", "window", "temporal_filter", "filter_mask")
        ),
        *(f"compose.sharpness.{name}" for name in ("softness", "soften")),
        "video.quantise.quantise_towards_previous",
    ),
    "blend": ("compose.blend.blend",),
    "mark": ("provenance.mark_of",),
}
"""Which functions do a stage; the transfer itself is ``transport`` too."""

STAGES = ("decode", "track", *PIPELINE, "encode", "rest")
"""In the pipeline's order. ``decode`` is both readings, up to RGB; ``encode`` begins at the mark; ``rest`` is between."""

ENCODED = 12
"""Frames that are held in memory and encoded together: an encoder works on several at once."""

LOADING = 2
"""Frames that are looked at beforehand: the first few load the models."""


@one_thread_each()  # as the pipeline works
def measure_stages(clip: Path, options: Options) -> tuple[dict[str, Cost], int]:
    """What each stage costs a frame, on the mean; together it is what all frames cost.

    Decoder and encoder have threads of their own, which would count as work of whatever else runs: one reads with a
    single thread, the other gets a pass for itself.

    Args:
        clip: a video with one face in every frame.
        options: which transfer, and what computes it.

    Returns:
        Cost by stage, one of `STAGES`; and the side in pixels at which the face of the last frame was worked on.
    """
    clock, spec = Clock(), open_clip(clip)
    prepared, read = prepare_source(read_image(sample(SOURCE)).frame, "largest"), _reading(clock)
    _track(islice(read_frames(clip), LOADING), Clock())
    tracks = _track(read(clip), clock)
    scene = make_scene(spec, tracks, prepared, options)
    scene = replace(scene, transfer=TimedTransfer(scene.transfer, clock))
    next(render_frames(replace(scene, transfer=transfer_for(options)), 0, len(spec)))  # loads everything
    with _watched(clock, read):
        finished = clock.time("rest", lambda: _kept(render_frames(scene, 0, len(spec))))
    costs, writer = clock.shares(len(spec)), Clock()
    writer.time(
        "encode",
        lambda: write_segment(clip.with_name("encoded.mp4"), spec.info, Encoding(), finished, overwrite=True),
    )
    costs["encode"] = together([costs["encode"], writer.shares(len(finished))["encode"]])
    _, face = scene.tracks.faces_at(len(spec) - 1)[0]
    return {stage: costs[stage] for stage in STAGES}, work_side(face)


class TimedTransfer:
    """A transfer with a clock at what it does."""

    def __init__(self, transfer: Transfer, clock: Clock):
        self._transfer, self._clock = transfer, clock
        self.name, self.summary, self.smooth = transfer.name, transfer.summary, transfer.smooth
        self.identity, self._apply = transfer.identity, clock.timed("transport", _applied)
        self._find = clock.timed("transport", transfer.find)

    def find(self, pair: FacePair) -> Change:
        """As the transfer does."""
        return TimedChange(self._find(pair), self._apply)

    def restore(self, temporal: Maps) -> Change:
        """As the transfer does."""
        return TimedChange(self._transfer.restore(temporal), self._apply)


@dataclass(frozen=True)
class TimedChange:
    """A change whose application is timed."""

    change: Change
    timed: Callable[..., Crop]

    @property
    def temporal(self) -> Maps | None:
        """As the change has it."""
        return self.change.temporal

    def apply(self, reenacted: Crop) -> Crop:
        """As the change does."""
        return self.timed(self.change, reenacted)

    def apply_part(self, reenacted: Crop, part: Part) -> Crop:
        """As the change does."""
        return self.timed(self.change, reenacted, part)

    def in_frame(self, matrix: Matrix, side: int) -> InFrame | None:
        """As the change does."""
        return self.change.in_frame(matrix, side)


def _applied(change: Change, reenacted: Crop, part: Part | None = None) -> Crop:
    return change.apply(reenacted) if part is None else apply_part(change, reenacted, part)


def _track(frames: Iterator[VideoFrame], clock: Clock) -> Tracks:
    tracker = Tracker()
    for frame in frames:
        clock.time("track", partial(tracker.add, frame.square))
    return tracker.finish()


def _kept(frames: Iterator[VideoFrame]) -> list[VideoFrame]:
    """The first few of the frames, after all of them were made."""
    kept = list(islice(frames, ENCODED))
    for _ in frames:
        pass
    return kept


def _reading(clock: Clock) -> Callable[..., Iterator[VideoFrame]]:
    """`read_frames` by one thread and up to RGB, as the stage ``decode``."""
    plain = read_frames  # the name will mean the clocked one

    def read(*where: Any, **named: Any) -> Iterator[VideoFrame]:
        frames = plain(*where, **named | {"threads": 1})
        while (frame := clock.time("decode", lambda: _shown(next(frames, None)))) is not None:
            yield frame

    return read


def _shown(frame: VideoFrame | None) -> VideoFrame | None:
    """The frame, its pixels converted; they are kept with it."""
    return frame if frame is None or frame.rgb.size else None


@contextmanager
def _watched(clock: Clock, read: Callable[..., Iterator[VideoFrame]]) -> Iterator[None]:
    """Wherever the functions of the stages were imported to, they are timed; and nothing runs beside anything else."""
    stages = {_found(name): stage for stage, names in PIPELINE.items() for name in names}
    instead: dict[Any, Any] = {work: clock.timed(stage, work) for work, stage in stages.items()}
    instead |= {_found("video.prefetch.prefetch"): lambda items, *_, **__: iter(items), read_frames: read}
    instead |= {_found("video.prefetch.parallel_map"): lambda work, items, *_, **__: map(work, items)}
    with ExitStack() as changes:
        for name, module in list(sys.modules.items()):
            for word, value in list(vars(module).items()) if name.startswith("aotface.") else ():
                if isinstance(value, FunctionType) and value in instead:
                    changes.callback(setattr, module, word, value)
                    setattr(module, word, instead[value])
        changes.callback(setattr, VideoFrame, "lightened", VideoFrame.lightened)
        VideoFrame.lightened = clock.timed("encode", VideoFrame.lightened)  # type: ignore[method-assign]
        yield


def _found(name: str) -> Any:
    module, _, word = name.rpartition(".")
    return getattr(import_module(f"aotface.{module}"), word)
