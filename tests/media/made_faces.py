"""Made videos with a face of nobody in them: a packaged sample that drifts and grows a little from frame to frame."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from media.made_clips import _speak

from aotface.media.image import read_image
from aotface.samples import sample

NTSC = Fraction(30000, 1001)
SIDE = 256


@cache
def portrait(name: str) -> np.ndarray:
    return read_image(sample(name)).frame


def face_frame(index: float, name: str = "target_medium_man_warm_side", side: int = SIDE) -> np.ndarray:
    """The sample as frame ``index`` of a slow motion, side x side x 3, uint8."""
    picture = portrait(name)
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), 0.4 * index, (0.62 + 0.003 * index) * side / SIDE
    )
    matrix[:, 2] += (side / 2 - width / 2 + index, side / 2 - height / 2)
    return cv2.warpAffine(
        picture, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )


def plain_frame(index: float, side: int = SIDE) -> np.ndarray:
    """A soft moving pattern without a face."""
    y, x = np.mgrid[0:side, 0:side] / side
    waves = [np.sin(6 * x + 0.1 * index), np.cos(5 * y), np.sin(4 * (x + y))]
    return np.stack([120 + 60 * wave for wave in waves], axis=2).astype(np.uint8)


def write_frames(
    path: Path,
    frames: Sequence[np.ndarray],
    rate: Fraction = NTSC,
    *,
    seconds: Sequence[Fraction] | None = None,
    time_base: Fraction | None = None,
    format: str = "yuv420p",
    sound: str | None = None,
    quality: int = 8,
    rotation: int = 0,
    pixel_aspect: Fraction = Fraction(1),
) -> Path:
    """Encode RGB frames with x264.

    ``seconds`` are multiples of ``time_base``, ``rotation`` is a clockwise turn; ``pixel_aspect`` is of the stored pixels.
    """
    shown = list(seconds) if seconds is not None else [index / rate for index in range(len(frames))]
    base = time_base or 1 / rate
    base = Fraction(1, base.denominator)
    with av.open(str(path), "w", options={"fflags": "bitexact"}) as file:
        stream = file.add_stream("libx264", rate=rate, options={"crf": str(quality), "preset": "veryfast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = format
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.codec_context.time_base, stream.codec_context.thread_count = base, 1
        if rotation:
            stream.set_display_rotation(-rotation)
        reporter = file.add_stream(sound, rate=48000) if sound else None
        file.start_encoding()
        for frame, second in zip(frames, shown, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24").reformat(format=format)
            picture.pts, picture.time_base = int(second / base), base
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
        if reporter is not None:
            _speak(file, reporter, float(shown[-1] + 1 / rate))
    return path
