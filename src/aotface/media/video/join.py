"""Segments and the target's sound become one file: packets are moved, nothing is encoded again.

Every frame gets the time it has in the target; see `order` for how decoding times follow from that.
"""

import heapq
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer

from aotface.errors import VideoError
from aotface.media.files import show
from aotface.media.kinds import CONTAINERS
from aotface.media.video.dts import Stamps, delay, presentation_order
from aotface.media.video.info import VideoInfo
from aotface.media.video.opening import opened
from aotface.media.video.orientation import Orientation
from aotface.media.video.passthrough import Span, add_copies, check_container, copied, copy_metadata
from aotface.media.video.timing import FrameTimes
from aotface.media.video.writing import writing
from aotface.media.video.xmp import xmp_box


@dataclass(frozen=True)
class _Segment:
    """``shown``: see `presentation_order`. ``times``: when its frames are shown, in seconds after the first.

    ``header``: of the codec.
    """

    path: str | os.PathLike[str]
    shown: tuple[int, ...]
    times: tuple[Fraction, ...]
    header: bytes


def join(
    segments: Sequence[str | os.PathLike[str]],
    target: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    info: VideoInfo,
    times: FrameTimes,
    first: int = 0,
    last: int | None = None,
    overwrite: bool = False,
    source_type: str | None = None,
) -> Path:
    """Join segments into the finished video, with subtitles, and sound where it fits, copied byte for byte.

    The picture begins where it begins in the target, on a clock that starts with the target's first picture or sound.
    With a range of frames that clock starts at the first of them, and the packets of sound and subtitles that begin
    within the range come along; of sound also the few before that a decoder needs, see `passthrough`.

    Args:
        segments: files from `write_segment`, in order: together the frames ``first`` to ``last - 1``.
        target: the video whose sound, subtitles, chapters and title are copied; None = a silent video.
        out: the finished video: .mp4, .m4v, .mov, .mkv or .webm.
        facts: of the video that was encoded.
        times: of the video that was encoded.
        first: index of the first frame.
        last: index of the first frame left out; None = up to the end.
        overwrite: whether an existing file may be replaced.
        source_type: what is said of how the video came to be, where its container has a place for that.

    Returns:
        The path of the finished video.

    Raises:
        UsageError: a suffix that is not written.
        OutputError: the container cannot hold a stream of the target; the line names one that can.
        VideoError: segments that do not hold these frames, or are damaged.
        OutputExistsError, UnwritableError: see `writing`.

    Source: [ours].
    """
    out = Path(out)
    check_container(out, target)
    last = len(times) if last is None else last
    whole = (first, last) == (0, len(times))
    origin = origin_of(info, times, first, last)
    ticks = tuple(int((times.seconds(index) - origin) / info.tick) for index in range(first, last + 1))
    parts = [_read(segment) for segment in segments]
    _check(parts, ticks, info)
    stamps = Stamps(ticks, max(delay(part.shown) for part in parts))
    span = Span(origin, None if whole else (times.seconds(first), times.seconds(last)))
    format = CONTAINERS[out.suffix.lower()]
    tail = xmp_box(out, source_type)
    with writing(out, format, _options(format, info), overwrite, tail) as container:
        pictures = _pictures(parts, stamps, _add_picture(container, parts[0], info), info)
        if target is None:
            _write(container, pictures, iter(()))
        else:
            with opened(target) as (source, _):
                copies = add_copies(container, source, target, format)
                copy_metadata(container, source, span)
                _write(container, pictures, copied(source, copies, span))
    return out


def origin_of(info: VideoInfo, times: FrameTimes, first: int, last: int) -> Fraction:
    """The time on the target's clock, in seconds, that is 0 on the clock of a finished video; see `join`."""
    whole = (first, last) == (0, len(times))
    return max(Fraction(0), info.start) // info.tick * info.tick if whole else times.seconds(first)


def _options(format: str, info: VideoInfo) -> dict[str, str]:
    """What the container is told."""
    if format in (
        "matroska",
        "webm",
    ):  # sound that an encoder put before the start stays there; else everything would move
        return {"avoid_negative_ts": "disabled"}
    return {"movie_timescale": str(info.tick.denominator), "movflags": "faststart"}


def _read(segment: str | os.PathLike[str]) -> _Segment:
    """Read the order of a segment's packets."""
    with opened(segment) as (container, stream):
        base = stream.time_base or Fraction(1)
        pts = [packet.pts or 0 for packet in container.demux(stream) if packet.size]
        header = bytes(stream.codec_context.extradata or b"")
    if not pts:
        raise VideoError(f"{show(segment)}: expected a segment with frames, found none; make it again")
    since = tuple((tick - min(pts)) * base for tick in sorted(pts))
    return _Segment(segment, presentation_order(pts), since, header)


def _check(parts: Sequence[_Segment], ticks: Sequence[int], info: VideoInfo) -> None:
    """Refuse segments that are not these frames of the video, or not of one encoder."""
    begin = 0
    for part in parts:
        count = len(part.shown)
        wanted = [(tick - ticks[begin]) * info.tick for tick in ticks[begin : begin + count]]
        if begin + count >= len(ticks) or wanted != list(part.times) or part.header != parts[0].header:
            raise VideoError(
                f"{show(part.path)}: expected {count} frames of the video from number {begin} of the range on, encoded "
                "like the first segment, found others; make the segment again"
            )
        begin += count
    if begin != len(ticks) - 1:
        raise VideoError(
            f"expected segments of {len(ticks) - 1} frames together, got {begin}; make the missing ones"
        )


def _add_picture(container: OutputContainer, part: _Segment, info: VideoInfo) -> av.VideoStream:
    """Add the stream that all segments go into."""
    with opened(part.path) as (_, template):
        stream = container.add_stream_from_template(template, opaque=True)
    stream.time_base = info.tick
    stream.codec_context.framerate = info.rate
    if stream.codec_context.name == "hevc" and container.format.name != "matroska":
        stream.codec_context.codec_tag = "hvc1"  # what Apple's players ask for
    if info.orientation != Orientation():
        stream.set_display_matrix(info.orientation.matrix)
    return stream


def _pictures(
    parts: Sequence[_Segment], stamps: Stamps, stream: av.VideoStream, info: VideoInfo
) -> Iterator[tuple[Fraction, av.Packet]]:
    """Read the packets of all segments, with their times in the whole video."""
    begin = 0
    for part in parts:
        with opened(part.path) as (container, source):
            packets = (packet for packet in container.demux(source) if packet.size)
            for place, (packet, number) in enumerate(zip(packets, part.shown, strict=True)):
                packet.time_base = info.tick
                stamps.put(packet, begin + place, begin + number)
                packet.stream = stream
                yield (packet.dts or 0) * info.tick, packet
        begin += len(part.shown)


def _write(
    container: OutputContainer,
    pictures: Iterator[tuple[Fraction, av.Packet]],
    copies: Iterator[tuple[Fraction, av.Packet]],
) -> None:
    """Write both rows of packets as one, by the time of decoding."""
    for _, packet in heapq.merge(pictures, copies, key=lambda timed: timed[0]):
        container.mux(packet)
