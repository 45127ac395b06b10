import itertools

import numpy as np
import pytest

from aotface.media.video.orientation import Orientation, from_matrix

ALL = [Orientation(*flags) for flags in itertools.product((False, True), repeat=3)]


@pytest.mark.parametrize("turn", ALL)
def test_there_and_back(turn: Orientation) -> None:
    stored = np.arange(5 * 7 * 3).reshape(5, 7, 3)
    assert np.array_equal(turn.stored(turn.shown(stored)), stored)


@pytest.mark.parametrize("turn", ALL)
def test_the_turn_is_what_its_numbers_say(turn: Orientation) -> None:
    stored = np.arange(5 * 7).reshape(5, 7)
    first = stored[:, ::-1] if turn.mirrored else stored
    assert np.array_equal(turn.shown(stored), np.rot90(first, -turn.rotation_degrees // 90))


@pytest.mark.parametrize("turn", ALL)
def test_boxes_turn_with_the_pixels(turn: Orientation) -> None:
    shown = turn.shown(np.arange(5 * 7).reshape(5, 7))
    x0, y0, x1, y1 = turn.stored_box((1, 2, 4, 5), *shown.shape)
    inside = turn.stored(shown)[y0:y1, x0:x1]
    assert sorted(inside.ravel()) == sorted(shown[2:5, 1:4].ravel())


@pytest.mark.parametrize("turn", ALL)
def test_matrices(turn: Orientation) -> None:
    record = np.array(turn.matrix, np.int32).tobytes()
    assert from_matrix(record) == (turn, True)
    a, b, _, c, d = turn.matrix[:5]
    points = np.array([[0, 0], [6, 0], [0, 4]])  # corners of a 5 x 7 picture, as x, y
    moved = np.stack([a * points[:, 0] + c * points[:, 1], b * points[:, 0] + d * points[:, 1]], 1) // (
        1 << 16
    )
    shown = turn.shown(np.arange(5 * 7).reshape(5, 7))
    moved -= [
        min(0, 7 * a + 5 * c) // (1 << 16) + (a + c < 0),
        min(0, 7 * b + 5 * d) // (1 << 16) + (b + d < 0),
    ]
    assert [shown[y, x] for x, y in moved] == [0, 6, 28]


def test_no_matrix_and_odd_ones() -> None:
    assert from_matrix(None) == (Orientation(), True)
    slanted = np.array([46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30], np.int32).tobytes()
    for record in (slanted, b"short", bytes(36)):
        assert from_matrix(record) == (Orientation(), False)
