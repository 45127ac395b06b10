"""Nostrils get as deep as the target's, within a bound, and nothing else changes; pictures get it, videos do not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.compose.blend import blend, target_texture
from aotface.compose.camera import Camera
from aotface.compose.eyes import EyePoints
from aotface.compose.nostrils import DARKEST, MOST, NOSTRILS, Deepened, _darkness, _depth, deepen_nostrils
from aotface.face.mesh import MEAN
from aotface.types import Landmarks

SIDE = 128
SKIN = np.array([0.75, 0.55, 0.45], np.float32)


@pytest.fixture(scope="module")
def points() -> Landmarks:
    """A mean face whose nose lies in the middle of a crop of 256 pixels, of which the picture is the middle."""
    spread = np.ptp(MEAN[:, 1])
    made = (MEAN - MEAN[2]) * np.float32(180 / spread)
    return np.asarray(made * np.float32([1, np.sign(MEAN[152, 1] - MEAN[10, 1]), 1]) + SIDE / 2, np.float32)


def nose(points: Landmarks, depth: float) -> np.ndarray:
    """Skin with two round nostrils, darker by a logarithm."""
    dark = np.zeros((SIDE, SIDE), np.float32)
    for part in NOSTRILS:
        x, y = points[part, :2].mean(axis=0)
        cv2.circle(dark, (round(float(x)), round(float(y))), 3, (1.0,), -1)
    return SKIN * np.exp(-depth * cv2.GaussianBlur(dark, (0, 0), 1.0))[..., None]


def depth_of(picture: np.ndarray, points: Landmarks) -> float:
    return float(np.mean([_depth(_darkness(picture, 1.0), points, part, 1.0) for part in NOSTRILS]))


def deepened(points: Landmarks, own: float, target: float, weight: float = 1.0) -> Deepened | None:
    shown = np.full((SIDE, SIDE), weight, np.float32)
    return deepen_nostrils(nose(points, own), nose(points, target), shown, EyePoints(points, points), 1.0)


def test_grey_nostrils_get_as_deep_as_the_targets(points: Landmarks) -> None:
    before, wanted = nose(points, 0.5), nose(points, 0.75)
    made = deepened(points, 0.5, 0.75)
    assert made is not None
    after = made.lay(before)
    assert depth_of(after, points) == pytest.approx(depth_of(wanted, points), rel=0.08)
    assert depth_of(before, points) < 0.75 * depth_of(wanted, points)
    bare = _darkness(before, 1.0) < 0.05
    assert np.array_equal(after[bare], before[bare]) and bare.mean() > 0.9
    dark = after[made.mask > 0.1] / before[made.mask > 0.1]
    assert (dark[:, 0] > dark[:, 2]).all(), "what gets darker gets redder"


def test_deep_ones_stay_and_others_are_bounded(points: Landmarks) -> None:
    assert deepened(points, 0.8, 0.6) is None
    made = deepened(points, 0.3, 3.0)
    assert made is not None and 0 < made.mask.max() <= DARKEST
    own = _darkness(nose(points, 0.3), 1.0)
    assert (made.mask <= (MOST - 1) * own + 1e-6).all()


def test_the_shadow_of_the_tip_gets_no_deeper(points: Landmarks) -> None:
    middle = np.mean([points[part, :2].mean(axis=0) for part in NOSTRILS], axis=0)
    drop = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(drop, tuple(np.round(middle).astype(int).tolist()), 2, (1.0,), -1)
    shade = np.exp(-0.4 * cv2.GaussianBlur(drop, (0, 0), 1.0))[..., None]
    made = deepen_nostrils(
        nose(points, 0.5) * shade,
        nose(points, 0.8),
        np.ones((SIDE, SIDE), np.float32),
        EyePoints(points, points),
        1.0,
    )
    assert made is not None and made.mask.max() > 0.1
    x, y = np.round(middle).astype(int)
    assert made.mask[y - 2 : y + 3, x - 1 : x + 2].max() == 0


def test_a_face_may_hold_values_below_zero(points: Landmarks) -> None:
    face = nose(points, 0.5)
    face[:8] = -0.1  # what a shift of tone makes of black hair
    made = deepen_nostrils(
        face, nose(points, 0.8), np.ones((SIDE, SIDE), np.float32), EyePoints(points, points), 1.0
    )
    assert made is not None and np.isfinite(made.lay(face)).all() and made.mask.max() > 0.1


def test_a_large_face_gets_the_same(points: Landmarks) -> None:
    small = deepened(points, 0.5, 0.75)
    shape = (6 * SIDE, 6 * SIDE)
    own, target = (
        cv2.resize(nose(points, depth), shape, interpolation=cv2.INTER_CUBIC) for depth in (0.5, 0.75)
    )
    there = np.float32(6) * (points + np.float32(0.5)) - np.float32(0.5)
    large = deepen_nostrils(own, target, np.ones(shape, np.float32), EyePoints(there, there), 6.0)
    assert small is not None and large is not None
    same = cv2.resize(large.mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.abs(same - small.mask).max() < 0.05 and same.max() > 0.1


def test_a_grey_picture_stays_grey(points: Landmarks) -> None:
    grey = [np.repeat(nose(points, depth)[..., :1], 3, axis=2) for depth in (0.5, 0.8)]
    made = deepen_nostrils(*grey, np.ones((SIDE, SIDE), np.float32), EyePoints(points, points), 1.0)
    assert made is not None
    assert np.ptp(made.lay(grey[0]), axis=2).max() == 0


def test_nothing_is_done_where_the_face_does_not_show(points: Landmarks) -> None:
    made = deepened(points, 0.5, 0.75, weight=0.0)
    assert made is None or not made.mask.any()
    outside = points + np.float32([1000, 0, 0])
    shown = np.ones((SIDE, SIDE), np.float32)
    pictures = nose(points, 0.5), nose(points, 0.8)
    assert deepen_nostrils(*pictures, shown, EyePoints(outside, points), 1.0) is None


def test_pictures_get_it_and_videos_do_not(points: Landmarks) -> None:
    target = np.rint(nose(points, 0.9) * 255).astype(np.uint8)
    swapped, mask = nose(points, 0.45), np.ones((SIDE, SIDE), np.float32)
    mask[:4] = mask[-4:] = mask[:, :4] = mask[:, -4:] = 0
    features, matrix = np.zeros((256, 256), np.float32), np.eye(2, 3)
    camera = Camera(features, (0, 0, 0), eyes=EyePoints(points, points))
    known = target_texture(target, mask, matrix, features)
    made = (
        blend(target, swapped, mask, matrix, camera=one) for one in (camera, replace(camera, texture=known))
    )
    picture, video = (depth_of(one.astype(np.float32) / 255, points) for one in made)
    assert known is not None and picture > 1.15 * video
