import numpy as np
import pytest
from jaxtyping import TypeCheckError

from aotface.errors import InputError
from aotface.light import light_distance
from aotface.masked import blur, carried, carried_far, continued, grown, local_mean, pixels
from aotface.metrics.colour import ita, lf_de, mean_de, swd
from aotface.metrics.detail import detail_retention, target_leakage
from aotface.metrics.ground_truth import ciede2000, psnr, ssim
from aotface.metrics.temporal import rerun_de

SIDE = 64
RNG = np.random.default_rng(0)
RESULT, TARGET = RNG.random((2, SIDE, SIDE, 3), np.float32)
MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[12:50, 20:44] = RNG.random((38, 24), np.float32) * 0.9 + 0.1
NORMALS = RNG.standard_normal((SIDE, SIDE, 3)).astype(np.float32)
NORMALS /= np.linalg.norm(NORMALS, axis=2, keepdims=True)


def lit(result, target, mask):
    return light_distance(result, target, NORMALS, mask)


def tone(result, target, mask):
    return ita(result + np.float32([0.2, 0.1, -0.2]) * (mask[..., None] > 0), mask)


MASKED = [mean_de, lf_de, swd, ciede2000, psnr, ssim, detail_retention, target_leakage, rerun_de, lit, tone]


@pytest.mark.parametrize("metric", MASKED, ids=lambda metric: metric.__name__)
@pytest.mark.parametrize("garbage", [0.0, 7.0, np.nan, np.inf])
def test_nothing_outside_the_mask_leaks_in(metric, garbage):
    spoilt = [np.where(MASK[..., None] > 0, crop, np.float32(garbage)) for crop in (RESULT, TARGET)]
    assert metric(*spoilt, MASK) == metric(RESULT, TARGET, MASK)


@pytest.mark.parametrize("metric", MASKED, ids=lambda metric: metric.__name__)
def test_the_same_garbage_under_the_mask_is_noticed(metric):
    spoilt = RESULT.copy()
    spoilt[30, 30] = np.nan
    with pytest.raises(InputError, match="finite"):
        metric(spoilt, TARGET, MASK)


def test_a_blur_keeps_constants_up_to_the_edge():
    values = np.full((np.count_nonzero(MASK), 2), 3.0, np.float32)
    np.testing.assert_allclose(blur(values, MASK, 6.0), 3, rtol=1e-6)


def test_a_blur_of_a_full_mask_is_symmetric():
    impulse = np.zeros((SIDE, SIDE), np.float32)
    impulse[32, 32] = 1
    field = blur(impulse.reshape(-1, 1), np.ones_like(impulse), 3.0).reshape(SIDE, SIDE)
    assert field[32, 35] == field[35, 32] == pytest.approx(np.exp(-0.5) / (2 * np.pi * 9), rel=0.01)


def test_pictures_and_masks_that_do_not_fit_are_refused():
    with pytest.raises((InputError, TypeCheckError)):  # the latter where annotations are checked, as in tests
        pixels(RESULT, MASK[:-1])
    with pytest.raises(InputError, match="empty"):
        pixels(RESULT, np.zeros_like(MASK))


def test_taking_pixels_keeps_order_and_weights():
    found, weights = pixels(RESULT, MASK)
    assert (found == RESULT[MASK > 0]).all() and (weights == MASK[MASK > 0]).all()


def test_holes_are_filled_from_near() -> None:
    crop = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 64, axis=0).repeat(3, axis=2)
    holes = np.zeros((64, 64), bool)
    holes[:, 30:34] = True
    broken = np.where(holes[..., None], np.float32(1), crop)
    filled = continued(broken, (~holes).astype(np.float32))
    assert np.abs(filled - crop)[:, 30:34].max() < 0.05 < np.abs(broken - crop).max()
    np.testing.assert_allclose(filled[~holes], crop[~holes], atol=1e-6)


def test_values_are_carried_on_from_the_nearest() -> None:
    values, weight = np.zeros((64, 64, 1), np.float32), np.zeros((64, 64), np.float32)
    values[:, :8], values[:, 56:] = 1, 3
    weight[:, :8] = weight[:, 56:] = 1
    found = continued(values, weight)
    assert np.allclose(found[:, :8], 1, atol=0.05) and np.allclose(found[:, 56:], 3, atol=0.05)
    assert found[:, 16].mean() < 1.9 < 2.1 < found[:, 48].mean()
    assert np.allclose(continued(np.full((64, 64, 3), 2, np.float32), weight), 2, atol=1e-4)


def test_local_means_are_carried_to_where_nothing_is_known() -> None:
    known = np.zeros((SIDE, SIDE), np.float32)
    known[:8, :8], known[-8:, -8:] = 1, 0.5
    values = np.where(known == 1, np.float32(4), np.float32(1))[..., None]
    for means in (carried(values, known, 4.0, 0.01), carried_far(values, known, 4.0, 0.01)):
        assert means[4, 4, 0] == pytest.approx(4, abs=0.1) and means[-4, -4, 0] == pytest.approx(1, abs=0.1)
        assert means[SIDE // 2, SIDE // 2, 0] == pytest.approx(3, abs=0.05)  # far away: 2 parts of 4, 1 of 1
    near = local_mean(values, known, 4.0)
    assert near[4, 4, 0] == pytest.approx(4, abs=0.01) and near[SIDE // 2, SIDE // 2, 0] == 0
    np.testing.assert_array_equal(local_mean(values[..., 0], known, 4.0), near[..., 0])


def test_a_mask_grows_by_a_disc() -> None:
    dot = np.zeros((15, 15), np.float32)
    dot[7, 7] = 1
    y, x = np.nonzero(grown(dot, 3.2))
    assert np.hypot(y - 7, x - 7).max() < 3.7 and np.ptp(x) == np.ptp(y) == 6 and len(x) > 25
