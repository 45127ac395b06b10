"""Closed forms of areas, error rates and intervals."""

import numpy as np
import pytest

from aotface.forensics.measures import (
    Compared,
    accuracy,
    auc,
    equal_error_rate,
    interval,
    reliability,
    threshold,
    wins,
)


def test_areas_by_hand() -> None:
    real, fake = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    assert auc(real, fake) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert auc(fake, real) == pytest.approx(1 - auc(real, fake))
    assert equal_error_rate(np.array([0.0, 1]), np.array([2.0, 3])) == 0
    cut = threshold(np.array([0.0, 1]), np.array([2.0, 3]))
    assert cut == 1.5 and accuracy(np.array([0.0, 2]), np.array([2.0, 3]), cut) == 0.75


def test_reliability_of_a_perfect_and_of_a_boasting_detector() -> None:
    assert reliability(np.full(4, -50.0), np.full(4, 50.0))[1] == pytest.approx(0, abs=1e-9)
    assert reliability(np.full(4, 50.0), np.full(4, 50.0))[1] == pytest.approx(0.5)


def compared(shift: float, seed: int = 0) -> Compared:
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(3, 30)), rng.normal(size=(3, 30))
    people = [f"p{n}" for n in range(30)]
    both = [wins(r, f + shift) - wins(r, f) for r, f in zip(real, fake, strict=True)]
    return Compared(np.stack(both), people, people[::-1], people)


def test_an_interval_finds_a_gain_and_no_gain() -> None:
    assert interval([compared(1.5)], 200).resolved
    none = interval([compared(0.0)], 200)
    assert none.value == none.low == none.high == 0 and not none.resolved


def test_an_interval_is_wide_where_one_person_decides() -> None:
    """A gain that comes from a single target person is not resolved; drawing samples alone would call it so."""
    gain = np.zeros((2, 20, 20))
    gain[:, :10] = 1.0
    one = Compared(
        gain,
        ["a"] * 10 + [f"p{n}" for n in range(10)],
        [f"s{n}" for n in range(20)],
        [f"r{n}" for n in range(20)],
    )
    many = Compared(gain, [f"q{n}" for n in range(20)], one.fake_sources, one.real_people)
    assert not interval([one], 300).resolved and interval([many], 300).resolved
