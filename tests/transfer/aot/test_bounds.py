"""What stands out of Y alone is held back; what the target shows there, a softer source, and grey, are left alone."""

import numpy as np
import pytest

from aotface.colour_space import srgb_to_linear
from aotface.face.mesh import MEAN, RIGHT_EYE
from aotface.transfer.aot.bounds import bound_octaves
from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array
from aotface.transfer.base import FacePair

SIDE = 256
CHEEK, CHIN, NOSE, LIP = (66, 130), (128, 205), (128, 120), (128, 166)
"""Column and row of places on the face; 468 points lie around them."""

SKIN = np.array([0.7, 0.5, 0.4], np.float32)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return ((MEAN - MEAN.mean(axis=0)) * 100 + 128).astype(np.float32)


def face(*spots: tuple[tuple[int, int], object], wide: float = 5.0) -> np.ndarray:
    """Even skin, with spots of another brightness or colour."""
    y, x = np.mgrid[:SIDE, :SIDE]
    crop = np.broadcast_to(SKIN, (SIDE, SIDE, 3)).copy()
    for (column, row), gain in spots:
        share = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * wide**2))[..., None]
        crop *= 1 + (np.asarray(gain) - 1) * share
    return crop.astype(np.float32)


def made(x_r: np.ndarray, x_t: np.ndarray, points: np.ndarray, saturation: float = 1.0) -> tuple:
    """Y by a map that changes nothing else, with and without the bounds."""
    field = np.zeros((128, 128, 7), np.float32)
    field[..., 3] = saturation
    pair = FacePair(x_r, x_t, np.ones((SIDE, SIDE), np.float32), points, points)
    return tuple(apply_colour_map_array(x_r, one) for one in (field, bound_octaves(field, pair)))


def depth(crop: np.ndarray, place: tuple[int, int]) -> float:
    """Log luminance of a place over that of even skin."""
    here, even = (srgb_to_linear(one) @ [0.2126, 0.7152, 0.0722] for one in (crop[place[1], place[0]], SKIN))
    return float(np.log(here / even))


def redness(crop: np.ndarray, place: tuple[int, int]) -> float:
    red, green, _ = srgb_to_linear(crop[place[1], place[0]])
    return float(np.log(red / green))


DARK, RED = 0.5, (1.2, 0.8, 0.9)


def test_a_hole_of_the_source_becomes_shallow(points: np.ndarray) -> None:
    before, after = (depth(one, CHEEK) for one in made(face((CHEEK, DARK)), face(), points))
    assert before < -1.2 and after > 0.6 * before


def test_a_lid_may_not_glow_and_lashes_stay_dark(points: np.ndarray) -> None:
    x, y = points[RIGHT_EYE, :2].mean(axis=0).round().astype(int).tolist()
    lid = (x, y - 14)
    held = []
    for gain in (1.4, 0.7):
        before, after = (depth(one, lid) for one in made(face((lid, gain)), face(), points))
        held.append(after / before)
    assert held[0] < 0.8 and held[1] > 0.9


def test_a_hole_that_the_target_has_too_stays(points: np.ndarray) -> None:
    before, after = (depth(one, CHEEK) for one in made(face((CHEEK, DARK)), face((CHEEK, 0.4)), points))
    assert after < 0.95 * before  # twin of the above, though the target's contrast is greater here


def test_a_softer_source_keeps_its_own(points: np.ndarray) -> None:
    target = face((CHIN, 0.2), (NOSE, 0.2))  # under a harder lamp, but even at the cheek
    before, after = (depth(one, CHEEK) for one in made(face((CHEEK, DARK)), target, points))
    assert after == pytest.approx(before, abs=0.02)


def test_but_not_under_the_nose(points: np.ndarray) -> None:
    target = face((CHIN, 0.2), (NOSE, 0.2))
    before, after = (depth(one, LIP) for one in made(face((LIP, DARK)), target, points))
    assert after > 0.8 * before
    before, after = (depth(one, LIP) for one in made(face((LIP, 1.2)), target, points))
    assert after == pytest.approx(before, abs=0.02)  # the twin: what is bright there stays


@pytest.mark.parametrize("wide", [2.0, 6.0])
def test_a_patch_of_another_colour_pales(wide: float, points: np.ndarray) -> None:
    one, other = made(face((CHEEK, RED), wide=wide), face(), points)
    usual = redness(face(), CHEEK)
    assert redness(other, CHEEK) - usual < 0.6 * (redness(one, CHEEK) - usual)
    assert depth(other, CHEEK) == pytest.approx(depth(one, CHEEK), abs=0.1)


def test_a_patch_that_the_target_has_too_pales_less(points: np.ndarray) -> None:
    patch = face((CHEEK, RED), wide=6.0)
    left = [redness(made(patch, target, points)[1], CHEEK) for target in (face(), patch)]
    assert left[1] > left[0] + 0.1


def test_faint_spots_stay(points: np.ndarray) -> None:
    one, other = made(face((CHEEK, 0.97)), face(), points)
    assert np.abs(one - other).max() < 0.01


def test_grey_stays_grey(points: np.ndarray) -> None:
    grey = np.repeat(face((CHEEK, DARK)).mean(axis=2, keepdims=True), 3, axis=2).astype(np.float32)
    one, other = made(face((CHEEK, DARK)), grey, points, saturation=0.0)
    assert np.ptp(other, axis=2).max() == 0
