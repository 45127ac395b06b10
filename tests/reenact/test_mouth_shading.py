"""Folds and corners of a smile that the target does not smile are filled; nostrils, and folds of the same smile, stay."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import INNER_LIPS, MEAN
from aotface.reenact.mouth_shading import (
    CORNERS,
    FOLDS,
    NOSE,
    WINGS,
    Fallen,
    fallen,
    level_mouth,
    mouth_shading,
)
from aotface.types import Crop, Landmarks

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
SKIN = np.array([0.75, 0.6, 0.5], np.float32)
ALL, NONE = Fallen((1.0, 1.0), 1.0), Fallen((0.0, 0.0), 0.0)


def drawn() -> Crop:
    """Skin with a dark line along each fold, dark corners and a dark nostril."""
    face = np.ones((SIDE, SIDE, 3), np.float32)
    for fold in FOLDS:
        cv2.polylines(face, [np.round(POINTS[list(fold[1:]), :2]).astype(np.int32)], False, (0.5,) * 3, 2)
    for place in (*POINTS[list(CORNERS), :2], nostril()):
        cv2.circle(face, tuple(np.round(place).astype(int).tolist()), 3, (0.3,) * 3, -1)
    return face * SKIN


def nostril() -> np.ndarray:
    return POINTS[NOSE, :2].mean(axis=0)


def levelled(less: Fallen) -> Crop:
    face = drawn()
    return face + mouth_shading(face, POINTS, less, 1.0)


def value(face: Crop, place: np.ndarray) -> float:
    x, y = np.round(place[:2]).astype(int)
    return float(face[y, x, 0] / SKIN[0])


def test_lines_of_a_smile_that_fell_go() -> None:
    made, same = levelled(ALL), levelled(NONE)
    for vertex in (206, 216, 426, 436):
        assert value(made, POINTS[vertex]) > 0.88
        assert value(same, POINTS[vertex]) < 0.6  # the twin: the target smiles as much
    assert min(value(made, POINTS[corner]) for corner in CORNERS) > 0.55 > value(same, POINTS[CORNERS[0]])
    assert value(made, nostril()) < 0.4  # what is dark by itself stays
    far = np.s_[: int(POINTS[6, 1])]
    np.testing.assert_array_equal(made[far], drawn()[far])


def test_a_fold_leaves_no_hole_beside_the_nose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end lies at the wing, and above it."""
    face, wing = np.ones((SIDE, SIDE, 3), np.float32), POINTS[WINGS[0], :2]
    hole = wing + np.array([-6, -5], np.float32)  # on the cheek
    cv2.circle(face, tuple(np.round(hole).astype(int).tolist()), 3, (0.5,) * 3, -1)
    values, whole = [], (slice(0, SIDE), slice(0, SIDE))
    for less in (ALL, NONE):  # the twin: the target smiles as much
        monkeypatch.setattr("aotface.reenact.mouth_shading.fallen", lambda *_, less=less: less)
        made = face * SKIN
        level_mouth(made, whole, POINTS, SIDE, POINTS, POINTS, SIDE)
        values.append(value(made, hole))
    assert values[0] > 0.8 and values[1] < 0.6


def test_a_thin_line_goes_and_pores_stay() -> None:
    """Thinner than what the blur leaves; pores are as dark, but lie side by side in no direction."""
    pores = 1 - 0.03 * np.abs(np.random.default_rng(0).standard_normal((SIDE, SIDE, 1)).astype(np.float32))
    face = pores * SKIN
    line = np.round(POINTS[list(FOLDS[0][2:4]), :2]).astype(np.int32)
    cv2.polylines(face, [line], False, (0.8 * SKIN).tolist(), 1)
    made = face + mouth_shading(face, POINTS, ALL, 1.0)
    x, y = line.mean(axis=0).astype(int)
    assert (
        face[y, x - 1 : x + 2, 0].min() < 0.82 * SKIN[0] and made[y, x - 1 : x + 2, 0].min() > 0.9 * SKIN[0]
    )
    beside = np.s_[y - 4 : y + 5, x + 7 : x + 12, 0]
    assert np.std(made[beside]) > 0.75 * np.std(face[beside])


@pytest.mark.parametrize("right", [True, False])
def test_each_side_goes_by_itself(right: bool) -> None:
    made = levelled(Fallen((float(right), float(not right)), 0.0))
    gone, stays = (216, 436) if right else (436, 216)
    assert value(made, POINTS[gone]) > 0.88 and value(made, POINTS[stays]) < 0.6


def test_a_face_does_not_do_less_than_itself() -> None:
    assert not fallen(POINTS, POINTS).any
    opened = POINTS.copy()
    opened[INNER_LIPS[1:10], 1] += 8
    assert fallen(opened, POINTS).mouth == 1 and fallen(POINTS, opened).mouth == 0


def test_larger_crops_get_the_same() -> None:
    small, large = drawn(), cv2.resize(drawn(), (512, 512), interpolation=cv2.INTER_LINEAR)
    whole = slice(0, 512), slice(0, 512)
    done = level_mouth(large, whole, POINTS, 512, POINTS, POINTS, SIDE)
    again = level_mouth(small, (slice(0, 256), slice(0, 256)), POINTS, 256, POINTS, POINTS, SIDE)
    assert done.shape == (SIDE, SIDE, 3) and np.abs(done - again).max() < 0.05


def hairline(smiles: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """How dark the sharp edge of a fold is at four times the grid's pixels, before and after; a valley goes with it."""
    zoom, side = 4, 4 * SIDE
    place = [(POINTS[n, :2].astype(np.float64) + 0.5) * zoom - 0.5 for n in FOLDS[0][1:5]]
    line = np.round(np.array(place)).astype(np.int32)
    valley = np.zeros((side, side), np.float32)
    cv2.polylines(valley, [line], False, (1.0,), 3 * zoom)
    face = (1 - 0.3 * cv2.GaussianBlur(valley, (0, 0), zoom))[..., None] * SKIN
    cv2.polylines(face, [line], False, (0.55 * SKIN).tolist(), 1)
    less = ALL if smiles else Fallen((0.0, 0.0), 1.0)
    monkeypatch.setattr("aotface.reenact.mouth_shading.fallen", lambda *_: less)
    done, whole = face.copy(), (slice(0, side), slice(0, side))
    level_mouth(done, whole, POINTS, side, POINTS, POINTS, SIDE)
    x, y = ((line[1] + line[2]) // 2).tolist()
    rows = np.s_[y, x - 24 : x + 25, 0]
    return tuple(float(np.median(one[rows]) - one[rows].min()) for one in (face, done))  # type: ignore[return-value]


def test_the_edge_of_a_filled_fold_goes_though_it_is_finer_than_the_grid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = hairline(True, monkeypatch)
    assert after < 0.4 * before
    before, after = hairline(False, monkeypatch)
    assert after > 0.9 * before  # the twin: the target smiles as much
