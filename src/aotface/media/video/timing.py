"""When each frame is shown: exact whole ticks, never a number of frames times a rate.

The times are read from the packets where that is safe, and from a full decoding where it is not. Safe means: a
container that stores a time for every frame, a codec that makes one frame of every packet, times that are whole and
unlike, and the same times once more when both ends of the file are decoded.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from jaxtyping import Int64

from aotface.errors import UsageError, VideoError
from aotface.media.files import show
from aotface.media.video.length import bytes_missing
from aotface.media.video.opening import decoder, opened

_SAFE_FORMATS = ("mov", "matroska")
_SAFE_CODECS = {
    "h264",
    "hevc",
    "mpeg4",
    "mpeg1video",
    "mpeg2video",
    "vp9",
    "libvpx-vp9",
    "av1",
    "libdav1d",
} | {"prores", "mjpeg", "ffv1", "dnxhd", "png"}
_END_FRAMES = 24
_SLACK_SECONDS = Fraction(1, 2)  # how much earlier than promised a whole Matroska file may end


@dataclass(frozen=True, eq=False)
class FrameTimes:
    """The times of all frames of a video, in the order in which they are shown.

    ``pts``: strictly increasing, in ticks of ``time_base`` seconds.
    ``keys``: the indices of frames at which decoding can begin, the first one always among them.
    ``end``: the tick at which the last frame stops being shown.
    ``seekable``: False where the file's own times had to be repaired; then every reading begins at the first frame.
    ``damaged``: how many packets could not be decoded; their frames are not among ``pts``.
    """

    pts: Int64[np.ndarray, " frames"]
    keys: Int64[np.ndarray, " keys"]
    time_base: Fraction
    end: int
    seekable: bool = True
    damaged: int = 0

    def __len__(self) -> int:
        return len(self.pts)

    def seconds(self, index: int) -> Fraction:
        """When frame ``index`` appears, on the file's clock; for ``len(self)``, when the last one disappears."""
        tick = self.end if index == len(self) else int(self.pts[index])
        return tick * self.time_base

    def between(
        self, start_seconds: float | None = None, end_seconds: float | None = None
    ) -> tuple[int, int]:
        """Say which frames appear within a range of time, counted from the first frame.

        Args:
            start_seconds: None = from the first frame.
            end_seconds: None = up to the last one.

        Returns:
            The first frame that appears at or after the start, and the first that appears at or after the end.

        Raises:
            UsageError: no frame appears in it.
        """
        since = [(tick - int(self.pts[0])) * self.time_base for tick in self.pts.tolist()]
        # as decimal numbers: the float 0.2 is a little more than a frame's exact 1/5
        first = 0 if start_seconds is None else bisect_left(since, Fraction(str(start_seconds)))
        last = len(self) if end_seconds is None else bisect_left(since, Fraction(str(end_seconds)))
        if first >= last:
            raise UsageError(
                f"expected a range with at least one frame, got {start_seconds or 0} to {end_seconds} seconds of "
                f"{float(self.seconds(len(self)) - self.seconds(0)):.3f}; choose another range"
            )
        return first, last


def regular(count: int, rate: Fraction) -> FrameTimes:
    """The times of frames that have none of their own.

    Args:
        count: how many frames, at least 1.
        rate: frames per second.
    """
    return FrameTimes(np.arange(count), np.arange(count), 1 / rate, count)


class Clock:
    """Gives every decoded frame a time after that of the frame before, whatever the file says.

    A frame without a time is shown one average frame later; a time that does not increase, one tick later.
    """

    def __init__(self, step: int) -> None:
        """``step``: ticks from one frame to the next, on average."""
        self.step = step
        self.last: int | None = None
        self.repaired = False

    def time(self, pts: int | None, dts: int | None = None) -> int:
        """The tick at which the next frame is shown, from its own times for showing and for decoding."""
        told = pts if pts is not None else dts
        if self.last is None:
            self.last = told or 0
        elif told is None:
            self.last += self.step
        else:
            self.last = max(told, self.last + 1)
        self.repaired |= self.last != pts
        return self.last


def clock_for(stream: VideoStream) -> Clock:
    """A clock that ticks like a stream."""
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return Clock(max(1, round(1 / (rate * (stream.time_base or Fraction(1, 1000))))))


def frame_times(path: str | os.PathLike[str], exact: bool = False, allow_damage: bool = False) -> FrameTimes:
    """Find out when each frame of a video is shown.

    Args:
        path: the video.
        exact: decode everything, also where the packets can be trusted.
        allow_damage: leave out frames that cannot be decoded, instead of refusing the file.

    Returns:
        The times of all frames.

    Raises:
        VideoError: see `probe`; also where frames are missing and ``allow_damage`` is false.

    Source: [ours].
    """
    cut = bytes_missing(path)
    with opened(path) as (container, stream):
        told, missing = _from_packets(container, stream, cut)
    if missing and not allow_damage:
        raise incomplete(path, missing)
    if told is not None and not exact and _ends_agree(path, told):
        return told
    found = _from_frames(path, threads=0)
    if found.damaged and not allow_damage:
        raise incomplete(path, f"{found.damaged} of its packets cannot be decoded")
    # what is left of damaged packets may depend on the number of threads
    return _from_frames(path, threads=1) if found.damaged else found


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
    """Decode frame after frame; yields None for each packet that cannot be decoded, and continues behind it."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:  # the rest cannot be reached
            yield None
            packet = None
        if packet is None:
            return
        try:
            frames = stream.decode(packet)
        except FFmpegError:
            yield None
            continue
        yield from frames


def _from_packets(container: InputContainer, stream: VideoStream, cut: int) -> tuple[FrameTimes | None, str]:
    """Read the times from the packets (None where they are not to be trusted), and say what of the file is missing."""
    name = container.format.name.split(",")[0]
    times, keys, trusted, seen, broken = [], [], name in _SAFE_FORMATS and bool(stream.time_base), 0, False
    end, all_end = 0, Fraction(0)
    others = [*container.streams.audio, *container.streams.subtitles]  # they too may be what ends last
    try:
        for packet in container.demux([stream, *others]):
            mine = packet.stream_index == stream.index
            if packet.size == 0 or packet.pts is None:
                trusted &= packet.size == 0 or not mine
                continue
            stop = packet.pts + max(1, packet.duration or 1)
            all_end = max(all_end, stop * packet.time_base)
            if not mine:
                continue
            seen += 1
            trusted &= not packet.is_corrupt and (seen > 1 or packet.is_keyframe)
            if not packet.is_discard:
                times.append(packet.pts)
                end = max(end, stop)
                if packet.is_keyframe:
                    keys.append(packet.pts)
    except FFmpegError:
        broken = True
    missing = _missing(name, container, stream, seen, all_end, cut)
    pts = np.unique(np.array(times, np.int64))
    if broken or missing or not trusted or stream.codec_context.name not in _SAFE_CODECS:
        return None, missing
    if not len(pts) or len(pts) != len(times) or not keys:
        return None, missing
    places = np.union1d(np.searchsorted(pts, np.array(keys, np.int64)), [0])
    return FrameTimes(pts, places, stream.time_base or Fraction(1), end), missing


def _missing(
    name: str, container: InputContainer, stream: VideoStream, seen: int, end: Fraction, cut: int
) -> str:
    """Compare what was found with what the container promises; "" if nothing is missing or nothing is promised."""
    if name == "mov" and seen < stream.frames:
        return f"{stream.frames - seen} of its {stream.frames} frames are not there"
    promised = Fraction(container.duration or 0, av.time_base)
    if name == "matroska" and (end < promised - _SLACK_SECONDS or cut and end < promised):
        return f"it ends after {float(end):.2f} of {float(promised):.2f} seconds"
    return f"{cut:,} bytes are not there" if cut else ""


def incomplete(path: str | os.PathLike[str], what: str) -> VideoError:
    """The line for a file of which something is missing."""
    return VideoError(
        f"{show(path)}: {what}, it is damaged or cut short; get a whole copy, or convert it to repair it"
    )


def _ends_agree(path: str | os.PathLike[str], times: FrameTimes) -> bool:
    """Decode the first frames and everything from the last key frame on, and compare."""
    with decoder(path) as (container, stream):
        head = [frame.pts if frame else None for frame in islice(decoded(container, stream), _END_FRAMES)]
    if head != times.pts[: len(head)].tolist():
        return False
    last = int(times.pts[times.keys[-1]])
    with decoder(path) as (container, stream):
        container.seek(last, stream=stream)
        tail = [frame.pts if frame else None for frame in decoded(container, stream)]
    tail = [pts for pts in tail if pts is None or pts >= last]
    return tail == times.pts[times.keys[-1] :].tolist()


def _from_frames(path: str | os.PathLike[str], threads: int) -> FrameTimes:
    """Decode everything and note the times."""
    pts: list[int] = []
    keys, damaged, duration = [0], 0, 0
    with decoder(path, threads) as (container, stream):
        clock = clock_for(stream)
        for frame in decoded(container, stream):
            if frame is None:
                damaged += 1
                continue
            if frame.key_frame and pts:
                keys.append(len(pts))
            pts.append(clock.time(frame.pts, frame.dts))
            duration = frame.duration or clock.step
        base = stream.time_base or Fraction(1, 1000)
    if not pts:
        raise VideoError(
            f"{show(path)}: expected a video, found no frame in it; get a whole copy of the file"
        )
    end = pts[-1] + max(1, duration)
    return FrameTimes(
        np.array(pts, np.int64), np.array(keys, np.int64), base, end, not clock.repaired, damaged
    )
