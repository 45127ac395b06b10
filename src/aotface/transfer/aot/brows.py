"""The target's brows leave no shadow where the new face has none.

A map that brings the target's light to X_r reads the target's picture; where its raised brow lies over bare skin of X_r, the
brow would come along as a dark band.
"""

import cv2
import numpy as np

from aotface.face.mesh import BROW_REACH, LEFT_BROW, RIGHT_BROW
from aotface.transfer.aot.colour_map_arrays import ColourMapArray
from aotface.types import CROP_SIDE, Landmarks, Mask

THICK, SOFT = 5, 1.5
"""By how much the target's brows are grown, and how softly brows end, in pixels at 256."""

APART = (2.0, 6.0)
"""Distance between the target's brow and that of X_r, in the same pixels, from which the map begins to be, and is, continued
over the target's: brows that meet are left to the map."""

AROUND = 6.0
"""Standard deviation, in pixels at 256, of the neighbourhood from which the map is taken instead."""


def without_brows(
    field: ColourMapArray, own_landmarks: Landmarks, landmarks: Landmarks, side: int
) -> ColourMapArray:
    """Continue the map over the target's brows, as far as they lie beside those of X_r.

    Args:
        field: what will be laid on X_r.
        own_landmarks: of X_r, crop pixels.
        landmarks: of the target.
        side: of the crop.

    Returns:
        The field; the very same where all brows meet.

    Source: [ours]; normalised convolution: Knutsson and Westin, CVPR 1993.
    """
    small = (len(field), len(field))
    pairs = [(brow, _apart(own_landmarks[brow], landmarks[brow], side)) for brow in (LEFT_BROW, RIGHT_BROW)]
    up = (landmarks[10, :2] - landmarks[152, :2]) * BROW_REACH
    moved = [(brow, apart) for brow, apart in pairs if apart > 0]
    if not moved:
        return field
    shown = [_drawn([landmarks[brow, :2], landmarks[brow, :2] + up], side, THICK) for brow, _ in moved]
    own = [_drawn([own_landmarks[brow, :2]], side, 1) for brow, _ in moved]
    parts = [apart * one * (1 - other) for (_, apart), one, other in zip(moved, shown, own, strict=True)]
    beside = cv2.resize(np.maximum.reduce(parts), small, interpolation=cv2.INTER_AREA)
    sigma = AROUND * len(field) / CROP_SIDE
    trusted = 1 - cv2.resize(np.maximum.reduce(shown), small, interpolation=cv2.INTER_AREA)
    mass = cv2.GaussianBlur(trusted, (0, 0), sigma) + 1e-3
    around = cv2.GaussianBlur(field * trusted[..., None], (0, 0), sigma) / mass[..., None]
    return (field + beside[..., None] * (around - field)).astype(np.float32)


def _apart(own: np.ndarray, theirs: np.ndarray, side: int) -> float:
    """0 where a brow of X_r meets the target's, 1 where it lies elsewhere."""
    distance = float(np.linalg.norm((own - theirs)[:, :2].mean(axis=0))) * CROP_SIDE / side
    return float(np.clip((distance - APART[0]) / (APART[1] - APART[0]), 0, 1))


def _drawn(outlines: list[np.ndarray], side: int, grow: int) -> Mask:
    """1 on the hull of some points."""
    drawn, unit = np.zeros((side, side), np.float32), side / CROP_SIDE
    cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(np.concatenate(outlines)).astype(np.int32)), (1.0,))
    grown = cv2.dilate(drawn, np.ones((round(grow * unit) | 1,) * 2))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), SOFT * unit), np.float32)
