"""Detail of a half in deep shadow comes from the lit half; its broad tone stays, and so does a face in even light."""

import cv2
import numpy as np

from aotface.face.align import AlignedFace, align
from aotface.face.mesh import MEAN, MIRROR
from aotface.reenact.dark_side import without_dark_side
from aotface.types import Face, Frame

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
CHEEK = 205
"""A vertex of one cheek."""


def lit(factor: float, spots: bool = True) -> Frame:
    """A face whose right half of the picture has so much of the light."""
    frame = np.full((SIDE, SIDE, 3), (200.0, 160.0, 140.0))
    if spots:
        for n in (CHEEK, MIRROR[CHEEK]):
            x, y = POINTS[n, :2].round().astype(int).tolist()
            cv2.circle(frame, (x, y), 3, (110.0, 80.0, 70.0), -1)
    frame[:, 160:] *= factor
    return np.rint(frame).astype(np.uint8)


def aligned(frame: Frame) -> AlignedFace:
    return align(frame, FACE)


def dark_cheek() -> tuple[int, int]:
    """Row and column of the cheek in the right half."""
    n = max((CHEEK, int(MIRROR[CHEEK])), key=lambda one: POINTS[one, 0])
    x, y = POINTS[n, :2].round().astype(int).tolist()
    return y, x


def done(frame: Frame, texture: float = 1.0) -> Frame:
    seen = np.full((256, 256), texture, np.float32)
    return without_dark_side(frame, aligned(frame), seen, 320)


def test_a_face_in_even_or_softly_uneven_light_is_the_very_same() -> None:
    for factor in (1.0, 0.8):
        frame = lit(factor)
        assert done(frame) is frame


def test_detail_that_a_shadow_hides_is_read_from_the_other_half() -> None:
    frame, (y, x) = lit(0.3, spots=False), dark_cheek()
    bright = lit(0.3)
    frame[:, :160] = bright[:, :160]
    changed = done(frame).astype(float)
    around = changed[y - 12 : y + 13, x - 12 : x + 13].mean(axis=2)
    ring = np.median(around)
    assert around[12, 12] < 0.8 * ring
    assert abs(frame[y, x].astype(float).mean() / ring - 1) < 0.2  # the twin: nothing was there


def test_the_shadow_keeps_its_tone() -> None:
    frame, (y, x) = lit(0.3), dark_cheek()
    here = slice(y - 20, y + 20), slice(x - 15, x + 15)
    assert done(frame) is not frame
    assert abs(done(frame)[here].mean() - frame[here].mean()) < 4


def test_what_may_not_be_read_is_not_laid_in() -> None:
    frame = lit(0.3)
    assert done(frame, texture=0.0) is frame


def test_the_lit_half_stays() -> None:
    frame = lit(0.3)
    np.testing.assert_array_equal(done(frame)[:, :130], frame[:, :130])
