import numpy as np
import pytest
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from aotface.colour_space import lab_to_srgb
from aotface.metrics.ground_truth import ciede2000, delta_e_2000, psnr, ssim

# The 34 pairs of Sharma, Wu and Dalal, 2005, table 1: L a b, L a b, dE00.
SHARMA = np.array(
    [
        [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
        [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
        [50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412],
        [50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000],
        [50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000],
        [50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000],
        [50, 0, 0, 50, -1, 2, 2.3669],
        [50, -1, 2, 50, 0, 0, 2.3669],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195],
        [50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045],
        [50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045],
        [50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461],
        [50, 2.5, 0, 50, 0, -2.5, 4.3065],
        [50, 2.5, 0, 73, 25, -18, 27.1492],
        [50, 2.5, 0, 61, -5, 29, 22.8977],
        [50, 2.5, 0, 56, -27, -3, 31.9030],
        [50, 2.5, 0, 58, 24, 15, 19.4535],
        [50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000],
        [50, 2.5, 0, 50, 3.2972, 0, 1.0000],
        [50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000],
        [50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)
FIRST, SECOND, PUBLISHED = SHARMA[:, :3], SHARMA[:, 3:6], SHARMA[:, 6]
SIDE = 64


def random_crops(seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((SIDE, SIDE, 3), np.float32)
    return np.clip(truth + 0.1 * rng.standard_normal(truth.shape, np.float32), 0, 1), truth


def box():
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[10:50, 16:48] = 1
    return mask


def test_the_published_table_is_met():
    np.testing.assert_allclose(delta_e_2000(FIRST, SECOND), PUBLISHED, atol=5e-5)


def test_the_formula_is_symmetric():
    np.testing.assert_allclose(delta_e_2000(SECOND, FIRST), PUBLISHED, atol=5e-5)


def test_the_table_detects_wrong_formulas():
    plain = np.linalg.norm(FIRST - SECOND, axis=1)
    assert np.abs(plain - PUBLISHED).max() > 1
    # Without the rotation in the blue the first pairs are off: their sign of a* flips its effect.
    mirrored = delta_e_2000(FIRST * [1, 1, -1], SECOND * [1, 1, -1])
    assert np.abs(mirrored - PUBLISHED)[:6].max() > 0.1


def test_another_implementation_agrees_on_many_colours():
    rng = np.random.default_rng(0)
    first, second = rng.uniform([0, -100, -100], [100, 100, 100], (2, 5000, 3))
    np.testing.assert_allclose(delta_e_2000(first, second), deltaE_ciede2000(first, second), atol=1e-6)


def test_the_mean_over_a_mask_is_weighted():
    first = lab_to_srgb(np.broadcast_to(FIRST[24], (SIDE, SIDE, 3))).astype(np.float32)
    second = lab_to_srgb(np.broadcast_to(SECOND[24], (SIDE, SIDE, 3))).astype(np.float32)
    assert ciede2000(first, second, box()) == pytest.approx(PUBLISHED[24], abs=2e-3)
    half = second.copy()
    half[:, :32] = first[:, :32]
    assert ciede2000(first, half, box()) == pytest.approx(PUBLISHED[24] / 2, abs=2e-3)


def test_psnr_of_a_tenth_is_twenty_decibel():
    truth = np.full((SIDE, SIDE, 3), 0.4, np.float32)
    assert psnr(truth + np.float32(0.1), truth, box()) == pytest.approx(20, abs=1e-4)
    assert psnr(truth, truth, box()) == 100


def test_psnr_over_the_whole_picture_would_flatter():
    truth = np.full((SIDE, SIDE, 3), 0.4, np.float32)
    result = truth + np.float32(0.1) * box()[..., None]
    assert psnr(result, truth, box()) == pytest.approx(20, abs=1e-4)
    assert psnr(result, truth, np.ones_like(box())) > 24


def reference_ssim(result, truth):
    _, field = structural_similarity(
        result,
        truth,
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return field.mean(axis=2)


def test_ssim_agrees_with_another_implementation_away_from_edges():
    result, truth = random_crops()
    # A mask so faint at its rim that every window with weight lies inside it.
    mask = np.full((SIDE, SIDE), 1e-3, np.float32)
    field = reference_ssim(result, truth)
    whole = ssim(result, truth, np.ones_like(mask))
    assert whole == pytest.approx(field.mean(), abs=5e-3)  # borders are treated differently
    assert ssim(result, truth, mask) == pytest.approx(whole, abs=1e-5)


def test_ssim_of_equals_is_one_and_of_unrelated_is_not():
    result, truth = random_crops()
    assert ssim(truth, truth, box()) == pytest.approx(1, abs=1e-6)
    assert ssim(truth[::-1].copy(), truth, box()) < 0.2
    assert ssim(result, truth, box()) < 0.98


def test_ssim_with_windows_that_see_the_outside_is_another_number():
    result, truth = random_crops()
    result = np.where(box()[..., None] > 0, result, np.float32(0))
    wrong = reference_ssim(result, truth)[box() > 0].mean()
    assert abs(ssim(result, truth, box()) - wrong) > 2e-3
