"""Light on one half of X_r alone goes; what both halves have, and the target's own light, stays; grey stays grey."""

import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.transfer.aot.both_sides import without_one_sided_light
from aotface.transfer.base import FacePair

SIDE = 128
LEFT, RIGHT = (46, 80), (82, 80)
"""Column and row on either cheek."""

SKIN = np.array([0.7, 0.5, 0.4], np.float32)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return ((MEAN - MEAN.mean(axis=0)) * 50 + 64).astype(np.float32)


def face(*spots: tuple[tuple[int, int], np.ndarray]) -> np.ndarray:
    """Even skin, with spots of another brightness or colour."""
    y, x = np.mgrid[:SIDE, :SIDE]
    crop = np.broadcast_to(SKIN, (SIDE, SIDE, 3)).copy()
    for (column, row), gain in spots:
        share = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 16.0**2))[..., None]
        crop *= 1 + (gain - 1) * share
    return crop.astype(np.float32)


def changed(reenacted: np.ndarray, target: np.ndarray, points: np.ndarray) -> np.ndarray:
    """What is added to the gain of a map that changes nothing."""
    field = np.zeros((64, 64, 7), np.float32)
    field[..., 3] = 1
    pair = FacePair(reenacted, target, np.ones((SIDE, SIDE), np.float32), points, points)
    return (without_one_sided_light(field, pair) - field)[..., :3]


def at(gain: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    return gain[place[1] // 2, place[0] // 2]


DARK = np.float32(0.5)


def test_a_shadow_on_one_cheek_goes(points: np.ndarray) -> None:
    gain = changed(face((LEFT, DARK)), face(), points)
    assert at(gain, LEFT).mean() > 0.5
    assert np.abs(at(gain, RIGHT)).max() < 0.2


def test_a_faint_difference_is_the_face(points: np.ndarray) -> None:
    assert np.abs(changed(face((LEFT, np.float32(0.96))), face(), points)).max() < 0.01


@pytest.mark.parametrize(
    "reenacted, target",
    [
        (face((LEFT, DARK), (RIGHT, DARK)), face()),  # twin: the same on both cheeks is the face
        (face((LEFT, DARK)), face((LEFT, DARK))),  # twin: the target has that light too
        (face(), face((LEFT, DARK))),  # twin: the lack of the target's shadow is no light of the source
    ],
)
def test_the_rest_stays(reenacted: np.ndarray, target: np.ndarray, points: np.ndarray) -> None:
    assert np.abs(changed(reenacted, target, points)).max() < 0.06


def test_colour_that_varies_more_than_the_targets_is_calmed(points: np.ndarray) -> None:
    red = np.array([1.2, 0.9, 0.9], np.float32)
    both = face((LEFT, red), (RIGHT, red))
    gain = changed(both, face(), points)
    assert at(gain, LEFT)[0] - at(gain, LEFT)[1] < -0.1
    assert np.abs(changed(both, both, points)).max() < 0.01  # twin: the target's colour varies as much


def test_a_grey_target_keeps_channels_equal_bit_for_bit(points: np.ndarray) -> None:
    grey = np.repeat(face()[..., :1], 3, axis=2)
    gain = changed(face((LEFT, DARK)), grey, points)
    assert np.abs(gain).max() > 0.1
    np.testing.assert_array_equal(gain[..., 0], gain[..., 1])
    np.testing.assert_array_equal(gain[..., 0], gain[..., 2])
