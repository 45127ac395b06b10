import numpy as np
import ot
import pytest

from aotface.transfer.classical import idt, sliced


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    source = random.normal([0.3, 0.4, 0.5], [0.1, 0.05, 0.05], (1500, 3))
    ring = random.uniform(0, 2 * np.pi, 1500)
    target = np.stack([0.6 + 0.1 * np.cos(ring), 0.5 + 0.1 * np.sin(ring), 0.4 + 0.02 * ring], axis=1)
    return source, target


def distance(left: np.ndarray, right: np.ndarray) -> float:
    return float(ot.sliced_wasserstein_distance(left, right, n_projections=60, seed=0))


@pytest.mark.parametrize("method", [idt, sliced], ids=["idt", "sliced"])
def test_whole_distribution_is_matched(method, clouds):
    moved = method.match(*clouds, np.random.default_rng(0))
    assert distance(moved, clouds[1]) < 0.02 * distance(*clouds)


def test_one_twentieth_steps_leave_a_third_of_the_gap(clouds):
    """Why the step is full: the failing twin of the convergence test."""
    source, target = clouds
    random, moved = np.random.default_rng(0), source
    for _ in range(20):
        moved = moved + (idt.along_axes(moved, target, idt.rotation(random)) - moved) / 20
    left = (moved - target).mean(axis=0) / (source - target).mean(axis=0)
    np.testing.assert_allclose(left, 0.95**20, atol=0.01)


@pytest.mark.parametrize("method", [idt, sliced], ids=["idt", "sliced"])
def test_on_a_line_it_is_sorting(method):
    random = np.random.default_rng(1)
    source, target = (np.sort(random.random(100))[:, None] * [[1.0, 1.0, 1.0]] for _ in range(2))
    order = random.permutation(100)
    moved = method.match(source[order], target, random)
    np.testing.assert_allclose(moved, target[order], atol=0.01)


def test_equal_clouds_stay_put(clouds):
    source, _ = clouds
    for method in (idt, sliced):
        moved = method.match(source, source[::-1], np.random.default_rng(2))
        assert np.abs(moved - source).max() < 0.005


def test_rotation_is_orthogonal():
    axes = idt.rotation(np.random.default_rng(3))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
