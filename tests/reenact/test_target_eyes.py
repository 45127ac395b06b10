"""The target's eyes come along at the new place, in the tone around them and with the source's iris colour."""

import cv2
import numpy as np
import pytest

from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.reenact.iris_colour import RADIUS, IrisColour, iris_colour
from aotface.reenact.target_eyes import TargetEye, target_eyes
from aotface.types import AlignedFace, Crop, Face, Landmarks

SIDE = 256
SKIN = np.array([0.7, 0.55, 0.45], np.float32)
WHITE, BROWN, BLUE = (0.8, 0.78, 0.77), (0.3, 0.2, 0.14), (0.4, 0.46, 0.54)
GAZE = np.float32([[0.06, 0.0], [0.06, 0.0]])


def opened(by: float = 1.8) -> Landmarks:
    points = (MEAN * 70 + 128).astype(np.float32)
    for ring in (RIGHT_EYE, LEFT_EYE):
        points[ring, 1] = points[ring, 1].mean() + by * (points[ring, 1] - points[ring, 1].mean())
    return points


POINTS = opened()
AWAY = np.float32([5, 0, 0])


def iris_at(points: Landmarks, eye: int) -> tuple[int, int]:
    middle, across, _ = eye_axes(points, eye)
    x, y = np.round(middle + GAZE[eye, 0] * across).astype(int)
    return int(x), int(y)


def drawn(points: Landmarks, iris: tuple[float, ...], light: float = 1.0) -> Crop:
    face = np.broadcast_to(SKIN, (SIDE, SIDE, 3)).copy()
    for eye, ring in enumerate((RIGHT_EYE, LEFT_EYE)):
        shown = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillPoly(shown, [np.round(points[ring, :2]).astype(np.int32)], (1,))
        (x, y), across = iris_at(points, eye), eye_axes(points, eye)[1]
        ball = np.broadcast_to(np.float32(WHITE), face.shape).copy()
        for radius, colour in ((1.0, iris), (0.4, (0.02, 0.02, 0.02))):
            cv2.circle(ball, (x, y), round(radius * RADIUS * float(np.linalg.norm(across))), colour, -1)
        ball[y - 2 : y, x - 2 : x] = 1.0
        face = np.where(shown[..., None] > 0, ball, face)
    return face * np.float32(light)


def laid(
    face: Crop, iris: IrisColour | None = None, light: float = 1.0, visible: float = 1.0, share: float = 1.0
) -> list[TargetEye]:
    """Eyes of a target with brown irises, five pixels further left than the new face's, laid into it."""
    theirs, zoom = POINTS - AWAY, len(face) // SIDE
    crop = cv2.resize(drawn(theirs, BROWN, light), face.shape[:2])
    found = Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, theirs, gaze=GAZE)
    seen = np.full((SIDE, SIDE), visible, np.float32)
    target = AlignedFace(found, crop, np.eye(2, 3), theirs * np.float32(zoom), seen)
    eyes = list(target_eyes(target, face, POINTS, np.ones((SIDE, SIDE), bool), iris, (share, share)))
    for eye in eyes:
        eye.lay(face)
    return eyes


def of_iris(face: Crop, eye: int) -> np.ndarray:
    (x, y), zoom = iris_at(POINTS, eye), len(face) // SIDE
    radius = RADIUS * float(np.linalg.norm(eye_axes(POINTS, eye)[1]))
    return np.asarray(face[zoom * y, round(zoom * (x + 0.7 * radius))])


@pytest.mark.parametrize("zoom", [1, 2])
def test_eyes_are_the_targets_at_the_new_place(zoom: int) -> None:
    face = cv2.resize(drawn(POINTS, (0.1, 0.9, 0.1)), (zoom * SIDE, zoom * SIDE))
    before = face.copy()
    for eye in laid(face):
        assert eye.weight.max() == pytest.approx(1) and eye.weight[0].max() == 0
    for eye in (0, 1):
        np.testing.assert_allclose(of_iris(face, eye), BROWN, atol=0.04)
        assert of_iris(before, eye)[1] > 0.6  # the twin
    x, y = iris_at(POINTS, 0)
    assert (
        face[zoom * (y - 2) : zoom * y, zoom * (x - 2) : zoom * x].max() > 0.9
    )  # the catch-light comes along
    assert np.abs(face - before)[: zoom * (y - 20)].max() == 0


def test_irises_get_the_sources_colour_and_pupils_and_catch_lights_stay() -> None:
    blue = iris_colour(drawn(POINTS, BLUE, 0.6), POINTS, GAZE)  # in another light
    assert blue is not None and blue.sure == 1
    plain, face = drawn(POINTS, BROWN), drawn(POINTS, BROWN)
    laid(face, blue)
    laid(plain)
    for eye in (0, 1):
        assert of_iris(plain, eye)[2] < 0.7 * of_iris(plain, eye)[0]
        assert of_iris(face, eye)[2] > 0.8 * of_iris(face, eye)[0]
        x, y = iris_at(POINTS, eye)
        for place in ((y + 1, x + 1), (y - 1, x - 1)):
            np.testing.assert_allclose(face[place], plain[place], atol=0.08)


def test_lids_get_the_tone_around_them_and_eyes_keep_theirs() -> None:
    face = drawn(POINTS, BROWN)
    laid(face, light=0.75)
    x, y = np.round(POINTS[RIGHT_EYE[4], :2]).astype(int)
    np.testing.assert_allclose(face[y + 3, x], SKIN, atol=0.03)
    np.testing.assert_allclose(of_iris(face, 0), 0.75 * np.float32(BROWN), atol=0.03)


def ringed(colour: tuple[float, ...] = (0.05, 0.05, 0.05)) -> Crop:
    """Eyes in black rims, as under a frame."""
    face = drawn(POINTS, BROWN)
    for ring in (RIGHT_EYE, LEFT_EYE):
        cv2.polylines(face, [np.round(POINTS[ring, :2]).astype(np.int32)], True, colour, 5)
    return face


def test_a_rim_that_is_unlike_the_targets_goes_unless_that_is_covered() -> None:
    (x, y), face, hidden = np.round(POINTS[RIGHT_EYE[4], :2]).astype(int), ringed(), ringed()
    plain = laid(drawn(POINTS, BROWN))[0]
    wide, narrow = laid(face)[0], laid(hidden, visible=0.0)[0]
    assert wide.weight.sum() > 1.2 * plain.weight.sum() and narrow.weight.sum() == plain.weight.sum()
    assert face[y + 2, x, 0] > 0.55 > 0.3 > hidden[y + 2, x, 0]
    red, faint = ringed((0.8, 0.35, 0.35)), ringed((0.71, 0.54, 0.44))
    assert laid(red)[0].weight.sum() > 1.2 * plain.weight.sum() > 1.15 * laid(faint)[0].weight.sum()


def test_shares_grey_pictures_and_eyes_beside_the_crop() -> None:
    assert laid(drawn(POINTS, BROWN), share=0.0) == []
    half = laid(drawn(POINTS, BROWN), share=0.5)[0]
    assert half.weight.max() == pytest.approx(0.5)
    assert iris_colour(drawn(opened(0.02), BROWN), opened(0.02), GAZE) is None
    for by in np.linspace(0.6, 1.2, 13).tolist():  # some with a pixel or two
        found = iris_colour(drawn(opened(by), BROWN), opened(by), GAZE)
        assert found is None or np.isfinite([*found.iris, *found.level]).all()
