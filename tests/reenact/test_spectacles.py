"""Frames are taken off where the network sees one, and only what stands out there; a bare face stays the very same."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, MEAN, RIGHT_EYE
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import view_matrix
from aotface.reenact import spectacles
from aotface.reenact.spectacles import without_spectacles
from aotface.types import Face, Frame

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
MATRIX = view_matrix(POINTS)


@pytest.fixture
def as_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a frame leaves beside it stays."""
    monkeypatch.setattr(spectacles, "without_rim_shade", lambda bare, *_: bare)


def skin() -> Frame:
    return np.full((SIDE, SIDE, 3), (200, 160, 140), np.uint8)


def rims(thick: int) -> np.ndarray:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    for ring in (LEFT_EYE, RIGHT_EYE):
        x, y = POINTS[ring, :2].mean(axis=0).round().astype(int).tolist()
        cv2.circle(drawn, (x, y), 34, 1, thick)
    return drawn


def seen(where: np.ndarray) -> Visibility:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.FRAME] = cv2.warpAffine(where.astype(np.float32), MATRIX, (256, 256))
    planes[Surface.SKIN] = 1 - planes[Surface.FRAME]
    return Visibility(planes, MATRIX)


def worn() -> Frame:
    frame = skin()
    frame[rims(3) > 0] = 30
    return frame


def test_a_frame_is_taken_off() -> None:
    done = without_spectacles(worn(), FACE, seen(rims(9)))
    assert np.abs(done.astype(int) - skin()).max() < 40
    assert np.abs(done.astype(int) - skin())[rims(3) > 0].mean() < 6
    assert np.abs(worn().astype(int) - skin()).max() > 100  # the twin


def test_what_does_not_stand_out_and_a_bare_face_stay() -> None:
    plain = skin()
    np.testing.assert_array_equal(without_spectacles(plain, FACE, seen(rims(9))), plain)
    assert without_spectacles(worn(), FACE, seen(np.zeros((SIDE, SIDE)))) is not None
    frame = worn()
    assert without_spectacles(frame, FACE, seen(np.zeros((SIDE, SIDE)))) is frame


def test_a_wrinkle_beside_a_black_frame_stays() -> None:
    x, y = POINTS[LEFT_EYE, :2].mean(axis=0).round().astype(int).tolist()
    frame, place = skin(), (y, x + 34 - 7)
    frame[y - 1 : y + 2, x + 20 : x + 50] = (160, 125, 110)
    frame[rims(3) > 0] = 30
    kept = without_spectacles(frame, FACE, seen(rims(11)))[place]
    pale = skin()
    pale[y - 1 : y + 2, x + 20 : x + 50] = (160, 125, 110)
    pale[rims(3) > 0] = (165, 130, 115)
    gone = without_spectacles(pale, FACE, seen(rims(11)))[place]
    assert np.abs(kept.astype(int) - frame[place]).max() < 12
    assert np.abs(gone.astype(int) - pale[place]).max() > 20  # twin: of a pale frame it cannot be told


def test_eyes_stay() -> None:
    frame = worn()
    for ring in (LEFT_EYE, RIGHT_EYE):
        cv2.fillPoly(frame, [POINTS[ring, :2].round().astype(np.int32)], (20, 20, 20))
    done = without_spectacles(frame, FACE, seen(rims(60)))
    middle = POINTS[LEFT_EYE, :2].mean(axis=0).round().astype(int)
    assert done[middle[1], middle[0]].max() < 60


def test_without_a_bridge_over_the_nose_nobody_wears_a_frame() -> None:
    """Deep lids of an old face look like frames, but never there."""
    frame, likely = worn(), rims(9)
    likely[:, 125:195] = 0
    assert without_spectacles(frame, FACE, seen(likely)) is frame


def test_a_brow_above_a_frame_is_not_filled_with_skin() -> None:
    frame, planes = worn(), seen(rims(9)).planes.copy()
    brow = np.zeros((SIDE, SIDE), np.uint8)
    for ring in (LEFT_EYE, RIGHT_EYE):
        x, y = POINTS[ring, :2].mean(axis=0).round().astype(int).tolist()
        cv2.line(brow, (x - 25, y - 33), (x + 25, y - 33), 1, 12)
    frame[(brow > 0) & (rims(3) == 0)] = (90, 60, 50)
    hairs = cv2.warpAffine(brow.astype(np.float32), MATRIX, (256, 256))
    planes[Surface.BROW], planes[Surface.FRAME] = 0.9 * hairs, planes[Surface.FRAME] * (1 - 0.9 * hairs)
    planes[Surface.SKIN] *= 1 - hairs
    done = without_spectacles(frame, FACE, Visibility(planes, MATRIX))
    middle = cv2.erode(brow, np.ones((5, 5))) > 0
    assert done[middle].mean() < 110 < skin().mean() - 40


def test_a_piece_of_a_brow_that_looks_like_a_frame_stays() -> None:
    low = np.roll(rims(9), 30, axis=0)
    cv2.line(low, *(tuple(POINTS[corner, :2].astype(int).tolist()) for corner in (33, 263)), 1, 9)
    frame, piece = skin(), np.zeros((SIDE, SIDE), np.uint8)
    frame[low > 0] = 30
    x, y = POINTS[LEFT_BROW, :2].mean(axis=0).astype(int).tolist()
    cv2.line(piece, (x - 8, y - 1), (x + 8, y - 1), 1, 3)
    assert not (cv2.dilate(low, np.ones((5, 5))) & piece).any()
    frame[piece > 0] = (90, 60, 50)
    done = without_spectacles(frame, FACE, seen(np.maximum(low, cv2.dilate(piece, np.ones((3, 3))))))
    assert done[piece > 0].mean() < 80 and done[low > 0].mean() > 120


def test_skin_in_a_lens_tells_what_lies_under_the_frame(as_filled: None) -> None:
    """The cheek is darker than skin in the lens, all of which may be frame: the guess from the cheek alone is too dark."""
    frame, inside = skin(), np.zeros((SIDE, SIDE), np.uint8)
    for ring in (LEFT_EYE, RIGHT_EYE):
        x, y = POINTS[ring, :2].mean(axis=0).round().astype(int).tolist()
        cv2.circle(inside, (x, y), 34, 1, -1)
    frame[inside == 0] = (186, 149, 130)
    bare = frame.copy()
    frame[rims(3) > 0] = 30
    likely = np.maximum(0.3 * rims(33), rims(9))
    done = without_spectacles(frame, FACE, seen(likely)).astype(float)
    inner = (rims(3) > 0) & (inside > 0) & (np.arange(SIDE) > POINTS[RIGHT_EYE, 1].max() + 4)[:, None]
    assert np.abs(done - bare)[inner].mean() < 6.5  # from the cheek alone it was 7.4
    assert np.abs(frame.astype(float) - bare)[inner].mean() > 100  # the twin


def test_a_beard_is_not_copied_under_a_frame() -> None:
    """Pores came from the cheek below; there may be stubble, which would look like worms."""
    frame, planes = worn(), seen(rims(9)).planes.copy()
    chin = np.zeros((SIDE, SIDE), np.uint8)
    chin[185:] = 1
    noise = np.random.default_rng(1).random((SIDE, SIDE)) < 0.5
    frame[(chin > 0) & noise] = (90, 70, 60)
    bearded = cv2.warpAffine(chin.astype(np.float32), MATRIX, (256, 256))
    planes[Surface.BEARD], planes[Surface.SKIN] = bearded, planes[Surface.SKIN] * (1 - bearded)
    done = without_spectacles(frame, FACE, Visibility(planes, MATRIX))
    rim = (rims(1) > 0) & (np.arange(SIDE) < 180)[:, None]
    assert done[rim].astype(float).std(axis=0).max() < 3  # with what was moved here it was 6


def test_skin_in_a_lens_that_looks_like_a_frame_stays(as_filled: None) -> None:
    """The visibility network's frame is broad; a crease of the lid lies in it, beside the rim that is seen."""
    x, y = POINTS[LEFT_EYE, :2].mean(axis=0).round().astype(int).tolist()
    frame, crease = worn(), np.s_[y + 21 : y + 24, x - 8 : x + 9]
    frame[crease] = (120, 90, 75)
    broad = seen(rims(31))
    told = Visibility(broad.planes, MATRIX)
    line = cv2.warpAffine(rims(3).astype(np.float32), MATRIX, (256, 256))
    vars(told)["lines"] = line, line
    kept, gone = (without_spectacles(frame, FACE, one) for one in (told, broad))
    assert np.abs(kept[crease].astype(int) - frame[crease]).mean() < 6
    assert np.abs(gone[crease].astype(int) - frame[crease]).mean() > 30  # the twin: all of it may be frame
    assert np.abs(kept.astype(int) - skin())[rims(3) > 0].mean() < 8


def test_pads_of_a_frame_are_taken_off_though_they_are_no_line() -> None:
    """Beside the nose what the visibility network calls a frame goes, though the other network sees no line there."""
    beside, below = ((POINTS[n, :2].round().astype(int)).tolist() for n in (114, 50))
    blots = np.zeros((SIDE, SIDE), np.uint8)
    frame = worn()
    for x, y in (beside, below):
        frame[y - 2 : y + 3, x - 2 : x + 3] = 40
        cv2.circle(blots, (x, y), 7, 1, -1)
    told = seen(np.maximum(rims(9), blots))
    line = cv2.warpAffine(rims(3).astype(np.float32), MATRIX, (256, 256))
    vars(told)["lines"] = line, line
    done = without_spectacles(frame, FACE, told)
    gone, kept = (
        np.abs(done[y - 1 : y + 2, x - 1 : x + 2].astype(int) - skin()[0, 0]).mean()
        for x, y in (beside, below)
    )
    assert gone < 30 < 80 < kept


def test_dark_lashes_do_not_spread_under_a_frame() -> None:
    frame = worn()
    for ring in (LEFT_EYE, RIGHT_EYE):
        around = cv2.dilate(
            cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [POINTS[ring, :2].astype(np.int32)], 1),
            np.ones((9, 9)),
        )
        frame[around > 0] = (60, 45, 40)
    done = without_spectacles(frame, FACE, seen(rims(9)))
    assert np.abs(done.astype(int) - skin())[rims(3) > 0].mean() < 8
