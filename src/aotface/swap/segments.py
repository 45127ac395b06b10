"""The missing segments of a video, with the layers that were asked for; each a function of its frames' numbers alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice

from aotface.media.files import write_bytes
from aotface.media.video.encode import SEGMENT_SUFFIX, Encoding, segment_writer
from aotface.media.video.join import origin_of
from aotface.media.video.parts import Parts
from aotface.swap.layers import Layers, grey_facts
from aotface.swap.video import Clip, Scene, finished_layers

MASK, REENACTED, MATRIX = ".mask.mp4", ".reenacted.mp4", ".matrix.jsonl"
"""The layers, by the ends of their files' names."""

LOSSLESS = Encoding("h264", 0, "veryfast")
"""Of masks."""


def make_segments(scene: Scene, parts: Parts, encoding: Encoding, progress: Callable[[int], None]) -> int:
    """Make what is missing, in order; neighbours that are missing together share the frames between them.

    Args:
        scene: the frames.
        parts: where segments go, and which layers they have.
        encoding: of all pictures but masks.
        progress: told how many more frames are done.

    Returns:
        How many frames were made.
    """
    return sum(make_run(scene, parts, encoding, run, progress) for run in runs(parts.missing()))


def make_run(
    scene: Scene, parts: Parts, encoding: Encoding, run: list[int], progress: Callable[[int], None]
) -> int:
    """Make segments that follow each other; see `make_segments`."""
    first, last = parts.segments[run[0]][0], parts.segments[run[-1]][1]
    frames = finished_layers(scene, first, last)
    for number in run:
        start, stop = parts.segments[number]
        _write(scene.clip, parts, encoding, number, _counted(frames, stop - start, progress))
    return last - first


def runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, together."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def layer_encoding(layer: str, encoding: Encoding) -> Encoding:
    """How a layer of pictures is encoded."""
    return LOSSLESS if layer == MASK else encoding


def _write(clip: Clip, parts: Parts, encoding: Encoding, number: int, frames: Iterator[Layers]) -> None:
    """One segment with its layers; a layer that is there already is written again, to the same bytes."""
    origin = origin_of(clip.facts, clip.times, clip.first, clip.last)
    lines = []
    with ExitStack() as stack:
        writers = {}
        for layer in (SEGMENT_SUFFIX, *parts.layers):
            if layer != MATRIX:
                facts = grey_facts(clip.facts) if layer == MASK else clip.facts
                how, place = layer_encoding(layer, encoding), parts.segment(number, layer)
                writers[layer] = stack.enter_context(segment_writer(place, facts, how, overwrite=True))
        for layers in frames:
            views = {SEGMENT_SUFFIX: lambda seen: seen.frame, MASK: Layers.mask, REENACTED: Layers.reenacted}
            for layer, writer in writers.items():
                writer.add(views[layer](layers))
            if MATRIX in parts.layers:
                index = layers.original.index
                lines.append(layers.line(index - clip.first, clip.times.seconds(index) - origin) + "\n")
        if lines:
            write_bytes(parts.segment(number, MATRIX), "".join(lines).encode(), overwrite=True)


def _counted(frames: Iterator[Layers], count: int, tell: Callable[[int], None]) -> Iterator[Layers]:
    for layers in islice(frames, count):
        yield layers
        tell(1)
