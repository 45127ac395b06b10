"""Eyes get the target's contrast; those that have it stay; lids, closed eyes and the target's own stay."""

import numpy as np
import pytest

from aotface.compose.blend import blend
from aotface.compose.camera import Camera
from aotface.compose.eye_stretch import stretch_eyes
from aotface.compose.eyes import EyePoints, match_eyes
from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.face.texture import eye_opening, features_mask
from aotface.metrics.eyes import eye_contrast

SIDE = 256
POINTS = (MEAN * 70 + 128).astype(np.float32)
MASK = np.ones((SIDE, SIDE), np.float32)
SKIN = (0.55, 0.45, 0.4)


def face(contrast: float, colour: tuple[float, float, float] = (1, 1, 1), level: float = 0.45) -> np.ndarray:
    crop = np.full((SIDE, SIDE, 3), SKIN, np.float32)
    for eye in (LEFT_EYE, RIGHT_EYE):
        sign = np.where(np.arange(SIDE) < POINTS[eye, 0].mean(), -1, 1)[None, :, None]
        shown = np.broadcast_to((level + sign * contrast / 2) * np.array(colour), crop.shape)
        crop = np.where(eye_opening(POINTS, eye, (SIDE, SIDE))[..., None] > 0, shown, crop)
    return crop.astype(np.float32)


def made(own: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return stretch_eyes(own.copy(), match_eyes(own, theirs, MASK, EyePoints(POINTS, POINTS), 1.0))


def contrast(own: np.ndarray, theirs: np.ndarray) -> float:
    return eye_contrast(own, theirs, MASK, POINTS, POINTS)


def test_a_dull_eye_gets_the_contrast_of_the_target() -> None:
    dull, target = face(0.25), face(0.4)
    assert contrast(made(dull, target), target) > 0.95
    assert contrast(dull, target) < 0.7  # the twin


def test_nothing_is_done_to_an_eye_that_has_it_or_to_lids() -> None:
    np.testing.assert_array_equal(made(face(0.4), face(0.35)), face(0.4))
    outside = 1 - np.maximum(*(eye_opening(POINTS, eye, (SIDE, SIDE)) for eye in (LEFT_EYE, RIGHT_EYE)))
    changed = np.abs(made(face(0.25), face(0.4)) - face(0.25)).max(axis=2) * outside
    assert np.mean(changed > 0.02) < 0.002


def test_whites_that_glow_are_dimmed_and_pupils_do_not_become_holes() -> None:
    target = face(0.4)
    glowing = made(face(0.8, level=0.55), target)
    assert np.percentile(glowing[eye_opening(POINTS, LEFT_EYE, (SIDE, SIDE)) > 0], 95) < 0.8 < 0.95
    dark = made(face(0.3, level=0.2), target)
    assert dark.min() > 0.01


def test_what_a_dark_eye_lacks_the_target_stands_in_for_and_closed_eyes_stay() -> None:
    dark, target = face(0.1, level=0.08), face(0.6)
    assert 0.6 < contrast(made(dark, target), target) < 0.95
    closed = POINTS.copy()
    for eye in (LEFT_EYE, RIGHT_EYE):
        closed[eye, 1] = closed[eye, 1].mean()
    assert match_eyes(dark, target, MASK, EyePoints(closed, POINTS), 1.0) == []


def test_whites_become_brighter_and_lids_in_the_corner_hardly() -> None:
    grey, target = face(0.25), face(0.4)
    lid = face(0.25, (1.25, 0.97, 0.8))  # of the skin's colour
    x, y = (round(float(v)) for v in POINTS[LEFT_EYE, :2].max(axis=0) - (6, 3))
    x, y = x, round(float(POINTS[LEFT_EYE, 1].mean()))
    more = [float((made(one, target) - one)[y, x].mean()) for one in (grey, lid)]
    assert more[0] > 0.04 and more[1] < 0.8 * more[0]


def with_spot(crop: np.ndarray, where: np.ndarray, value: float) -> np.ndarray:
    drawn, (x, y) = crop.copy(), np.round(where).astype(int)
    drawn[y - 1 : y + 2, x - 1 : x + 2] = value
    return drawn


def test_a_reflection_beside_the_iris_does_not_become_a_white_spot() -> None:
    middle, across, _ = eye_axes(POINTS, 0)
    place = middle + 0.25 * across
    x, y = np.round(place).astype(int)
    assert made(with_spot(face(0.25), place, 0.8), face(0.4))[y, x, 0] < 0.82
    assert 0.8 * 0.4 / 0.25 > 1  # the twin: stretched as the rest it would be white


@pytest.mark.parametrize("blur", [0.0, 1.0])
def test_a_blend_ends_with_it_however_it_blurs(blur: float) -> None:
    target, dull = face(0.4), face(0.3)
    frame = np.rint(target * 65535).astype(np.uint16)
    features = features_mask((SIDE, SIDE), POINTS)
    points = EyePoints(POINTS, POINTS)
    looks = {"eyes": points}, {}, {"eyes": points, "kept": MASK}
    cameras = [Camera(features, (0, 0, 0), blur=blur, **look) for look in looks]
    done, without, kept = (
        blend(frame, dull, MASK, np.eye(2, 3), ease=False, camera=camera).astype(np.float32) / 65535
        for camera in cameras
    )
    assert contrast(done, target) > 0.95 > contrast(without, target)
    assert np.abs(kept - dull).max() < 1e-4  # eyes of the target stay as they were laid
