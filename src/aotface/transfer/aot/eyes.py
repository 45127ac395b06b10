"""Eye whites: nearly white on everybody, whatever the skin around them.

A map that lifts dark skin into a lighter tone lifts the eyes in it as well, and they glow. How bright a white is in
this light and at this exposure, the target's own eyes tell.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE, srgb_to_linear
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, apply_colour_map_array
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

BRIGHT = 90
"""Percentile of luminance in the eye's opening that stands for its white."""

ALLOWED = 1.15
"""How much brighter than the target's an eye may be."""

SOFT = 2.0
"""Standard deviation, in pixels at 256, of the edge of what is dimmed."""

_LUMINANCE = np.array(LUMINANCE, np.float32)


def limit_eye_whites(
    field: ColourMapArray, reenacted: Crop, target: Crop, own_landmarks: Landmarks, landmarks: Landmarks
) -> ColourMapArray:
    """Take gain away where it would make an eye brighter than those of the target.

    Args:
        field: what will be laid on X_r.
        reenacted: X_r at the target's side.
        target: X_t, side x side x 3, 0..1.
        own_landmarks: of X_r, in these pixels.
        landmarks: of the target, in these pixels.

    Returns:
        The field, dimmed in the eyes that need it; else the very same.

    Source: [ours].
    """
    side, changed = len(target), field
    openings = [
        tuple(_opening(points[eye], side) for points in (own_landmarks, landmarks))
        for eye in (LEFT_EYE, RIGHT_EYE)
    ]
    pairs = [(own, theirs) for own, theirs in openings if own is not None and theirs is not None]
    if not pairs:
        return field
    rows = _rows(np.maximum.reduce([own for own, _ in pairs]))
    swapped = apply_colour_map_array(reenacted[rows], field, first_row=rows.start)
    for own, theirs in pairs:
        white, allowed = (_white(v, m) for v, m in ((swapped, own[rows]), (target, theirs)))
        excess = float(white / max(ALLOWED * allowed, 1e-4))
        if excess > 1:
            soft = cv2.GaussianBlur(cv2.dilate(own, np.ones((3, 3))), (0, 0), SOFT * side / CROP_SIDE)
            small = cv2.resize(soft, (len(field), len(field)), interpolation=cv2.INTER_AREA)
            changed = changed.copy() if changed is field else changed
            changed[..., :3] -= np.float32(np.log(excess)) * small[..., None]
    return changed


def _rows(mask: Mask) -> slice:
    """The rows that it reaches."""
    found = np.flatnonzero(mask.any(axis=1))
    return slice(int(found[0]), int(found[-1]) + 1)


def _white(crop: Float32[np.ndarray, "rows side 3"], opening: Float32[np.ndarray, "rows side"]) -> float:
    """Luminance of the white in an opening."""
    return float(np.percentile(srgb_to_linear(crop[opening > 0]) @ _LUMINANCE, BRIGHT))


def _opening(points: np.ndarray, side: int) -> Mask | None:
    """The eye's opening, 0 or 1; None where it is closed."""
    filled = np.zeros((side, side), np.float32)
    hull = cv2.convexHull(np.rint(points[:, :2]).astype(np.int32))
    if cv2.contourArea(hull) < FEWEST * (side / CROP_SIDE) ** 2:
        return None
    return np.asarray(cv2.fillConvexPoly(filled, hull, (1.0,)), np.float32)
