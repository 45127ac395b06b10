"""Two faces do the same, or not, with one part and not with another."""

import numpy as np

from aotface.face.mesh import INNER_LIPS, LEFT_BROW, MEAN, RIGHT_BROW
from aotface.reenact.expression import BROWS, EYES, MOUTH, apart, expression, mouths_alike
from aotface.types import Landmarks


def face(opened: float = 0.0, raised: float = 0.0) -> Landmarks:
    """The mean face, its mouth so far open and its brows so much higher, in pixels."""
    points = (MEAN * 70 + 128).astype(np.float32)
    points[INNER_LIPS[1:10], 1] += opened
    points[np.concatenate([LEFT_BROW, RIGHT_BROW]), 1] -= raised
    return points


def test_what_differs_is_told_by_part_whatever_the_size() -> None:
    assert expression(face()).shape == (52,)
    assert max(apart(face(), face() * 3 + 40, part) for part in (EYES, BROWS, MOUTH)) < 0.05
    assert apart(face(), face(raised=9), BROWS) > 0.4 > apart(face(), face(raised=9), MOUTH)


def test_mouths_are_alike_unless_one_is_open_further_or_lips_would_get_thick() -> None:
    assert mouths_alike(face(), face(), face()) and mouths_alike(face(opened=3), face(), face())
    assert not mouths_alike(face(opened=14), face(), face())
    assert not mouths_alike(face(), face(opened=24), face(opened=24))
    thick = face()
    thick[[84, 17, 314], 1] += 0.6 * (thick[17, 1] - thick[14, 1])
    assert not mouths_alike(face(), face(), thick)
