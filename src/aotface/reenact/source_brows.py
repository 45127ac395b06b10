"""Whose brows a new face has: the source's, one of them twice, or the target's, where the source's are hidden [ours].

Under a frame or a fringe there is no brow to read. What is filled in there is a smear; half a brow beside half of the
target's is no better. So a hidden one comes from the face's other side, mirrored, and where both are hidden the target's
own are laid in, whole: see `aotface.reenact.target_brows`.
"""

import cv2
import numpy as np

from aotface.face.align import align
from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.types import AlignedFace, Frame, Landmarks, Mask

HIDDEN, SOUND = 0.45, 0.25
"""Share of a brow from which it is hidden; and up to which the other one stands in for it: of 48 wearers of ``train`` the
filled brows look whole up to .44, and none from .55 on (docs/log/2026-11-29-brows.md)."""

FILLED = 0.03
"""Change of display light from which a pixel was filled."""

WHOLE, SOFT = 6.0, 2.0
"""How far around a hidden brow nothing is read, and how softly that ends: pixels at 256."""


def without_hidden_brows(
    source: Frame, bare: Frame, aligned: AlignedFace, texture: Mask
) -> tuple[Mask, bool]:
    """Where a source's picture may be read, without a brow that is hidden; and whether the target's are needed.

    Args:
        source: its picture.
        bare: the same without the frame of spectacles; may be the very same.
        aligned: its face, 256 x 256, of ``source``.
        texture: where it may be read so far, 256 x 256, 0..1.
    """
    gone = texture < 0.5
    if bare is not source:
        gone |= np.abs(align(bare, aligned.face).crop - aligned.crop).max(axis=2) > FILLED
    brows = [_drawn(aligned.landmarks, ring) for ring in (RIGHT_BROW, LEFT_BROW)]
    shares = [float(gone[brow > 0].mean()) if brow.any() else 1.0 for brow in brows]
    if max(shares) < HIDDEN:
        return texture, False
    if min(shares) > SOUND:
        return texture, True
    hidden = cv2.dilate(brows[int(np.argmax(shares))], np.ones((2 * round(WHOLE) + 1,) * 2))
    return texture * (1 - cv2.GaussianBlur(hidden, (0, 0), SOFT)), False


def _drawn(points: Landmarks, ring: np.ndarray) -> Mask:
    """1 in the outline of a brow."""
    drawn = np.zeros((256, 256), np.float32)
    return np.asarray(
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(points[ring, :2]).astype(np.int32)), (1.0,))
    )
