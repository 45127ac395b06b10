"""Where eyes look is measured in the eye's own widths: size, place and turn of the face do not matter."""

from dataclasses import replace

import numpy as np

from aotface.face.gaze import CENTRES, eye_axes, gaze_at, gaze_of
from aotface.face.mesh import MEAN
from aotface.types import Face

POINTS = (MEAN * 70 + 128).astype(np.float32)


def iris_at(gaze: np.ndarray) -> np.ndarray:
    iris = np.zeros((10, 3), np.float32)
    for eye, centre in enumerate(CENTRES):
        middle, across, down = eye_axes(POINTS, eye)
        iris[centre, :2] = middle + gaze[eye, 0] * across + gaze[eye, 1] * down
    return iris


def test_gaze_is_found_again_and_moves_with_the_face() -> None:
    gaze = np.array([[0.1, -0.05], [-0.2, 0.08]], np.float32)
    iris = iris_at(gaze)
    np.testing.assert_allclose(gaze_of(POINTS, iris), gaze, atol=1e-5)
    turn = np.array([[0.0, 2.0, 0], [-2.0, 0.0, 0], [0, 0, 2]], np.float32)
    moved = [(points @ turn.T + np.float32(30)).astype(np.float32) for points in (POINTS, iris)]
    np.testing.assert_allclose(gaze_of(*moved), gaze, atol=1e-4)
    iris[CENTRES[0], 0] += 5
    assert gaze_of(POINTS, iris)[0, 0] > 0.2  # the twin: the iris moves, the face does not


def test_a_track_knows_more_than_a_picture() -> None:
    face = Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, POINTS)
    assert gaze_at(face) is None
    found = gaze_at(replace(face, iris=iris_at(np.zeros((2, 2)))))
    assert found is not None and abs(found).max() < 1e-5
    given = np.full((2, 2), 0.3, np.float32)
    assert gaze_at(replace(face, gaze=given)) is given
