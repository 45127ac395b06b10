"""Small videos from RGB frames, and back: the compressions that data sets of manipulated faces are known for."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from jaxtyping import UInt8

from aotface.errors import InputError, UsageError

Frame8 = UInt8[np.ndarray, "_height _width 3"]

_THREADS = 2  # a fixed number, because what x264 decides depends on it


@dataclass(frozen=True)
class Quality:
    """``codec``: of the encoder. ``pixels``: how they are stored. ``options``: for it."""

    codec: str
    pixels: str
    options: dict[str, str]


def quality_named(name: str) -> Quality:
    """``raw`` loses nothing; ``c0`` to ``c51`` are H.264 at that constant rate factor, as FaceForensics++ has c23 and c40.

    Raises:
        UsageError: another name.
    """
    fixed = {"x264-params": "cpu-independent=1"}
    if name == "raw":
        return Quality("libx264rgb", "rgb24", {"crf": "0", "qp": "0", "preset": "veryfast", **fixed})
    if name[:1] == "c" and name[1:].isdecimal() and int(name[1:]) <= 51:
        return Quality("libx264", "yuv420p", {"crf": name[1:], "preset": "medium", **fixed})
    raise UsageError(f"expected a video quality raw, c23, c40 or another c0 to c51, got {name!r}")


def encode_rgb(frames: Iterable[Frame8], rate: Fraction, quality: Quality) -> bytes:
    """An MP4 of some frames, all of one size with even sides; the same frames, the same bytes.

    Raises:
        InputError: no frame, or an odd side.
    """
    file = io.BytesIO()
    options = {"fflags": "bitexact"}
    count = 0
    with av.open(file, "w", format="mp4", container_options=options) as container:
        stream = container.add_stream(quality.codec, rate=rate, options=quality.options)
        assert isinstance(stream, av.VideoStream)
        stream.codec_context.thread_count = _THREADS
        for count, frame in enumerate(frames, 1):
            height, width = frame.shape[:2]
            if height % 2 or width % 2:
                raise InputError(f"expected frames with even sides, got {width} x {height}")
            if count == 1:
                stream.width, stream.height, stream.pix_fmt = width, height, quality.pixels
            container.mux(stream.encode(_picture(frame, quality)))
        if not count:
            raise InputError("expected a video of at least one frame, got none")
        container.mux(stream.encode(None))
    return file.getvalue()


def _picture(frame: Frame8, quality: Quality) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    if quality.pixels == "rgb24":
        return picture
    return picture.reformat(format=quality.pixels, dst_colorspace="ITU601", dst_color_range="MPEG")


def decode_rgb(data: bytes) -> list[Frame8]:
    """Every frame of a small video."""
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def reencoded(frames: Sequence[Frame8], rate: Fraction, quality: Quality) -> list[Frame8]:
    """What is left of some frames after compression."""
    return decode_rgb(encode_rgb(frames, rate, quality))
