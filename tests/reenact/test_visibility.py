from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import OVAL
from aotface.media.image import read_image
from aotface.reenact import visibility
from aotface.reenact.mesh import reenact
from aotface.samples import sample


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
