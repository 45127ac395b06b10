"""Nostrils that the target shows and X_r does not are carried over; X_r's own, broad shadows and covers are not."""

import cv2
import numpy as np

from aotface.face.mesh import LEFT_NOSTRIL, MEAN, RIGHT_NOSTRIL
from aotface.face.render import rasterize
from aotface.reenact.target_nostrils import MOST, target_nostrils
from aotface.types import Crop, Landmarks, Mask

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
MOVED: Landmarks = POINTS + np.array([6, -4, 0], np.float32)
SKIN = np.array([0.7, 0.55, 0.45], np.float32)
RASTER = rasterize(POINTS, SIDE)


def drawn(points: Landmarks, dark: float, size: int = 2) -> Crop:
    """Skin with two nostrils."""
    face = np.ones((SIDE, SIDE, 3), np.float32)
    for place in (middle(points, RIGHT_NOSTRIL), middle(points, LEFT_NOSTRIL)):
        cv2.circle(face, place, size, (dark,) * 3, -1)
    return face * SKIN


def middle(points: Landmarks, nostril: np.ndarray) -> tuple[int, int]:
    x, y = np.round(points[nostril, :2].mean(axis=0)).astype(int).tolist()
    return x, y


def light(face: Crop, target: Crop, seen: Mask | None = None) -> np.ndarray | None:
    found = target_nostrils(face, target, POINTS, MOVED, RASTER, seen)
    return None if found is None else found.light


def test_nostrils_come_where_the_new_face_has_its_own_places() -> None:
    face = drawn(POINTS, 1.0)
    added = light(face, drawn(MOVED, 0.3))
    assert added is not None
    for nostril in (RIGHT_NOSTRIL, LEFT_NOSTRIL):
        x, y = middle(POINTS, nostril)
        depth = -np.log((face + added)[y, x] / face[y, x])
        assert 0.4 < depth[1] < MOST * 1.2
        assert depth[0] < depth[1] < depth[2]  # redder than skin
    x, y = POINTS[1, :2].astype(int)
    assert not added[y - 8 : y - 4, x].any()  # the tip stays as it is
    far = np.s_[: int(POINTS[6, 1])]
    assert not added[far].any()


def test_its_own_are_enough() -> None:
    assert light(drawn(POINTS, 0.3), drawn(MOVED, 0.3)) is None


def test_a_target_without_gives_none() -> None:
    assert light(drawn(POINTS, 1.0), drawn(MOVED, 1.0)) is None


def test_a_shadow_is_no_nostril() -> None:
    target = drawn(MOVED, 1.0)
    (first, y), (last, _) = middle(MOVED, LEFT_NOSTRIL), middle(MOVED, RIGHT_NOSTRIL)
    cv2.rectangle(target, (first - 12, y - 4), (last + 12, y + 4), (SKIN * 0.3).tolist(), -1)
    assert light(drawn(POINTS, 1.0), target) is None


def test_what_covers_the_target_is_not_carried_over() -> None:
    added = light(drawn(POINTS, 1.0), drawn(MOVED, 0.3), np.zeros((SIDE, SIDE), np.float32))
    assert added is None or not added.any()


def test_grids_of_other_sides() -> None:
    half = [
        cv2.resize(one, (128, 128), interpolation=cv2.INTER_AREA)
        for one in (drawn(POINTS, 1), drawn(MOVED, 0.3))
    ]
    points, moved = ((one + 0.5) / 2 - 0.5 for one in (POINTS, MOVED))
    found = target_nostrils(half[0], half[1], points, moved, rasterize(points, 128))
    assert found is not None
    assert found.light.min() < -0.15


def hooked(depth: float) -> tuple[Crop, tuple[int, int]]:
    """Skin with a dark hook beside one nostril's place, and none at the other's."""
    face = np.ones((SIDE, SIDE, 3), np.float32)
    x, y = middle(POINTS, RIGHT_NOSTRIL)
    hook = x + 5, y - 2
    cv2.circle(face, hook, 2, (depth,) * 3, -1)
    return face * SKIN, hook


def test_where_one_is_lacking_both_are_replaced() -> None:
    face, hook = hooked(0.5)
    added = light(face, drawn(MOVED, 0.4))
    assert added is not None
    depths = []
    for nostril in (RIGHT_NOSTRIL, LEFT_NOSTRIL):
        x, y = middle(POINTS, nostril)
        depths.append(float(-np.log((face + added)[y, x, 1] / SKIN[1])))
    assert min(depths) > 0.4
    assert abs(depths[0] - depths[1]) < 0.2
    before, after = (one[hook[1], hook[0], 1] / SKIN[1] for one in (face, face + added))
    assert after > before + 0.2  # the hook is filled


def test_nostrils_that_lie_elsewhere_are_replaced_by_ones_as_deep_alone() -> None:
    face = np.ones((SIDE, SIDE, 3), np.float32)
    for nostril in (RIGHT_NOSTRIL, LEFT_NOSTRIL):
        x, y = middle(POINTS, nostril)
        cv2.circle(face, (x + 6, y - 2), 1, (0.2,) * 3, -1)
    assert light(face * SKIN, drawn(MOVED, 0.15)) is not None
    assert light(face * SKIN, drawn(MOVED, 0.5)) is None


def test_what_is_finer_than_the_grid_goes_where_it_was_filled() -> None:
    face, hook = hooked(0.5)
    found = target_nostrils(face, drawn(MOVED, 0.4), POINTS, MOVED, RASTER)
    assert found is not None
    large = cv2.resize(face, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_NEAREST)
    at, far = (2 * hook[1], 2 * hook[0]), (2 * hook[1] - 100, 2 * hook[0])
    large[at] += 0.2
    large[far] += 0.2
    before = large.copy()
    found.lay(large)
    assert large[far][1] == before[far][1]
    ring = [(at[0] + dy, at[1] + dx) for dy, dx in ((-2, 0), (2, 0), (0, -2), (0, 2))]
    assert large[at][1] - np.mean([large[one][1] for one in ring]) < 0.1
