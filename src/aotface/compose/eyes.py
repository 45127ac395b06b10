"""Eyes of the target's contrast: a transfer that brings skin to skin leaves whites and pupils grey [ours].

In each opening luma is stretched so that it spans what the target's eye spans; colours keep their ratios, so an iris keeps
its hue and gets its depth back. What is brighter than a white (a tear, a reflection in the source's lens) is held back. The
catch-light is the target's own, laid on the iris where the target has it: it belongs to the light, not to the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST, HIGH, LOW, LUMA, eye_opening
from aotface.types import CROP_SIDE, Crop, Gaze, Landmarks, Mask, Matrix

HELD = 0.25
"""What is left of the stretch above the white of an eye."""

BRIGHTER = 1.05
"""How much brighter than the target's white a white may get."""

IRIS, SMALL, STANDS = 0.2, 0.16, (0.06, 0.16)
"""A catch-light: how far from the iris's centre, how large at most, in widths of the eye; and by how much luma it stands out
of what is around it to count not at all, and fully."""

MARGIN = 1.06
"""By how much more than the target's span is aimed at: blending takes some of it away."""

MOST = 2.0
"""Greatest stretch of an eye's luma."""

FADE = 3.0
"""Multiple of the least opening from which on an eye gets all of it: as it closes, less."""

SOFT = 1.0
"""Standard deviation, in pixels at 256, of the edge of what is changed."""

Pixels = Float32[np.ndarray, "rows columns 3"]


class Glint(NamedTuple):
    """A catch-light. ``luma``, ``weight``: 0..1. ``place``: x and y of its first pixel from the middle between corners."""

    luma: Float32[np.ndarray, "rows columns"]
    weight: Float32[np.ndarray, "rows columns"]
    place: tuple[float, float]


class Span(NamedTuple):
    """Luma of an eye: dark end, bright end (0..1), how far it is open (0..1), and its catch-light where it is asked for."""

    low: float
    high: float
    open: float
    glint: Glint | None = None


Spans = tuple[Span | None, Span | None]
"""Of the person's left and right eye; None where it is closed or covered."""


@dataclass(frozen=True)
class Stretch:
    """What is done in one eye: from one span to another, under a soft mask in the crop.

    ``glint``: luma and weight of the catch-light, in the crop; None: there is none to be laid on.
    """

    before: Span
    after: Span
    mask: Mask
    glint: Float32[np.ndarray, "side side 2"] | None = None

    def gain(self, luma: Float32[np.ndarray, "rows columns"]) -> Float32[np.ndarray, "rows columns"]:
        """By how much pixels of a luma are multiplied."""
        before, after = self.before, self.after
        slope = (after.high - after.low) / (before.high - before.low)
        moved = after.low + (np.minimum(luma, before.high) - before.low) * slope
        moved += HELD * np.maximum(luma - before.high, 0)
        return np.maximum(moved, 0) / np.maximum(luma, np.float32(0.01))


def spans_of(crop: Crop, landmarks: Landmarks, mask: Mask, gaze: Gaze | None = None) -> Spans:
    """Luma of both eyes.

    Args:
        crop: side x side x 3, 0..1.
        landmarks: crop pixels.
        mask: what shows, side x side.
        gaze: where the irises lie, if catch-lights are asked for.
    """
    left, right = (_span(crop, landmarks, mask, eye, gaze) for eye in (LEFT_EYE, RIGHT_EYE))
    return left, right


def _span(crop: Crop, landmarks: Landmarks, mask: Mask, eye: np.ndarray, gaze: Gaze | None) -> Span | None:
    box = _box(landmarks[eye], len(crop))
    moved = landmarks - np.array([box[1].start, box[0].start, 0], np.float32)
    opening = eye_opening(moved, eye, mask[box].shape)
    area, least = float(opening.sum()), FEWEST * (len(crop) / CROP_SIDE) ** 2
    if area < least or float((opening * mask[box]).sum()) < 0.7 * area:
        return None
    whole = np.asarray(crop[box] @ LUMA[0], np.float32)
    low, high = np.percentile(whole[(opening > 0) & (mask[box] > 0.5)], (LOW, HIGH)).tolist()
    number = 0 if eye is RIGHT_EYE else 1
    glint = None if gaze is None else _glint(whole, opening, moved, number, gaze[number])
    return Span(low, high, min(1.0, (area / least - 1) / (FADE - 1)), glint)


def _glint(
    luma: Float32[np.ndarray, "rows columns"],
    opening: Float32[np.ndarray, "rows columns"],
    landmarks: Landmarks,
    number: int,
    gaze: Float32[np.ndarray, " 2"],
) -> Glint | None:
    """The catch-light of an eye; ``landmarks``: pixels of ``luma``."""
    middle, across, down = eye_axes(landmarks, number)
    width = float(np.linalg.norm(across))
    x, y = middle + gaze[0] * across + gaze[1] * down
    rows, columns = np.mgrid[: luma.shape[0], : luma.shape[1]]
    near = np.hypot(columns - x, rows - y) < IRIS * width
    size = max(3, round(SMALL * width) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    stands = cv2.morphologyEx(luma, cv2.MORPH_TOPHAT, kernel) * near * (opening > 0)
    weight = np.clip((stands - STANDS[0]) / (STANDS[1] - STANDS[0]), 0, 1).astype(np.float32)
    if not weight.any():
        return None
    return Glint(luma, weight, (float(-middle[0]), float(-middle[1])))


def eye_stretches(own: Spans, theirs: Spans, landmarks: Landmarks, side: int) -> list[Stretch]:
    """What gives the new eyes the contrast of the target's: those that have it already are left alone.

    Args:
        own: of the new face.
        theirs: of the target.
        landmarks: of the new face, crop pixels.
        side: of the crop.
    """
    found = []
    both = [
        (eye, mine, target)
        for eye, mine, target in zip((LEFT_EYE, RIGHT_EYE), own, theirs, strict=True)
        if mine is not None and target is not None and mine.high - mine.low >= 0.02
    ]
    spans = [sum(b[1].high - b[1].low for b in both), sum(b[2].high - b[2].low for b in both)]
    for eye, mine, target in both:
        low = min(mine.low, target.low)
        span = mine.high - mine.low
        high = low + MARGIN * span * spans[1] / spans[0]  # one stretch for both: eyes look alike
        high = max(mine.high, min(high, BRIGHTER * target.high))
        much = min(1.0, (MOST - 1) * span / max(high - low - span, 1e-6)) * min(mine.open, target.open)
        low, high = mine.low + much * (low - mine.low), mine.high + much * (high - mine.high)
        if max(mine.low - low, high - mine.high) > 0.004 or target.glint is not None:
            glint = None if target.glint is None else _placed(target.glint, landmarks, eye, side)
            found.append(Stretch(mine, Span(low, high, 1.0), _soft(landmarks, eye, side), glint))
    return found


def _placed(
    glint: Glint, landmarks: Landmarks, eye: np.ndarray, side: int
) -> Float32[np.ndarray, "side side 2"]:
    """A catch-light in the crop of the new face."""
    middle, _, _ = eye_axes(landmarks, 0 if eye is RIGHT_EYE else 1)
    moved = np.array([[1, 0, middle[0] + glint.place[0]], [0, 1, middle[1] + glint.place[1]]])
    return cv2.warpAffine(np.dstack([glint.luma, glint.weight]), moved, (side, side), flags=cv2.INTER_LINEAR)


def stretch_eyes(
    crop: Pixels, stretches: Sequence[Stretch], matrix: Matrix | None = None, place: tuple[int, int] = (0, 0)
) -> Pixels:
    """The face with its eyes stretched, in place.

    Args:
        crop: the face's crop, or a strip of the frame.
        stretches: see there.
        matrix: of a strip: frame points to crop points.
        place: of a strip: x and y of its first pixel.
    """
    for one in stretches:
        mask, glint = one.mask, one.glint
        if matrix is not None:
            mask = _carried(mask, matrix, place, crop.shape)
            glint = None if glint is None else _carried(glint, matrix, place, crop.shape)
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            continue
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        luma = np.asarray(cv2.transform(np.ascontiguousarray(crop[box]), LUMA), np.float32)
        gain = 1 + (one.gain(luma) - 1) * mask[box]
        crop[box] *= gain[..., None]
        if glint is not None:  # added, not multiplied: light that is reflected has no iris's colour
            added = glint[box][..., 1] * np.maximum(glint[box][..., 0] - luma * gain, 0) * mask[box]
            crop[box] += added[..., None]
        crop[box] = np.clip(crop[box], 0, 1)
    return crop


def _carried(
    values: np.ndarray, matrix: Matrix, place: tuple[int, int], shape: tuple[int, ...]
) -> np.ndarray:
    """A plane of the crop in a strip of the frame."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ place
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, shifted, (shape[1], shape[0]), flags=flags)


def _soft(landmarks: Landmarks, eye: np.ndarray, side: int) -> Mask:
    unit = side / CROP_SIDE
    drawn = cv2.GaussianBlur(eye_opening(landmarks, eye, (side, side)), (0, 0), SOFT * unit)
    return np.clip((drawn - 0.4) / 0.4, 0, 1).astype(np.float32)  # lids stay: they are skin


def _box(points: np.ndarray, side: int) -> tuple[slice, slice]:
    low = np.clip(np.floor(points[:, :2].min(axis=0)) - 1, 0, side - 2).astype(int)
    high = np.clip(np.ceil(points[:, :2].max(axis=0)) + 2, low + 1, side).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
