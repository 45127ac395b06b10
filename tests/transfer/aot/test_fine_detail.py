"""What is fine in a map goes where X_r and its shape are even, and stays where either has the same edge."""

import numpy as np

from aotface.transfer.aot.fine_detail import without_target_detail
from aotface.types import Geometry

SIDE = 128
ONES = np.ones((SIDE, SIDE), np.float32)
EVEN = np.full((SIDE, SIDE, 3), 0.5, np.float32)


def shape(ridge: float = 0.0) -> Geometry:
    """A plane, with a ridge that turns to one side."""
    normals = np.zeros((SIDE, SIDE, 3), np.float32)
    normals[:, 62:66, 0] = ridge
    normals[..., 2] = np.sqrt(1 - normals[..., 0] ** 2)
    return Geometry(normals, normals * 0, ONES * 0, ONES)


def lined(depth: float = 0.4) -> np.ndarray:
    """A map with a dark line four pixels wide."""
    field = np.zeros((SIDE, SIDE, 7), np.float32)
    field[..., 3] = 1
    field[:, 62:66, :3] = -depth
    return field


def depth(field: np.ndarray) -> float:
    """How much darker the line is than what lies around it."""
    return float(np.median(field[..., 0]) - field[16:-16, 63:65, 0].mean())


def test_a_line_goes_that_x_r_does_not_show_and_stays_where_its_light_or_shape_has_one() -> None:
    bright = EVEN.copy()
    bright[:, 62:66] = 0.8
    given = (EVEN, shape()), (bright, shape()), (EVEN, shape(0.5))
    gone, *kept = (depth(without_target_detail(lined(), picture, ONES, own)) for picture, own in given)
    assert gone < 0.2 < 0.28 < min(kept)


def test_what_is_even_or_grey_stays_so_and_nothing_beside_the_face_reaches_in() -> None:
    noise = np.random.default_rng(0).random((SIDE, SIDE, 1)).astype(np.float32)
    grey, flat = np.repeat(noise, 3, axis=2), np.full((SIDE, SIDE, 7), 0.2, np.float32)
    np.testing.assert_allclose(without_target_detail(flat, grey, ONES, shape(0.5)), flat, atol=1e-3)
    found = without_target_detail(lined(), grey, ONES, shape(0.5))
    assert (found[..., 0] == found[..., 1]).all() and (found[..., 4:] == 0).all()
    mask = ONES.copy()
    mask[:, 60:68] = 0
    inner = [abs(without_target_detail(lined(), EVEN, one, shape())[:, 57, 0]).max() for one in (mask, ONES)]
    assert inner[0] < 0.01 < 0.02 < inner[1]  # the twin: without the mask it does
