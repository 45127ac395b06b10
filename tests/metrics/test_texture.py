"""Fine detail and grain: ratios of known noise, blind to what is coarse, and to the eyes."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import LEFT_EYE, MEAN
from aotface.face.texture import octaves
from aotface.metrics.texture import fine_detail, grain

SIDE = 128
POINTS = (MEAN * 30 + 64).astype(np.float32)
MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[8:120, 8:120] = 1


def noisy(strength: float, seed: int = 0, sigma: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigma) if sigma else noise
    return np.repeat((0.5 + strength / 255 * noise)[..., None], 3, axis=2)


@pytest.mark.parametrize("formula", [fine_detail, grain])
def test_the_ratio_of_two_noises_is_that_of_their_strengths(formula) -> None:
    assert formula(noisy(4), noisy(4), MASK, POINTS, POINTS) == 1
    assert formula(noisy(8, 1), noisy(4), MASK, POINTS, POINTS) == pytest.approx(2, rel=0.08)
    assert formula(noisy(2, 1), noisy(4), MASK, POINTS, POINTS) == pytest.approx(0.5, rel=0.08)


def test_a_blurred_face_fails_and_a_shading_does_not() -> None:
    target = noisy(4)
    blurred = cv2.GaussianBlur(target, (0, 0), 1.5)
    shaded = target + np.linspace(-0.2, 0.2, SIDE, dtype=np.float32)[:, None, None]
    assert fine_detail(blurred, target, MASK, POINTS, POINTS) < 0.3
    assert fine_detail(shaded, target, MASK, POINTS, POINTS) == pytest.approx(1, abs=0.01)


def test_texture_in_some_places_is_detail_and_no_grain() -> None:
    wrinkles = noisy(0.0)
    wrinkles[::16] += 0.1
    assert fine_detail(wrinkles, noisy(0.0), MASK, POINTS, POINTS) > 3
    textured = noisy(0.0)
    textured[:, :72] = noisy(12)[:, :72]  # two fifths of the face are plain
    assert grain(textured, noisy(0.0), MASK, POINTS, POINTS) < 1.1


def test_eyes_do_not_count() -> None:
    dotted = noisy(4)
    x, y = POINTS[LEFT_EYE, :2].mean(axis=0).round().astype(int)
    dotted[y - 1 : y + 2, x - 1 : x + 2] = 1
    assert fine_detail(dotted, noisy(4), MASK, POINTS, POINTS) == pytest.approx(1, abs=0.03)


def test_octaves_and_the_last_blur_are_the_picture() -> None:
    luma = noisy(9)[..., 0]
    total = np.sum(octaves(luma), axis=0) + cv2.GaussianBlur(luma, (0, 0), 2.8)
    np.testing.assert_allclose(total, luma, atol=1e-6)


def test_a_tiny_face_has_no_value() -> None:
    small = np.zeros((SIDE, SIDE), np.float32)
    small[40:60, 40:60] = 1
    assert np.isnan(grain(noisy(4), noisy(4), small, POINTS, POINTS))
