import numpy as np
import pytest

from aotface.errors import InputError
from aotface.evaluation.statistics import bootstrap


def normal(count, seed=0, mean=3.0):
    return (mean + np.random.default_rng(seed).standard_normal(count)).tolist()


def test_the_estimate_is_the_statistic_itself():
    values = [1.0, 2.0, 10.0]
    assert bootstrap(values).estimate == 2
    assert bootstrap(values, "mean").estimate == pytest.approx(13 / 3)


def test_the_interval_of_a_mean_has_the_width_of_theory():
    values = normal(400)
    found = bootstrap(values, "mean", resamples=4000)
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_the_interval_covers_the_truth_as_often_as_it_says(statistic):
    intervals = [bootstrap(normal(40, seed), statistic, resamples=400, seed=seed) for seed in range(300)]
    covered = np.mean([i.low <= 3 <= i.high for i in intervals])
    assert 0.90 <= covered <= 0.985


def test_an_interval_of_half_confidence_covers_half():
    intervals = [bootstrap(normal(40, seed), "mean", 0.5, 400, seed) for seed in range(300)]
    assert 0.40 <= np.mean([i.low <= 3 <= i.high for i in intervals]) <= 0.60


def people(seed):
    """20 people with 10 pictures each: nearly all of the spread is between people."""
    rng = np.random.default_rng(seed)
    means = np.repeat(rng.standard_normal(20), 10)
    return (means + 0.1 * rng.standard_normal(200)).tolist(), np.repeat(np.arange(20), 10).tolist()


def test_pictures_of_one_person_must_be_drawn_together():
    covered = {"grouped": 0, "single": 0}
    for seed in range(60):
        values, groups = people(seed)
        for name, chosen in (("grouped", groups), ("single", None)):
            found = bootstrap(values, "mean", resamples=200, seed=seed, groups=chosen)
            covered[name] += found.low <= 0 <= found.high
    assert covered["grouped"] >= 50
    assert covered["single"] <= 35  # pretending independence: the interval is far too narrow


def test_the_seed_decides():
    values = normal(30)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_what_could_not_be_measured_is_left_out():
    found = bootstrap([1.0, np.nan, 3.0], groups=["a", "b", "c"])
    assert found.count == 2 and found.estimate == 2


@pytest.mark.parametrize("values", [[], [np.nan], [1.0, np.inf]])
def test_no_values_and_infinities_are_refused(values):
    with pytest.raises(InputError, match="finite"):
        bootstrap(values)


def test_lengths_that_differ_are_refused():
    with pytest.raises(InputError, match="groups"):
        bootstrap([1.0, 2.0], groups=["a"])
