"""Nostrils get the target's warmth, and no light; skin, and grey, are left alone."""

import numpy as np
import pytest

from aotface.colour_space import srgb_to_linear
from aotface.face.mesh import LEFT_NOSTRIL, MEAN, RIGHT_NOSTRIL
from aotface.face.texture import hull_mask
from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array
from aotface.transfer.aot.nose import warm_nostrils
from aotface.transfer.base import FacePair

SIDE = 256
SKIN = np.array([0.7, 0.5, 0.4], np.float32)
GREY, WARM = 0.4 * SKIN, np.array([0.36, 0.18, 0.1], np.float32)
"""Nostrils whose colour is the skin's, and redder ones."""


def face(nostril: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = ((MEAN - MEAN.min(axis=0)) * 80 + 20).astype(np.float32)
    dark = hull_mask((SIDE, SIDE), points[LEFT_NOSTRIL], points[RIGHT_NOSTRIL])[..., None]
    return (SKIN * (1 - dark) + nostril * dark).astype(np.float32), points


def made(
    own: np.ndarray, theirs: np.ndarray, saturation: float = 1.0
) -> tuple[np.ndarray, np.ndarray, tuple]:
    """X_r, Y by a map that changes nothing else, and the middle of a nostril."""
    (x_r, points), (x_t, _) = face(own), face(theirs)
    field = np.zeros((128, 128, 7), np.float32)
    field[..., 3] = saturation
    pair = FacePair(x_r, x_t, np.ones((SIDE, SIDE), np.float32), points, points)
    x, y = points[LEFT_NOSTRIL, :2].mean(axis=0).round().astype(int).tolist()
    return x_r, apply_colour_map_array(x_r, warm_nostrils(field, pair)), (y, x)


def redness(crop: np.ndarray, place: tuple[int, int]) -> float:
    red, _, blue = srgb_to_linear(crop[place])
    return float(np.log(red / blue))


def test_a_grey_nostril_becomes_as_warm_as_the_targets() -> None:
    before, after, at = made(GREY, WARM)
    assert redness(after, at) > redness(before, at) + 0.2
    light = [float(srgb_to_linear(one[at]) @ [0.2126, 0.7152, 0.0722]) for one in (before, after)]
    assert light[1] == pytest.approx(light[0], rel=0.1)
    for theirs in (WARM, GREY):
        before, after, _ = made(WARM, theirs)
        assert redness(after, at) == pytest.approx(
            redness(before, at), abs=0.05
        )  # the twins: none gets cooler


def test_skin_stays() -> None:
    before, after, _ = made(GREY, WARM)
    assert np.abs(before - after)[:60].max() == pytest.approx(0, abs=1e-5)
    same = made(SKIN, WARM)
    assert np.abs(same[0] - same[1]).max() < 0.01


def test_grey_stays_grey() -> None:
    _, after, _ = made(GREY, WARM, saturation=0.0)
    assert np.ptp(after, axis=2).max() == 0
