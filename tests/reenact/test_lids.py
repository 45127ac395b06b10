"""A lower lid is read further down where the target's eye is shut, and nowhere else."""

import numpy as np

from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE, opening
from aotface.reenact.lids import RIM, lid_places


def with_eyes(right: float, left: float) -> np.ndarray:
    """The mean face with its eyes opened by a factor."""
    points = (MEAN * 70 + 128).astype(np.float32)
    for ring, factor in ((RIGHT_EYE, right), (LEFT_EYE, left)):
        middle = points[ring[[0, 8]], 1].mean()
        points[ring, 1] = middle + factor * (points[ring, 1] - middle)
    return points


def test_the_rim_of_white_below_an_open_lid_is_closed_over() -> None:
    source, wink = with_eyes(1.6, 1.6), with_eyes(0.05, 1.6)
    assert opening(source, RIGHT_EYE) > 0.15 and opening(wink, RIGHT_EYE) < 0.02
    own, other = lid_places(source, wink)
    width = np.linalg.norm(np.ptp(source[RIGHT_EYE, :2], axis=0))
    down = (own - source)[:, 1]
    assert 0.9 * RIM < down[RIGHT_EYE].max() / width <= RIM
    upper = RIGHT_EYE[source[RIGHT_EYE, 1] < source[RIGHT_EYE[[0, 8]], 1].mean()]
    assert len(upper) > 4 and not down[upper].any() and np.abs((own - source)[RIGHT_EYE[[0, 8]]]).max() < 0.1
    assert np.array_equal(own[LEFT_EYE], source[LEFT_EYE])
    assert np.array_equal(other[RIGHT_EYE], source[RIGHT_EYE])  # read for the mirrored, open eye
    assert (other - source)[LEFT_EYE, 1].max() > 0.5


def test_open_eyes_and_shut_sources_stay() -> None:
    for source, target in (
        (with_eyes(1.6, 1.6), with_eyes(1.5, 1.5)),
        (with_eyes(0.1, 0.1), with_eyes(0.1, 0.1)),
    ):
        assert all(np.array_equal(one, source) for one in lid_places(source, target))
