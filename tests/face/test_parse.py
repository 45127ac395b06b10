"""Painted occluders on a face of nobody (shaded mean mesh) and on the astronaut."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.types import AlignedFace, Crop, Geometry, Landmarks, Mask

LAMPS = {
    "front": (0.0, -0.2, 1.0),
    "left": (-1.0, 0.0, 0.15),
    "right": (1.0, -0.2, 0.1),
    "above": (0.0, -1.0, 0.4),
    "below": (0.2, 0.9, 0.4),
}
TONES = {"fair": (0.62, 0.42, 0.33), "deep": (0.10, 0.06, 0.042), "grey": (0.4, 0.4, 0.4)}


def painted(geometry: Geometry, tone: str, lamp: str, colour: tuple[float, ...] = (1, 1, 1)) -> Crop:
    """Skin of one tone under one lamp, before dark hair, with a little noise."""
    direction = np.array(LAMPS[lamp]) / np.linalg.norm(LAMPS[lamp])
    shading = 0.04 + 0.96 * np.maximum(geometry.normals @ direction, 0)
    skin = np.array(TONES[tone]) * np.array(colour) * shading[..., None]
    linear = np.where(geometry.mask[..., None] > 0, skin, 0.006)
    noise = np.random.default_rng(0).normal(0, 0.01, (*geometry.mask.shape, 3))
    return np.clip(linear ** (1 / 2.2) + noise, 0, 1).astype(np.float32)


def hidden(visible: Mask, where: np.ndarray) -> float:
    """Mean share of a region that is taken for covered."""
    return float(1 - visible[where].mean())


def fringe_of(landmarks: Landmarks, geometry: Geometry) -> np.ndarray:
    """The upper half of the forehead."""
    line = (landmarks[10, 1] + landmarks[9, 1]) / 2
    return (np.arange(len(geometry.mask))[:, None] < line) & (geometry.mask > 0)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("lamp", LAMPS)
def test_bare_skin_is_visible_under_any_lamp(
    mean_landmarks: Landmarks, mean_geometry: Geometry, tone: str, lamp: str
) -> None:
    visible = visible_skin(painted(mean_geometry, tone, lamp), mean_landmarks, mean_geometry)
    assert hidden(visible, mean_geometry.mask > 0) < 0.03


@pytest.mark.parametrize("colour", [(1.0, 0.35, 0.2), (0.3, 0.5, 1.0), (0.4, 1.0, 0.5)])
def test_bare_skin_is_visible_in_coloured_light(
    mean_landmarks: Landmarks, mean_geometry: Geometry, colour: tuple[float, ...]
) -> None:
    crop = painted(mean_geometry, "fair", "right", colour)
    assert hidden(visible_skin(crop, mean_landmarks, mean_geometry), mean_geometry.mask > 0) < 0.03


def test_a_dark_picture_hides_nothing(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    crop = painted(mean_geometry, "fair", "left") * np.float32(0.12)
    assert hidden(visible_skin(crop, mean_landmarks, mean_geometry), mean_geometry.mask > 0) < 0.03


def test_a_fringe_is_found_and_nothing_else(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    crop = painted(mean_geometry, "fair", "front")
    fringe = fringe_of(mean_landmarks, mean_geometry)
    crop[fringe] = crop[5, 5]
    visible = visible_skin(crop, mean_landmarks, mean_geometry)
    assert hidden(visible, fringe) > 0.8
    assert (
        hidden(
            visible,
            (mean_geometry.mask > 0) & ~cv2.dilate(fringe.astype(np.uint8), np.ones((9, 9))).astype(bool),
        )
        < 0.02
    )


def test_a_fringe_that_fades_is_shading(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    """The failing twin: as dark at the hairline, but without an edge."""
    crop = painted(mean_geometry, "fair", "front")
    row = np.arange(256, dtype=np.float32)[:, None, None]
    top, low = mean_landmarks[10, 1], mean_landmarks[1, 1]
    faded = crop * np.clip(0.45 + 0.55 * (row - top) / (low - top), 0.45, 1)
    crop = np.where(mean_geometry.mask[..., None] > 0, faded, crop).astype(np.float32)
    assert hidden(visible_skin(crop, mean_landmarks, mean_geometry), mean_geometry.mask > 0) < 0.03


def with_curtains(crop: Crop, landmarks: Landmarks) -> tuple[Crop, np.ndarray]:
    """Long dark hair at both sides, and dark brows, raised over their landmarks, that run into it; where the brows are."""
    drawn = np.zeros(crop.shape[:2], np.uint8)
    for tail, ring in ((21, RIGHT_BROW), (251, LEFT_BROW)):
        brow = np.round(landmarks[ring, :2] - (0, 8)).astype(np.int32)
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.concatenate([brow, brow[:1] - [0, 2]])), (1,))
        outer = brow[np.abs(brow[:, 0] - landmarks[168, 0]).argmax()]
        cv2.line(drawn, outer.tolist(), np.round(landmarks[tail, :2]).astype(int).tolist(), (1,), 7)
    crop = crop.copy()
    x = np.arange(crop.shape[1])[None, :, None]
    left, right = landmarks[[54, 284], 0]
    dark = crop[5, 5]
    crop = np.where((x < left) | (x > right) | (drawn[..., None] > 0), dark, crop).astype(np.float32)
    between = (drawn > 0) & (x[..., 0] > left + 4) & (x[..., 0] < right - 4)
    return crop, between


def test_raised_brows_that_meet_the_hair_are_not_hair(
    mean_landmarks: Landmarks, mean_geometry: Geometry
) -> None:
    crop, brows = with_curtains(painted(mean_geometry, "fair", "front"), mean_landmarks)
    assert hidden(visible_skin(crop, mean_landmarks, mean_geometry), brows) < 0.1


def test_brows_under_a_fringe_are_covered(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    """The failing twin: the same brows with the skin around them covered too."""
    crop, brows = with_curtains(painted(mean_geometry, "fair", "front"), mean_landmarks)
    below = mean_landmarks[[159, 386], 1].min()
    row = np.arange(256)[:, None, None]
    crop = np.where((row < below - 2) & (mean_geometry.mask[..., None] > 0), crop[5, 5], crop)
    assert hidden(visible_skin(crop.astype(np.float32), mean_landmarks, mean_geometry), brows) > 0.6


def below_the_brows(aligned: AlignedFace, geometry: Geometry) -> np.ndarray:
    """The part of the mesh that the astronaut's hair does not reach."""
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    left, right = aligned.landmarks[[130, 359], 0]
    return (geometry.mask > 0) & (y > aligned.landmarks[[105, 334], 1].max()) & (x > left) & (x < right)


def test_the_astronauts_fringe_is_in_front_and_her_face_is_not_hidden(aligned: AlignedFace) -> None:
    geometry = render(aligned.landmarks, 256)
    visible = visible_skin(aligned.crop, aligned.landmarks, geometry)
    x, y = np.round(aligned.landmarks[10, :2]).astype(int)
    assert visible[y + 2 : y + 8, x - 15 : x + 30].mean() < 0.2
    assert hidden(visible, below_the_brows(aligned, geometry)) < 0.01


def test_a_bar_from_below_is_in_front_of_the_astronaut(aligned: AlignedFace) -> None:
    geometry = render(aligned.landmarks, 256)
    bar = np.zeros((256, 256), np.uint8)
    x, y = np.round(aligned.landmarks[379, :2]).astype(int).tolist()
    cv2.line(bar, (x - 14, y - 24), (x, 255), (1,), 20)
    crop = aligned.crop.copy()
    crop[bar > 0] = 0.05
    visible = visible_skin(crop, aligned.landmarks, geometry)
    assert hidden(visible, (bar > 0) & (geometry.mask > 0)) > 0.3
    assert hidden(visible, (bar == 0) & below_the_brows(aligned, geometry)) < 0.02
    untouched = visible_skin(aligned.crop, aligned.landmarks, geometry)
    assert hidden(untouched, (bar > 0) & (geometry.mask > 0)) < 0.02, "the failing twin: there was nothing"


def test_off_the_mesh_everything_is_visible(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    crop = painted(mean_geometry, "fair", "front")
    crop[fringe_of(mean_landmarks, mean_geometry)] = 0.03
    visible = visible_skin(crop, mean_landmarks, mean_geometry)
    assert (visible[mean_geometry.mask == 0] == 1).all()
    assert visible.dtype == np.float32 and visible.min() >= 0 and visible.max() <= 1


def test_side_does_not_matter(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    crop = painted(mean_geometry, "fair", "front")
    crop[fringe_of(mean_landmarks, mean_geometry)] = crop[5, 5]
    here = visible_skin(crop, mean_landmarks, mean_geometry)
    large = ((mean_landmarks + [0.5, 0.5, 0]) * 1.5 - [0.5, 0.5, 0]).astype(np.float32)
    there = visible_skin(cv2.resize(crop, (384, 384)), large, render(large, 384))
    assert there.shape == (384, 384)
    assert np.abs(cv2.resize(there, (256, 256)) - here).mean() < 0.02


def test_same_crop_same_bytes(aligned: AlignedFace) -> None:
    geometry = render(aligned.landmarks, 256)
    first, second = (visible_skin(aligned.crop, aligned.landmarks, geometry) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_face_that_is_not_there(mean_landmarks: Landmarks) -> None:
    gone = mean_landmarks + np.float32(900)
    crop = np.full((256, 256, 3), 0.5, np.float32)
    assert (visible_skin(crop, gone, render(gone, 256)) == 1).all()
