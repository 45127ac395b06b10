import numpy as np

from aotface.transfer.classical import emd, sinkhorn
from aotface.transfer.classical.masked import covariance_of


def clouds() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(0.4, 0.12, (400, 3)), random.normal([0.6, 0.5, 0.4], [0.06, 0.15, 0.1], (400, 3))


def test_moments_are_the_targets_and_blur_alone_would_shrink_them():
    source, target = clouds()
    equal = np.full(400, 1 / 400)
    moved = sinkhorn.match(source, target, np.random.default_rng(0))
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(covariance_of(moved, equal), covariance_of(target, equal), atol=2e-6)
    plain = sinkhorn.barycentres(source - source.mean(axis=0), target - target.mean(axis=0))
    assert np.trace(covariance_of(plain, equal)) < 0.95 * np.trace(covariance_of(target, equal))


def test_it_lies_near_the_exact_plan():
    source, target = clouds()
    random = np.random.default_rng(0)
    gap = np.abs(sinkhorn.match(source, target, random) - emd.match(source, target, random)).mean()
    assert gap < 0.2 * np.abs(emd.match(source, target, random) - source).mean()


def test_an_outlier_does_not_underflow():
    source, target = clouds()
    source[0], target[1] = 8.0, -8.0
    assert np.isfinite(sinkhorn.match(source, target, np.random.default_rng(0))).all()
