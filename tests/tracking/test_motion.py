"""Landmarks that go with the picture: trembling of the model goes, motion and everything the flow cannot know stays."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import INNER_LIPS, LEFT_EYE, MEAN
from aotface.tracking import motion
from aotface.tracking.motion import HEIGHT, OPENS, held

SIZE = 120.0
"""Face height in pixels."""

SKIN = OPENS < 0.01


def skin(zoom: float = 1.0) -> np.ndarray:
    """Freckles, seen everywhere in the same way: a picture of which the motion can be told."""
    noise = np.random.default_rng(0).normal(size=(220, 220, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    picture = np.clip(128 + 160 * soft, 0, 255).astype(np.uint8)
    return cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def moved(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    return cv2.warpAffine(
        picture, matrix, picture.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def face(zoom: float = 1.0) -> np.ndarray:
    return ((MEAN * (SIZE / HEIGHT) + (110, 110, 0)) * zoom).astype(np.float32)


def tremble(points: np.ndarray, seed: int, size: float = 0.3) -> np.ndarray:
    return (points + np.random.default_rng(seed).normal(0, size, points.shape)).astype(np.float32)


def walk(frames: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks of a head that goes 0.7 px to the right a frame: as the model sees them, and held."""
    found = [tremble(face() + np.float32([0.7 * k, 0, 0]), k) for k in range(frames)]
    shown = [found[0]]
    for k in range(1, frames):
        pictures = (moved(skin(), 0.7 * i, 0) for i in (k - 1, k))
        shown.append(held(*pictures, shown[-1], found[k]))
    return np.array(found), np.array(shown)


def unsteadiness(points: np.ndarray) -> float:
    """Root mean square, in pixels, of what a step differs from the head's."""
    return float((np.diff(points, axis=0)[:, SKIN, :2] - (0.7, 0)).std())


def test_steps_are_the_skins_and_no_longer_the_models() -> None:
    found, shown = walk()
    assert unsteadiness(shown) < unsteadiness(found) / 5
    assert np.abs(shown[-1, SKIN, 0] - face()[SKIN, 0] - 0.7 * 9).mean() < 0.35  # and it is there, not behind


def test_without_the_flow_it_trembles_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "PULL", 1.0)  # the twin
    found, shown = walk(4)
    np.testing.assert_allclose(unsteadiness(shown), unsteadiness(found), rtol=1e-3)


@pytest.mark.parametrize("zoom", [1.0, 3.0])
def test_large_faces_move_as_far(zoom: float) -> None:
    before, now = skin(zoom), moved(skin(zoom), 2.0 * zoom, -1.0 * zoom)
    result = held(before, now, face(zoom), face(zoom) + np.float32([2 * zoom, -zoom, 0]))
    step = (result - face(zoom))[SKIN, :2].mean(axis=0)
    np.testing.assert_allclose(step, (2 * zoom, -zoom), atol=0.1 * zoom)


def test_lids_and_lips_are_where_the_model_sees_them() -> None:
    opened = face()
    opened[np.concatenate([LEFT_EYE, INNER_LIPS]), 1] += 0.8
    result = held(skin(), skin(), face(), opened)
    rings = np.concatenate([LEFT_EYE, INNER_LIPS])
    np.testing.assert_allclose(result[rings], opened[rings], atol=1e-3)
    assert np.abs(result - face())[SKIN].max() < 0.1


def test_where_the_model_is_sure_of_another_place_it_is_followed_at_once() -> None:
    there = face() + np.float32([0.06 * SIZE, 0, 0])
    np.testing.assert_allclose(held(skin(), skin(), face(), there), there, atol=1e-3)


def test_a_lamp_is_no_motion() -> None:
    """What the flow leaves unexplained is not believed: the model decides."""
    found = tremble(face(), 3)
    dim = (skin() * 0.35).astype(np.uint8)
    lit = (skin() * np.linspace(0.6, 1.0, 220)[:, None, None]).astype(np.uint8)
    np.testing.assert_allclose(held(dim, lit, face(), found)[SKIN], found[SKIN], atol=1e-3)
    assert np.abs(held(dim, dim, face(), found) - found)[SKIN].max() > 0.5  # the twin


def test_depth_is_the_models() -> None:
    found = tremble(face(), 1)
    np.testing.assert_array_equal(held(skin(), skin(), face(), found)[:, 2], found[:, 2])


def test_a_face_beside_the_picture_is_left_alone() -> None:
    away = face() + np.float32(500)
    np.testing.assert_array_equal(held(skin(), skin(), away, away + 1), away + 1)
