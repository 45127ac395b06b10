"""Eyes that would glow are dimmed to what the target's light allows; others are left alone, bit for bit."""

import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import LEFT_EYE
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array
from aotface.transfer.aot.eyes import limit_eye_whites
from aotface.types import AlignedFace


@pytest.fixture(scope="module")
def face() -> AlignedFace:
    frame = read_image(sample("target_medium_woman_grey")).frame
    return align(frame, detect(frame)[0])


def flat(gain: float, side: int = 64) -> np.ndarray:
    field = np.zeros((side, side, 7), np.float32)
    field[..., :3], field[..., 3] = gain, 1
    return field


def eye(crop: np.ndarray, face: AlignedFace) -> np.ndarray:
    low, high = (f(face.landmarks[LEFT_EYE, :2].astype(int), axis=0) for f in (np.min, np.max))
    return crop[low[1] : high[1], low[0] : high[0]]


def test_a_glowing_eye_is_brought_down_and_the_cheek_is_not(face: AlignedFace) -> None:
    points, bright = face.landmarks, flat(1.2)
    calm = limit_eye_whites(bright, face.crop, face.crop, points, points)
    before, after = (apply_colour_map_array(face.crop, field) for field in (bright, calm))
    white = np.percentile(eye(face.crop, face), 90)
    assert np.percentile(eye(before, face), 90) > 1.4 * white  # twin: without it, it glows
    assert np.percentile(eye(after, face), 90) < 1.25 * white
    cheek = slice(150, 170), slice(80, 100)
    np.testing.assert_allclose(after[cheek], before[cheek], atol=2e-3)
    assert np.ptp(after, axis=2).max() == 0  # grey stays grey


def test_eyes_as_bright_as_the_targets_are_left_alone(face: AlignedFace) -> None:
    same = flat(0.0)
    assert limit_eye_whites(same, face.crop, face.crop, face.landmarks, face.landmarks) is same


def test_a_closed_eye_tells_nothing(face: AlignedFace) -> None:
    shut = face.landmarks.copy()
    shut[:, 1] = shut[:, 1].mean()
    bright = flat(1.2)
    assert limit_eye_whites(bright, face.crop, face.crop, face.landmarks, shut) is bright
