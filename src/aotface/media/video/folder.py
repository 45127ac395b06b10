"""Numbered pictures in a folder: as a video to read, and as a way to keep frames."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from aotface.errors import InputError, UsageError
from aotface.media.files import list_images, show
from aotface.media.image import read_image, write_image
from aotface.media.video import colour
from aotface.media.video.colour import Colour
from aotface.media.video.decode import VideoFrame
from aotface.media.video.info import FOLDER, MAX_PIXELS, VideoInfo
from aotface.media.video.layout import Layout
from aotface.media.video.orientation import Orientation
from aotface.types import Frame

_COLOUR = Colour("bt709", "bt709", "bt709", full_range=False, tags=(1, 1, 1, 1))


def list_frames(folder: str | os.PathLike[str]) -> list[Path]:
    """List the pictures of a folder in natural order: ``frame2.png`` comes before ``frame10.png``.

    Raises:
        UnreadableImageError: no folder, or no picture in it.
    """
    return sorted(
        list_images(folder), key=lambda path: [_number(part) for part in re.split(r"(\d+)", path.name)]
    )


def folder_info(folder: str | os.PathLike[str], rate: Fraction) -> VideoInfo:
    """Describe a folder of pictures as a video; the first picture decides size and depth.

    Args:
        folder: holds one picture per frame.
        rate: frames per second.

    Returns:
        The facts; more than 8 bits are written as 10.

    Raises:
        UnreadableImageError, TooLargeError, UnsupportedError: see `read_image`.
        UsageError: a rate that is not positive.

    Source: [ours].
    """
    if rate <= 0:
        raise UsageError(f"expected a rate of more than 0 frames per second, got {rate}")
    paths = list_frames(folder)
    first = read_image(paths[0], max_pixels=MAX_PIXELS)
    height, width = first.frame.shape[:2]
    info = pictures_info(height, width, len(paths), Fraction(rate), first.bit_depth)
    return replace(info, path=Path(folder), codec=first.format)


def pictures_info(height: int, width: int, count: int, rate: Fraction, bit_depth: int) -> VideoInfo:
    """Describe pictures of one size as a video, whose planes are those of the video file they would become.

    Args:
        height: of each, in pixels.
        width: of each, in pixels.
        count: how many.
        rate: frames per second.
        bit_depth: of their values; more than 8 bits are written as 10.
    """
    return VideoInfo(
        path=Path("frames"),
        container=FOLDER,
        codec="frames",
        width=width,
        height=height,
        coded_width=width,
        coded_height=height,
        orientation=Orientation(),
        rate=rate,
        time_base=1 / rate,
        frames=count,
        duration_seconds=float(count / rate),
        start=Fraction(0),
        pixel_format="rgb24" if bit_depth == 8 else "rgb48",
        bit_depth=bit_depth,
        layout=Layout(
            8 if bit_depth == 8 else 10, 1 if width % 2 else 2, 1 if width % 2 or height % 2 else 2
        ),
        colour=_COLOUR,
    )


def read_folder_frames(
    folder: str | os.PathLike[str],
    rate: Fraction,
    first: int = 0,
    last: int | None = None,
    info: VideoInfo | None = None,
) -> Iterator[VideoFrame]:
    """Read the pictures of a folder as the frames of a video; their times are `timing.regular`.

    ``rgb`` of a frame is the picture itself, in sRGB and without its transparency; ``planes`` are what is encoded.

    Args:
        folder: holds one picture per frame.
        rate: frames per second.
        first: index of the first frame wanted.
        last: index of the first frame not wanted any more; None = up to the end.
        info: from `folder_info`, where it is known already.

    Yields:
        The frames.

    Raises:
        InputError: a picture of another size than the first one; or see `read_image`.
        UsageError: a range that the folder does not have.

    Source: [ours].
    """
    info = info or folder_info(folder, rate)
    paths = list_frames(folder)
    last = len(paths) if last is None else last
    if not 0 <= first < last <= len(paths):
        raise UsageError(
            f"{show(folder)}: expected a range within {len(paths)} frames, got {first} to {last}"
        )
    for index in range(first, last):
        picture = read_image(paths[index], max_pixels=MAX_PIXELS).frame
        if picture.shape[:2] != (info.height, info.width):
            raise InputError(
                f"{show(paths[index])}: expected {info.width} x {info.height} pixels like the first frame, "
                f"got {picture.shape[1]} x {picture.shape[0]}; make all of one size"
            )
        yield frame_from_rgb(picture, index, index, info)


def frame_from_rgb(rgb: Frame, index: int, pts: int, info: VideoInfo) -> VideoFrame:
    """Make a frame of a video from pixels alone.

    Args:
        rgb: upright, of the size of the video; uint8 or uint16. It stays the frame's ``rgb``.
        index: its number.
        pts: when it is shown, in ticks of the video's time base.
        facts: of the video.
    """
    planes = colour.from_rgb(info.orientation.stored(rgb), info.layout, info.colour)
    frame = VideoFrame(index, pts, planes, info)
    frame.__dict__["rgb"] = (
        rgb  # what would else be converted back from the planes, and lose what they cannot hold
    )
    return frame


def save_frame(folder: str | os.PathLike[str], frame: VideoFrame, overwrite: bool = False) -> Path:
    """Keep a frame as PNG, named by its number: ``000000.png`` is the first. More than 8 bits become 16.

    Args:
        folder: where to; it exists.
        frame: upright as shown.
        overwrite: whether an existing picture may be replaced.

    Returns:
        Where it was written.

    Raises:
        OutputExistsError, UnwritableError: see `write_image`.

    Source: [ours].
    """
    return write_image(Path(folder) / f"{frame.index:06d}.png", frame.rgb, overwrite=overwrite)


def _number(part: str) -> tuple[int, str]:
    """A key that puts numbers in their order, before letters in theirs."""
    return (int(part), "") if part.isdecimal() else (-1, part)
