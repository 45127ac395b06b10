"""The target's mouth comes along at the new place, in the tone around it; hair does not."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import INNER_LIPS, MEAN, OUTER_LIPS
from aotface.reenact.lip_colour import LipColour, lip_colour
from aotface.reenact.target_mouth import TargetMouth, fits, hair_of, target_mouth
from aotface.types import AlignedFace, Crop, Face, Landmarks

SIDE = 256
SKIN = np.array([0.7, 0.55, 0.45], np.float32)


def opened(by: float) -> Landmarks:
    points = (MEAN * 70 + 128).astype(np.float32)
    points[INNER_LIPS[1:10], 1] += by / 2
    points[INNER_LIPS[11:], 1] -= by / 2
    return points


POINTS = opened(6)


def drawn(points: Landmarks, lips: tuple[float, ...], teeth: tuple[float, ...], light: float = 1.0) -> Crop:
    face = np.broadcast_to(SKIN, (SIDE, SIDE, 3)).copy()
    for ring, colour in ((OUTER_LIPS, lips), (INNER_LIPS, teeth)):
        cv2.fillPoly(face, [np.round(points[ring, :2]).astype(np.int32)], colour)
    return face * np.float32(light)


def colour(lips: tuple[float, ...], light: float = 1.0) -> LipColour:
    crop = drawn(POINTS, lips, lips, light)
    found = lip_colour(AlignedFace(Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, POINTS), crop, np.eye(2, 3), POINTS))
    assert found is not None
    return found


def mouth(light: float = 1.0, side: int = SIDE, alike: LipColour | None = None) -> TargetMouth:
    """Of a target with green teeth, six pixels further left than the new face's."""
    zoom, theirs = side / SIDE, POINTS - np.float32([6, 0, 0])
    crop = cv2.resize(drawn(theirs, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2), light), (side, side))
    target = AlignedFace(
        Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, theirs), crop, np.eye(2, 3), theirs * np.float32(zoom)
    )
    found = target_mouth(target, POINTS, np.ones((SIDE, SIDE), bool), alike, alike is not None)
    assert found is not None
    return found


def at(face: Crop, vertices: list[int], down: float = 0) -> np.ndarray:
    places = np.round(POINTS[vertices, :2].mean(axis=0) * len(face) / SIDE).astype(int)
    return np.asarray(face[places[1] + round(down * len(face) / SIDE), places[0]])


@pytest.mark.parametrize("side", [SIDE, 2 * SIDE])
def test_teeth_and_lips_are_the_targets_at_the_new_place(side: int) -> None:
    face = cv2.resize(drawn(POINTS, (0.9, 0.1, 0.9), (0.1, 0.1, 0.9)), (side, side))
    found = mouth(side=side)
    found.lay(face)
    np.testing.assert_allclose(at(face, [13, 14]), (0.2, 0.9, 0.2), atol=0.03)
    np.testing.assert_allclose(at(face, [14, 17]), (0.5, 0.3, 0.3), atol=0.04)
    np.testing.assert_allclose(at(face, [17], 12), SKIN, atol=0.02)
    assert found.weight.max() == 1 and found.weight[0].max() == 0


def test_where_both_do_the_same_only_teeth_are_the_targets_and_lips_keep_their_colour() -> None:
    lips = (0.55, 0.35, 0.32)
    found, face = mouth(alike=colour(lips)), drawn(POINTS, lips, (0.1, 0.1, 0.9))
    violet = drawn(POINTS, (0.55, 0.35, 0.42), (0.1, 0.1, 0.9))
    for one in (face, violet):
        found.lay(one)
        np.testing.assert_allclose(at(one, [13, 14]), (0.2, 0.9, 0.2), atol=0.06)
    np.testing.assert_allclose(at(face, [14, 17]), lips, atol=0.02)
    assert at(violet, [14, 17])[2] < 0.40  # less blue than the gain made them
    assert found.weight[round(float(POINTS[17, 1] - found.here[0].start) + 1)].max() == 0
    assert mouth().weight[round(float(POINTS[17, 1] - found.here[0].start) + 1)].max() > 0.5  # twin


def test_lips_that_would_turn_white_or_violet_are_not_kept() -> None:
    rose, pale, violet = (colour(lips) for lips in ((0.5, 0.3, 0.28), (0.68, 0.53, 0.44), (0.5, 0.4, 0.45)))
    assert fits(rose, rose.skin) and not fits(pale, pale.skin) and not fits(violet, violet.skin)
    assert not fits(colour((0.5, 0.3, 0.28), light=0.5), rose.skin)  # a deep skin onto a light one
    assert mouth(alike=rose).lips is rose and mouth(alike=pale).lips is None


def test_skin_gets_the_tone_around_it_and_teeth_do_not() -> None:
    face = drawn(POINTS, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2))
    mouth(light=0.7).lay(face)
    ring = [at(face, [17], down) for down in (3, 5, 7)]
    np.testing.assert_allclose(ring, np.broadcast_to(SKIN, (3, 3)), atol=0.03)
    np.testing.assert_allclose(at(face, [13, 14]), 0.7 * np.array((0.2, 0.9, 0.2)), atol=0.03)


def test_light_that_a_transfer_left_lies_on_all_of_the_mouth() -> None:
    """A dark target and a face as in its own photograph: what is more than a skin's own colour may be, teeth get as well."""
    face = drawn(POINTS, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2))
    mouth(light=0.25).lay(face)
    np.testing.assert_allclose(at(face, [13, 14]), np.exp(-0.35) * np.array((0.2, 0.9, 0.2)), atol=0.04)
    np.testing.assert_allclose(at(face, [17], 5), SKIN, atol=0.03)


def test_a_moustache_stays_with_its_owner() -> None:
    points = POINTS - np.float32([6, 0, 0])
    crop = drawn(points, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2))
    top = round(float(points[0, 1]))
    grey = np.random.default_rng(1).uniform(0.2, 0.9, (14, 100, 1)).astype(np.float32)
    crop[top - 9 : top + 5, 72:172] = grey
    target = AlignedFace(Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, points), crop, np.eye(2, 3), points)
    found = target_mouth(target, POINTS, np.ones((SIDE, SIDE), bool), None)
    face, shaven = (drawn(POINTS, (0.6, 0.35, 0.35), (0.2, 0.9, 0.2)) for _ in range(2))
    assert found is not None
    found.lay(face)
    above = np.s_[top - 8 : top + 2, 110:140]
    assert np.abs(face - shaven)[above].mean() < 0.03
    assert np.abs(crop - shaven)[above].mean() > 0.1  # the twin: it is there


def test_nothing_beside_the_targets_face_comes_along() -> None:
    points = POINTS - np.float32([6, 0, 0])
    crop, left = drawn(points, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2)), round(float(points[61, 0])) + 4
    crop[:, :left] = (0.1, 0.1, 1.0)  # behind a turned face
    seen = np.ones((SIDE, SIDE), np.float32)
    seen[:, :left] = 0
    blue = []
    for visible in (seen, None):
        target = AlignedFace(Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, points), crop, np.eye(2, 3), points, visible)
        found = target_mouth(target, POINTS, np.ones((SIDE, SIDE), bool), None)
        face = drawn(POINTS, (0.5, 0.3, 0.3), (0.2, 0.9, 0.2))
        assert found is not None
        found.lay(face)
        blue.append(face[at_corner()][2])
    assert blue[0] < 0.5 < 0.7 < blue[1]  # the last is the twin


def at_corner() -> tuple[int, int]:
    x, y = np.round(POINTS[61, :2]).astype(int)
    return int(y), int(x)


def test_hair_is_grey_or_dark_and_rough() -> None:
    free, none = np.zeros((40, 40, 3), np.float32), np.zeros((40, 40), bool)
    rough = free + np.random.default_rng(2).normal(-0.8, 0.3, (40, 40, 1)).astype(np.float32)
    grey = free - np.array([0.3, 0.05, 0], np.float32)
    assert hair_of(free, none).max() == 0 and hair_of(free - 0.5, none).max() == 0  # shadow is no hair
    assert min(hair_of(one, none)[10:30, 10:30].mean() for one in (rough, grey)) > 0.8
