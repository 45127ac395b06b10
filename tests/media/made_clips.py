"""Small made videos: a moving pattern with the number of each frame in its pixels, in every shape that cameras make.

``make_clip`` writes one; the rows of ``KINDS`` are the ones that most tests want. Nobody's face is in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

NTSC = Fraction(30000, 1001)
SOUND_RATE = 48000


@dataclass(frozen=True)
class Clip:
    """A made video: where it is, and when each frame is shown, in seconds."""

    path: Path
    seconds: tuple[Fraction, ...]

    @property
    def count(self) -> int:
        return len(self.seconds)


def pattern(index: int, height: int = 48, width: int = 64, scene: int = 0) -> tuple[np.ndarray, ...]:
    """Y', Cb and Cr of frame ``index`` at full resolution, uint8 in limited range; its number stands in the top rows."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    luma = 110 + 50 * np.sin((x + 2 * index) / 9 + scene) + 30 * np.cos((y - index) / 7)
    blue = 128 + 40 * np.sin((y + index + 20 * scene) / 11)
    red = 128 + 40 * np.cos((x - index) / 13)
    for bit in range(8):
        luma[: height // 6, bit * width // 8 : (bit + 1) * width // 8] = 210 if index >> bit & 1 else 40
    return tuple(np.clip(np.rint(plane), 16, 235).astype(np.uint8) for plane in (luma, blue, red))


def number_in(luma: np.ndarray) -> int:
    """Read the number (0 to 255) out of a stored luma plane of any depth."""
    height, width = luma.shape
    middle = np.iinfo(np.uint8).max * (1 if luma.dtype == np.uint8 else 4) / 2
    rows = luma[1 : height // 6 - 1]
    bits = [rows[:, bit * width // 8 + 1 : (bit + 1) * width // 8 - 1].mean() > middle for bit in range(8)]
    return sum(int(bit) << place for place, bit in enumerate(bits))


def picture(index: int, format: str, height: int, width: int, scene: int = 0) -> av.VideoFrame:
    """Frame ``index`` in a pixel format."""
    if width > 1000:  # made small and scaled up: the sines of millions of pixels take seconds
        return picture(index, "yuv444p", 48, 64, scene).reformat(width, height, format, interpolation="POINT")
    y, u, v = pattern(index, height, width, scene)
    frame = av.VideoFrame.from_ndarray(np.stack([y, u, v]), "yuv444p")
    if format in ("yuv444p", "yuvj444p"):
        return frame
    if frame.format.name != format and not av.VideoFormat(format, width, height).is_rgb:
        return frame.reformat(format=format, src_color_range=1, dst_color_range=1, interpolation="AREA")
    return frame.reformat(format=format)


def make_clip(
    path: Path,
    count: int = 20,
    rate: Fraction = NTSC,
    *,
    size: tuple[int, int] = (64, 48),
    format: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    seconds: Sequence[Fraction] | None = None,
    time_base: Fraction | None = None,
    rotation: int = 0,
    flip: bool = False,
    tags: tuple[int, int, int, int] = (2, 2, 2, 0),
    sound: str | None = None,
    words: str | None = None,
    cut: int | None = None,
    metadata: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
) -> Clip:
    """Write a made video.

    Args:
        path: its suffix decides the container.
        count: frames; 0 to 255.
        rate: frames per second, where ``seconds`` says nothing else.
        size: width, height as stored.
        format: pixel format.
        codec: video encoder.
        options: for it.
        seconds: when each frame is shown; multiples of ``time_base``.
        time_base: None = one tick per frame.
        rotation: clockwise turn to be shown with; a multiple of 90.
        flip: mirror it as well.
        tags: primaries, transfer, matrix, range.
        sound: audio encoder; None = no sound.
        words: subtitle codec (``"subrip"`` or ``"mov_text"``); None = none.
        cut: the frame at which another scene begins.
        metadata: of the file.
        muxer: options of the container.
    """
    base = time_base or 1 / rate
    shown = tuple(seconds) if seconds is not None else tuple(index / rate for index in range(count))
    base = Fraction(1, base.denominator)
    with av.open(str(path), "w", options={"fflags": "bitexact", **(muxer or {})}) as file:
        file.metadata.update(metadata or {})
        stream = _picture_stream(file, codec, rate, options, size, format, base, tags)
        if rotation or flip:
            stream.set_display_rotation(-rotation, hflip=flip)
        reporter = file.add_stream(sound, rate=SOUND_RATE) if sound else None
        caption = file.add_mux_stream(words) if words else None
        file.start_encoding()  # so that there is a file even without a frame
        for index, second in enumerate(shown):
            frame = picture(index, format, size[1], size[0], int(cut is not None and index >= cut))
            frame.pts, frame.time_base = int(second / base), base
            frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = tags
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        length = float(shown[-1] + 1 / rate) if shown else 0.0
        if reporter is not None:
            _speak(file, reporter, length)
        if caption is not None:
            _caption(file, caption, words or "")
    return Clip(path, shown)


def _picture_stream(
    file: Any,
    codec: str,
    rate: Fraction,
    options: dict[str, str] | None,
    size: tuple[int, int],
    format: str,
    base: Fraction,
    tags: tuple[int, int, int, int],
) -> Any:
    quick = {"libx264": {"preset": "veryfast", "crf": "12"}, "libx265": {"x265-params": "log-level=none"}}
    stream = file.add_stream(codec, rate=rate, options={**quick.get(codec, {}), **(options or {})})
    stream.width, stream.height, stream.pix_fmt = *size, format
    context = stream.codec_context
    context.time_base, context.thread_count = base, 1
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
    return stream


def _speak(file: Any, stream: Any, seconds: float) -> None:
    """A tone that rises, so that no two packets are alike."""
    time = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    wave = np.sin(2 * np.pi * (300 + 200 * time) * time)
    samples = np.tile((wave * 12000).astype(np.int16), (2, 1))
    resampler = av.AudioResampler(stream.codec_context.format, "stereo", SOUND_RATE)
    size = 960
    for begin in range(0, samples.shape[1], size):
        piece = np.ascontiguousarray(samples[:, begin : begin + size])
        frame = av.AudioFrame.from_ndarray(piece, "s16p", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, begin, Fraction(1, SOUND_RATE)
        for ready in resampler.resample(frame):
            file.mux(stream.encode(ready))
    file.mux(stream.encode(None))


def _caption(file: Any, stream: Any, codec: str) -> None:
    for number in range(3):
        text = f"line {number}".encode()
        packet = av.Packet(len(text).to_bytes(2, "big") + text if codec == "mov_text" else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = 200 * number
        packet.duration = 150
        file.mux(packet)


@dataclass(frozen=True)
class Kind:
    """A row of `KINDS`: a file name and what `make_clip` makes of it."""

    name: str
    more: dict[str, Any] = field(default_factory=dict)


def _uneven(count: int, base: Fraction) -> list[Fraction]:
    """Times with steps of 20 to 80 ms, as telephones make them."""
    steps = np.random.default_rng(7).integers(20, 80, count)
    return [Fraction(int(tick), 1000) // base * base for tick in np.cumsum(steps) - steps[0]]


_LONG_GOP = {"x264-params": "keyint=12:min-keyint=12:bframes=3:b-pyramid=normal:scenecut=0"}
_OPEN_GOP = {"x264-params": "keyint=8:min-keyint=8:bframes=3:open-gop=1:scenecut=0"}
_HIGH = {"x264-params": "keyint=10:bframes=2"}

KINDS = [
    Kind("ntsc.mp4", {"options": _LONG_GOP, "count": 30}),
    Kind("open_gop.mp4", {"options": _OPEN_GOP, "count": 30}),
    Kind("open_gop.mkv", {"options": _OPEN_GOP, "count": 30}),
    Kind("open_gop.ts", {"options": _OPEN_GOP, "count": 30, "sound": "mp2"}),
    Kind("uneven.mp4", {"seconds": _uneven(24, Fraction(1, 90000)), "time_base": Fraction(1, 90000)}),
    Kind("uneven.mkv", {"seconds": _uneven(24, Fraction(1, 1000)), "time_base": Fraction(1, 1000)}),
    Kind("ten_bit.mp4", {"format": "yuv420p10le", "options": _HIGH}),
    Kind("ten_bit_422.mov", {"format": "yuv422p10le", "options": _HIGH}),
    Kind("rotated_90.mp4", {"rotation": 90}),
    Kind("rotated_180.mov", {"rotation": 180}),
    Kind("rotated_270.mkv", {"rotation": 270}),
    Kind("mirrored.mp4", {"rotation": 90, "flip": True}),
    Kind("aac.mp4", {"sound": "aac", "rate": Fraction(25), "count": 25, "words": "mov_text"}),
    Kind("opus.mkv", {"sound": "libopus", "rate": Fraction(25), "count": 25, "words": "subrip"}),
    Kind("opus.webm", {"sound": "libopus", "codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
    Kind("mp2.mpg", {"sound": "mp2", "codec": "mpeg1video", "rate": Fraction(25), "count": 30,
                     "options": {"g": "10", "bf": "2", "b": "2000000"}}),
    Kind("mpeg2.ts", {"sound": "mp2", "codec": "mpeg2video", "rate": Fraction(25), "count": 30,
                      "options": {"g": "10", "bf": "2", "b": "2000000"}}),
    Kind("mpeg4.avi", {"sound": "mp2", "codec": "mpeg4", "rate": Fraction(25), "options": {"bf": "0", "g": "8",
                                                                                          "b": "2000000"}}),
    Kind("mpeg4_b.avi", {"codec": "mpeg4", "rate": Fraction(25), "options": {"bf": "2", "g": "8", "b": "2000000"}}),
    Kind("pcm.mov", {"sound": "pcm_s16le", "rate": Fraction(24)}),
    Kind("cut.mp4", {"cut": 9}),
    Kind("late.mp4", {"seconds": [(index + 7) / NTSC for index in range(20)], "sound": "aac"}),
    Kind("one.mp4", {"count": 1}),
    Kind("two.mkv", {"count": 2, "sound": "flac"}),
    Kind("odd.webm", {"size": (65, 49), "codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8",
                                                                         "crf": "10"}}),
    Kind("odd.mkv", {"size": (66, 49), "codec": "ffv1"}),
    Kind("hevc.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=8:bframes=3"}}),
    Kind("full.mp4", {"tags": (1, 1, 1, 2), "format": "yuvj420p"}),
    Kind("bt601.mp4", {"tags": (6, 6, 6, 1)}),
    Kind("bt2020.mp4", {"tags": (9, 14, 9, 1), "format": "yuv420p10le"}),
    Kind("mjpeg.avi", {"codec": "mjpeg", "format": "yuvj422p", "rate": Fraction(25), "tags": (2, 2, 5, 2)}),
    Kind("prores.mov", {"codec": "prores_ks", "format": "yuv422p10le", "size": (64, 48)}),
    Kind("png.mov", {"codec": "png", "format": "rgb24"}),
    Kind("grey.mkv", {"codec": "ffv1", "format": "gray"}),
    Kind("alpha.mkv", {"codec": "ffv1", "format": "yuva420p"}),
    Kind("twelve_bit.mkv", {"codec": "ffv1", "format": "yuv420p12le"}),
    Kind("tall_chroma.mkv", {"codec": "ffv1", "format": "yuv440p"}),
    Kind("dv_chroma.mkv", {"codec": "ffv1", "format": "yuv411p"}),
]  # fmt: skip


def make_kind(kind: Kind, folder: Path) -> Clip:
    return make_clip(folder / kind.name, **kind.more)
