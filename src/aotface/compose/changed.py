"""Where somebody else's swap is: what differs from the target by more than another round of encoding does."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.types import CROP_SIDE, Crop, Frame, Mask, Matrix

SMOOTHING = 2.0
"""Standard deviation in pixels at 256 of the blur under which encoding noise cancels out."""

LEAST = 2.5 / 255
"""Difference below which nothing counts as changed."""

BEYOND_NOISE = 5.0
"""How many times the median difference around the face a difference must be."""

SMALLEST = 0.03
"""Share of the face below which it is not swapped at all."""

CLOSED, GROWN = 31, 9
"""Size in pixels at 256 of gaps that belong to the swap (there it agrees with the target by chance), and of its margin."""


def changed_region(
    swapped: Crop, target: Crop, mask: Float32[np.ndarray, "side side"]
) -> Float32[np.ndarray, "side side"] | None:
    """The part of a face that was swapped.

    Args:
        swapped: the face after the swap, 256 x 256 x 3, 0..1.
        target: the same place before.
        mask: 256 x 256, 0..1: where a face may be swapped; around it is compared what encoding does.

    Returns:
        256 x 256, 0..1, soft; None where the face is the target's own.

    Source: [ours].
    """
    apart = cv2.GaussianBlur(swapped - target, (0, 0), SMOOTHING)
    distance = np.sqrt((apart**2).mean(axis=2))
    around = distance[mask <= 0]
    noise = float(np.median(around)) if around.size else 0.0
    threshold = max(LEAST, BEYOND_NOISE * noise)
    inside = (mask > 0.05).astype(np.uint8)
    changed = ((distance > threshold) & (inside > 0)).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, _disc(5))
    changed = _filled(_closed(changed, CLOSED)) & inside
    changed = _without_specks(changed, SMALLEST * float(inside.sum()))
    if not changed.any():
        return None
    grown = cv2.dilate(changed, _disc(GROWN)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(grown, (0, 0), GROWN / 4), 0, 1)


def given_region(mask: Mask, matrix: Matrix) -> Float32[np.ndarray, "256 256"] | None:
    """The part of a face that a mask of the whole frame shows.

    Args:
        mask: height x width, 0..1.
        matrix: 2 x 3, from frame points to points of the crop at 256 px.

    Returns:
        256 x 256, 0..1; None where the mask is black.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 1:
        mask = cv2.GaussianBlur(mask, (0, 0), 0.5 / scale)
    region = cv2.warpAffine(mask, matrix, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR)
    return region.astype(np.float32) if region.max() > 0.02 else None


def as_mask(picture: Frame) -> Mask:
    """A picture of a mask, white where it shows: 0..1."""
    return picture.max(axis=2).astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)


def _disc(size: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def _closed(changed: np.ndarray, size: int) -> np.ndarray:
    """Bridge gaps, also beside the crop's border."""
    wide = np.pad(changed, size)
    return cv2.morphologyEx(wide, cv2.MORPH_CLOSE, _disc(size))[size:-size, size:-size]


def _filled(changed: np.ndarray) -> np.ndarray:
    """Fill what is enclosed."""
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros_like(changed), outlines, -1, (1,), cv2.FILLED)


def _without_specks(changed: np.ndarray, smallest: float) -> np.ndarray:
    """Keep connected parts of at least ``smallest`` pixels."""
    count, parts, facts, _ = cv2.connectedComponentsWithStats(changed)
    kept = [n for n in range(1, count) if facts[n, cv2.CC_STAT_AREA] >= smallest]
    return np.isin(parts, kept).astype(np.uint8)
