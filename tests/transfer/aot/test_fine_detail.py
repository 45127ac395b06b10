"""What is fine in a map goes where X_r is even, and stays where X_r has the same edge; what is the same everywhere stays."""

import numpy as np

from aotface.transfer.aot.fine_detail import without_target_detail

SIDE = 128
ONES = np.ones((SIDE, SIDE), np.float32)


def striped(depth: float) -> np.ndarray:
    """A map with a dark line two pixels wide, down the middle of a bright half."""
    field = np.zeros((SIDE, SIDE, 7), np.float32)
    field[..., 3] = 1
    field[:, 64:, :3] = 0.3
    field[:, 95:97, :3] -= depth
    return field


def line(field: np.ndarray) -> float:
    """How much darker the line is than what lies beside it."""
    return float((field[8:-8, [90, 101], 0].mean() - field[8:-8, 95:97, 0].mean()))


def test_a_line_that_x_r_does_not_show_is_weakened_and_one_that_it_shows_stays() -> None:
    even = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    shown = even.copy()
    shown[:, 95:97] = 0.8  # a bright line of its own light that the map takes away
    found = [line(without_target_detail(striped(0.4), picture, ONES)) for picture in (even, shown)]
    assert found[0] < 0.3 < 0.35 < found[1]


def test_what_is_even_or_grey_stays_so_and_what_lies_beside_the_face_does_not_reach_in() -> None:
    noise = np.random.default_rng(0).random((SIDE, SIDE, 1)).astype(np.float32)
    grey, flat = np.repeat(noise, 3, axis=2), np.broadcast_to(np.float32(0.2), (SIDE, SIDE, 7)).copy()
    np.testing.assert_allclose(without_target_detail(flat, grey, ONES), flat, atol=1e-4)
    found = without_target_detail(striped(0.4), grey, ONES)
    assert (found[..., 0] == found[..., 1]).all() and (found[..., 4:] == 0).all()
    mask, beyond = ONES.copy(), striped(0)
    mask[:, 64:] = 0
    inner = without_target_detail(beyond, np.full((SIDE, SIDE, 3), 0.5, np.float32), mask)[:, 63, 0].max()
    assert inner < 0.02 < without_target_detail(beyond, grey * 0 + 0.5, ONES)[:, 63, 0].max()  # twin: no mask
