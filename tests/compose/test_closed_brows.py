"""Skin closes over a dark brow, and only there."""

import cv2
import numpy as np

from aotface.compose.beyond import closed_brows
from aotface.face.mesh import LEFT_BROW, MEAN

POINTS = ((MEAN - MEAN.min(axis=0)) * 40 + 20).astype(np.float32)


def test_a_brow_gets_as_bright_as_its_skin() -> None:
    target, skin = np.full((128, 128, 3), 0.6, np.float32), np.ones((128, 128), np.float32)
    np.testing.assert_array_equal(closed_brows(target, POINTS, skin), 1)  # the twin
    hull = cv2.convexHull(np.round(POINTS[LEFT_BROW, :2]).astype(np.int32))
    cv2.fillConvexPoly(target, hull, (0.5,) * 3)
    target[100:104, 40:80] = 0.4  # a mouth stays
    found = closed_brows(target, POINTS, skin)
    x, y = POINTS[LEFT_BROW, :2].mean(axis=0).astype(int)
    assert 0.55 < found[y, x] * 0.5 <= 0.61
    np.testing.assert_array_equal(found[90:], 1)
    np.testing.assert_array_equal(closed_brows(target, POINTS, 0 * skin), 1)
