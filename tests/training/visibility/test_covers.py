from collections.abc import Callable

import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers import glasses, hair, hands, things
from aotface.training.visibility.covers.canvas import Canvas
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.labels import EVERY, bits

SIDE = 128
PLAIN = Textures(np.zeros((0, 8, 8, 3), np.uint8))


def canvas() -> Canvas:
    """The mean face, of one colour, all of it skin."""
    flat = MEAN * (0.66 * SIDE / np.ptp(MEAN[:, 1]))
    points = (flat + np.array([SIDE / 2, SIDE / 2, 0])).astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (0.7, 0.5, 0.4), np.float32)
    sets = np.full((SIDE, SIDE), bits(Surface.SKIN), np.uint16)
    return Canvas(picture, sets, np.zeros((SIDE, SIDE), np.uint8), points)


def changed(after: Canvas) -> np.ndarray:
    return np.abs(after.picture - canvas().picture).max(axis=2) > 1e-4


def test_coverage_of_a_polygon_is_its_area() -> None:
    square = np.array([[10.5, 10.5], [50.5, 10.5], [50.5, 40.5], [10.5, 40.5]])
    alpha = canvas().polygon(square)
    assert alpha.sum() == pytest.approx(40 * 30, rel=0.02)
    hole = square + np.array([[5, 5], [-5, 5], [-5, -5], [5, -5]])
    assert canvas().polygon(square, hole).sum() == pytest.approx(1200 - 600, rel=0.08)


def test_a_line_thinner_than_a_pixel_covers_part_of_it() -> None:
    alpha = canvas().line(np.array([[20.0, 64.0], [100.0, 64.0]]), 0.34)
    assert 0.2 < alpha[64, 60] < 0.5
    assert alpha[60, 60] == 0


COVERS: list[tuple[Callable[[Canvas, np.random.Generator], None], Surface]] = [
    (hands.raise_hand, Surface.HAND),
    (hair.strands_over, Surface.HAIR),
    (hair.grow_beard, Surface.BEARD),
    (things.hold_microphone, Surface.COVER),
    (lambda c, r: things.wear_mask(c, r, PLAIN), Surface.COVER),
    (lambda c, r: things.put_hat_on(c, r, PLAIN), Surface.COVER),
    (lambda c, r: things.wrap_scarf(c, r, PLAIN), Surface.COVER),
    (lambda c, r: things.hold_thing(c, r, PLAIN), Surface.COVER),
]


@pytest.mark.parametrize("number", range(len(COVERS)))
def test_labels_lie_where_the_picture_changed(number: int) -> None:
    cover, surface = COVERS[number]
    drawn = canvas()
    cover(drawn, np.random.default_rng(number + 1))
    marked = drawn.sets == bits(surface)
    assert marked.sum() > 20
    assert set(np.unique(drawn.sets)) <= {bits(Surface.SKIN), bits(surface), bits(surface, Surface.SKIN)}
    assert changed(drawn)[marked].mean() > 0.95
    assert not (drawn.sets == EVERY).any()
    assert not changed(canvas())[marked].any()  # the twin: nothing drawn, nothing changed


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = canvas(), canvas(), canvas()
    for drawn, seed in ((first, 1), (again, 1), (other, 2)):
        glasses.wear(drawn, np.random.default_rng(seed), PLAIN)
    assert np.array_equal(first.picture, again.picture) and np.array_equal(first.sets, again.sets)
    assert not np.array_equal(first.sets, other.sets)


@pytest.mark.parametrize("seed", range(6))
def test_spectacles_sit_around_the_eyes(seed: int) -> None:
    drawn = canvas()
    glasses.wear(drawn, np.random.default_rng(seed), PLAIN)
    frame = drawn.sets == bits(Surface.FRAME)
    rows, columns = np.nonzero(frame)
    eyes = drawn.landmarks[[33, 133, 263, 362], :2].mean(axis=0)
    assert frame.sum() > 30
    assert abs(rows.mean() - eyes[1]) < 0.12 * drawn.height
    assert abs(columns.mean() - eyes[0]) < 0.1 * drawn.height
    for ring in ([33, 133], [263, 362]):
        x, y = np.round(drawn.landmarks[ring, :2].mean(axis=0)).astype(int)
        assert drawn.lens[y, x] == 1
    assert not (frame & (drawn.lens == 1)).any()


def test_both_rims_are_mirror_images() -> None:
    style, (place, half) = glasses.draw_style(np.random.default_rng(4)), glasses.place_of(canvas())
    left, right = (glasses.rim(style, side, half, place)[1] for side in (-1, 1))
    middle = place.middle[0]
    assert np.allclose(2 * middle - left[:, 0], right[:, 0], atol=0.6)
    assert np.allclose(left[:, 1], right[:, 1], atol=0.6)
    assert not np.allclose(left[:, 0], right[:, 0], atol=0.6)
