"""Reading through a dense map: a part is what it is in the whole."""

import numpy as np
import pytest

from aotface.reenact.dense_map import WHOLE, read_crop


def map_of(zoom: float) -> np.ndarray:
    """A bent map of a 64-px grid into a picture."""
    y, x = np.mgrid[:64, :64].astype(np.float32)
    return np.stack([zoom * x + 3 * np.sin(y / 9) + 8, zoom * y + 5], axis=2).astype(np.float32)


@pytest.mark.parametrize("zoom", [1.5, 5.0])
def test_a_part_is_what_it_is_in_the_whole(zoom: float) -> None:
    """Where the picture is averaged first, too: a grid of averages that began with the part would differ."""
    picture = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
    box = slice(17, 80), slice(23, 101)
    part, whole = (read_crop(picture, map_of(zoom), 128, one) for one in (box, WHOLE))
    np.testing.assert_array_equal(part, whole[box])


def test_a_part_of_nothing_is_empty() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    assert read_crop(picture, map_of(1.0), 128, (slice(0, 0), slice(0, 0))).shape == (0, 0, 3)
