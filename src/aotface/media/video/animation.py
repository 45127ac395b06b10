"""Animated GIF and WebP: as a video to read, and as a way to write one."""

import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import GifImagePlugin, Image, WebPImagePlugin

from aotface.errors import TooLargeError, UsageError, VideoError
from aotface.media.decoding import decoding
from aotface.media.files import read_bytes, replacing, show
from aotface.media.kinds import ANIMATIONS
from aotface.media.pixel_aspect import square_pixels
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.media.video.colour import Colour
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.folder import frame_from_rgb
from aotface.media.video.info import ANIMATION, MAX_PIXELS, VideoInfo
from aotface.media.video.layout import Layout
from aotface.media.video.orientation import Orientation
from aotface.media.video.timing import FrameTimes
from aotface.types import Frame

SHORTEST_MS, USUAL_MS = 20, 100
"""Browsers take a GIF's frames of less than the first for the second."""

QUALITY = 90
"""Of WebP."""

_TICK = Fraction(1, 1000)
_COLOUR = Colour("bt709", "bt709", "bt709", full_range=False, tags=(1, 1, 1, 1))


def probe_animation(path: str | os.PathLike[str]) -> tuple[VideoInfo, FrameTimes]:
    """What an animation says, and when each frame is shown.

    Args:
        path: a GIF or WebP with several pictures.

    Raises:
        UnreadableImageError: damaged or cut short.
        TooLargeError: frames larger than `MAX_PIXELS`.

    Source: [ours].
    """
    name = sniff(read_bytes(path)[:HEAD_BYTES]).name
    pts, clock, clear = [], 0, False
    for picture, milliseconds in _pictures(path):
        pts.append(clock)
        clock += milliseconds
        clear |= picture.getchannel("A").getextrema()[0] < 255  # type: ignore[operator]
        width, height = picture.size
    info = VideoInfo(
        path=Path(path),
        container=ANIMATION,
        codec=name,
        width=width,
        height=height,
        coded_width=width,
        coded_height=height,
        orientation=Orientation(),
        rate=Fraction(len(pts) * 1000, clock).limit_denominator(1001),
        time_base=_TICK,
        frames=len(pts),
        duration_seconds=clock / 1000,
        start=Fraction(0),
        pixel_format="rgb24",
        bit_depth=8,
        layout=Layout(8, 1 if width % 2 else 2, 1 if width % 2 or height % 2 else 2),
        colour=_COLOUR,
        notes=("has transparency; it becomes white",) if clear else (),
    )
    return info, FrameTimes(np.array(pts, np.int64), np.zeros(1, np.int64), _TICK, clock)


def read_animation(info: VideoInfo, times: FrameTimes, first: int, last: int) -> Iterator[VideoFrame]:
    """Frames ``first`` to ``last - 1``; reading begins at the first one of the file.

    Args:
        info: of `probe_animation`.
        times: of the same.
        first: index of the first frame wanted.
        last: index of the first frame not wanted any more.

    Raises:
        UsageError: a range that the file does not have.
        VideoError: the file has changed.
    """
    if not 0 <= first < last <= len(times):
        raise UsageError(
            f"{show(info.path)}: expected a range within {len(times)} frames, got {first} to {last}"
        )
    index = 0
    for picture, _ in _pictures(info.path):
        if index >= last:
            return
        if index >= first:
            white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
            rgb = np.asarray(Image.alpha_composite(white, picture).convert("RGB"))
            yield frame_from_rgb(rgb, index, int(times.pts[index]), info)
        index += 1
    if index < last:
        raise VideoError(f"{show(info.path)}: frame {index} is not there any more; was the file changed?")


def write_animation(
    segments: Sequence[Path],
    out: Path,
    info: VideoInfo,
    times: FrameTimes,
    first: int,
    last: int,
    overwrite: bool = False,
) -> Path:
    """Join segments into an animation that is shown for ever; pixels are square. All of it is held in memory, packed.

    Args:
        segments: see `aotface.media.video.join.join`.
        out: ends in .gif or .webp.
        info: of the video that was encoded.
        times: of the same.
        first: index of the first frame.
        last: index of the first frame left out.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExistsError, UnwritableError: see `aotface.media.files.replacing`.

    Source: [ours].
    """
    ends = [
        round(1000 * float(times.seconds(index) - times.seconds(first))) for index in range(first, last + 1)
    ]
    lasting = [max(end - begin, 1) for begin, end in zip(ends, ends[1:], strict=False)]
    kind = ANIMATIONS[out.suffix.lower()]
    frames = (Image.fromarray(frame) for frame in _upright(segments, info))
    options: dict[str, object] = {"quality": QUALITY, "method": 4} if kind == "WEBP" else {}
    with replacing(out, overwrite) as temporary:
        head = next(frames)
        head.save(temporary, kind, save_all=True, append_images=frames, duration=lasting, loop=0, **options)
    return out


def _upright(segments: Sequence[Path], info: VideoInfo) -> Iterator[Frame]:
    """The frames as they are shown, 8 bits."""
    for segment in segments:
        for frame in read_frames(segment):
            rgb = np.ascontiguousarray(info.orientation.shown(frame.rgb))
            rgb = rgb if rgb.dtype == np.uint8 else (rgb >> 8).astype(np.uint8)
            yield np.ascontiguousarray(square_pixels(rgb, float(info.shown_aspect)))


def _pictures(path: str | os.PathLike[str]) -> Iterator[tuple[Image.Image, int]]:
    """Every picture as a whole, RGBA, and how long it is shown in milliseconds."""
    name = sniff(read_bytes(path)[:HEAD_BYTES]).name
    opening: Callable[[str], Image.Image] = (
        GifImagePlugin.GifImageFile if name == "GIF" else WebPImagePlugin.WebPImageFile
    )
    with decoding(name or "animation"), opening(os.fspath(path)) as file:
        if file.width * file.height > MAX_PIXELS:
            raise TooLargeError(
                f"{show(path)}: {file.width} x {file.height} pixels, the limit is {MAX_PIXELS:,}"
            )
        for number in range(getattr(file, "n_frames", 1)):
            file.seek(number)
            file.load()
            told = int(file.info.get("duration", 0) or 0)
            yield file.convert("RGBA"), told if told >= SHORTEST_MS else USUAL_MS
