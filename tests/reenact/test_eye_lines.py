"""Lines that a smile draws beside the eyes go where the target does not smile; lids, brows, spots and pores stay."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import MEAN, RIGHT_BROW, RIGHT_EYE
from aotface.reenact.eye_lines import level_eyes
from aotface.reenact.mouth_shading import Fallen
from aotface.types import Crop, Landmarks

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
SKIN = np.array([0.75, 0.6, 0.5], np.float32)
ALL, NONE = Fallen((1.0, 1.0), 1.0), Fallen((0.0, 0.0), 1.0)
MIDDLE = POINTS[[33, 127, 234, 50], :2].mean(axis=0)
"""Beside the right eye, on the cheekbone."""


def levelled(face: Crop, less: Fallen, monkeypatch: pytest.MonkeyPatch, side: int = SIDE) -> Crop:
    monkeypatch.setattr("aotface.reenact.eye_lines.fallen", lambda *_: less)
    done, whole = face.copy(), (slice(0, side), slice(0, side))
    level_eyes(done, whole, POINTS, side, POINTS, POINTS, SIDE)
    return done


def lined(side: int = SIDE) -> Crop:
    """Skin with a line from the eye's corner over the cheekbone."""
    face, zoom = np.ones((side, side, 3), np.float32), side / SIDE
    places = np.array([MIDDLE + [-9, -3], MIDDLE + [9, 3]])
    ends = np.round((places + 0.5) * zoom - 0.5).astype(int)
    cv2.line(face, ends[0].tolist(), ends[1].tolist(), (0.8,) * 3, max(1, round(1.5 * zoom)), cv2.LINE_AA)
    return cv2.GaussianBlur(face, (0, 0), 0.5 * zoom) * SKIN


def dip(face: Crop, place: np.ndarray) -> float:
    """How much darker than beside it a place is."""
    zoom = len(face) / SIDE
    x, y = np.round((place + 0.5) * zoom - 0.5).astype(int)
    column = face[y - round(7 * zoom) : y + round(7 * zoom) + 1, x, 0]
    return float(np.median(column) - column.min())


@pytest.mark.parametrize("side", [SIDE, 512])
def test_a_line_goes_where_the_target_does_not_smile(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    face = lined(side)
    before = dip(face, MIDDLE)
    assert before > 0.08
    assert dip(levelled(face, ALL, monkeypatch, side), MIDDLE) < 0.45 * before
    np.testing.assert_array_equal(
        levelled(face, NONE, monkeypatch, side), face
    )  # the twin: it smiles as much


def test_each_side_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    face = lined()
    before = dip(face, MIDDLE)
    assert dip(levelled(face, Fallen((1.0, 0.0), 0.0), monkeypatch), MIDDLE) < 0.45 * before
    assert dip(levelled(face, Fallen((0.0, 1.0), 0.0), monkeypatch), MIDDLE) > 0.9 * before


def test_spots_and_pores_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    pores = 1 - 0.03 * np.abs(np.random.default_rng(0).standard_normal((SIDE, SIDE, 1)).astype(np.float32))
    face = pores * SKIN
    x, y = np.round(MIDDLE).astype(int).tolist()
    cv2.circle(face, (x, y), 2, (0.6 * SKIN).tolist(), -1)
    made = levelled(face, ALL, monkeypatch)
    assert dip(made, MIDDLE) > 0.6 * dip(face, MIDDLE)
    here = np.s_[y + 5 : y + 15, x - 5 : x + 6, 0]
    assert np.std(made[here]) > 0.75 * np.std(face[here])


def test_lids_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    face = np.ones((SIDE, SIDE, 3), np.float32)
    ring = np.round(POINTS[RIGHT_EYE, :2]).astype(np.int32)
    cv2.polylines(face, [ring], True, (0.3,) * 3, 2)
    face = face * SKIN
    made = levelled(face, ALL, monkeypatch)
    shown = face[..., 0] < 0.5 * SKIN[0]
    assert np.abs(made - face)[shown].max() < 0.03


def test_a_brows_end_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    face = np.ones((SIDE, SIDE, 3), np.float32)
    outer = np.round(POINTS[RIGHT_BROW[[0, 1]], :2]).astype(int)
    cv2.line(face, (outer[0] + [-2, 1]).tolist(), outer[1].tolist(), (0.4,) * 3, 2)
    face = face * SKIN
    made = levelled(face, ALL, monkeypatch)
    shown = face[..., 0] < 0.7 * SKIN[0]
    assert np.abs(made - face)[shown].max() < 0.06 * SKIN[0]
