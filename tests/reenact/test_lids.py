"""Lower lids where the target's eye is shut; the target's own eyes where the source shows none that fit."""

import numpy as np

from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE, opening
from aotface.reenact.lids import RIM, lid_places, unseen_eyes


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


def turned(degrees: float, points: np.ndarray) -> np.ndarray:
    """A face turned to its side."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return ((points - 128) @ matrix.T + 128).astype(np.float32)


def shown(source: np.ndarray, target: np.ndarray) -> list[float]:
    """How far the target's right and left eye show."""
    return [round(one, 2) for one in unseen_eyes(source, target)]


def test_the_targets_eyes_show_where_the_sources_are_narrow_averted_or_shut() -> None:
    wide = with_eyes(1.8, 1.8)
    assert shown(with_eyes(1.6, 1.6), wide) == [0, 0]  # the twin: eyes that fit are the source's
    assert shown(with_eyes(0.8, 0.8), wide) == [1, 1]
    assert shown(with_eyes(0.8, 1.8), wide) == [1, 1]  # both, or their colours would differ
    assert shown(turned(45, wide), wide) == [1, 1] and shown(turned(25, wide), wide) == [0, 0]
    assert shown(turned(45, wide), turned(40, wide)) == [0, 0]
    assert 0 < shown(turned(37, wide), wide)[0] < 1  # no jump
    assert min(shown(turned(45, wide), with_eyes(0.6, 1.8))) > 0.9  # while it blinks, too
    assert shown(with_eyes(0.05, 0.05), with_eyes(0.05, 0.05)) == [0, 0]  # both are shut
