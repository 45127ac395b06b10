"""Eye whites: nearly white on everybody, whatever the skin around them.

A map that lifts dark skin into a lighter tone lifts the eyes in it as well, and they glow. How bright a white is in
this light and at this exposure, the target's own eyes tell.
"""

import cv2
import numpy as np

from aotface.colour.space import srgb_to_linear
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.transport.field_arrays import FieldArray, lay_field
from aotface.types import Crop, Landmarks, Mask

BRIGHT = 90
"""Percentile of luminance in the eye's opening that stands for its white."""

ALLOWED = 1.15
"""How much brighter than the target's an eye may be."""

FEWEST = 40
"""Square pixels of a 256-pixel crop that an opening must have; a closed eye tells nothing."""

SOFT = 2.0
"""Standard deviation, in pixels at 256, of the edge of what is dimmed."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def calm_eyes(
    field: FieldArray, reenacted: Crop, target: Crop, own_landmarks: Landmarks, landmarks: Landmarks
) -> FieldArray:
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
    light_y = srgb_to_linear(lay_field(reenacted, field)) @ _LUMA
    light_t = srgb_to_linear(target) @ _LUMA
    side, changed = len(target), field
    for eye in (LEFT_EYE, RIGHT_EYE):
        own, theirs = (_opening(points[eye], side) for points in (own_landmarks, landmarks))
        if own is None or theirs is None:
            continue
        white, allowed = (np.percentile(v[m > 0], BRIGHT) for v, m in ((light_y, own), (light_t, theirs)))
        excess = float(white / max(ALLOWED * allowed, 1e-4))
        if excess > 1:
            soft = cv2.GaussianBlur(cv2.dilate(own, np.ones((3, 3))), (0, 0), SOFT * side / 256)
            small = cv2.resize(soft, (len(field), len(field)), interpolation=cv2.INTER_AREA)
            changed = changed.copy() if changed is field else changed
            changed[..., :3] -= np.float32(np.log(excess)) * small[..., None]
    return changed


def _opening(points: np.ndarray, side: int) -> Mask | None:
    """The eye's opening, 0 or 1; None where it is closed."""
    filled = np.zeros((side, side), np.float32)
    hull = cv2.convexHull(np.rint(points[:, :2]).astype(np.int32))
    if cv2.contourArea(hull) < FEWEST * (side / 256) ** 2:
        return None
    return np.asarray(cv2.fillConvexPoly(filled, hull, (1.0,)), np.float32)
