"""Shut lips hide what lies between them, and are dark there; where a thin lip is drawn thick it has no streaks."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS, opening
from aotface.media.image import read_image
from aotface.reenact import mesh
from aotface.reenact.lips import Parting, without_streaks
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.types import AlignedFace, Face, Frame, Landmarks

LOWER, UPPER = INNER_LIPS[1:10], INNER_LIPS[:10:-1]


def opened(points: Landmarks, by: float) -> Landmarks:
    """The lips apart (or together, at 0), by a share of the mouth's width; all of a lip moves alike."""
    moved, width = points.copy(), np.linalg.norm(np.subtract(*points[[78, 308], :2]))
    middle = (points[LOWER] + points[UPPER]) / 2
    seam = np.interp(points[:, 0], middle[:, 0], middle[:, 1])
    part = np.clip((points[:, 0] - points[78, 0]) / np.ptp(points[[78, 308], 0]), 0, 1)
    lower = points[:, 1] > seam
    lower[LOWER], lower[UPPER] = True, False
    bow = np.sin(np.pi * part) * by * width / 2
    gap = np.interp(points[:, 0], middle[:, 0], (points[LOWER, 1] - points[UPPER, 1]) / 2)
    near = np.abs(points[:, 1] - seam) < 0.35 * width
    moved[:, 1] += np.where(lower, bow - gap, gap - bow) * near
    return moved


@pytest.fixture(scope="module")
def smiling() -> tuple[Frame, Face]:
    """A face whose inner mouth is pure green."""
    frame = read_image(sample("source_light_man")).frame.copy()
    face = detect(frame)[0]
    points = opened(face.landmarks, 0.2)
    cv2.fillPoly(frame, [np.round(points[INNER_LIPS, :2]).astype(np.int32)], (0, 255, 0))
    return frame, replace(face, landmarks=points)


def greenness(made: np.ndarray) -> float:
    return float(np.clip(made[..., 1] - np.maximum(made[..., 0], made[..., 2]), 0, 1).sum())


def shut(side: int) -> AlignedFace:
    frame = read_image(sample("target_medium_woman_grey")).frame
    face = detect(frame)[0]
    return align(frame, replace(face, landmarks=opened(face.landmarks, 0.0)), side)


@pytest.mark.parametrize("side", [256, 640])
def test_a_shut_mouth_shows_nothing_of_the_open_one(
    smiling: tuple[Frame, Face], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = reenact(*smiling, shut(side))
    assert made.reading is not None and greenness(made.crop) < 0.02 * side
    read, _ = made.reading.finer().read(np.eye(2, 3), side, (0, 0, side, side))
    seen = greenness(read * made.mask[..., None])
    assert seen < 0.02 * side
    monkeypatch.setattr(mesh, "part_lips", lambda maps, *more: (maps, None))
    twin = reenact(*smiling, shut(side)).reading
    assert twin is not None
    read, _ = twin.finer().read(np.eye(2, 3), side, (0, 0, side, side))
    assert greenness(read * made.mask[..., None]) > 20 * max(seen, 0.01 * side)  # the twin: one smooth map


def test_the_line_between_shut_lips_is_dark(smiling: tuple[Frame, Face]) -> None:
    made = reenact(*smiling, shut(256))
    assert made.reading is not None
    read, _ = made.reading.finer().read(np.eye(2, 3), 256, (0, 0, 256, 256))
    line = np.round(made.landmarks[[87, 14, 317], :2]).astype(int)
    luma = read.mean(axis=2)
    beside = np.mean([luma[y + step, x] for x, y in line for step in (-4, 4)])
    assert np.mean([luma[y, x] for x, y in line]) < 0.9 * beside


def test_an_open_mouth_is_the_targets(smiling: tuple[Frame, Face]) -> None:
    target = shut(256)
    points = opened(target.landmarks, 0.3)
    face = replace(target.face, landmarks=opened(target.face.landmarks, 0.3))
    made = reenact(*smiling, replace(target, face=face, landmarks=points))
    assert greenness(made.crop) < 2 and made.from_target.max() == 1
    assert opening(made.landmarks, INNER_LIPS) == pytest.approx(opening(points, INNER_LIPS), rel=0.1)
    inside = made.from_target == 1
    assert np.abs(made.crop - target.crop)[inside].mean() < 0.15


def test_a_thin_lip_drawn_thick_has_no_streaks() -> None:
    side, grid = 256, 256
    y, x = np.mgrid[:grid, :grid].astype(np.float32)
    maps = np.dstack([x, 0.2 * y])  # each row of the source is drawn five times
    jump = np.zeros((grid, grid, 4), np.float32)
    jump[100:140, 80:180] = 1e-6
    parting = Parting(y - 120, jump, np.ones((grid, grid), np.float32))
    stripes = np.repeat((0.5 + 0.2 * np.sign(np.sin(x * 1.5)))[..., None], 3, axis=2).astype(np.float32)
    face, box, inside = stripes.copy(), (slice(0, side), slice(0, side)), (slice(112, 130), slice(100, 160))
    without_streaks(face, maps, parting, box, side)
    assert face[inside].std() < 0.3 * stripes[inside].std()
    np.testing.assert_array_equal(face[:90], stripes[:90])
    same = stripes.copy()
    without_streaks(same, np.dstack([x, y]), parting, box, side)
    np.testing.assert_array_equal(same, stripes)  # the twin: a lip of its own height
