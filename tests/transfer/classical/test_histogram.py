import numpy as np

from aotface.transfer.classical import histogram


def test_channels_get_the_targets_distribution_each_by_itself():
    random = np.random.default_rng(0)
    source, target = random.beta(2, 5, (6000, 3)), random.beta(4, 2, (6000, 3))
    moved = histogram.move(source, target, np.full(6000, 1 / 6000), random)
    assert np.abs(np.sort(moved, axis=0) - np.sort(target, axis=0)).mean() < 0.005


def test_steep_maps_leave_no_bands():
    """Eight levels stretched over the whole range: without the noise eight levels would remain."""
    random = np.random.default_rng(1)
    source = random.integers(100, 108, (6000, 3)) / 255
    target = random.random((6000, 3))
    moved = histogram.move(source, target, np.full(6000, 1 / 6000), random)
    filled = np.histogram(moved[:, 0], bins=64, range=(0, 1))[0]
    assert filled.min() > 30
    assert len(np.unique(source[:, 0])) == 8
