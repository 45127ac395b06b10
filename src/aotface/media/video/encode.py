"""One segment of a video: its frames encoded on their own, so that any of them can be made again to the same bytes."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import OutputContainer

from aotface.errors import InputError, UsageError
from aotface.media.files import show
from aotface.media.video.decode import VideoFrame
from aotface.media.video.dts import Stamps, delay, presentation_order
from aotface.media.video.info import VideoInfo
from aotface.media.video.layout import to_frame
from aotface.media.video.writing import writing

SEGMENT_SUFFIX = ".mp4"
"""Segments are small MP4 files that any player shows."""

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
"""The codecs that are written, and the encoder of each."""

AUTO = "auto"

_THREADS = 4  # a fixed number, because what x264 decides depends on it


@dataclass(frozen=True)
class Encoding:
    """How frames are encoded; bit depth and chroma resolution are those of the input.

    ``codec``: one of `ENCODERS`.
    ``quality``: constant rate factor, 0 to 51, smaller = better; 18 looks like the input, 0 loses nothing.
    ``preset``: how much time is spent on making the file smaller, one of `PRESETS`.
    """

    codec: str = "h264"
    quality: int = 18
    preset: str = "veryfast"

    def __post_init__(self) -> None:
        if self.codec not in ENCODERS:
            raise UsageError(f"expected the video codec {' or '.join(ENCODERS)}, got {self.codec}")
        if not 0 <= self.quality <= 51:
            raise UsageError(f"expected a video quality from 0 (lossless) to 51, got {self.quality}")
        if self.preset not in PRESETS:
            raise UsageError(f"expected a preset of {', '.join(PRESETS)}, got {self.preset}")

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told: closed groups of pictures, the same choices on every processor, no print."""
        if self.codec in ("vp9", "av1"):
            return self._open_options
        if self.codec == "h264":
            quality = {"qp": "0"} if self.quality == 0 else {"crf": str(self.quality)}
            return {**quality, "preset": self.preset, "x264-params": "open-gop=0:cpu-independent=1"}
        fixed = f"open-gop=0:pools={_THREADS}:frame-threads=1:log-level=none"
        lossless = ":lossless=1" if self.quality == 0 else ""
        return {"crf": str(self.quality), "preset": self.preset, "x265-params": fixed + lossless}

    @property
    def _open_options(self) -> dict[str, str]:
        """Of VP9 and AV1, whose scales of quality end at 63, and of speed are numbers."""
        quality, step = round(self.quality * 63 / 51), len(PRESETS) - 1 - PRESETS.index(self.preset)
        if self.codec == "av1":
            return {"crf": str(quality), "preset": str(4 + step), "svtav1-params": f"lp={_THREADS}"}
        lossless = {"lossless": "1"} if self.quality == 0 else {}
        speed = {"deadline": "good", "cpu-used": str(min(step, 5)), "row-mt": "0"}
        return {"crf": str(quality), "b": "0", **speed, **lossless}


def encoding_for(output: Path, codec: str, quality: int, preset: str) -> Encoding:
    """How the segments of a video are encoded.

    Args:
        output: the finished video; its suffix decides where the codec is ``"auto"``.
        codec: see `Encoding`, or ``"auto"``.
        quality: see `Encoding`.
        preset: see `Encoding`.

    Raises:
        UsageError: a codec that is not known, or does not fit into WebM; or AV1 without loss.
    """
    webm = output.suffix.lower() == ".webm"
    if codec == AUTO:
        codec = "vp9" if webm else "h264"
    if webm and codec not in ("vp9", "av1"):
        raise UsageError(
            f"{show(output)}: a .webm file holds vp9 or av1: leave out --codec {codec}, or name it .mkv"
        )
    if codec == "av1" and quality == 0:
        raise UsageError("--codec av1 always loses a little: use --crf 1, or another codec")
    return Encoding(codec, quality, preset)


class SegmentWriter:
    """Encodes frame after frame into one segment; made by `segment_writer`.

    The segment's clock begins at its first frame; the distances between frames are kept exactly.
    """

    def __init__(self, container: OutputContainer, info: VideoInfo, encoding: Encoding) -> None:
        self._info, self._container = info, container
        self._pts: list[int] = []
        self._packets: list[av.Packet] = []
        stream = container.add_stream(ENCODERS[encoding.codec], rate=info.rate, options=encoding.options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = info.coded_width, info.coded_height, info.layout.name
        stream.time_base = info.tick
        context = stream.codec_context
        context.time_base, context.thread_count = info.tick, _THREADS
        context.sample_aspect_ratio = info.pixel_aspect
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = info.colour.tags
        self._stream = stream

    def add(self, frame: VideoFrame) -> None:
        """Encode the next frame.

        Args:
            frame: shown later than the one before; of the size and layout of the video.

        Raises:
            InputError: not later, or of another size or layout.
        """
        info, shape = self._info, frame.planes.y.shape
        if shape != (info.coded_height, info.coded_width) or frame.info.layout != info.layout:
            raise InputError(
                f"expected a frame of {info.coded_height} x {info.coded_width} pixels in {info.layout.name}, "
                f"got {shape[0]} x {shape[1]} in {frame.info.layout.name} (height x width as stored)"
            )
        if self._pts and frame.pts <= self._pts[-1]:
            raise InputError(f"expected a frame after tick {self._pts[-1]}, got one at {frame.pts}")
        self._pts.append(frame.pts)
        picture = to_frame(frame.planes, info.layout)
        picture.time_base = info.tick
        picture.pts = (frame.pts - self._pts[0]) * info.time_base.numerator
        picture.color_primaries, picture.color_trc, picture.colorspace, picture.color_range = info.colour.tags
        self._packets += self._stream.encode(picture)

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._pts)

    def finish(self) -> None:
        """Take the last frames out of the encoder, and write all.

        Raises:
            InputError: there was no frame.
            UnwritableError: disk full.
        """
        if not self._pts:
            raise InputError("expected a segment of at least one frame, got none")
        self._packets += self._stream.encode(None)
        shown = presentation_order([packet.pts or 0 for packet in self._packets])
        since = [(tick - self._pts[0]) * self._info.time_base.numerator for tick in self._pts]
        last = since[-1] - since[-2] if len(since) > 1 else round(1 / (self._info.rate * self._info.tick))
        stamps = Stamps((*since, since[-1] + max(1, last)), delay(shown))
        for place, (packet, number) in enumerate(zip(self._packets, shown, strict=True)):
            packet.time_base = self._info.tick
            stamps.put(packet, place, number)
            self._container.mux(packet)


@contextmanager
def segment_writer(
    path: str | os.PathLike[str], info: VideoInfo, encoding: Encoding | None = None, overwrite: bool = False
) -> Iterator[SegmentWriter]:
    """Open a segment for writing; it appears whole when the block ends well.

    The same frames and the same encoding give the same bytes, however many cores there are.

    Args:
        path: where to, ending in `SEGMENT_SUFFIX`.
        facts: of the video: size, layout, colours, rate.
        encoding: None = the default one.
        overwrite: whether an existing file may be replaced.

    Yields:
        The writer; add at least one frame.

    Raises:
        UsageError: another suffix.
        OutputExistsError, UnwritableError: see `writing`.

    Source: [ours].
    """
    if Path(path).suffix != SEGMENT_SUFFIX:
        raise UsageError(f"{show(path)}: expected a segment name that ends in {SEGMENT_SUFFIX}")
    options = {"movie_timescale": str(info.tick.denominator)}
    with writing(path, "mp4", options, overwrite) as container:
        writer = SegmentWriter(container, info, encoding or Encoding())
        yield writer
        writer.finish()


def write_segment(
    path: str | os.PathLike[str],
    info: VideoInfo,
    encoding: Encoding,
    frames: Iterable[VideoFrame],
    overwrite: bool = False,
) -> int:
    """Encode frames into one segment, whole or not at all; see `segment_writer`.

    Args:
        path: where to, ending in `SEGMENT_SUFFIX`.
        facts: of the video.
        encoding: how.
        frames: at least one, in the order in which they are shown.
        overwrite: whether an existing file may be replaced.

    Returns:
        How many frames were written.

    Raises:
        UsageError, InputError, OutputExistsError, UnwritableError: see `segment_writer` and `SegmentWriter.add`.

    Source: [ours].
    """
    with segment_writer(path, info, encoding, overwrite) as writer:
        for frame in frames:
            writer.add(frame)
    return writer.count
