"""Lips of a new face, held within bounds of the target's, both beside their own skin [ours].

A gain that turns dark skin into light skin turns its lips violet or lets them glow, and a lip that a smile has made thin is
drawn with the skin beside it. So each place on a lip may be brighter, bluer or less red than the target's lip by so much, or
as much as any place on that lip is. Lipstick that is redder or darker stays.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import INNER_LIPS, OUTER_LIPS
from aotface.face.texture import LUMA
from aotface.types import Landmarks, Mask

LOCAL = 2.5
"""Standard deviation, in pixels at 256, of what counts as a place on a lip."""

BOUNDS = (0.12, 0.04, 0.06)
"""How far a lip may be from the target's, as logarithms beside their skin: brighter, bluer, less red."""

NEARLY = 95
"""Percentile of the places on a lip that stands for any of them."""

FOLLOWS = 0.8
"""Share of what is beyond these bounds that is taken away."""

FEWEST_SKIN, FEWEST_LIP = 64, 12
"""Pixels of the grid without which nothing is changed."""

Pixels = Float32[np.ndarray, "rows columns 3"]


def lip_mask(points: Landmarks, shape: tuple[int, ...], unit: float) -> Mask:
    """Lips and what is between them, soft."""
    drawn = np.zeros(shape, np.float32)
    cv2.fillPoly(drawn, [np.round(points[OUTER_LIPS, :2] * 16).astype(np.int32)], (1.0,), shift=4)
    return cv2.GaussianBlur(drawn, (0, 0), unit)


def bounded_lips(
    face: Pixels,
    target: Pixels,
    points: Landmarks,
    theirs: Landmarks,
    covered: Bool[np.ndarray, "rows columns"],
    unit: float,
) -> Pixels:
    """Logarithm of the gain that brings lips within bounds of the target's; 0 where they are.

    Args:
        face: X_r in a box around the mouth.
        target: X_t in the same box.
        points: 468 x 3, of the new face, pixels of the box.
        theirs: of the target, likewise.
        covered: where the mesh is.
        unit: pixels of the box in one at 256.
    """
    change = np.zeros_like(face)
    logs = [np.log(np.maximum(picture, 0) + np.float32(0.01)) for picture in (face, target)]
    skins = [_beside(covered, marks, unit) for marks in (points, theirs)]
    if min(skin.sum() for skin in skins) < FEWEST_SKIN:
        return change
    own, their = (_typical(log[skin]) for log, skin in zip(logs, skins, strict=True))
    for upper in (True, False):
        parts = [_one_lip(marks, covered.shape, upper) for marks in (points, theirs)]
        if min(part.sum() for part in parts) < FEWEST_LIP:
            continue
        here, there = (_local_mean(log, part, LOCAL * unit) for log, part in zip(logs, parts, strict=True))
        here, there = here - own, (there - their)[parts[1] > 0]
        weight = cv2.GaussianBlur(parts[0], (0, 0), unit)
        change += _bounded(here, there) * weight[..., None]
    return change


def _beside(
    covered: Bool[np.ndarray, "rows columns"], points: Landmarks, unit: float
) -> Bool[np.ndarray, "rows columns"]:
    """Skin beside the lips, below the nose."""
    grown = cv2.dilate(lip_mask(points, covered.shape, unit), np.ones((round(4 * unit) * 2 + 1,) * 2))
    return np.asarray(covered & (grown < 0.05) & (np.arange(len(covered))[:, None] > points[2, 1]))


def _typical(log: Float32[np.ndarray, "pixels 3"]) -> Float32[np.ndarray, " 3"]:
    """Mean colour of skin that is neither in shadow nor shines."""
    luma = log @ LUMA[0]
    low, high = np.percentile(luma, (40, 85))
    return log[(luma >= low) & (luma <= high)].mean(axis=0)


def _one_lip(points: Landmarks, shape: tuple[int, ...], upper: bool) -> Mask:
    """1 on the upper or the lower lip."""
    outer, inner = points[OUTER_LIPS, :2], points[INNER_LIPS, :2]
    ring = np.concatenate(
        [outer[10:], outer[:1], inner[:1], inner[:9:-1]] if upper else [outer[:11], inner[10::-1]]
    )
    drawn = np.zeros(shape, np.float32)
    cv2.fillPoly(drawn, [np.round(ring * 16).astype(np.int32)], (1.0,), shift=4)
    return drawn


def _local_mean(values: Pixels, weight: Mask, sigma: float) -> Pixels:
    """Means of a lip's neighbourhoods, of the lip alone."""
    both = cv2.GaussianBlur(
        np.dstack([values * weight[..., None], weight]), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT
    )
    return both[..., :3] / np.maximum(both[..., 3:], np.float32(1e-3))


def _bounded(here: Pixels, there: Float32[np.ndarray, "pixels 3"]) -> Pixels:
    """What brings colours within bounds of others, as logarithms."""
    bright, blue, pale = (_over(*pair) for pair in zip(_traits(here), _traits(there), BOUNDS, strict=True))
    change = np.stack([0.66 * pale - bright, -0.34 * pale - bright, -bright - blue], axis=-1)
    return (FOLLOWS * change).astype(np.float32)


def _traits(log: np.ndarray) -> list[np.ndarray]:
    """How bright, how blue and how pale colours are."""
    red, green, blue = (log[..., k] for k in range(3))
    return [log @ LUMA[0], blue - (red + green) / 2, green - red]


def _over(values: np.ndarray, others: np.ndarray, most: float) -> np.ndarray:
    """By how much values are over the mean of others and ``most``, and over nearly all of them."""
    return np.maximum(values - max(float(others.mean()) + most, float(np.percentile(others, NEARLY))), 0)
