from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import MEAN, OVAL
from aotface.media.image import read_image
from aotface.reenact import visibility
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.types import Landmarks


def brightest(monkeypatch: pytest.MonkeyPatch, pull: float) -> float:
    """A dark face before white, its outline two pixels too wide, on a turned face: the largest value of it that shows."""
    monkeypatch.setattr(visibility, "PULL", pull)
    frame = read_image(sample("source_light_man")).frame
    face = detect(frame)[0]
    middle = face.landmarks[:, :2].mean(axis=0)
    edge = middle + (face.landmarks[OVAL, :2] - middle) * 0.98
    inside = cv2.fillPoly(np.zeros(frame.shape[:2], np.uint8), [np.round(edge).astype(np.int32)], (1,))
    dark = np.where(inside[..., None] > 0, frame // 6, 255).astype(np.uint8)
    target = align(frame, face)
    angle = np.deg2rad(25)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    centre = target.landmarks.mean(axis=0)
    turned = replace(target, landmarks=((target.landmarks - centre) @ turn.T + centre).astype(np.float32))
    made = reenact(dark, face, turned)
    return float(made.crop[(made.mask > 0.3) & (made.from_target < 0.01)].max())


def test_no_background_shows_at_a_cheek_that_turns_to_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    assert brightest(monkeypatch, visibility.PULL) < 0.45


def test_without_the_pull_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert brightest(monkeypatch, 0.0) > 0.9


def test_the_inner_face_stays() -> None:
    face = detect(read_image(sample("source_light_man")).frame)[0].landmarks[:, :2]
    moved = np.linalg.norm(visibility.inside(face) - face, axis=1)
    size = np.ptp(face[:, 1])
    assert moved[1] == 0 and moved[OVAL].max() < 0.04 * size  # vertex 1 is the tip of the nose
    assert moved[OVAL].min() > 0.01 * size


def turned(degrees: float) -> Landmarks:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return (MEAN @ turn.T * 60 + 128).astype(np.float32)


def test_the_other_side_stands_in_only_for_what_is_seen_badly() -> None:
    front = turned(0)
    assert visibility.weights(front, front)[:, 0].min() > 0.85
    share = visibility.weights(turned(40), front)[:, 0]
    right, left = (share[MEAN[:, 0] * sign > 1.1] for sign in (-1, 1))
    assert min(right.mean(), left.mean()) < 0.2 and max(right.mean(), left.mean()) > 0.9


def test_the_mirrored_side_gets_the_tone_of_the_faces_own() -> None:
    """A picture whose left half is twice as bright, read once as it is and once mirrored."""
    across = np.arange(256, dtype=np.float32)
    x, y = np.meshgrid(across, across)
    frame = np.repeat(np.where(x < 128, 200, 100).astype(np.uint8)[..., None], 3, axis=2)
    maps = np.dstack([x, y, 255 - x, y]).astype(np.float32)
    gain = visibility.balance(frame, maps, np.ones((256, 256), np.float32), turned(0))
    assert abs(gain[60, 40].mean() - 2) < 0.2 and abs(gain[60, 215].mean() - 0.5) < 0.05
    only_right = (x > 160).astype(np.float32)  # what is known is carried on
    assert visibility.balance(frame, maps, only_right, turned(0))[60, 40].mean() < 0.6
