import numpy as np

from aotface.transfer.classical.reinhard import NOISE, match_moments


def test_moments_become_the_targets_channel_by_channel():
    random = np.random.default_rng(0)
    source = random.normal([50, 10, 20], [10, 3, 4], (800, 3))
    target = random.normal([30, -5, 5], [6, 2, 9], (800, 3))
    weights = random.random(800)
    weights /= weights.sum()
    moved = match_moments(source, target, weights)
    mean, goal = weights @ moved, weights @ target
    np.testing.assert_allclose(mean, goal, atol=1e-10)
    np.testing.assert_allclose(weights @ (moved - mean) ** 2, weights @ (target - goal) ** 2, rtol=1e-10)
    scale = (moved - mean) / (source - weights @ source)
    assert np.ptp(scale, axis=0).max() < 1e-8


def test_equal_faces_stay_and_noise_is_not_stretched():
    random = np.random.default_rng(1)
    source = random.normal([50, 10, 20], 5.0, (300, 3))
    weights = np.full(300, 1 / 300)
    np.testing.assert_allclose(match_moments(source, source, weights), source, atol=1e-10)
    flat = source * [1, 1e-3, 1e-3]
    gain = np.std(match_moments(flat, source, weights), axis=0) / np.std(flat, axis=0)
    assert gain[1:].max() < 6 / NOISE
