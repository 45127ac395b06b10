"""What spectacles leave beside their frame fades: steps and lines; pores, the nose, and what lies far from it stay."""

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.mesh import LEFT_EYE, MEAN
from aotface.reenact.rim_shade import without_rim_shade
from aotface.types import CROP_SIDE, Face, Frame, Mask

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
X, Y = POINTS[LEFT_EYE, :2].mean(axis=0).round().astype(int).tolist()
LOW = Y + 34
NO_BROW: Mask = np.zeros((CROP_SIDE, CROP_SIDE), np.float32)


def skin(step: float = 0.0, pores: float = 0.0) -> Frame:
    """Skin that is brighter above the lower rim of the left lens; the step is as wide as a filled rim."""
    frame = np.full((SIDE, SIDE, 3), (180, 140, 120), np.float32)
    frame *= 1 + step * np.clip((LOW + 2.5 - np.arange(SIDE)) / 5, 0, 1)[:, None, None]
    frame += pores * np.random.default_rng(1).standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    return np.asarray(np.rint(frame), np.uint8)


def worn(where: bool = True) -> Mask:
    drawn = np.zeros((SIDE, SIDE), np.float32)
    if where:
        cv2.line(drawn, (X - 22, LOW), (X + 22, LOW), (1.0,), 5)
    return cv2.warpAffine(drawn, align(skin(), FACE).matrix, (CROP_SIDE, CROP_SIDE))


def steepest(frame: Frame) -> float:
    column = frame[LOW - 14 : LOW + 14, X, 1].astype(float)
    return float(np.abs(np.diff(column)).max())


@pytest.mark.parametrize("step", [0.3, -0.3])
def test_a_step_becomes_a_gentle_change(step: float) -> None:
    before, done = skin(step), without_rim_shade(skin(step), FACE, worn(), NO_BROW)
    assert steepest(before) >= 8
    assert steepest(done) <= 0.6 * steepest(before)
    far = np.hypot(*(np.indices((SIDE, SIDE)) - np.array([LOW, X])[:, None, None])) > 60
    np.testing.assert_array_equal(done[far], before[far])


def test_pores_stay() -> None:
    done = without_rim_shade(skin(0.0, 4.0), FACE, worn(), NO_BROW)
    here = slice(LOW - 8, LOW + 8), slice(X - 15, X + 15)
    fine = [one[here].astype(float).std() for one in (skin(0.0, 4.0), done)]
    assert fine[1] == pytest.approx(fine[0], rel=0.08)


def test_the_nose_and_brows_stay() -> None:
    before = skin(0.12)
    brow = cv2.warpAffine(
        np.ones((SIDE, SIDE), np.float32), align(before, FACE).matrix, (CROP_SIDE, CROP_SIDE)
    )
    np.testing.assert_array_equal(without_rim_shade(before, FACE, worn(), brow), before)
    across, nose = np.zeros((SIDE, SIDE), np.float32), POINTS[4, :2].round().astype(int)
    cv2.line(across, (nose[0] - 3, nose[1]), (nose[0] + 3, nose[1]), (1.0,), 3)
    on_nose = cv2.warpAffine(across, align(before, FACE).matrix, (CROP_SIDE, CROP_SIDE))
    done = without_rim_shade(before, FACE, on_nose, NO_BROW)
    here = slice(nose[1] - 3, nose[1] + 3), slice(nose[0] - 3, nose[0] + 3)
    np.testing.assert_array_equal(done[here], before[here])


def test_a_bare_face_is_the_very_same() -> None:
    frame = skin(0.12)
    assert without_rim_shade(frame, FACE, worn(False), NO_BROW) is frame


def test_sixteen_bits_stay_sixteen() -> None:
    frame = skin(0.12).astype(np.uint16) * 257
    done = without_rim_shade(frame, FACE, worn(), NO_BROW)
    assert done.dtype == np.uint16
    assert np.abs(done / 257.0 - without_rim_shade(skin(0.12), FACE, worn(), NO_BROW)).max() <= 1
