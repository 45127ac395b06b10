"""Sand in a source's brows goes; hairs, and what is far from brows, stay."""

import numpy as np

from aotface.face.mesh import LEFT_BROW, MEAN
from aotface.reenact.source_brows import without_sand
from aotface.types import Face

SIDE = 320
POINTS = (MEAN * 60 + np.array([160, 160, 0])).astype(np.float32)
FACE = Face(0, (60.0, 60.0, 260.0, 260.0), 1.0, POINTS)
X, Y = (int(v) for v in POINTS[LEFT_BROW, :2].mean(axis=0))
HAIRS, SKIN = (60, 45, 40), (200, 160, 140)


def picture() -> np.ndarray:
    """Dark brows on skin."""
    frame = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    frame[Y - 4 : Y + 5, X - 16 : X + 17] = HAIRS
    return frame


def test_dots_among_hairs_go_and_strands_stay() -> None:
    sandy, hairy = picture(), picture()
    sandy[Y - 2 : Y + 3 : 4, X - 10 : X + 11 : 4] = SKIN
    hairy[Y - 4 : Y + 5, X - 10 : X + 11 : 5] = SKIN  # skin between upright hairs
    before, after = (float(one[Y - 2, X - 10 : X + 11 : 4].mean()) for one in (sandy, without_sand(sandy, FACE)))
    assert before == np.mean(SKIN) and after < 110
    strands = without_sand(hairy, FACE)[Y - 1 : Y + 2, X - 10 : X + 11 : 5]
    assert strands.mean() > 1.3 * after  # the twin


def test_dots_lose_their_colour() -> None:
    frame = picture()
    frame[Y, X] = 255, 140, 20
    before, after = (np.ptp(one[Y, X].astype(float)) / one[Y, X].mean() for one in (frame, without_sand(frame, FACE)))
    assert after < 0.6 * before


def test_what_is_far_from_brows_and_even_brows_stay() -> None:
    frame = picture()
    frame[250:260:3, 150:170:3] = 20
    found = without_sand(frame, FACE)
    assert np.array_equal(found[Y + 60 :], frame[Y + 60 :])
    assert np.abs(found.astype(int) - frame)[Y - 2 : Y + 3, X - 12 : X + 13].max() <= 1
    deep = without_sand(frame.astype(np.uint16) * 257, FACE)
    assert deep.dtype == np.uint16 and np.abs(deep / 257 - found).max() < 1


def test_a_picture_without_brows_is_the_very_same() -> None:
    frame = picture()[:12]
    assert without_sand(frame, FACE) is frame
