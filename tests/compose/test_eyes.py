"""Eyes get the target's contrast; those that have it stay; lids and closed eyes stay."""

import numpy as np
import pytest

from aotface.compose.eyes import eye_stretches, spans_of, stretch_eyes
from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.face.texture import eye_opening
from aotface.metrics.eyes import eye_contrast

SIDE = 256
POINTS = (MEAN * 70 + 128).astype(np.float32)
MASK = np.ones((SIDE, SIDE), np.float32)


def face(contrast: float) -> np.ndarray:
    crop = np.full((SIDE, SIDE, 3), (0.55, 0.45, 0.4), np.float32)
    for eye in (LEFT_EYE, RIGHT_EYE):
        sign = np.where(np.arange(SIDE) < POINTS[eye, 0].mean(), -1, 1)[None, :, None]
        shown = np.broadcast_to(0.45 + sign * contrast / 2, crop.shape)
        crop = np.where(eye_opening(POINTS, eye, (SIDE, SIDE))[..., None] > 0, shown, crop)
    return crop.astype(np.float32)


def made(own: np.ndarray, theirs: np.ndarray, points: np.ndarray = POINTS) -> np.ndarray:
    spans = (spans_of(crop, points, MASK) for crop in (own, theirs))
    return stretch_eyes(own.copy(), eye_stretches(*spans, points, SIDE))


def test_a_dull_eye_gets_the_contrast_of_the_target() -> None:
    dull, target = face(0.25), face(0.4)
    done = made(dull, target)
    assert eye_contrast(done, target, MASK, POINTS, POINTS) > 0.95
    assert eye_contrast(dull, target, MASK, POINTS, POINTS) < 0.7  # the twin


def test_nothing_is_done_to_an_eye_that_has_it_or_to_lids() -> None:
    np.testing.assert_array_equal(made(face(0.4), face(0.3)), face(0.4))
    outside = 1 - np.maximum(*(eye_opening(POINTS, eye, (SIDE, SIDE)) for eye in (LEFT_EYE, RIGHT_EYE)))
    changed = np.abs(made(face(0.25), face(0.4)) - face(0.25)).max(axis=2) * outside
    assert np.mean(changed > 0.02) < 0.002


def test_a_stretch_has_a_limit_and_a_closed_eye_none() -> None:
    assert eye_contrast(made(face(0.1), face(0.6)), face(0.1), MASK, POINTS, POINTS) == pytest.approx(
        1.86, abs=0.15
    )
    closed = POINTS.copy()
    for eye in (LEFT_EYE, RIGHT_EYE):
        closed[eye, 1] = closed[eye, 1].mean()
    assert spans_of(face(0.4), closed, MASK) == (None, None)


def with_spot(crop: np.ndarray, where: np.ndarray, value: float) -> np.ndarray:
    drawn, (x, y) = crop.copy(), np.round(where).astype(int)
    drawn[y - 1 : y + 2, x - 1 : x + 2] = value
    return drawn


def test_a_reflection_beside_the_iris_does_not_become_a_white_spot() -> None:
    middle, across, _ = eye_axes(POINTS, 0)
    place = middle + 0.25 * across
    own = with_spot(face(0.25), place, 0.8)
    x, y = np.round(place).astype(int)
    spot = made(own, face(0.4))[y, x, 0]
    assert spot < 0.82
    assert 0.8 * 0.4 / 0.25 > 1  # the twin: stretched as the rest it would be white


def test_the_catch_light_is_the_targets_own() -> None:
    middle, across, _ = eye_axes(POINTS, 0)
    place = middle - 0.06 * across
    target, gaze = with_spot(face(0.4), place, 1.0), np.zeros((2, 2), np.float32)
    x, y = np.round(place).astype(int)
    spans = spans_of(face(0.4), POINTS, MASK), spans_of(target, POINTS, MASK, gaze)
    lit = stretch_eyes(face(0.4).copy(), eye_stretches(*spans, POINTS, SIDE))
    assert lit[y, x, 0] > 0.9 and lit[y, x - 5, 0] < 0.5
    assert made(face(0.4), target)[y, x, 0] < 0.5  # the twin: without a gaze there is none
