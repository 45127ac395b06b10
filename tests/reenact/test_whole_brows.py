"""A half brow is made whole from the other one; whole brows, thin ones and bare ones stay."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.face.render import rasterize
from aotface.face.texture import brow_outlines
from aotface.reenact.brow_profile import BINS, beside_skin, both_brows, off_eyes
from aotface.reenact.whole_brows import whole_brows
from aotface.types import Crop, Landmarks, Mask

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
SKIN = np.array([0.7, 0.55, 0.45], np.float32)
RASTER = rasterize(POINTS, SIDE)
SEEN: Mask = np.ones((SIDE, SIDE), np.float32)


def drawn(right: float = 1.0, left: float = 1.0, hairs: float = 0.3) -> Crop:
    """Skin with brows that reach so far from their inner ends to the outer ones."""
    face = np.ones((SIDE, SIDE, 3), np.float32)
    for brow, ring, reach in zip(
        both_brows((SIDE, SIDE), POINTS, 1.0), (RIGHT_BROW, LEFT_BROW), (right, left), strict=True
    ):
        hull = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(POINTS[ring, :2]).astype(np.int32)), (1,))
        face[(hull > 0) & (brow.along <= reach * (BINS - 1))] = hairs
    return face * SKIN


def light(face: Crop, seen: Mask = SEEN) -> np.ndarray | None:
    return whole_brows(face, POINTS, RASTER, seen)


def place(ring: np.ndarray, share: float) -> tuple[int, int]:
    """Row and column of the middle of a brow, so far from its inner end."""
    middle = (POINTS[ring[:5], :2][::-1] + POINTS[ring[5:], :2]) / 2
    x, y = (np.interp(share, np.linspace(0, 1, 5), middle[:, k]) for k in (0, 1))
    return round(float(y)), round(float(x))


def test_the_outer_half_comes_from_the_other_brow() -> None:
    face = drawn(right=0.45)
    added = light(face)
    assert added is not None
    at = place(RIGHT_BROW, 0.7)
    np.testing.assert_allclose((face + added)[at], 0.3 * SKIN, atol=0.06)
    for same in (place(LEFT_BROW, 0.7), place(RIGHT_BROW, 0.2)):
        assert np.abs(added[same]).max() < 0.02
    outside = np.ones((SIDE, SIDE), np.uint8)
    for outline in brow_outlines(POINTS):
        cv2.fillConvexPoly(outside, cv2.convexHull(np.rint(outline).astype(np.int32)), (0,))
    assert not added[cv2.erode(outside, np.ones((17, 17), np.uint8)) > 0].any()


@pytest.mark.parametrize("face", [drawn(), drawn(0.45, 0.45), drawn(0, 0), drawn(0.45, hairs=0.93)])
def test_brows_that_are_alike_stay(face: Crop) -> None:
    assert light(face) is None


def test_what_is_not_seen_is_not_drawn() -> None:
    seen = SEEN.copy()
    seen[:, SIDE // 2 :] = 0
    half = drawn(right=0.45)
    assert light(half, seen) is None and light(half) is not None


def test_brows_beside_the_crop_are_none() -> None:
    assert whole_brows(drawn(), POINTS - np.array([0, 400, 0], np.float32), RASTER, SEEN) is None


def test_a_profile_tells_how_far_a_brow_reaches_and_how_dark_it_is() -> None:
    brows, eyes = both_brows((SIDE, SIDE), POINTS, 1.0), off_eyes((SIDE, SIDE), POINTS, 1.0)
    dark = beside_skin(drawn(0.5), brows, eyes, SEEN, 1.0)
    assert dark is not None and beside_skin(drawn(), brows, eyes, 0 * SEEN, 1.0) is None
    half, whole = (brow.profile(dark[..., 1]) for brow in brows)
    assert half[4:9].min() > 0.8 and half[16:20].max() < 0.2
    assert whole[4:20].min() > 0.8
