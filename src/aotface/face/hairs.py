"""Hairs of beards by how rough they are: stubble, dark beards and moustaches that the visibility network hardly sees [ours].

Where hairs grow, small places stand out far more than on the same face's cheeks. That alone is no proof: cheeks may be
retouched, and jaws lie in hard light. So both halves of a jaw must be rough, and the network must see a trace of a beard.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import OUTER_LIPS
from aotface.face.texture import LUMA, alike_along, hull_mask, line_ways
from aotface.masked import falling, risen, rising
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

HAIRS, WAY, LENGTH = 1.5, 3.0, 8.0
"""Blur beside which hairs stand out; and neighbourhood and length of what is a line, and no hair: pixels at 256."""

CHEEKS = np.array([50, 205, 187, 147, 123, 117]), np.array([280, 425, 411, 376, 352, 346])
"""Landmarks whose hulls are skin without a beard, mostly."""

ROUGH, TRACE = (2.2, 2.32), (0.05, 0.06)
"""How many times as rough as the cheeks the smoother half of a jaw is where a beard begins to stay, and stays; and the sum
of the network's mean probabilities, of chin and jaw and above the lip (docs/log/2026-11-30-target-beards.md)."""

PLAIN = 0.0065
"""Least roughness, the root of it, that cheeks are taken to have: those of a retouched or compressed picture have none."""

NEAR, GROWS, CLOSED = 3.0, (1.5, 2.1), 4
"""Neighbourhood of a place; how many times as rough as the cheeks it is where hairs begin to grow, and grow; and holes that
are closed: pixels at 256."""

STARTS, LIPS = (0.0, 5.0), 2.0
"""How far below the base of the nose beards begin; and how deep in their outline lips begin: pixels at 256."""

NOSE, CHIN = 2, 152
"""Landmarks."""

SOFT = 2.0
"""Standard deviation of the edge of what is kept."""

Plane = Float32[np.ndarray, "256 256"]


def roughness(crop: Crop) -> Plane:
    """Squares of how far places stand out from their surroundings, as logarithms, but for lines; of a crop at 256 px."""
    luma = np.log(np.asarray(cv2.transform(crop, LUMA), np.float32) + np.float32(0.02))
    fine = luma - cv2.GaussianBlur(luma, (0, 0), HAIRS)
    return np.asarray((fine - alike_along(fine, line_ways(luma, WAY), LENGTH)) ** 2, np.float32)


def times_cheeks(rough: Plane, points: Landmarks, where: Bool[np.ndarray, "256 256"]) -> float:
    """How many times as rough as its cheeks a part of a face is.

    Args:
        rough: see `roughness`.
        points: 468 x 3, its pixels.
        where: the part; 0 if it is empty.
    """
    cheeks = hull_mask(rough.shape, *(points[one] for one in CHEEKS)) > 0
    if not where.any() or not cheeks.any():
        return 0.0
    return float(np.sqrt(np.median(rough[where]) / max(float(np.median(rough[cheeks])), PLAIN**2)))


def rough_beard(
    crop: Crop, points: Landmarks, halves: list[Bool[np.ndarray, "256 256"]], trace: float
) -> Mask:
    """How much of a beard that is told by its hairs each pixel shows; all 0 where there is none.

    Args:
        crop: of the face, at 256 px.
        points: 468 x 3, its pixels.
        halves: of chin and jaw, right and left.
        trace: what the network sees of a beard, see `TRACE`.
    """
    if trace <= TRACE[0]:
        return np.zeros(crop.shape[:2], np.float32)
    rough = roughness(crop)
    amount = risen(min(times_cheeks(rough, points, half) for half in halves), ROUGH) * risen(trace, TRACE)
    if amount <= 0:
        return np.zeros_like(rough)
    cheeks = hull_mask(rough.shape, *(points[one] for one in CHEEKS)) > 0
    near = np.asarray(cv2.GaussianBlur(rough, (0, 0), NEAR), np.float32)
    found = rising(np.sqrt(near / max(float(np.median(near[cheeks])), PLAIN**2)), GROWS)
    closed = cv2.morphologyEx(found * _may_grow(points), cv2.MORPH_CLOSE, np.ones((2 * CLOSED + 1,) * 2))
    soft = cv2.GaussianBlur(closed * _may_grow(points), (0, 0), SOFT)
    return np.asarray(np.float32(amount) * soft, np.float32)


def _may_grow(points: Landmarks) -> Plane:
    """1 below the nose and beside the lips, up to the jaw."""
    shape = CROP_SIDE, CROP_SIDE
    down = (points[CHIN] - points[NOSE])[:2]
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    rows, columns = np.indices(shape, np.float32)
    low = (columns - points[NOSE, 0]) * down[0] + (rows - points[NOSE, 1]) * down[1]
    lips = hull_mask(shape, points[OUTER_LIPS])
    inner = np.asarray(cv2.distanceTransform(lips.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    return np.asarray(rising(low, STARTS) * falling(inner, (0.0, LIPS)), np.float32)
