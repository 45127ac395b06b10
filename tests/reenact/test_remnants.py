"""Strands and shadows beside hair are filled with skin; wrinkles and moles elsewhere, brows, and gentle light stay."""

import cv2
import numpy as np

from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import view_matrix
from aotface.reenact.remnants import without_remnants
from aotface.types import Face, Frame

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
MATRIX = view_matrix(POINTS)
TOP = int(POINTS[10, 1])
BROWS = int(POINTS[[105, 334], 1].mean())
HAIR_ENDS = TOP + 6


def skin() -> Frame:
    """Light that falls off to one side."""
    falls = np.linspace(1.0, 0.75, SIDE)[None, :, None]
    return np.rint(np.full((SIDE, SIDE, 3), (200, 160, 140)) * falls).astype(np.uint8)


def seen(hair: np.ndarray) -> Visibility:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.HAIR] = cv2.warpAffine(hair.astype(np.float32), MATRIX, (256, 256))
    planes[Surface.SKIN] = 1 - planes[Surface.HAIR]
    return Visibility(planes, MATRIX)


def fringe() -> np.ndarray:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    drawn[:HAIR_ENDS] = 1
    return drawn


def haired() -> Frame:
    frame = skin()
    frame[fringe() > 0] = (50, 35, 30)
    return frame


def test_a_strand_and_a_shadow_beside_hair_are_filled() -> None:
    frame = haired()
    frame[HAIR_ENDS : HAIR_ENDS + 14, 158:161] = (60, 45, 40)
    frame[HAIR_ENDS : HAIR_ENDS + 8, 180:200] = skin()[HAIR_ENDS : HAIR_ENDS + 8, 180:200] // 2
    done, bare = (
        one[HAIR_ENDS + 2 : HAIR_ENDS + 7, 150:205].astype(int)
        for one in (without_remnants(frame, FACE, seen(fringe())), skin())
    )
    before = frame[HAIR_ENDS + 2 : HAIR_ENDS + 7, 150:205].astype(int)
    assert np.abs(done - bare).max() < 12
    assert np.abs(before - bare).max() > 60  # the twin


def test_a_bare_face_stays_the_very_same() -> None:
    frame = skin()
    assert without_remnants(frame, FACE, seen(np.zeros((SIDE, SIDE)))) is frame


def test_light_that_falls_off_towards_hair_stays() -> None:
    frame = haired()
    done = without_remnants(frame, FACE, seen(fringe()))
    below = slice(HAIR_ENDS + 5, None)
    assert np.abs(done[below].astype(int) - frame[below]).max() <= 2


def test_a_mole_away_from_hair_stays() -> None:
    frame = haired()
    frame[200:204, 110:114] = (90, 60, 50)
    done = without_remnants(frame, FACE, seen(fringe()))
    np.testing.assert_array_equal(done[200:204, 110:114], frame[200:204, 110:114])


def test_brows_stay_unless_they_are_not_used() -> None:
    frame, likely = haired(), fringe()
    likely[: BROWS - 12] = 1
    frame[: BROWS - 12] = (50, 35, 30)
    rings = [POINTS[ring, :2].round().astype(np.int32) for ring in (LEFT_BROW, RIGHT_BROW)]
    for ring in rings:
        cv2.fillConvexPoly(frame, cv2.convexHull(ring), (60, 45, 40))
    brow = np.zeros((SIDE, SIDE), np.uint8)
    for ring in rings:
        cv2.fillConvexPoly(brow, cv2.convexHull(ring), 1)
    middle = cv2.erode(brow, np.ones((3, 3))) > 0
    kept, gone = (
        without_remnants(frame, FACE, seen(likely), brows)[middle].mean() for brows in (True, False)
    )
    assert kept < 60
    assert gone > 120


def test_a_beard_stays() -> None:
    frame, there = haired(), seen(fringe())
    frame[HAIR_ENDS : HAIR_ENDS + 14, 158:161] = (60, 45, 40)
    planes = there.planes.copy()
    planes[Surface.BEARD], planes[Surface.SKIN] = 0.3 * planes[Surface.SKIN], 0.7 * planes[Surface.SKIN]
    below = slice(HAIR_ENDS + 2, None)
    done = without_remnants(frame, FACE, Visibility(planes, MATRIX))
    np.testing.assert_array_equal(done[below], frame[below])
