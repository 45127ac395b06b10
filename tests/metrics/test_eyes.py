"""Eye contrast: a ratio of spans; a greyed eye fails, a closed one has no value."""

import numpy as np
import pytest

from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.face.texture import eye_opening
from aotface.metrics.eyes import eye_contrast

SIDE = 256
POINTS = (MEAN * 70 + 128).astype(np.float32)
MASK = np.ones((SIDE, SIDE), np.float32)


def face(contrast: float) -> np.ndarray:
    """Each opening half dark and half bright."""
    crop = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    for eye in (LEFT_EYE, RIGHT_EYE):
        middle = POINTS[eye, 0].mean()
        sign = np.where(np.arange(SIDE) < middle, -1, 1)[None, :, None]
        crop = np.where(
            eye_opening(POINTS, eye, (SIDE, SIDE))[..., None] > 0, 0.5 + sign * contrast / 2, crop
        )
    return crop.astype(np.float32)


def test_the_ratio_of_contrasts() -> None:
    assert eye_contrast(face(0.4), face(0.4), MASK, POINTS, POINTS) == 1
    assert eye_contrast(face(0.2), face(0.4), MASK, POINTS, POINTS) == pytest.approx(0.52, abs=0.02)
    assert eye_contrast(face(0.6), face(0.4), MASK, POINTS, POINTS) == pytest.approx(1.48, abs=0.03)


def test_only_the_eyes_count() -> None:
    around = face(0.4)
    around[:60] = 0
    assert eye_contrast(around, face(0.4), MASK, POINTS, POINTS) == 1


def test_closed_or_covered_eyes_have_no_value() -> None:
    closed = POINTS.copy()
    for eye in (LEFT_EYE, RIGHT_EYE):
        closed[eye, 1] = closed[eye, 1].mean()
    assert np.isnan(eye_contrast(face(0.4), face(0.4), MASK, closed, POINTS))
    assert np.isnan(eye_contrast(face(0.4), face(0.4), 0 * MASK, POINTS, POINTS))
