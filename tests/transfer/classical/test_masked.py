import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.errors import InputError
from aotface.transfer.classical.masked import covariance_of, into_gamut, mean_of, move_under_mask


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_weighted_moments_equal_repeated_pixels(random):
    pixels, times = random.random((20, 3)), random.integers(1, 5, 20)
    repeated = np.repeat(pixels, times, axis=0)
    weights = times / times.sum()
    np.testing.assert_allclose(mean_of(pixels, weights), repeated.mean(axis=0))
    np.testing.assert_allclose(covariance_of(pixels, weights), np.cov(repeated.T, bias=True))


def test_mean_lands_after_clipping_and_misses_without(random):
    lab = random.normal([12, 8, 6], [14, 8, 8], (2000, 3))
    weights, goal = np.full(2000, 1 / 2000), np.array([12.0, 8.0, 6.0])
    rgb = into_gamut(lab_to_srgb(lab), goal, weights)
    assert rgb.min() >= 0 and rgb.max() <= 1
    assert np.linalg.norm(mean_of(srgb_to_lab(rgb), weights) - goal) < 0.1
    plainly = np.clip(lab_to_srgb(lab), 0, 1)  # the failing twin
    assert np.linalg.norm(mean_of(srgb_to_lab(plainly), weights) - goal) > 1


def test_nothing_is_shifted_when_the_mean_is_right(random):
    rgb = random.random((500, 3))
    weights = np.full(500, 1 / 500)
    np.testing.assert_array_equal(into_gamut(rgb, mean_of(srgb_to_lab(rgb), weights), weights), rgb)


def test_method_sees_only_pixels_under_the_mask(random):
    crops = random.random((2, 10, 10, 3)).astype(np.float32)
    mask = np.zeros((10, 10), np.float32)
    mask[2:8, 2:8] = 0.5
    seen = {}

    def spy(reenacted, target, weights, random):
        seen.update(count=len(reenacted), weights=weights)
        return target

    result = move_under_mask(spy, crops[0], crops[1], mask, 0)
    assert seen["count"] == 36
    np.testing.assert_allclose(seen["weights"], 1 / 36)
    np.testing.assert_allclose(result[2:8, 2:8], crops[1, 2:8, 2:8], atol=1e-6)
    np.testing.assert_array_equal(result[mask == 0], crops[0][mask == 0])


def test_few_pixels_move_by_their_mean_only(random):
    crops = random.uniform(0.3, 0.6, (2, 5, 5, 3)).astype(np.float32)
    mask = np.ones((5, 5), np.float32)

    def never(*_):
        raise AssertionError("25 pixels are too few for this method")

    result = move_under_mask(never, crops[0], crops[1], mask, 0)
    shift = srgb_to_lab(result) - srgb_to_lab(crops[0])
    assert np.ptp(shift, axis=(0, 1)).max() < 0.01
    wanted = srgb_to_lab(crops[1]).mean(axis=(0, 1))
    np.testing.assert_allclose(srgb_to_lab(result).mean(axis=(0, 1)), wanted, atol=0.03)


def test_wrong_sizes_are_refused(random):
    crop, mask = np.zeros((4, 4, 3), np.float32), np.ones((5, 5), np.float32)
    with pytest.raises(InputError, match="align both"):
        move_under_mask(lambda r, t, w, g: r, crop, crop, mask, 0)
