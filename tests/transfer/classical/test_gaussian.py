import numpy as np
import pytest

from aotface.transfer.classical import linear, mkl
from aotface.transfer.classical.gaussian import NOISE, floored, power
from aotface.transfer.classical.masked import covariance_of, mean_of


def spread(seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(3, 3)) * 0.1
    return root @ root.T + 1e-3 * np.eye(3)


MAPS = {"linear": linear.linear_map, "mkl": mkl.linear_map}


@pytest.mark.parametrize("name", MAPS)
def test_covariance_becomes_the_target(name):
    source, target = spread(0), spread(1)
    matrix = MAPS[name](source, target)
    np.testing.assert_allclose(matrix @ source @ matrix.T, target, atol=1e-12)
    np.testing.assert_allclose(MAPS[name](source, source), np.eye(3), atol=1e-9)


def test_commuting_covariances_give_one_map_and_others_two():
    axes = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    source, target = (axes * [0.04, 0.02, 0.01]) @ axes.T, (axes * [0.01, 0.03, 0.02]) @ axes.T
    np.testing.assert_allclose(linear.linear_map(source, target), mkl.linear_map(source, target), atol=1e-10)
    assert np.abs(linear.linear_map(spread(0), spread(1)) - mkl.linear_map(spread(0), spread(1))).max() > 0.01


def test_mkl_moves_less_and_is_a_gradient():
    source, target = spread(0), spread(1)
    optimal, other = mkl.linear_map(source, target), linear.linear_map(source, target)

    def cost(matrix):
        return np.trace((matrix - np.eye(3)) @ source @ (matrix - np.eye(3)).T)

    bures = np.trace(source + target - 2 * power(power(source, 0.5) @ target @ power(source, 0.5), 0.5))
    assert cost(optimal) == pytest.approx(bures, rel=1e-8)
    assert cost(optimal) < cost(other)
    np.testing.assert_allclose(optimal, optimal.T, atol=1e-12)
    assert np.linalg.eigvalsh(optimal).min() > 0


@pytest.mark.parametrize("method", [linear, mkl], ids=["linear", "mkl"])
def test_sampled_gaussians_get_mean_and_covariance(method):
    random = np.random.default_rng(5)
    source = random.multivariate_normal([0.3, 0.4, 0.5], spread(0) * 0.1, 3000)
    target = random.multivariate_normal([0.6, 0.5, 0.4], spread(1) * 0.1, 3000)
    weights = random.random(3000)
    weights /= weights.sum()
    moved = method.move(source, target, weights, random)
    np.testing.assert_allclose(mean_of(moved, weights), mean_of(target, weights), atol=1e-12)
    np.testing.assert_allclose(covariance_of(moved, weights), covariance_of(target, weights), atol=1e-10)


def test_grey_target_has_a_grey_map():
    grey = 0.02 * np.ones((3, 3))
    for function in MAPS.values():
        matrix = function(spread(0), grey)
        np.testing.assert_allclose(matrix, np.ones((3, 1)) * matrix.mean(axis=0), atol=1e-12)


def test_noise_of_a_grey_face_is_not_blown_up():
    grey = 0.02 * np.ones((3, 3)) + 1e-10 * np.eye(3)
    for function in MAPS.values():
        assert (
            np.linalg.norm(function(grey, spread(1)), 2)
            < np.sqrt(np.linalg.eigvalsh(spread(1)).max()) / NOISE
        )
    naive = power(spread(1), 0.5) @ power(grey, -0.5)  # the failing twin
    assert np.linalg.norm(naive, 2) > 1000


def test_powers():
    matrix = spread(2)
    np.testing.assert_allclose(power(matrix, 0.5) @ power(matrix, 0.5), matrix, atol=1e-12)
    np.testing.assert_allclose(power(matrix, -1.0), np.linalg.inv(matrix), rtol=1e-8)
    assert np.all(power(np.zeros((3, 3)), -0.5) == 0)
    np.testing.assert_allclose(np.linalg.eigvalsh(floored(np.zeros((3, 3)))), NOISE**2)
