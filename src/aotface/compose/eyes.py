"""Eyes of the target's contrast: a transfer that brings skin to skin leaves whites and pupils grey [ours].

In each opening luma is stretched so that it spans what the target's eye spans, and its brightest spot, the catch-light, gets
as bright as the target's. Colours keep their ratios, so an iris keeps its hue and gets its depth back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST, HIGH, LOW, LUMA, eye_opening
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask, Matrix

SPOT = 99.5
"""Percentile of luma in an opening that stands for its catch-light."""

MARGIN = 1.06
"""By how much more than the target's span is aimed at: blending takes some of it away."""

MOST = 2.0
"""Greatest stretch of an eye's luma."""

FADE = 3.0
"""Multiple of the least opening from which on an eye gets all of it: as it closes, less."""

SOFT = 1.0
"""Standard deviation, in pixels at 256, of the edge of what is changed."""

Pixels = Float32[np.ndarray, "rows columns 3"]


class Span(NamedTuple):
    """Luma of an eye: dark end, bright end, catch-light (0..1), and how far it is open (0..1)."""

    low: float
    high: float
    spot: float
    open: float


Spans = tuple[Span | None, Span | None]
"""Of the person's left and right eye; None where it is closed or covered."""


@dataclass(frozen=True)
class Stretch:
    """What is done in one eye: from one span to another, under a soft mask in the crop."""

    before: Span
    after: Span
    mask: Mask

    def gain(self, luma: Float32[np.ndarray, "rows columns"]) -> Float32[np.ndarray, "rows columns"]:
        """By how much pixels of a luma are multiplied."""
        before, after = self.before, self.after
        slope = (after.high - after.low) / (before.high - before.low)
        moved = after.low + (luma - before.low) * slope
        if before.spot - before.high > 0.02:
            more = (after.spot - after.high) / (before.spot - before.high) - slope
            moved += max(more, 0.0) * np.maximum(luma - before.high, 0)
        return np.maximum(moved, 0) / np.maximum(luma, np.float32(0.01))


def spans_of(crop: Crop, landmarks: Landmarks, mask: Mask) -> Spans:
    """Luma of both eyes.

    Args:
        crop: side x side x 3, 0..1.
        landmarks: crop pixels.
        mask: what shows, side x side.
    """
    left, right = (_span(crop, landmarks, mask, eye) for eye in (LEFT_EYE, RIGHT_EYE))
    return left, right


def _span(crop: Crop, landmarks: Landmarks, mask: Mask, eye: np.ndarray) -> Span | None:
    box = _box(landmarks[eye], len(crop))
    moved = landmarks - np.array([box[1].start, box[0].start, 0], np.float32)
    opening = eye_opening(moved, eye, mask[box].shape)
    area, least = float(opening.sum()), FEWEST * (len(crop) / CROP_SIDE) ** 2
    if area < least or float((opening * mask[box]).sum()) < 0.7 * area:
        return None
    luma = crop[box][(opening > 0) & (mask[box] > 0.5)] @ LUMA[0]
    low, high, spot = np.percentile(luma, (LOW, HIGH, SPOT)).tolist()
    return Span(low, high, spot, min(1.0, (area / least - 1) / (FADE - 1)))


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
        high = max(
            mine.high, low + MARGIN * span * spans[1] / spans[0]
        )  # one stretch for both: eyes look alike
        much = min(1.0, (MOST - 1) * span / max(high - low - span, 1e-6)) * min(mine.open, target.open)
        low, high = mine.low + much * (low - mine.low), mine.high + much * (high - mine.high)
        spot = max(mine.spot + high - mine.high, high + much * (target.spot - target.high))
        if max(mine.low - low, high - mine.high, spot - mine.spot) > 0.004:
            found.append(Stretch(mine, Span(low, high, min(spot, 1.0), 1.0), _soft(landmarks, eye, side)))
    return found


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
        mask = one.mask
        if matrix is not None:
            shifted = matrix.copy()
            shifted[:, 2] += matrix[:, :2] @ place
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            mask = cv2.warpAffine(mask, shifted, (crop.shape[1], crop.shape[0]), flags=flags)
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            continue
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        luma = np.asarray(cv2.transform(np.ascontiguousarray(crop[box]), LUMA), np.float32)
        gain = 1 + (one.gain(luma) - 1) * mask[box]
        crop[box] = np.clip(crop[box] * gain[..., None], 0, 1)
    return crop


def _soft(landmarks: Landmarks, eye: np.ndarray, side: int) -> Mask:
    unit = side / CROP_SIDE
    drawn = cv2.GaussianBlur(eye_opening(landmarks, eye, (side, side)), (0, 0), SOFT * unit)
    return np.clip((drawn - 0.4) / 0.4, 0, 1).astype(np.float32)  # lids stay: they are skin


def _box(points: np.ndarray, side: int) -> tuple[slice, slice]:
    low = np.clip(np.floor(points[:, :2].min(axis=0)) - 1, 0, side - 2).astype(int)
    high = np.clip(np.ceil(points[:, :2].max(axis=0)) + 2, low + 1, side).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
