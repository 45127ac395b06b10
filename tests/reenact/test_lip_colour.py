"""Lips go towards the source's colour, not far, and not beyond nature; lipstick fades without a rim."""

from dataclasses import replace

import cv2
import numpy as np

from aotface.face.mesh import MEAN, OUTER_LIPS
from aotface.reenact.lip_colour import (
    MOST,
    NATURAL,
    LipColour,
    calmed,
    colour_of,
    lip_colour,
    logarithm,
    mouth_box,
    outline_of,
    recoloured,
    traits,
)
from aotface.types import AlignedFace, Crop, Face, Landmarks

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
SKIN = np.array([0.75, 0.6, 0.5], np.float32)
COVERED = np.ones((SIDE, SIDE), bool)
ROSE, PALE, LIPSTICK = (0.86, 0.66, 0.68), (0.8, 0.7, 0.74), (0.9, 0.3, 0.42)
"""Of lips over skin, by channel."""


def face(lips: tuple[float, float, float], light: float = 1.0) -> Crop:
    drawn = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(drawn, [np.round(POINTS[OUTER_LIPS, :2] * 16).astype(np.int32)], (1.0,), shift=4)
    soft = cv2.GaussianBlur(drawn, (0, 0), 0.7)[..., None]
    return (light * SKIN * (1 + (np.array(lips, np.float32) - 1) * soft)).astype(np.float32)


def colour(lips: tuple[float, float, float], light: float = 1.0) -> LipColour:
    picture = face(lips, light)
    found = lip_colour(AlignedFace(Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, POINTS), picture, np.eye(2, 3), POINTS))
    assert found is not None
    return found


def moved(lips: tuple[float, float, float], wanted: tuple[float, float, float]) -> np.ndarray:
    """By how much brightness, redness and blueness of lips change, in a box."""
    box = mouth_box(POINTS, SIDE)
    assert box is not None
    log, outline = logarithm(face(lips)[box]), outline_of(POINTS, box)
    own = colour_of(log, outline, COVERED[box])
    assert own is not None
    change = traits(recoloured(log, outline, own, colour(wanted)))
    assert np.abs(change[outline.off > 4]).max() < 1e-3  # skin stays
    return np.asarray(change[cv2.erode(outline.lips.astype(np.uint8), np.ones((3, 3))) > 0].mean(axis=0))


def test_a_colour_is_told_beside_its_skin_in_any_light() -> None:
    bright, dark = colour(ROSE), colour(ROSE, light=0.5)
    np.testing.assert_allclose(bright.lips, dark.lips, atol=0.02)
    np.testing.assert_allclose(np.exp(dark.skin) / np.exp(bright.skin), 0.5, atol=0.02)
    assert abs(bright.lips[1] - np.log(0.86 / 0.66)) < 0.03


def test_lips_go_towards_the_sources_but_not_far() -> None:
    np.testing.assert_allclose(moved(ROSE, ROSE), 0, atol=5e-3)
    towards = moved(PALE, ROSE)
    assert 0.03 < towards[1] <= MOST[1] + 0.01 and np.all(np.abs(towards) < np.array(MOST) + 0.01)
    assert moved(PALE, LIPSTICK)[1] <= MOST[1] + 0.01  # lipstick of the source is not put on


def test_a_grey_picture_stays_grey() -> None:
    box = mouth_box(POINTS, SIDE)
    assert box is not None
    log = np.repeat(logarithm(face(PALE)[box])[..., 1:2], 3, axis=2)
    outline = outline_of(POINTS, box)
    own = colour_of(log, outline, COVERED[box])
    assert own is not None
    assert np.ptp(recoloured(log, outline, own, colour(ROSE)), axis=2).max() < 1e-5


def test_lipstick_fades() -> None:
    much, little = moved(LIPSTICK, ROSE), moved(ROSE, PALE)
    assert much[1] < -0.3 < little[1]
    assert colour(LIPSTICK).lips[1] + much[1] > NATURAL[1][0]


def test_burnt_light_on_lips_stays_white() -> None:
    box = mouth_box(POINTS, SIDE)
    assert box is not None
    picture, outline = face(LIPSTICK)[box].copy(), outline_of(POINTS, box)
    rows, columns = np.nonzero(cv2.erode(outline.lips.astype(np.uint8), np.ones((3, 3))))
    spot = rows[len(rows) // 3], columns[len(rows) // 3]
    picture[spot] = 1.0
    own = colour_of(logarithm(picture), outline, COVERED[box])
    assert own is not None
    change = np.abs(recoloured(logarithm(picture), outline, own, colour(ROSE))).max(axis=-1)
    assert change[spot] == 0 and np.median(change[rows, columns]) > 0.05


def test_where_no_lips_show_there_is_no_colour() -> None:
    box = slice(0, 40), slice(0, 40)
    outline = outline_of(POINTS, box)
    assert colour_of(logarithm(face(ROSE)[box]), outline, COVERED[box]) is None
    beside = AlignedFace(Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, POINTS), face(ROSE), np.eye(2, 3), POINTS)
    assert lip_colour(replace(beside, landmarks=POINTS + np.float32(400))) is None


def test_a_mouth_stands_out_no_further_than_the_targets_and_any() -> None:
    """A rim of light above the lips and a violet blot on them go; the target's own rim stays."""
    box = mouth_box(POINTS, SIDE)
    assert box is not None
    outline, plain = outline_of(POINTS, box), logarithm(face(ROSE)[box])
    rim = ((outline.off > 2) & (outline.off < 5) & (outline.above > 0.5))[..., None] * np.float32(0.5)
    blot = np.zeros_like(plain)
    blot[..., 2] = 0.5 * (outline.lips & (np.abs(np.arange(plain.shape[1]) - plain.shape[1] / 2) < 8))
    left = [
        np.abs(one + calmed(plain + one, theirs, outline, outline.beside))
        .max(axis=-1)[one.any(axis=-1)]
        .mean()
        for one, theirs in ((rim, plain), (blot, plain), (rim, plain + rim))
    ]
    assert left[0] < 0.35 and left[1] < 0.35 and left[2] > 0.45  # the last is the twin


def test_what_is_grey_beside_a_mouth_is_bounded_and_does_not_turn_green() -> None:
    """The rest of a white moustache on a shaven target."""
    box = mouth_box(POINTS, SIDE)
    assert box is not None
    outline, plain = outline_of(POINTS, box), logarithm(face(ROSE)[box])
    where = (outline.off > 2) & (outline.off < 5) & (outline.above > 0.5)
    grey = plain.copy()
    grey[where] = grey[where].mean()
    for theirs, most in ((plain, 0.12), (grey, 0.3)):
        done = grey + calmed(grey, theirs, outline, outline.beside)
        beside = traits(done - plain)[where]
        assert (
            -most < beside[:, 1].mean() < 0.6 * -most
        )  # the second is the twin: the target is grey there, too
        assert beside[:, 2].mean() > 0  # it stays greyer than skin: blue goes with red
