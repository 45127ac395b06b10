import numpy as np

from aotface.transfer.classical.quantiles import KNOTS, monotone, quantiles


def test_small_samples_are_sorted_onto_the_target():
    random = np.random.default_rng(0)
    values, target = random.random(50), random.random(50)
    moved = monotone(values, target, np.full(50, 1 / 50))
    np.testing.assert_allclose(np.sort(moved), np.sort(target), atol=1e-12)
    np.testing.assert_array_equal(np.argsort(moved), np.argsort(values))


def test_large_samples_get_the_distribution():
    random = np.random.default_rng(1)
    values, target = random.normal(size=20 * KNOTS), random.gamma(2, size=20 * KNOTS)
    moved = monotone(values, target, np.full(20 * KNOTS, 1 / (20 * KNOTS)))
    assert np.abs(np.sort(moved) - np.sort(target)).mean() < 0.01
    assert moved.max() == target.max() and moved.min() == target.min()


def test_gaussians_map_affinely():
    random = np.random.default_rng(2)
    values = random.normal(size=5000)
    moved = monotone(values, 3 + 2 * values[random.permutation(5000)], np.full(5000, 1 / 5000))
    np.testing.assert_allclose(moved, 3 + 2 * values, atol=0.05)


def test_equal_values_stay_equal():
    values = np.repeat([0.0, 1.0], 30)
    moved = monotone(values, np.linspace(0, 1, 60), np.full(60, 1 / 60))
    np.testing.assert_allclose(moved, np.repeat([0.25, 0.75], 30), atol=0.01)
    constant = monotone(np.zeros(60), np.linspace(0, 1, 60), np.full(60, 1 / 60))
    np.testing.assert_allclose(constant, 0.5)


def test_weights_count():
    values = np.array([0.0, 1.0, 2.0])
    assert quantiles(values, np.array([0.1, 0.1, 0.8]), np.array([0.5]))[0] > 1.5
    assert quantiles(values, np.array([0.8, 0.1, 0.1]), np.array([0.5]))[0] < 0.5
