"""Frames by exact number, upright in RGB, with the stored pixels kept beside so that what is not changed stays."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from aotface.errors import InputError, UsageError, VideoError
from aotface.media.files import show
from aotface.media.pixel_aspect import square_pixels
from aotface.media.video import colour
from aotface.media.video.info import VideoInfo
from aotface.media.video.layout import Layout, Planes, from_frame
from aotface.media.video.opening import decoder
from aotface.media.video.orientation import Box
from aotface.media.video.probe import probe, refuse_unhandled
from aotface.media.video.timing import FrameTimes, clock_for, decoded, frame_times, incomplete
from aotface.types import Frame


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame.

    ``index``: its number, from 0, in the order in which frames are shown.
    ``pts``: when it is shown, in ticks of ``facts.time_base``.
    ``planes``: its pixels as stored: not turned, Y'CbCr; do not write into them.
    ``facts``: of the video.
    """

    index: int
    pts: int
    planes: Planes
    info: VideoInfo

    @property
    def time(self) -> Fraction:
        """When it is shown, in seconds on the file's clock."""
        return self.pts * self.info.time_base

    @cached_property
    def rgb(self) -> Frame:
        """height x width x 3, upright; uint8, or uint16 where the video has more than 8 bits. Converted when asked."""
        rgb = colour.to_rgb(self.planes, self.info.layout, self.info.colour)
        return np.ascontiguousarray(self.info.orientation.shown(rgb))

    @property
    def square(self) -> Frame:
        """`rgb` in display pixels, which are square: what faces are looked for in. Not kept."""
        return square_pixels(self.rgb, float(self.info.shown_aspect))

    def lightened(self, change: np.ndarray) -> "VideoFrame":
        """Every pixel lighter by the same in R, G and B; chroma stays bit for bit.

        Args:
            change: height x width, float32, upright, in levels of 255.

        Source: [ours].
        """
        stored = np.ascontiguousarray(self.info.orientation.stored(change))
        return replace(self, planes=colour.lightened(self.planes, stored, self.info.layout, self.info.colour))

    def edited(self, rgb: Frame, box: Box | None = None) -> "VideoFrame":
        """Put changed pixels into this frame.

        Every stored luma value under an unchanged pixel stays bit for bit, and so does every stored chroma value
        whose pixels are all unchanged; only the others are converted.

        Args:
            rgb: the whole frame, upright; of the size and type of `rgb`, or uint16 (65535 is white) where that has 8 bits:
                then nothing is rounded twice.
            box: where it may differ, in pixels, so that the rest need not be compared; None = anywhere.

        Returns:
            The new frame; it shares what is unchanged.

        Raises:
            InputError: another size or type.

        Source: [ours].
        """
        info, layout = self.info, self.info.layout
        wanted = (info.height, info.width, 3)
        if rgb.shape != wanted or rgb.dtype not in (
            (np.uint8, np.uint16) if layout.depth == 8 else (np.uint16,)
        ):
            raise InputError(
                f"expected a frame {wanted} of {'uint8' if layout.depth == 8 else 'uint16'}, got {rgb.shape} "
                f"{rgb.dtype}; keep size and depth of the video"
            )
        x0, y0, x1, y1 = stored_box(box, info)
        if x0 >= x1 or y0 >= y1:
            return self
        both = [info.orientation.stored(pixels) for pixels in (self.rgb, rgb)]
        planes: Planes | None = None
        for top in range(y0, y1, colour.BAND_ROWS):
            here = x0, top, x1, min(top + colour.BAND_ROWS, y1)
            before, new = (np.ascontiguousarray(one[top : here[3], x0:x1]) for one in both)
            changed = differing(before, new)
            if not changed.any():
                continue
            planes = planes or Planes(*(plane.copy() for plane in self.planes))
            paste(planes.cut(here, layout), colour.from_rgb(new, layout, info.colour), changed, layout)
        return self if planes is None else replace(self, planes=planes)


def differing(before: Frame, now: Frame) -> np.ndarray:
    """Which pixels differ: height x width, bool; before may be uint8 where now is uint16."""
    apart: np.ndarray = cv2.absdiff(before if before.dtype == now.dtype else deepened(before), now)
    changed: np.ndarray = (apart[..., 0] | apart[..., 1] | apart[..., 2]) > 0  # much quicker than any()
    return changed


def deepened(frame: Frame) -> Frame:
    """The same frame in uint16."""
    return frame if frame.dtype == np.uint16 else np.multiply(frame, 257, dtype=np.uint16)


def read_frames(
    path: str | os.PathLike[str],
    first: int = 0,
    last: int | None = None,
    info: VideoInfo | None = None,
    times: FrameTimes | None = None,
    threads: int = 0,
) -> Iterator[VideoFrame]:
    """Read frames ``first`` to ``last - 1``, each one exactly, wherever the key frames are.

    Args:
        path: the video.
        first: index of the first frame wanted.
        last: index of the first frame not wanted any more; None = up to the end.
        facts: from `probe`, where they are known already.
        times: from `frame_times`, where they are known already; without them a ``first`` of 0 reads without looking
            ahead, anything else looks them up.
        threads: for decoding; 0 = as many as there are cores. The frames do not depend on it.

    Yields:
        The frames, in the order in which they are shown.

    Raises:
        UsageError: a range that the video does not have.
        VideoError: see `probe`; or a frame that ``times`` has cannot be decoded.
        UnsupportedError: HDR.

    Source: [ours].
    """
    info = info or probe(path)
    refuse_unhandled(info)
    if times is None and first > 0:
        times = frame_times(path)
    if (
        first < 0
        or (last is not None and last <= first)
        or (times and max(first + 1, last or 0) > len(times))
    ):
        known = f" of {len(times)} frames" if times else ""
        raise UsageError(f"{show(path)}: expected a range of frames in it{known}, got {first} to {last}")
    if times is None:
        yield from _from_the_start(path, info, last, threads)
        return
    last = len(times) if last is None else last
    index = first
    for tick, frame in _beginning_at(path, times, first, 1 if times.damaged else threads):
        if index == last:
            return
        if tick != times.pts[index]:
            break
        yield VideoFrame(index, tick, _planes(frame, info), info)
        index += 1
    if index < last:
        raise VideoError(
            f"{show(path)}: frame {index} cannot be decoded, it is damaged there; get a whole copy, or convert it to "
            "repair it"
        )


def _from_the_start(
    path: str | os.PathLike[str], info: VideoInfo, last: int | None, threads: int
) -> Iterator[VideoFrame]:
    """Read without knowing the times; they come out as `frame_times` would give them."""
    index = 0
    with decoder(path, threads) as (container, stream):
        clock = clock_for(stream)
        for frame in decoded(container, stream):
            if index == last:
                return
            if frame is None:
                raise incomplete(path, f"what follows frame {index - 1} cannot be decoded")
            yield VideoFrame(index, clock.time(frame.pts, frame.dts), _planes(frame, info), info)
            index += 1
    if last is not None and index < last:
        raise UsageError(f"{show(path)}: expected a range of frames in it, got 0 to {last} of {index}")


def _beginning_at(
    path: str | os.PathLike[str], times: FrameTimes, first: int, threads: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode from exactly frame ``first`` on; yields its tick and the frame, and so on up to the end of the file.

    A seek may land too late, or where pictures that are referred to are not there. So it is only believed when a key
    frame came first and then the very frame that was wanted; else an earlier key frame is tried, at last the start.
    """
    wanted = int(times.pts[first])
    for key in _key_frames(times, first):
        with decoder(path, threads) as (container, stream):
            if key is not None:
                container.seek(int(times.pts[key]), stream=stream)
            frames = _timed(container, stream, times)
            sure = key is None
            for tick, frame in frames:
                sure |= bool(frame.key_frame)
                if tick >= wanted:
                    break
            else:
                continue
            if sure and tick == wanted:
                yield tick, frame
                yield from frames
                return
    raise VideoError(
        f"{show(path)}: frame {first} cannot be decoded, it is damaged there; get a whole copy, or convert it to repair "
        "it"
    )


def _key_frames(times: FrameTimes, first: int) -> Iterator[int | None]:
    """The key frames to try: the last one before ``first``, then in growing steps earlier ones; None = no seeking."""
    keys = times.keys[times.keys <= first].tolist()
    back = 1
    while times.seekable and back < len(keys):  # the first key frame is where reading begins anyway
        yield keys[-back]
        back *= 2
    yield None


def _timed(
    container: InputContainer, stream: VideoStream, times: FrameTimes
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode with the times that the video's `FrameTimes` have; packets that cannot be decoded are left out."""
    clock = clock_for(stream)
    for frame in decoded(container, stream):
        if frame is not None and not times.seekable:
            yield clock.time(frame.pts, frame.dts), frame
        elif frame is not None and frame.pts is not None:
            yield frame.pts, frame


def _planes(frame: av.VideoFrame, info: VideoInfo) -> Planes:
    """The stored pixels of a decoded frame, in the layout of the video."""
    if (frame.width, frame.height) != (info.coded_width, info.coded_height):
        raise VideoError(
            f"{show(info.path)}: expected frames of {info.coded_width} x {info.coded_height} pixels, found one of "
            f"{frame.width} x {frame.height}; convert it to one size first"
        )
    if frame.format.is_rgb or frame.format.has_palette:
        rgb = frame.reformat(format="rgb24" if info.layout.depth == 8 else "rgb48le").to_ndarray()
        return colour.from_rgb(rgb, info.layout, info.colour)
    return from_frame(frame, info.layout)


def stored_box(box: Box | None, info: VideoInfo) -> Box:
    """A box of the shown frame as one of the stored frame, grown to whole chroma values."""
    whole = (0, 0, info.width, info.height)
    x0, y0, x1, y1 = box or whole
    inside = (max(x0, 0), max(y0, 0), min(x1, info.width), min(y1, info.height))
    x0, y0, x1, y1 = info.orientation.stored_box(inside, info.height, info.width)
    sx, sy = info.layout.step_x, info.layout.step_y
    return x0 // sx * sx, y0 // sy * sy, -(-x1 // sx) * sx, -(-y1 // sy) * sy


def paste(into: Planes, new: Planes, changed: np.ndarray, layout: Layout) -> None:
    """Write luma where a pixel has changed, and chroma where any pixel of its block has."""
    np.copyto(into.y, new.y, where=changed)
    sx, sy = layout.step_x, layout.step_y
    blocks = np.logical_or.reduce([changed[row::sy, column::sx] for row in range(sy) for column in range(sx)])
    np.copyto(into.u, new.u, where=blocks)
    np.copyto(into.v, new.v, where=blocks)
