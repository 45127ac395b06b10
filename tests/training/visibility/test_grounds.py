import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas
from aotface.training.visibility.covers.grounds import change_ground, cloth, dress
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.labels import EVERY, bits

SIDE = 128
PLAIN = Textures(np.zeros((0, 8, 8, 3), np.uint8))
GROUND = bits(Surface.BACKGROUND)


def canvas(ground: int) -> Canvas:
    """The mean face in the middle of skin, and a strip of ``ground`` on the left."""
    flat = MEAN * (0.5 * SIDE / np.ptp(MEAN[:, 1]))
    points = (flat + np.array([SIDE / 2, SIDE / 2 - 10, 0])).astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (0.7, 0.5, 0.4), np.float32)
    sets = np.full((SIDE, SIDE), bits(Surface.SKIN), np.uint16)
    sets[:, :20] = ground
    return Canvas(picture, sets, np.zeros((SIDE, SIDE), np.uint8), points)


@pytest.mark.parametrize("seed", range(4))
def test_another_ground_lies_where_ground_is_known_and_nowhere_else(seed: int) -> None:
    drawn, before = canvas(GROUND), canvas(GROUND)
    change_ground(drawn, np.random.default_rng(seed), PLAIN)
    changed = np.abs(drawn.picture - before.picture).max(axis=2) > 1e-4
    assert changed[:, :16].mean() > 0.9 and not changed[:, 20:].any()
    assert np.array_equal(drawn.sets, before.sets)


def test_unknown_ground_is_left_alone() -> None:
    drawn = canvas(EVERY)
    change_ground(drawn, np.random.default_rng(0), PLAIN)
    assert np.array_equal(drawn.picture, canvas(EVERY).picture)


@pytest.mark.parametrize("seed", range(6))
def test_clothes_are_background_below_the_face(seed: int) -> None:
    drawn = canvas(EVERY)
    dress(drawn, np.random.default_rng(seed), PLAIN)
    worn = drawn.sets == GROUND
    chin = drawn.landmarks[152, 1]
    assert worn[-4:].mean() > 0.5
    rows, columns = np.nonzero(worn)
    assert rows.min() > chin - 0.12 * drawn.height
    middle = np.abs(columns - drawn.landmarks[152, 0]) < 0.1 * drawn.height
    assert rows[middle].min() > chin  # the neck stays


def test_cloth_is_mostly_dark_and_its_seeds() -> None:
    means = [cloth(np.random.default_rng(seed), 64).mean() for seed in range(60)]
    assert np.median(means) < 0.3 < max(means)
    assert np.array_equal(cloth(np.random.default_rng(1), 64), cloth(np.random.default_rng(1), 64))
