"""Light of the lamp on skin is told from light in the skin's own colour; a harder lamp from an even one.

Shine goes from a source's skin and is no hair any more; hair, covers, dull skin and what is beside the face stay.
"""

import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb
from aotface.face.align import align
from aotface.face.mesh import MEAN
from aotface.face.skin_light import harder_light, shine_of, without_shine
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import VIEW_SIDE, view_matrix
from aotface.types import Face, Frame

SIDE = 128
SKIN = np.array([0.3, 0.15, 0.1], np.float32)
ALL = np.ones((SIDE, SIDE), np.float32)


def spot(strength: float = 1.0, wide: float = 5.0) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    made = strength * np.exp(-((x - 64) ** 2 + (y - 64) ** 2) / (2 * wide**2))
    return made.astype(np.float32)[..., None]


def test_what_has_the_lamps_colour_is_shine_and_what_has_the_skins_is_not() -> None:
    shiny, lit, red = SKIN + spot(0.2), SKIN * (1 + spot(1.5)), SKIN * (1 + spot() * [1.5, 0, 0])
    found = shine_of(shiny.astype(np.float32), ALL, 0.5)
    assert 0.1 < found[64, 64] < 0.2 and found[:20].max() == 0
    for other in (lit, red, np.broadcast_to(SKIN, (SIDE, SIDE, 3))):
        assert shine_of(other.astype(np.float32), ALL, 0.5).max() < 0.01


def test_on_a_grey_face_nothing_is_told_apart() -> None:
    assert not shine_of(np.repeat(0.2 + spot(0.3), 3, axis=2), ALL, 0.5).any()


def test_what_is_no_skin_does_not_shine() -> None:
    beside = ALL.copy()
    beside[40:90, 40:90] = 0
    assert not shine_of((SKIN + spot(0.2)).astype(np.float32), beside, 0.5)[40:90, 40:90].any()


def test_a_harder_lamp_is_known_by_its_contrast() -> None:
    even, hard = (np.asarray(SKIN * (1 + spot(one, 8.0)), np.float32) for one in (0.2, 1.0))
    assert harder_light(hard, even, ALL) == 1
    assert harder_light(even, hard, ALL) == 0 and harder_light(hard, hard, ALL) == 0


WIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
MATRIX = view_matrix(POINTS)
DEEP = np.array([0.09, 0.045, 0.028])
Y, X = np.mgrid[:WIDE, :WIDE]
X0, Y0 = POINTS[9, :2]
GLINT = np.exp(-((X - X0) ** 2 + (Y - Y0) ** 2) / (2 * 8.0**2))[..., None]


def picture(light: np.ndarray, kind: type = np.uint8) -> Frame:
    return np.rint(np.clip(linear_to_srgb(light), 0, 1) * np.iinfo(kind).max).astype(kind)


def seen(surface: Surface, probability: float) -> Visibility:
    planes = np.zeros((OUTPUTS, VIEW_SIDE, VIEW_SIDE), np.float32)
    planes[surface] = probability
    planes[Surface.SKIN] = 1 - probability
    return Visibility(planes, MATRIX)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_shine_goes_and_is_no_hair(kind: type) -> None:
    dull, shiny = (picture(np.broadcast_to(DEEP, (WIDE, WIDE, 3)) + most * GLINT, kind) for most in (0, 0.3))
    done, after = without_shine(shiny, align(shiny, FACE), seen(Surface.HAIR, 0.5))
    apart, before = (np.abs(one.astype(float) - dull) / np.iinfo(kind).max for one in (done, shiny))
    assert apart.max() < 0.3 * before.max() and done.dtype == kind
    assert np.array_equal(done[260:], shiny[260:])
    hair = after.of(Surface.HAIR)
    assert hair.min() < 0.1 and hair.max() == 0.5
    np.testing.assert_allclose(after.planes.sum(axis=0), 1, atol=1e-6)


def test_dull_or_light_skin_and_what_is_no_skin_stay_the_very_same() -> None:
    light = picture(np.array([0.8, 0.5, 0.4]) + 0.3 * GLINT)
    assert without_shine(light, align(light, FACE), seen(Surface.SKIN, 0.0))[0] is light
    lit = picture(DEEP * (1 + 3 * GLINT))
    assert without_shine(lit, align(lit, FACE), seen(Surface.SKIN, 0.0))[0] is lit
    shiny = picture(DEEP + 0.3 * GLINT)
    for surface in (Surface.HAIR, Surface.COVER, Surface.BEARD):
        assert without_shine(shiny, align(shiny, FACE), seen(surface, 0.95))[0] is shiny
    assert without_shine(shiny, align(shiny, FACE), seen(Surface.SKIN, 0.0))[0] is not shiny  # the twin
