"""What a plan knows of one picture or clip: the largest face, its tone, its light, and how it looks."""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from aotface.datasets.portraits import Seen
from aotface.errors import NoFaceError, VideoError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.forge.inputs import Listed, kind_of
from aotface.masked import lab_pixels, weighted_means
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.metrics.identity import IdentityMeter
from aotface.threads import one_thread_each
from aotface.tracking.descriptor import Descriptor, descriptor_of
from aotface.types import Frame, Mask
from aotface.video.plan import open_clip


@dataclass(frozen=True)
class Look:
    """One input as it was seen. Fields as of `aotface.forge.plan.PlanInput`; ``descriptor`` and
    ``embedding`` (of an identity network, if there is one) tell people apart."""

    listed: Listed
    kind: str
    height: int
    width: int
    frames: int
    rate: Fraction
    tone: str
    tone_degrees: float | None
    light: tuple[float, float, float]
    exposure: float
    colour: tuple[float, float]
    descriptor: Descriptor
    embedding: np.ndarray | None = None


def look_at(listed: Listed, frames: int, meter: IdentityMeter | None = None) -> Look:
    """Read an input, and look at its largest face.

    Args:
        listed: the file.
        frames: of a clip, how many are used at most, from its first on.
        meter: embeds the face, if there is one.

    Raises:
        NoFaceError: no face, or none in the first frame that is used.
        InputError: the file cannot be read.
    """
    with one_thread_each():
        kind = kind_of(listed.file)
        if kind == "picture":
            frame, count, rate = read_image(listed.file).frame, 1, Fraction(25)
        else:
            frame, count, rate = first_frame(listed.file, frames)
        return _look(listed, kind, frame, count, rate, meter)


def first_frame(path: Path, frames: int) -> tuple[Frame, int, Fraction]:
    """The first frame of a clip in square pixels, how many of its frames are used, and its frame rate."""
    clip = open_clip(path)
    frame = next(iter(clip.frames(clip.first, clip.first + 1)), None)
    if frame is None:
        raise VideoError(f"{show(path)}: no frame in it; get a whole copy")
    return frame.square, min(frames, len(clip)), clip.info.rate.limit_denominator(100_000)


def _look(
    listed: Listed, kind: str, frame: Frame, count: int, rate: Fraction, meter: IdentityMeter | None
) -> Look:
    faces = detect(frame)
    if not faces:
        where = "the first frame" if kind == "clip" else "the picture"
        raise NoFaceError(f"{show(listed.file)}: no face found in {where}")
    seen = Seen(frame, align(frame, faces[0]))
    mask: Mask = seen.skin
    if not np.count_nonzero(mask > 0.5):
        raise NoFaceError(f"{show(listed.file)}: its face is covered or too small to measure")
    lightness, a, b = weighted_means(*lab_pixels(seen.aligned.crop, mask)).tolist()
    angle = seen.tone_degrees
    x, y, z = (round(float(value), 4) for value in seen.light)
    return Look(
        listed,
        kind,
        frame.shape[0],
        frame.shape[1],
        count,
        rate,
        seen.tone,
        None if math.isnan(angle) else round(angle, 2),
        (x, y, z),
        round(lightness, 2),
        (round(a, 2), round(b, 2)),
        descriptor_of(frame, faces[0]),
        None if meter is None else meter.embedding(seen.aligned.crop, seen.aligned.landmarks),
    )
