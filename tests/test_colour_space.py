import numpy as np
import pytest
from skimage import color

from aotface.colour_space import lab_to_srgb, linear_to_srgb, luminance, srgb_to_lab, srgb_to_linear


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).random((40, 50, 3)).astype(np.float32)


def test_lab_agrees_with_an_independent_implementation(rgb):
    np.testing.assert_allclose(srgb_to_lab(rgb), color.rgb2lab(rgb), atol=0.05)
    lab = color.rgb2lab(rgb).astype(np.float32)
    np.testing.assert_allclose(lab_to_srgb(lab), color.lab2rgb(lab), atol=5e-4)


def test_known_colours():
    lab = srgb_to_lab(np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0]], np.float64))
    np.testing.assert_allclose(lab, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.02)
    assert srgb_to_linear(np.array([[0.5, 0.5, 0.5]]))[0, 0] == pytest.approx(0.21404, abs=1e-5)


def test_round_trips_inside_and_outside_the_gamut(rgb):
    wide = rgb.astype(np.float64) * 1.6 - 0.3
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(wide)), wide, atol=1e-7)
    np.testing.assert_allclose(lab_to_srgb(srgb_to_lab(wide)), wide, atol=1e-7)
    np.testing.assert_allclose(lab_to_srgb(srgb_to_lab(rgb)), rgb, atol=1e-5)


def test_grey_has_no_colour():
    grey = np.linspace(0, 1, 256)[:, None].repeat(3, axis=1)
    assert np.abs(srgb_to_lab(grey)[:, 1:]).max() < 1e-12
    assert np.abs(srgb_to_lab(grey.astype(np.float32))[:, 1:]).max() < 2e-4


def test_precision_and_shape_are_kept(rgb):
    assert srgb_to_lab(rgb).dtype == lab_to_srgb(rgb).dtype == np.float32
    assert srgb_to_lab(rgb.astype(np.float64)).dtype == np.float64
    assert srgb_to_lab(rgb[0]).shape == (50, 3)
    np.testing.assert_array_equal(srgb_to_lab(rgb[0]), srgb_to_lab(rgb)[0])


def test_luminance_weighs_linear_light():
    pure = np.eye(3, dtype=np.float32)
    np.testing.assert_allclose(luminance(pure), [0.2126, 0.7152, 0.0722], atol=1e-6)
    assert luminance(np.ones((2, 2, 3), np.float32)).shape == (2, 2)
    np.testing.assert_allclose(luminance(np.ones((1, 3), np.float32)), 1, atol=1e-6)
