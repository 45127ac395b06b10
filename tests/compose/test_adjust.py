"""Strength, exposure and temperature: at their defaults the very same; in closed form otherwise; out of range refused."""

from dataclasses import replace

import numpy as np
import pytest

from aotface.colour_space import luminance, srgb_to_linear
from aotface.compose.adjust import adjust, check_adjustments, white_gains
from aotface.errors import UsageError
from aotface.options import DEFAULTS

FIRST, SECOND = np.random.default_rng(0).uniform(0.1, 0.5, (2, 8, 8, 3)).astype(np.float32)


def test_the_defaults_change_nothing() -> None:
    assert adjust(FIRST, SECOND, DEFAULTS) is SECOND


def test_strength_goes_from_one_to_the_other() -> None:
    np.testing.assert_allclose(adjust(FIRST, SECOND, replace(DEFAULTS, strength=0.0)), FIRST, atol=1e-6)
    half = adjust(FIRST, SECOND, replace(DEFAULTS, strength=0.5))
    np.testing.assert_allclose(half, (FIRST + SECOND) / 2, atol=1e-6)


def test_a_stop_doubles_the_light() -> None:
    brighter = adjust(FIRST, SECOND, replace(DEFAULTS, exposure=1.0))
    np.testing.assert_allclose(srgb_to_linear(brighter), 2 * srgb_to_linear(SECOND), rtol=1e-3)


def test_mired_make_it_warmer_at_equal_luminance() -> None:
    warm, cool = (adjust(FIRST, SECOND, replace(DEFAULTS, temperature=t)) for t in (30.0, -30.0))
    grey = np.full((2, 2, 3), 0.4, np.float32)
    assert (warm[..., 0] > SECOND[..., 0]).all() and (warm[..., 2] < SECOND[..., 2]).all()
    assert (cool[..., 0] < SECOND[..., 0]).all() and (cool[..., 2] > SECOND[..., 2]).all()
    made = adjust(grey, grey, replace(DEFAULTS, temperature=30.0))
    np.testing.assert_allclose(luminance(made), luminance(grey), rtol=1e-3)
    np.testing.assert_allclose(white_gains(0.0), 1)


def test_d65_to_d50_is_what_the_standard_says() -> None:
    """D50 (5003 K) in linear sRGB is (1.176, 0.976, 0.722), by its chromaticity (0.3457, 0.3585)."""
    gains = white_gains(1e6 / 5003 - 1e6 / 6504)
    np.testing.assert_allclose(gains / gains[1], np.array([1.176, 0.976, 0.722]) / 0.976, rtol=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": 1.1},
        {"strength": float("nan")},
        {"exposure": 3.0},
        {"temperature": -91.0},
        {"camera_match": "yes"},
        {"gaze": "left"},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong)).replace("_", "-")):
        check_adjustments(replace(DEFAULTS, **wrong))
    check_adjustments(DEFAULTS)
