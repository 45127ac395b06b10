import numpy as np
import pytest

from aotface.transfer.classical.extend import by_samples, extend


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_an_affine_map_is_continued(random):
    samples, pixels = random.random((500, 3)), random.random((3000, 3))
    matrix, offset = random.normal(size=(3, 3)), random.normal(size=3)
    moved = extend(samples, samples @ matrix.T + offset, pixels, random)
    np.testing.assert_allclose(moved, pixels @ matrix.T + offset, atol=0.01)


def test_a_bent_map_is_followed_and_stays_smooth(random):
    samples, pixels = random.normal(0.5, 0.1, (2, 2000, 3))
    noisy = samples**2 + random.normal(scale=0.05, size=samples.shape)
    moved = extend(samples, noisy, pixels, random)
    assert np.abs(moved - pixels**2).mean() < 0.01
    nearby = np.concatenate([pixels[:200], pixels[:200] + 1e-3])
    moved = extend(samples, noisy, nearby, random).reshape(2, 200, 3)
    assert np.abs(moved[1] - moved[0]).max() < 0.01


def test_grey_results_stay_grey(random):
    samples, pixels = random.random((300, 3)), random.random((1000, 3))
    moved = extend(samples, samples.mean(axis=1, keepdims=True) ** 2 * np.ones(3), pixels, random)
    assert np.ptp(moved, axis=1).max() < 1e-12


@pytest.mark.parametrize("spread", [0.0, 1e-6])
def test_one_colour_is_no_trouble(random, spread):
    samples = 0.5 + spread * random.normal(size=(200, 3))
    moved = extend(samples, random.random((200, 3)), samples, random)
    np.testing.assert_allclose(moved, np.broadcast_to(moved.mean(axis=0), moved.shape), atol=0.01)


def test_samples_are_the_same_pixels_of_both_faces_and_follow_the_mask(random):
    pixels, weights = random.random((1000, 3)), np.linspace(0, 1, 1000)
    weights /= weights.sum()
    drawn = []

    def match(samples, target, random):
        drawn.append((samples, target))
        return target

    by_samples(match, 200)(pixels, pixels + 1, weights, random)
    samples, target = drawn[0]
    assert samples.shape == (200, 3)
    np.testing.assert_allclose(target, samples + 1)
    rank = [int(np.flatnonzero((pixels == sample).all(axis=1))[0]) for sample in samples]
    assert len(set(rank)) == 200 and np.mean(rank) > 600
