import math

import numpy as np
import ot
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.metrics.colour import (
    ita,
    ita_difference,
    lf_de,
    mean_de,
    swd,
    tone_group,
    wasserstein_squared,
)

SIDE = 128


def crop_of(lightness, a=0.0, b=0.0):
    lab = np.broadcast_arrays(*(np.asarray(c, np.float64) for c in (lightness, a, b)))
    lab = np.broadcast_to(np.stack(lab, axis=-1), (SIDE, SIDE, 3))
    return lab_to_srgb(lab).astype(np.float32)


def box(left=24, right=104):
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, left:right] = 1
    return mask


def ramp(slope):
    """Lightness that rises to the right around 50 in the middle of the picture."""
    return np.broadcast_to(50 + slope * (np.arange(SIDE) - (SIDE - 1) / 2), (SIDE, SIDE))


def test_mean_de_of_two_plain_colours_is_their_distance():
    assert mean_de(crop_of(40, 3, 4), crop_of(55), box()) == pytest.approx(math.sqrt(15**2 + 25), rel=1e-3)


def test_mean_de_weighs_by_the_mask():
    target = crop_of(np.where(np.arange(SIDE) < SIDE // 2, 40.0, 60.0))
    mask = np.where(np.arange(SIDE) < SIDE // 2, np.float32(0.25), np.float32(0.75))
    assert mean_de(crop_of(40), target, np.tile(mask, (SIDE, 1))) == pytest.approx(15, rel=1e-3)


def blurred_ramp(left, right, slope, sigma):
    """|Mean of the ramp under a Gaussian cut off at the mask's sides|: the mean of a truncated normal."""
    x = np.arange(left, right)
    low, high = (left - 0.5 - x) / sigma, (right - 0.5 - x) / sigma
    shift = sigma * (norm.pdf(low) - norm.pdf(high)) / (norm.cdf(high) - norm.cdf(low))
    return np.abs(slope * (x + shift - (SIDE - 1) / 2)).mean()


@pytest.mark.parametrize("left, right", [(24, 104), (10, 70), (0, SIDE)])
def test_lf_de_of_a_linear_light_is_analytic(left, right):
    expected = blurred_ramp(left, right, 0.25, 12 * SIDE / 256)
    found = lf_de(crop_of(ramp(0.25)), crop_of(50), box(left, right))
    assert found == pytest.approx(expected, rel=0.01)


def test_a_blur_that_lets_black_in_fails_the_analytic_value():
    mask = box(10, 70)
    difference = (srgb_to_lab(crop_of(ramp(0.25))) - srgb_to_lab(crop_of(50))) * mask[..., None]
    wrong = np.linalg.norm(gaussian_filter(difference, (6, 6, 0), mode="constant"), axis=2)[mask > 0].mean()
    assert wrong != pytest.approx(blurred_ramp(10, 70, 0.25, 6), rel=0.05)


def test_lf_de_sees_where_the_light_comes_from_and_mean_de_does_not():
    left, right = crop_of(ramp(0.3)), crop_of(ramp(-0.3))
    assert mean_de(left, right, box()) < 0.01
    assert lf_de(left, right, box()) > 10


def test_lf_de_overlooks_fine_detail():
    texture = 50 + 10 * np.random.default_rng(0).standard_normal((SIDE, SIDE))
    assert lf_de(crop_of(texture), crop_of(50), box()) < 0.15 * np.abs(texture - 50).mean()


def test_lf_de_scales_its_blur_with_the_picture():
    small = lf_de(crop_of(ramp(0.4)), crop_of(50), box())
    large = [np.repeat(np.repeat(c, 2, axis=0), 2, axis=1) for c in (crop_of(ramp(0.4)), crop_of(50), box())]
    assert lf_de(*large) == pytest.approx(small, rel=0.01)


def test_swd_of_a_shift_is_its_length_over_root_three():
    texture = 50 + 5 * np.random.default_rng(1).standard_normal((SIDE, SIDE))
    found = swd(crop_of(texture + 6, 2, 3), crop_of(texture), box(), triads=2)
    assert found == pytest.approx(7 / math.sqrt(3), rel=1e-3)


def test_swd_is_blind_to_position_and_the_same_twice():
    crop = crop_of(ramp(0.3))
    assert swd(crop, crop[:, ::-1].copy(), box(), triads=1) < 1e-3
    values = {swd(crop, crop_of(45), box(), triads=1, seed=seed) for seed in (3, 3, 4)}
    assert len(values) == 2


@pytest.mark.parametrize("weighted", [False, True])
def test_the_exact_transport_on_the_line_agrees_with_pot(weighted):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal(300), 2 * rng.standard_normal(200) + 1
    x_weights, y_weights = (rng.random(len(v)) + 0.01 if weighted else np.ones(len(v)) for v in (x, y))
    oracle = ot.wasserstein_1d(x, y, x_weights / x_weights.sum(), y_weights / y_weights.sum(), p=2)
    assert wasserstein_squared(x, x_weights, y, y_weights) == pytest.approx(oracle, rel=1e-9)


def test_transport_that_forgets_the_weights_is_detected():
    x, weights = np.array([0.0, 1.0]), np.array([0.9, 0.1])
    assert wasserstein_squared(x, weights, x, np.ones(2)) == pytest.approx(0.4)
    assert wasserstein_squared(x, np.ones(2), x, np.ones(2)) == 0


@pytest.mark.parametrize(
    "lightness, b, angle",
    [(60, 10, 45), (50, 15, 0), (40, 10, -45), (70, 20 / math.tan(math.radians(60)), 60)],
)
def test_the_typology_angle_of_a_plain_colour(lightness, b, angle):
    assert ita(crop_of(lightness, 8, b), box()) == pytest.approx(angle, abs=0.05)


def test_the_typology_angle_looks_at_the_mask_only():
    crop = crop_of(np.where(box() > 0, 60.0, 10.0), 0, 10)
    assert ita(crop, box()) == pytest.approx(45, abs=0.05)
    assert ita(crop, np.ones_like(box())) < 20


def test_grey_has_no_typology_angle():
    assert math.isnan(ita(crop_of(60), box()))
    assert math.isnan(ita_difference(crop_of(60), crop_of(60, 8, 12), box()))
    assert ita_difference(crop_of(60, 0, 10), crop_of(40, 0, 10), box()) == pytest.approx(90, abs=0.1)


def test_tone_groups_meet_at_their_published_bounds():
    angles = (56.0, 55.0, 41.0, 28.0, 10.0, -30.0, -80.0, math.nan)
    groups = ["very light", "light", "intermediate", "tan", "brown", "dark", "dark", "unknown"]
    assert [tone_group(angle) for angle in angles] == groups
