"""Irises go where they are told; corners, lids, and eyes that are nearly shut stay."""

import numpy as np
import pytest

from aotface.face.gaze import eye_axes, gaze_of
from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.reenact.gaze import MOST, turn_eyes
from aotface.types import Gaze

SIDE = 256
POINTS = (MEAN * 70 + 128).astype(np.float32)
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32)
MAPS = np.dstack([X, Y, X, Y])
"""A source that lies as the new face does."""


def iris() -> np.ndarray:
    found = np.zeros((10, 3), np.float32)
    for eye, centre in ((0, 0), (1, 5)):
        found[centre, :2] = eye_axes(POINTS, eye)[0]
    return found


def opened() -> np.ndarray:
    """The mean face has its eyes half shut."""
    points = POINTS.copy()
    for ring in (LEFT_EYE, RIGHT_EYE):
        middle = points[ring, 1].mean()
        points[ring, 1] = middle + 1.4 * (points[ring, 1] - middle)
    return points


def shown(maps: np.ndarray, points: np.ndarray, eye: int) -> float:
    """Where the source's iris is read, along the eye, in its widths."""
    middle, across, _ = eye_axes(points, eye)
    centre = iris()[(0, 5)[eye], :2]
    row, column = np.unravel_index(np.linalg.norm(maps[..., :2] - centre, axis=2).argmin(), (SIDE, SIDE))
    return float((np.array([column, row]) - middle) @ across / (across @ across))


def turned(gaze: Gaze, points: np.ndarray) -> np.ndarray:
    return turn_eyes(MAPS, points, iris(), points, gaze)


@pytest.mark.parametrize("aside", [-0.15, 0.15])
def test_the_iris_goes_where_it_is_told(aside: float) -> None:
    points = opened()
    gaze = gaze_of(points, iris()) + np.array([aside, 0], np.float32)
    maps = turned(gaze, points)
    for eye in (0, 1):
        assert shown(maps, points, eye) == pytest.approx(aside, abs=0.06)
        assert shown(MAPS, points, eye) == pytest.approx(0, abs=0.06)  # the twin
    outside = np.ones((SIDE, SIDE), bool)
    for ring in (LEFT_EYE, RIGHT_EYE):
        low, high = points[ring, :2].min(axis=0).astype(int) - 1, points[ring, :2].max(axis=0).astype(int) + 2
        outside[low[1] : high[1], low[0] : high[0]] = False
    np.testing.assert_array_equal(maps[outside], MAPS[outside])


def test_a_gaze_far_aside_is_limited_and_a_shut_eye_stays() -> None:
    points = opened()
    far = turned(gaze_of(points, iris()) + np.float32(0.6), points)
    assert np.abs(far - MAPS).max() < (MOST[0] + 0.05) * np.linalg.norm(eye_axes(points, 0)[1])
    shut = POINTS.copy()
    for ring in (LEFT_EYE, RIGHT_EYE):
        shut[ring, 1] = shut[ring, 1].mean()
    np.testing.assert_array_equal(turned(gaze_of(points, iris()) + np.float32(0.15), shut), MAPS)
