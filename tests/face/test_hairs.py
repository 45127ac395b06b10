"""A beard is told by its hairs where both halves of a jaw are rough and the network sees a trace of it."""

import cv2
import numpy as np
import pytest

from aotface.face.hairs import CHEEKS, rough_beard, roughness, times_cheeks
from aotface.face.mesh import MEAN, OUTER_LIPS
from aotface.face.texture import hull_mask
from aotface.types import Crop, Landmarks, Mask

SHAPE = 256, 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
DOWN, ACROSS = (np.asarray(one, np.float32) for one in np.indices(SHAPE))
RIGHT = ACROSS - POINTS[152, 0] < 0
FACE = hull_mask(SHAPE, POINTS) > 0
JAW = FACE & (DOWN - POINTS[17, 1] > 0)
HALVES = [JAW & RIGHT, JAW & ~RIGHT]


def skin(right: float, left: float, pores: float = 0.02) -> Crop:
    """Pores; below the nose so many times as strong on both sides, but for cheeks."""
    noise = pores * np.random.default_rng(5).standard_normal(SHAPE).astype(np.float32)
    low = DOWN - POINTS[2, 1] > 4
    low &= hull_mask(SHAPE, *(POINTS[cheek] for cheek in CHEEKS)) == 0
    noise *= np.where(low, np.where(RIGHT, right, left), 1).astype(np.float32)
    return np.repeat((0.5 * np.exp(noise))[..., None], 3, axis=2)


def kept(crop: Crop, trace: float = 0.1) -> Mask:
    return rough_beard(crop, POINTS, HALVES, trace)


def test_a_rough_jaw_stays_and_lips_and_the_upper_face_do_not() -> None:
    found = kept(skin(5.0, 5.0))
    assert found[JAW].mean() > 0.95
    assert found[: round(POINTS[2, 1]) - 4].max() < 0.05
    lips = cv2.erode(hull_mask(SHAPE, POINTS[OUTER_LIPS]), np.ones((7, 7))) > 0
    assert found[lips].mean() < 0.2


@pytest.mark.parametrize(("right", "left", "trace"), [(1.0, 1.0, 0.1), (5.0, 1.0, 0.1), (5.0, 5.0, 0.04)])
def test_smooth_jaws_one_rough_half_and_no_trace_are_no_beard(
    right: float, left: float, trace: float
) -> None:
    assert kept(skin(right, left), trace).max() == 0


def test_retouched_cheeks_make_no_beard_of_a_jaw() -> None:
    assert kept(skin(5.0, 5.0, pores=0.002)).max() == 0


def test_roughness_is_counted_in_that_of_the_cheeks() -> None:
    rough = roughness(skin(4.0, 4.0))
    assert times_cheeks(rough, POINTS, JAW) == pytest.approx(4.0, rel=0.15)
    assert times_cheeks(4 * rough, POINTS, JAW) == pytest.approx(times_cheeks(rough, POINTS, JAW), rel=1e-4)
    assert times_cheeks(rough, POINTS, np.zeros(SHAPE, bool)) == 0
