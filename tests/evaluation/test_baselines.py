"""The peers are rows of a table: their faults must be there, and the corrected methods do not share them."""

import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.evaluation import baselines
from aotface.evaluation.baselines import BASELINES
from aotface.transfer.classical import mean, reinhard

SIDE = 48


@pytest.fixture
def mask() -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return (np.hypot(rows, columns) < 18).astype(np.float32)


def face(seed: int, lab: tuple[float, float, float]) -> np.ndarray:
    """Noise around one Lab colour."""
    random = np.random.default_rng(seed)
    colours = random.normal(lab, [9.0, 3.0, 3.0], (SIDE, SIDE, 3))
    return np.clip(lab_to_srgb(colours), 0, 1).astype(np.float32)


def lab_mean(crop: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return srgb_to_lab(crop.astype(np.float64))[mask > 0].mean(axis=0)


WARM, COLD = (65.0, 15.0, 18.0), (45.0, 8.0, -15.0)


@pytest.mark.parametrize("name", BASELINES)
def test_interface(name, mask):
    reenacted, target = face(0, WARM), face(1, COLD)
    first, second = (BASELINES[name].function(reenacted, target, mask, seed=3) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.dtype == np.float32 and first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(first[mask == 0], reenacted[mask == 0])
    before, after = (np.linalg.norm(lab_mean(x, mask) - lab_mean(target, mask)) for x in (reenacted, first))
    assert after < 0.5 * before
    assert all(name == one.name and one.summary for name, one in BASELINES.items())


@pytest.mark.parametrize("name", BASELINES)
def test_odd_masks_and_constant_pictures(name, mask):
    reenacted, target = face(0, WARM), face(1, COLD)
    np.testing.assert_array_equal(BASELINES[name].function(reenacted, target, mask * 0), reenacted)
    for crops in ((reenacted * 0, target), (reenacted, target * 0), (reenacted * 0, target * 0)):
        assert np.isfinite(BASELINES[name].function(*crops, mask)).all()


def test_rct_gets_a_hue_of_the_other_sign_wrong(mask):
    """b* is +18 before and -15 in the target: the black outside keeps the default from getting there."""
    reenacted, target = face(0, WARM), face(1, COLD)
    peer, strict = (
        lab_mean(f(reenacted, target, mask), mask)[2]
        for f in (BASELINES["dfl-rct"].function, reinhard.transfer)
    )
    wanted = lab_mean(target, mask)[2]
    assert strict == pytest.approx(wanted, abs=0.1)
    assert peer > wanted + 5


def test_rct_follows_its_closed_form(mask):
    """With p inside: mean p mu, variance p s^2 + p (1 - p) mu^2; moved mean (1 - p) mu_x r + p mu_y."""
    reenacted, target = face(0, WARM), face(1, (50.0, 10.0, 14.0))
    share = (mask > 0).mean()
    inside = [srgb_to_lab(x.astype(np.float64))[mask > 0] for x in (reenacted, target)]
    mean = [x.mean(axis=0) for x in inside]
    spread = [np.sqrt(share * x.var(axis=0) + share * (1 - share) * x.mean(axis=0) ** 2) for x in inside]
    expected = (1 - share) * mean[0] * spread[1] / spread[0] + share * mean[1]
    np.testing.assert_allclose(
        lab_mean(BASELINES["dfl-rct"].function(reenacted, target, mask), mask), expected, atol=0.2
    )


@pytest.mark.parametrize("name", ["dfl-rct", "dfl-sot"])
def test_more_background_changes_their_result(name, mask):
    """The failing twin of the strict methods' test of the same name."""
    reenacted, target = face(0, WARM), face(1, COLD)
    border = ((12, 12), (12, 12), (0, 0))
    wide = BASELINES[name].function(np.pad(reenacted, border), np.pad(target, border), np.pad(mask, 12))[
        12:-12, 12:-12
    ]
    assert np.abs(wide - BASELINES[name].function(reenacted, target, mask))[mask > 0].max() > 0.02


def test_multiscale_difference_reads_the_background(mask):
    """The failing twin of the strict methods' 'outside neither counts nor changes'."""
    reenacted, target = face(0, WARM), face(1, COLD)
    wild = target.copy()
    wild[mask == 0] = (0, 1, 0)
    results = [BASELINES["multiscale-difference"].function(reenacted, x, mask) for x in (target, wild)]
    assert np.abs(results[0] - results[1])[mask > 0].max() > 0.05


def test_multiscale_difference_copies_what_is_coarse_and_keeps_what_is_fine(mask):
    rows = np.mgrid[:SIDE, :SIDE][0]
    stripes = np.where(rows % 2 == 0, 0.02, -0.02)[..., None].astype(np.float32)
    light = (0.2 + 0.4 * rows / SIDE)[..., None].astype(np.float32).repeat(3, axis=2)
    result = BASELINES["multiscale-difference"].function(
        np.full((SIDE, SIDE, 3), 0.5, np.float32) + stripes, light, mask
    )
    inner = (slice(12, 36), slice(12, 36))
    assert np.abs(result - (light + stripes))[inner].max() < 0.03


def test_a_sot_step_closes_a_third_of_the_gap_and_the_blur_opens_it_again(mask):
    random = np.random.default_rng(0)
    cloud, wanted = (random.normal(x, 0.1, (500, 3)).astype(np.float32) for x in (0.2, 0.7))
    for _ in range(10):
        cloud = cloud + baselines._slide(cloud, wanted, random)
    assert np.abs((cloud - wanted).mean(axis=0)).max() / 0.5 == pytest.approx((2 / 3) ** 10, abs=0.03)
    reenacted, target = face(0, WARM), face(1, COLD)
    result = BASELINES["dfl-sot"].function(reenacted, target, mask)
    before, after = (np.abs((x - target)[mask > 0].mean(axis=0)).mean() for x in (reenacted, result))
    assert 0.1 < after / before < 0.6


def test_avg_matches_rgb_means_when_nothing_clips(mask):
    reenacted, target = face(0, (60.0, 5.0, 5.0)), face(1, (50.0, 5.0, 8.0))
    result = BASELINES["faceswap-avg"].function(reenacted, target, mask)
    inside = mask > 0
    np.testing.assert_allclose(result[inside].mean(axis=0), target[inside].mean(axis=0), atol=2e-3)
    bright = np.clip(target + 0.45, 0, 1)  # clipping takes from the mean and nothing gives it back
    clipped = BASELINES["faceswap-avg"].function(reenacted, bright, mask)
    strict = mean.transfer(reenacted, bright, mask)
    gaps = [np.linalg.norm(lab_mean(x, mask) - lab_mean(bright, mask)) for x in (clipped, strict)]
    assert gaps[1] < 0.1 < gaps[0]
