"""Frames that a program holds, as a clip: they go through the very pipeline of video files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from aotface.errors import InputError, UsageError
from aotface.media.video import colour
from aotface.media.video.colour import PLAIN, Colour
from aotface.media.video.decode import VideoFrame
from aotface.media.video.folder import frame_from_rgb, pictures_info
from aotface.media.video.layout import Layout
from aotface.media.video.timing import regular
from aotface.types import Frame
from aotface.video.scene import Clip

CHROMA = ("full", "half")
"""``full``: frames stay RGB, and lose nothing. ``half``: frames are as a usual video file stores them (BT.709, 4:2:0)."""

Pixels = Callable[[int], Frame]
"""The frame of a number from 0, height x width x 3, uint8 or uint16; asked more than once."""

_RGB = Colour("bt709", "srgb", PLAIN, full_range=True)


@dataclass(frozen=True)
class FramesInMemory(Clip):
    """A clip whose frames are made by a function when they are needed. ``name``: what the caller calls them."""

    pixels: Pixels
    name: str

    def frames(self, first: int | None = None, last: int | None = None) -> Iterator[VideoFrame]:
        """See `Clip`.

        Raises:
            InputError: a frame of another size or type than the first one.
        """
        info = self.info
        for index in range(self.first if first is None else first, self.last if last is None else last):
            rgb = self.pixels(index)
            if rgb.shape != (info.height, info.width, 3) or (rgb.dtype == np.uint8) != (info.bit_depth == 8):
                raise InputError(
                    f"{self.name}, frame {index}: expected {info.width} x {info.height} pixels of {info.bit_depth} bits "
                    f"like the first frame, got {rgb.shape[1]} x {rgb.shape[0]} of {8 * rgb.dtype.itemsize}"
                )
            yield frame_from_rgb(rgb, index, index, info)


def frames_in_memory(
    pixels: Pixels, count: int, rate: Fraction, name: str = "frames", chroma: str = "full"
) -> FramesInMemory:
    """Frames of one video.

    Args:
        pixels: gives each frame; all of one size and type.
        count: how many.
        rate: frames per second.
        name: what the caller calls them, for messages.
        chroma: out of `CHROMA`.

    Raises:
        UsageError: no such chroma, or a rate that is none.
        InputError: no frame.
    """
    if chroma not in CHROMA:
        raise UsageError(f"expected chroma full or half, got {chroma!r}")
    if not 0 < rate <= 1000:
        raise UsageError(f"expected a frame rate of more than 0 and at most 1000 fps, got {float(rate):g}")
    if count < 1:
        raise InputError(f"{name}: expected at least one frame, got none")
    first = pixels(0)
    bits, (height, width) = 8 * first.dtype.itemsize, first.shape[:2]
    info = pictures_info(height, width, count, rate, bits)
    if chroma == "full":
        info = replace(info, layout=Layout(bits, 1, 1), colour=_RGB)
    return FramesInMemory(info.path, info, regular(count, rate), 0, count, pixels, name)


def stored_pixels(frame: VideoFrame) -> Frame:
    """A frame in RGB, as its planes hold it: what a decoder would show of it."""
    info = frame.info
    return info.orientation.shown(colour.to_rgb(frame.planes, info.layout, info.colour))
