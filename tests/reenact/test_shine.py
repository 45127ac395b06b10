"""Shine goes from a source's skin and is no hair any more; hair, covers, dull skin and what is beside the face stay."""

import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb
from aotface.face.align import align
from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import VIEW_SIDE, view_matrix
from aotface.reenact.shine import without_shine
from aotface.types import Face, Frame

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
MATRIX = view_matrix(POINTS)
SKIN = np.array([0.09, 0.045, 0.028])
Y, X = np.mgrid[:SIDE, :SIDE]
X0, Y0 = POINTS[9, :2]
SPOT = np.exp(-((X - X0) ** 2 + (Y - Y0) ** 2) / (2 * 8.0**2))[..., None]


def picture(light: np.ndarray, kind: type = np.uint8) -> Frame:
    return np.rint(np.clip(linear_to_srgb(light), 0, 1) * np.iinfo(kind).max).astype(kind)


def seen(surface: Surface, probability: float) -> Visibility:
    planes = np.zeros((OUTPUTS, VIEW_SIDE, VIEW_SIDE), np.float32)
    planes[surface] = probability
    planes[Surface.SKIN] = 1 - probability
    return Visibility(planes, MATRIX)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_shine_goes_and_is_no_hair(kind: type) -> None:
    dull, shiny = (picture(np.broadcast_to(SKIN, (SIDE, SIDE, 3)) + most * SPOT, kind) for most in (0, 0.3))
    done, after = without_shine(shiny, align(shiny, FACE), seen(Surface.HAIR, 0.5))
    apart, before = (np.abs(one.astype(float) - dull) / np.iinfo(kind).max for one in (done, shiny))
    assert apart.max() < 0.3 * before.max() and done.dtype == kind
    assert np.array_equal(done[260:], shiny[260:])
    hair = after.of(Surface.HAIR)
    assert hair.min() < 0.1 and hair.max() == 0.5
    np.testing.assert_allclose(after.planes.sum(axis=0), 1, atol=1e-6)


def test_dull_skin_and_what_is_no_skin_stay_the_very_same() -> None:
    lit = picture(SKIN * (1 + 3 * SPOT))
    assert without_shine(lit, align(lit, FACE), seen(Surface.SKIN, 0.0))[0] is lit
    shiny = picture(SKIN + 0.3 * SPOT)
    for surface in (Surface.HAIR, Surface.COVER, Surface.BEARD):
        assert without_shine(shiny, align(shiny, FACE), seen(surface, 0.95))[0] is shiny
    assert without_shine(shiny, align(shiny, FACE), seen(Surface.SKIN, 0.0))[0] is not shiny  # the twin
