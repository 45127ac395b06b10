"""A video's line taken apart: each stage of each frame on its own, one after the other."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

from aotface.benchmark.clock import Clock, Cost
from aotface.face.align import align
from aotface.face.track import Tracker
from aotface.media.image import read_image
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.facts import VideoFacts
from aotface.media.video.probe import probe
from aotface.provenance import mark_frame
from aotface.reenact.mesh import Reenacted
from aotface.samples import sample
from aotface.swap.blend import blend
from aotface.swap.options import Options
from aotface.swap.pipeline import enlarged, transport, visible_at, work_side
from aotface.swap.video import prepare_source
from aotface.types import AlignedFace, Face

SOURCE = "source_light_man"

STAGES = ("decode", "track", "align", "reenact", "parse", "transport", "blend", "mark", "encode")
"""In the order of the line. ``decode`` gives RGB; ``encode`` begins with RGB."""

ENCODED = 12
"""Frames that are held in memory and encoded together: an encoder works on several at once."""


def measure_stages(clip: Path, options: Options) -> tuple[dict[str, Cost], int]:
    """What each stage costs a frame.

    Decoder and encoder have threads of their own, which would count as work of whatever else runs: they get a pass
    for themselves.

    Args:
        clip: a video with one face in every frame.
        options: which transfer, and what computes it.

    Returns:
        Cost by stage, one of `STAGES`; and the side in pixels at which the face of the last frame was worked on.
    """
    clock, facts = Clock(), probe(clip)
    count = clock.time(
        "decode", lambda: sum(1 for frame in read_frames(clip) if frame.rgb.size), facts.frames or 1
    )
    tracker = Tracker()
    for frame in read_frames(clip, threads=1):
        clock.time("track", partial(tracker.add, frame.rgb))
    tracks = tracker.finish()
    giver, side = prepare_source(read_image(sample(SOURCE)).frame, "largest"), 0
    for number, frame in zip(range(count), read_frames(clip, threads=1), strict=True):
        for _, face in tracks.faces_at(number)[:1]:
            side = _walk(frame, face, giver.reenact, options, clock)
    costs = clock.costs(warm_up=1) | {"encode": _encoding(clip, facts, clock)}
    return {stage: costs[stage] for stage in STAGES if stage in costs}, side


def _walk(
    frame: VideoFrame,
    face: Face,
    reenact: Callable[[AlignedFace], Reenacted],
    options: Options,
    clock: Clock,
) -> int:
    """One frame down the line, up to the encoder."""
    rgb = frame.rgb
    target = clock.time("align", lambda: align(rgb, face, work_side(face)))
    reenacted = clock.time("reenact", lambda: reenact(target))
    visible = clock.time("parse", lambda: visible_at(rgb, face))
    mask = reenacted.mask * enlarged(visible, len(target.crop))
    swapped = clock.time("transport", lambda: transport(reenacted, target, mask, options))
    blended = clock.time("blend", lambda: blend(rgb, swapped, mask, target.matrix))
    marked = clock.time("mark", lambda: mark_frame(blended))
    clock.time("edit", lambda: frame.edited(marked))
    return len(target.crop)


def _encoding(clip: Path, facts: VideoFacts, clock: Clock) -> Cost:
    """Back to the video's own colours, and into a file."""
    frames = list(islice(read_frames(clip), ENCODED))
    place = clip.with_name("encoded.mp4")
    clock.time("write", lambda: write_segment(place, facts, Encoding(), frames), len(frames))
    costs = clock.costs()
    return Cost(*(sum(parts) for parts in zip(costs["write"], costs["edit"], strict=True)))
