"""A target's raised brow leaves no dark band on the new face; brows that meet are left to the map, bit for bit."""

import numpy as np

from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.transfer.aot.brows import without_brows

SIDE = 256


def face(raised: float) -> np.ndarray:
    points = ((MEAN - MEAN.min(axis=0)) * 80 + 40).astype(np.float32)
    points[np.concatenate([LEFT_BROW, RIGHT_BROW]), 1] -= raised
    return points


def dark_at(points: np.ndarray) -> np.ndarray:
    """A map that is even but for a dark band where one face has its brows."""
    field = np.full((128, 128, 7), 0.25, np.float32)
    for brow in (LEFT_BROW, RIGHT_BROW):
        (x0, y0), (x1, y1) = (f(points[brow, :2] / 2, axis=0).astype(int) for f in (np.min, np.max))
        field[y0 - 1 : y1 + 1, x0 : x1 + 1, :3] = -1.0
    return field


def test_a_raised_brow_leaves_no_band() -> None:
    own, theirs = face(0.0), face(16.0)
    field = dark_at(theirs)
    clean = without_brows(field, own, theirs, SIDE)
    x, y = (theirs[LEFT_BROW, :2].mean(axis=0) / 2).astype(int)
    assert field[y, x, 0] == -1.0  # the twin: it was there
    assert clean[y, x, 0] > 0.1
    np.testing.assert_array_equal(clean[90:], field[90:])


def test_brows_that_meet_are_left_alone() -> None:
    points = face(0.0)
    field = dark_at(points)
    assert without_brows(field, points, points + np.float32(0.5), SIDE) is field
