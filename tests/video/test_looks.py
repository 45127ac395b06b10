"""A face is looked at again when its picture has changed, and not when only its mouth has."""

import numpy as np
import pytest

from aotface.compose.face_step import Look
from aotface.face.mesh import MEAN, OUTER_LIPS
from aotface.face.render import render
from aotface.media.video.decode import VideoFrame
from aotface.types import CROP_SIDE, Crop
from aotface.video import looks

POINTS = (MEAN * 60 + np.array([128, 140, 0])).astype(np.float32)
FACE = np.random.default_rng(0).random((CROP_SIDE, CROP_SIDE, 3), np.float32) * 0.2 + 0.5


@pytest.fixture(scope="module")
def known() -> Look:
    return Look(FACE, np.ones(FACE.shape[:2], np.float32), render(POINTS, CROP_SIDE))


def darker(at: tuple[float, float]) -> Crop:
    """With a dark spot, as large as the tip of a finger."""
    x, y = (int(value) for value in at)
    crop = FACE.copy()
    crop[y - 8 : y + 8, x - 8 : x + 8] *= 0.7
    return crop


def test_what_comes_before_the_face_is_seen(known: Look) -> None:
    cheek, mouth = POINTS[50, :2], POINTS[OUTER_LIPS, :2].mean(axis=0)
    assert looks.shows_the_same(known, FACE, POINTS)
    assert not looks.shows_the_same(known, darker(cheek), POINTS)
    assert looks.shows_the_same(known, darker(mouth), POINTS)  # it opens and shuts with nothing before it
    assert looks.shows_the_same(known, darker((12, 12)), POINTS)  # beside the face


def test_a_frame_is_looked_at_once(known: Look) -> None:
    here, asked = looks.LookedAt(VideoFrame.__new__(VideoFrame)), list[int]()

    def look() -> Look:
        asked.append(1)
        return known

    assert here.of(3, look) is here.of(3, look) is known and len(asked) == 1
    assert here.of(4, look) is known and len(asked) == 2  # twin: another face
