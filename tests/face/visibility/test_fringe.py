"""A fringe that hangs close to a brow is hair; a brow is not, and neither is a shadow on skin."""

import numpy as np
import pytest

from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.fringe import with_fringe

SIDE, TOP = 256, 100
SKIN, HAIR = 0.7, 0.1


def landmarks() -> np.ndarray:
    """Two brows, ten pixels high, below row `TOP`."""
    points = np.zeros((468, 3), np.float32)
    for ring, left in ((RIGHT_BROW, 60), (LEFT_BROW, 150)):
        x = np.linspace(left, left + 45, 5)
        points[ring, 0] = np.concatenate([x, x])
        points[ring, 1] = np.repeat([TOP + 10, TOP], 5)
    return points


def seen(hair_to: int, brow_from: int) -> np.ndarray:
    """Hair down to a row, brow from another one down to the brows' lower edge, skin else."""
    planes = np.zeros((12, SIDE, SIDE), np.float32)
    planes[Surface.SKIN] = 1
    for surface, rows in ((Surface.BROW, slice(brow_from, TOP + 10)), (Surface.HAIR, slice(0, hair_to))):
        planes[:, rows] = 0
        planes[surface, rows] = 1
    return planes


def view(dark_to: int) -> np.ndarray:
    """A picture that is as dark as hair down to a row."""
    picture = np.full((SIDE, SIDE, 3), SKIN, np.float32)
    picture[:dark_to] = HAIR
    return picture


def test_brow_above_brows_that_hangs_from_hair_is_hair() -> None:
    before = seen(hair_to=70, brow_from=70)
    after = with_fringe(before, view(TOP), landmarks())
    assert after[Surface.HAIR, 72:90, 80].min() > 0.99
    assert after[Surface.BROW, TOP + 1 : TOP + 9, 80].min() > 0.99  # the brow itself stays one
    np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0), atol=1e-5)


def test_raised_brow_below_bare_skin_stays_a_brow() -> None:
    before = seen(hair_to=50, brow_from=85)
    after = with_fringe(before, view(50), landmarks())
    np.testing.assert_array_equal(after[Surface.BROW], before[Surface.BROW])


@pytest.mark.parametrize(("dark_to", "skin", "kept"), [(92, 0.5, True), (70, 0.5, False), (92, 1.0, False)])
def test_unsure_skin_as_dark_as_hair_is_hair(dark_to: int, skin: float, kept: bool) -> None:
    """Bright skin is none, nor is a shadow that is surely skin."""
    planes = seen(hair_to=70, brow_from=TOP)
    planes[Surface.SKIN, 70:92], planes[Surface.BACKGROUND, 70:92] = skin, 1 - skin
    after = with_fringe(planes, view(dark_to), landmarks())[Surface.HAIR, 74:88, 80]
    assert (after.min() > 0.45) if kept else (after.max() < 0.05)


def test_no_hair_above_brows_nothing_changes() -> None:
    planes = seen(hair_to=0, brow_from=90)
    assert with_fringe(planes, view(0), landmarks()) is planes


def test_hair_that_hangs_over_an_outer_end_goes_on_beside_it_and_ends_softly() -> None:
    """What is called brow beside the end is hair as well, down to a line that slants outwards."""
    hair = with_fringe(seen(hair_to=70, brow_from=70), view(TOP), landmarks())[Surface.HAIR]
    assert hair[80:95, 46:60].min() > 0.9 and hair[TOP + 9, 47] > 0.9 and hair[TOP + 9, 58] < 0.5
    assert hair[TOP, 5:25].max() == 0  # far from the brow
    assert np.abs(np.diff(hair[80:95, 20:60], axis=1)).max() < 0.1


def test_hair_of_the_temple_beside_a_bare_end_stays_as_it_was_seen() -> None:
    planes = seen(hair_to=50, brow_from=85)
    for surface, share in ((Surface.HAIR, 1), (Surface.BROW, 0), (Surface.SKIN, 0)):
        planes[surface, 50:85, :56] = share  # hair down to a tail that reaches beyond the mesh's brow
    after = with_fringe(planes, view(85), landmarks())
    np.testing.assert_array_equal(after[:, :, :60], planes[:, :, :60])
