"""The missing segments of a video, with the layers that were asked for; each a function of its frames' numbers alone.

Frames of a segment that is not finished are cached one by one as the encoder will get them, and so are the temporal
features of the faces around. A stopped run resumes within the segment, and the encoder gets the same frames again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

import numpy as np

from aotface.compose.output_layers import layer_of_ending
from aotface.media.files import write_bytes
from aotface.media.video.decode import VideoFrame
from aotface.media.video.encode import SEGMENT_SUFFIX, Encoding, segment_writer
from aotface.media.video.info import VideoInfo
from aotface.media.video.join import origin_of
from aotface.media.video.kept import pack, unpack
from aotface.media.video.parts import Parts
from aotface.threads import one_thread_each
from aotface.video.frame_state import FEATURES
from aotface.video.layers import Layers
from aotface.video.quantise import Finished
from aotface.video.render import REACH, render_layers
from aotface.video.scene import Clip, Scene

FRAMES = "frame"
"""Under which name finished frames are cached."""

LOSSLESS = Encoding("h264", 0, "veryfast")
"""Of masks."""


class Views(NamedTuple):
    """What is written of one frame: pictures for the encoders, and lines of text, by the ends of the files' names.

    ``made``: in this run; else it was cached by an earlier one.
    """

    frames: dict[str, VideoFrame]
    lines: dict[str, str]
    made: bool


def make_segments(
    scene: Scene, parts: Parts, encoding: Encoding, progress: Callable[[int], None], keep: bool = True
) -> int:
    """Make what is missing, in order; neighbours that are missing together share the frames between them.

    Args:
        scene: the frames.
        parts: where segments go, and which layers they have.
        encoding: of all pictures but masks.
        progress: told how many more frames are done.
        keep: cache single frames as well, so that a stop costs next to nothing.

    Returns:
        How many frames were made.
    """
    return sum(make_run(scene, parts, encoding, run, progress, keep) for run in runs(parts.missing()))


def make_run(
    scene: Scene,
    parts: Parts,
    encoding: Encoding,
    run: list[int],
    progress: Callable[[int], None],
    keep: bool = True,
) -> int:
    """Make segments that follow each other; see `make_segments`."""
    first, last = parts.segments[run[0]][0], parts.segments[run[-1]][1]
    frames, made = _frames(scene, parts, first, last, keep), 0
    with one_thread_each():
        for number in run:
            start, stop = parts.segments[number]
            made += _write(scene.clip, parts, encoding, number, islice(frames, stop - start), progress)
            parts.forget(FRAMES, below=stop)
            parts.forget(FEATURES, below=stop - REACH)
    return made


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
    return LOSSLESS if layer != SEGMENT_SUFFIX and layer_of_ending(layer).lossless else encoding


def _write(
    clip: Clip,
    parts: Parts,
    encoding: Encoding,
    number: int,
    frames: Iterator[Views],
    progress: Callable[[int], None],
) -> int:
    """One segment with its layers; a layer that is there already is written again, to the same bytes."""
    lines: dict[str, list[str]] = {layer: [] for layer in _texts(parts)}
    made = 0
    with ExitStack() as stack:
        writers = {}
        for layer in _pictures(parts):
            how, place = layer_encoding(layer, encoding), parts.segment(number, layer)
            info = _info(clip, layer)
            writers[layer] = stack.enter_context(segment_writer(place, info, how, overwrite=True))
        for views in frames:
            for layer, writer in writers.items():
                writer.add(views.frames[layer])
            for layer, line in views.lines.items():
                lines[layer].append(line)
            made += views.made
            progress(1)
        for layer, rows in lines.items():
            write_bytes(parts.segment(number, layer), "".join(rows).encode(), overwrite=True)
    return made


def _pictures(parts: Parts) -> list[str]:
    """The layers that are encoded."""
    return [SEGMENT_SUFFIX, *(layer for layer in parts.layers if layer_of_ending(layer).of_frame is not None)]


def _texts(parts: Parts) -> list[str]:
    """The layers of text."""
    return [layer for layer in parts.layers if layer_of_ending(layer).of_line is not None]


def _info(clip: Clip, layer: str) -> VideoInfo:
    return clip.info if layer == SEGMENT_SUFFIX else layer_of_ending(layer).info(clip.info)


def _frames(scene: Scene, parts: Parts, first: int, last: int, keep: bool) -> Iterator[Views]:
    """What was cached of a range, from its beginning on, and then the rest, made now."""
    clip, wanted, begin, before = scene.clip, _pictures(parts), first, None
    for views in _kept(clip, parts, first, last) if keep else ():
        yield views
        begin, before = begin + 1, views.frames[SEGMENT_SUFFIX]
    if begin == last:
        return
    origin = origin_of(clip.info, clip.times, clip.first, clip.last)
    known = None if before is None else Finished(next(clip.frames(begin - 1, begin)), before)
    for layers in render_layers(scene, begin, last, parts if keep else None, parts.segments, known):
        index = layers.original.index
        frames = {layer: _view(layers, layer) for layer in wanted}
        number, time = index - clip.first, clip.times.seconds(index) - origin
        lines = {layer: _line(layers, layer, number, time) for layer in _texts(parts)}
        if keep:
            _keep(parts, layers.original, frames, lines)
        del layers  # with its crops, before the next frame is made
        yield Views(frames, lines, made=True)


def _view(layers: Layers, layer: str) -> VideoFrame:
    if layer == SEGMENT_SUFFIX:
        return layers.frame
    of_frame = layer_of_ending(layer).of_frame
    assert of_frame is not None  # see `_pictures`
    return of_frame(layers)


def _line(layers: Layers, layer: str, number: int, time: Fraction) -> str:
    of_line = layer_of_ending(layer).of_line
    assert of_line is not None  # see `_texts`
    return of_line(layers, number, time) + "\n"


def _keep(parts: Parts, target: VideoFrame, frames: dict[str, VideoFrame], lines: dict[str, str]) -> None:
    arrays = {f"line {layer}": np.frombuffer(line.encode(), np.uint8) for layer, line in lines.items()}
    for layer, frame in frames.items():
        arrays |= {f"{layer} {name}": values for name, values in pack(frame, target).items()}
    parts.save(FRAMES, arrays, target.index)


def _kept(clip: Clip, parts: Parts, first: int, last: int) -> Iterator[Views]:
    """The frames from the first on that an earlier run cached, as far as all that is wanted now is there."""
    if not parts.has(FRAMES, first):
        return
    for target in clip.frames(first, last):
        arrays = parts.load(FRAMES, target.index)
        needed = [f"{layer} y" for layer in _pictures(parts)] + [f"line {layer}" for layer in _texts(parts)]
        if arrays is None or any(name not in arrays for name in needed):
            return
        lines = {layer: arrays[f"line {layer}"].tobytes().decode() for layer in _texts(parts)}
        frames = {
            layer: unpack({n: arrays[f"{layer} {n}"] for n in "yuv"}, target, _info(clip, layer))
            for layer in _pictures(parts)
        }
        yield Views(frames, lines, made=False)
