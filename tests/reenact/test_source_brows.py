"""Dots in a source's brows go; strands, and what is far from brows, stay."""

import numpy as np

from aotface.face.align import crop_matrix, scale_of
from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.reenact.source_brows import without_sand
from aotface.types import Face

SIDE = 400
POINTS = ((MEAN - MEAN.mean(axis=0)) * 100 + np.array([200, 200, 0])).astype(np.float32)
FACE = Face(0, (60.0, 60.0, 260.0, 260.0), 1.0, POINTS)
HAIRS, SKIN = (60, 45, 40), (150, 120, 105)
BROWS = [
    (slice(int(y0) + 2, int(y1) - 1), slice(int(x0) + 2, int(x1) - 1))
    for (x0, y0), (x1, y1) in (
        (f(POINTS[b, :2], axis=0) for f in (np.min, np.max)) for b in (LEFT_BROW, RIGHT_BROW)
    )
]


def picture(rows: int = 0, columns: int = 0, colour: tuple[int, int, int] = SKIN) -> np.ndarray:
    """Dark brows on skin, in which every so manyth row and column, if any, shows a dot of a colour; without rows: a line."""
    frame = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    for y, x in BROWS:
        frame[y, x] = HAIRS
        if columns:
            frame[y.start : y.stop : max(rows, 1), x.start : x.stop : columns] = colour
    return frame


def left(before: np.ndarray, after: np.ndarray) -> float:
    """What is left of how far the bright places in brows stand out, in display values."""
    parts = [[one[brow].astype(float).mean(axis=2) for brow in BROWS] for one in (before, after)]
    bright = [part > part.mean() + 20 for part in parts[0]]
    gaps = [
        np.mean([part[shown].mean() - part[~shown].mean() for part, shown in zip(one, bright, strict=True)])
        for one in parts
    ]
    return float(gaps[1] / gaps[0])


def test_the_face_has_a_usual_size() -> None:
    assert 1 < 1 / scale_of(crop_matrix(POINTS)) < 2


def test_dots_go_and_strands_stay() -> None:
    sandy, hairy = picture(3, 3), picture(0, 6)
    assert left(sandy, without_sand(sandy, FACE)) < 0.5
    assert left(hairy, without_sand(hairy, FACE)) > 0.95  # the twin: as bright, and as thin


def test_dots_lose_their_colour() -> None:
    frame = picture(5, 5, (120, 60, 20))
    found = without_sand(frame, FACE)
    y, x = BROWS[0]
    before, after = (
        one[y.start + 5, x.start + 10].astype(float) / one[y.start + 5, x.start + 10].mean()
        for one in (frame, found)
    )
    assert np.ptp(after) < 0.7 * np.ptp(before)


def test_what_is_far_from_brows_stays() -> None:
    frame = picture(3, 3)
    frame[300:320:3, 150:170:3] = 20
    found = without_sand(frame, FACE)
    assert np.array_equal(found[280:], frame[280:]) and not np.array_equal(found, frame)


def test_sixteen_bits_are_the_same() -> None:
    frame = picture(3, 3)
    deep = without_sand(frame.astype(np.uint16) * 257, FACE)
    assert deep.dtype == np.uint16 and np.abs(deep / 257 - without_sand(frame, FACE)).max() < 1


def test_a_picture_that_shows_no_brow_is_the_very_same() -> None:
    frame = picture(3, 3)[:12]
    assert without_sand(frame, FACE) is frame
