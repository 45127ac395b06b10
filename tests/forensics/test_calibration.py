"""Probabilities that mean what they say."""

import numpy as np

from aotface.forensics.calibration import LEAST_SLOPE, Calibration, calibrate
from aotface.forensics.measures import auc, reliability


def boasting(seed: int, factor: float = 20.0, shift: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Reals and fakes whose honest logit is known: drawn from two normals one apart, then blown up and shifted."""
    rng = np.random.default_rng(seed)
    return (factor * rng.normal(-0.5, 1, 4000) + shift, factor * rng.normal(0.5, 1, 4000) + shift)


def test_a_boasting_detector_says_the_truth_after_calibration() -> None:
    steps = calibrate(*boasting(0))
    assert abs(steps.slope - 1 / 20) < 0.005 and abs(steps.offset + 3 / 20) < 0.08
    real, fake = boasting(1)
    after = steps.logits(real), steps.logits(fake)
    assert reliability(real, fake)[1] > 0.2 and reliability(*after)[1] < 0.03
    assert auc(*after) == auc(real, fake)


def test_few_samples_told_apart_fully_are_no_certainty() -> None:
    steps = calibrate(np.array([-30.0, -40.0]), np.array([30.0, 40.0]))
    assert 0.6 < float(steps.probability(np.array([35.0]))[0]) < 0.9


def test_a_detector_that_tells_the_wrong_way_says_one_half() -> None:
    real, fake = boasting(2)
    steps = calibrate(fake, real)
    assert 0 < steps.slope <= LEAST_SLOPE and abs(float(steps.probability(real).mean()) - 0.5) < 0.01


def test_without_validation_nothing_is_changed() -> None:
    assert calibrate(np.array([]), np.array([1.0])) == Calibration()
