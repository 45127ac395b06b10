"""A hard lamp on a face of nobody, and pictures that end near it."""

import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas
from aotface.training.visibility.hard_light import light_hard, wide_normals
from aotface.training.visibility.labels import EVERY, bits
from aotface.training.visibility.samples import end_picture

SIDE = 256


def canvas() -> Canvas:
    """The mean face, of one colour, all of it skin."""
    flat = MEAN * (0.66 * SIDE / np.ptp(MEAN[:, 1]))
    points = (flat + np.array([SIDE / 2, SIDE / 2, 0])).astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (0.7, 0.5, 0.4), np.float32)
    sets = np.full((SIDE, SIDE), bits(Surface.SKIN), np.uint16)
    return Canvas(picture, sets, np.zeros((SIDE, SIDE), np.uint8), points)


def test_normals_go_on_beyond_the_mesh_and_have_length_one() -> None:
    normals = wide_normals(canvas())
    assert np.linalg.norm(normals, axis=2)[100:160, 60:200] == pytest.approx(1, abs=1e-3)
    assert normals[128, 60, 0] < -0.3 and normals[128, 196, 0] > 0.3


@pytest.mark.parametrize("seed", range(6))
def test_a_lamp_leaves_labels_alone_and_one_side_darker(seed: int) -> None:
    lit, plain = canvas(), canvas()
    light_hard(lit, np.random.default_rng(seed))
    assert np.array_equal(lit.sets, plain.sets)
    assert lit.picture.min() >= 0 and lit.picture.max() <= 1
    inner = lit.picture[70:190, 90:166].mean(axis=2)
    assert np.quantile(inner, 0.95) > 1.3 * np.quantile(inner, 0.05)
    even = plain.picture[70:190, 90:166].mean(axis=2)
    assert np.quantile(even, 0.95) == np.quantile(even, 0.05), "the failing twin: no lamp"


def test_beyond_the_pictures_end_nothing_is_known() -> None:
    ended = 0
    for seed in range(8):
        cut = canvas()
        cut.picture += np.random.default_rng(9).normal(0, 0.05, cut.picture.shape).astype(np.float32)
        end_picture(cut, np.random.default_rng(seed))
        assert cut.picture.shape == (SIDE, SIDE, 3) and cut.sets.shape == cut.lens.shape == (SIDE, SIDE)
        gone = cut.sets == EVERY
        ended += bool(gone.any())
        for row in np.flatnonzero(gone.all(axis=1)):  # the last rows are repeated
            near = row + 1 if row < SIDE // 2 else row - 1
            assert np.array_equal(cut.picture[row], cut.picture[near])
        assert (cut.lens[gone] == 255).all() and not gone[100:150, 110:150].any()
    assert ended >= 5
