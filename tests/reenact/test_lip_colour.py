"""Lips come within bounds of the target's; a lip that is within them stays as it is."""

import numpy as np

from aotface.face.mesh import MEAN
from aotface.reenact.lip_colour import bounded_lips, lip_mask
from aotface.types import Crop, Landmarks

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
SKIN = np.array([0.75, 0.6, 0.5], np.float32)
COVERED = np.ones((SIDE, SIDE), bool)
ROSE = (0.92, 0.72, 0.76)
"""Of lips over skin, by channel."""


def face(lips: tuple[float, float, float], light: float = 1.0) -> Crop:
    weight = lip_mask(POINTS, (SIDE, SIDE), 0.5)[..., None]
    return (light * SKIN * (1 + (np.array(lips, np.float32) - 1) * weight)).astype(np.float32)


def bounded(lips: tuple[float, float, float], light: float = 1.0) -> np.ndarray:
    """Gain of the lower lip's middle."""
    change = bounded_lips(face(lips, light), face(ROSE), POINTS, POINTS, COVERED, 1.0)
    assert not change[: int(POINTS[2, 1])].any()
    x, y = np.round((POINTS[14, :2] + POINTS[17, :2]) / 2).astype(int)
    return np.exp(change[y, x])


def test_lips_like_the_targets_stay() -> None:
    np.testing.assert_allclose(bounded(ROSE), 1, atol=1e-3)
    np.testing.assert_allclose(bounded(ROSE, light=0.4), 1, atol=0.02)  # in darker light as well


def test_lips_that_glow_get_darker_and_violet_ones_less_blue() -> None:
    glow, violet = bounded((1.3, 1.2, 1.2)), bounded((0.9, 0.7, 1.0))
    assert glow.max() < 0.85
    assert violet[2] < 0.85 and abs(violet[0] - 1) < 0.05
    pale = bounded((0.78, 0.78, 0.76))
    assert pale[0] > 1.03 > 0.99 > pale[1]


def test_lipstick_stays() -> None:
    np.testing.assert_allclose(bounded((0.95, 0.45, 0.5)), 1, atol=0.03)
