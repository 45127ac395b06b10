"""Stubble of the target shows through along a shaven jaw; not under stubble, and not where there is none or a fold alone."""

import cv2
import numpy as np
import pytest

from aotface.compose.stubble import stubble_shown
from aotface.face.mesh import MEAN
from aotface.face.texture import hull_mask
from aotface.types import Crop, Landmarks, Mask

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
MASK: Mask = hull_mask((SIDE, SIDE), POINTS)
VISIBLE: Mask = np.ones((SIDE, SIDE), np.float32)
JAW = np.repeat((np.arange(SIDE) > POINTS[61, 1] + 8)[:, None], SIDE, axis=1)


def skin(seed: int, jaw: float, fold: bool = False) -> Crop:
    """Pores; below the mouth so many times as strong."""
    noise = 0.01 * np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    noise[JAW] *= jaw
    if fold:
        hull = cv2.convexHull(np.round(POINTS[:, :2]).astype(np.int32))
        for width, depth in ((9, 0.03), (3, -0.06)):
            drawn = np.zeros((SIDE, SIDE), np.float32)
            cv2.polylines(drawn, [hull], True, (1.0,), width)
            noise += depth * cv2.GaussianBlur(drawn, (0, 0), 0.8) * JAW
    return np.repeat((0.5 * np.exp(noise))[..., None], 3, axis=2)


def shown(jaw: float, own: float, fold: bool = False) -> Mask:
    return stubble_shown(skin(1, jaw, fold), skin(2, own), MASK, VISIBLE, POINTS, POINTS)


def test_stubble_fades_into_a_shaven_face() -> None:
    found = shown(4.0, 1.0)
    x, y = np.round(POINTS[152, :2]).astype(int)
    assert found[y - 5, x] > 0.8 > found[y - 15, x] > found[y - 22, x]
    assert found[MASK == 0].max() == 0 and found[: round(POINTS[61, 1])].max() < 0.05
    lips = hull_mask((SIDE, SIDE), POINTS[[61, 291, 0, 17]])
    assert found[lips > 0].max() < 0.05


@pytest.mark.parametrize(("jaw", "own", "fold"), [(1.0, 1.0, False), (4.0, 4.0, False), (1.0, 1.0, True)])
def test_nothing_else_shows(jaw: float, own: float, fold: bool) -> None:
    assert shown(jaw, own, fold).max() == 0


def test_the_same_at_another_side_and_nothing_where_nothing_is_seen() -> None:
    large = cv2.resize(skin(2, 1.0), (512, 512), interpolation=cv2.INTER_LINEAR)
    points = ((POINTS + 0.5) * 2 - 0.5).astype(np.float32)
    mask = cv2.resize(MASK, (512, 512), interpolation=cv2.INTER_NEAREST)
    found = stubble_shown(skin(1, 4.0), large, mask, VISIBLE, points, points)
    assert np.abs(found - shown(4.0, 1.0)).mean() < 0.01 and found.max() > 0.8
    hidden = stubble_shown(skin(1, 4.0), large, mask, 0 * VISIBLE, points, points)
    assert hidden.max() == 0
