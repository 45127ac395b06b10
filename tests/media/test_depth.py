import numpy as np

from aotface.media.depth import to_depth

ALL_8 = np.arange(256, dtype=np.uint8)
ALL_16 = np.arange(65536).astype(np.uint16)


def test_8_to_16_and_back_changes_nothing() -> None:
    assert np.array_equal(to_depth(to_depth(ALL_8, 16), 8), ALL_8)


def test_the_ends_of_the_range_stay_its_ends() -> None:
    assert to_depth(ALL_8, 16)[[0, 255]].tolist() == [0, 65535]
    assert to_depth(ALL_16, 8)[[0, 65535]].tolist() == [0, 255]


def test_16_to_8_goes_to_the_nearest_step() -> None:
    assert np.array_equal(to_depth(ALL_16, 8), np.round(ALL_16 / 257).astype(np.uint8))


def test_twin_shifting_bits_would_not() -> None:
    assert not np.array_equal((ALL_16 >> 8).astype(np.uint8), np.round(ALL_16 / 257).astype(np.uint8))


def test_the_depth_it_has_costs_nothing() -> None:
    assert to_depth(ALL_8, 8) is ALL_8 and to_depth(ALL_16, 16) is ALL_16
