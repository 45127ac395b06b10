"""Folds of a smile that X_r lacks are carried over; its own, hairs and covers are not."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.render import rasterize
from aotface.reenact.mouth_shading import FOLDS
from aotface.reenact.target_folds import DARKER, risen_smile, target_folds
from aotface.types import Crop, Landmarks, Mask

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
MOVED: Landmarks = POINTS + np.array([6, -4, 0], np.float32)
SKIN = np.array([0.75, 0.6, 0.5], np.float32)
SHADE = np.array([0.85, 0.77, 0.73], np.float32)
"""Of a fold, redder than skin: depths .16, .26 and .31."""
HAIR = np.array([0.77, 0.77, 0.77], np.float32)
"""As dark, but grey."""
RASTER = rasterize(POINTS, SIDE)
BOTH = (1.0, 1.0)


def drawn(points: Landmarks, shade: np.ndarray) -> Crop:
    """Skin with a soft line along both folds."""
    line = np.zeros((SIDE, SIDE), np.float32)
    for fold in FOLDS:
        cv2.polylines(line, [np.round(points[list(fold), :2]).astype(np.int32)], False, (1.0,), 4)
    weight = cv2.GaussianBlur(line, (0, 0), 1.0)[..., None]
    return (SKIN * (1 - weight + weight * shade)).astype(np.float32)


def depth(
    face: Crop,
    target: Crop,
    vertex: int = 206,
    smile: tuple[float, float] = BOTH,
    seen: Mask | None = None,
) -> np.ndarray:
    """How much darker a place of the new face becomes, a logarithm of each channel."""
    added = target_folds(face, target, POINTS, MOVED, RASTER, smile, seen)
    if added is None:
        return np.zeros(3)
    x, y = np.round(POINTS[vertex, :2]).astype(int)
    return np.asarray(-np.log((face + added)[y, x] / face[y, x]))


PLAIN = drawn(POINTS, np.ones(3, np.float32))


def test_folds_come_where_the_new_face_has_its_own_places() -> None:
    for vertex in (206, 426):
        found = depth(PLAIN, drawn(MOVED, SHADE), vertex)
        assert 0.08 < found[1] < 1.3 * DARKER
        assert found[0] < found[1] < found[2]  # redder than skin
    added = target_folds(PLAIN, drawn(MOVED, SHADE), POINTS, MOVED, RASTER, BOTH)
    assert added is not None
    far = np.s_[: int(POINTS[6, 1])]
    assert not added[far].any()
    x, y = POINTS[13, :2].astype(int)
    assert np.abs(added[y, x]).max() < 0.01  # lips stay as they are


def test_each_side_comes_by_itself() -> None:
    target = drawn(MOVED, SHADE)
    assert (
        depth(PLAIN, target, 206, (1.0, 0.0))[1] > 0.08 > 0.01 > abs(depth(PLAIN, target, 426, (1.0, 0.0))[1])
    )
    assert target_folds(PLAIN, target, POINTS, MOVED, RASTER, (0.0, 0.0)) is None


def test_its_own_folds_are_enough() -> None:
    assert abs(depth(drawn(POINTS, SHADE), drawn(MOVED, SHADE))[1]) < 0.02


def test_hairs_are_not_carried_over() -> None:
    assert abs(depth(PLAIN, drawn(MOVED, HAIR))[1]) < 0.02


def test_what_covers_the_target_is_not_carried_over() -> None:
    assert not depth(PLAIN, drawn(MOVED, SHADE), seen=np.zeros((SIDE, SIDE), np.float32)).any()


def test_spots_stay_behind() -> None:
    """As dark as a fold, but short: a mole."""
    target = drawn(MOVED, np.ones(3, np.float32))
    place = tuple(np.round(MOVED[206, :2]).astype(int).tolist())
    cv2.circle(target, place, 1, (SKIN * SHADE).tolist(), -1)
    assert depth(PLAIN, target)[1] < 0.4 * depth(PLAIN, drawn(MOVED, SHADE))[1]


def test_grids_of_other_sides() -> None:
    half = [cv2.resize(one, (128, 128), interpolation=cv2.INTER_AREA) for one in (PLAIN, drawn(MOVED, SHADE))]
    points, moved = ((one + 0.5) / 2 - 0.5 for one in (POINTS, MOVED))
    added = target_folds(half[0], half[1], points, moved, rasterize(points, 128), BOTH)
    assert added is not None and added.min() < -0.03


def test_a_smile_rises_from_source_to_target(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {1.0: 0.9, 2.0: 0.1}
    monkeypatch.setattr(
        "aotface.reenact.target_folds.expression",
        lambda one: np.full(52, numbers[float(one[0, 0])], np.float32),
    )
    smiling, calm = (np.full((468, 3), mark, np.float32) for mark in (1.0, 2.0))
    assert risen_smile(calm, smiling) == (1.0, 1.0)
    assert risen_smile(smiling, calm) == (0.0, 0.0)
