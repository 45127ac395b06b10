import numpy as np

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, MEAN, OVAL, RIGHT_BROW
from aotface.reenact.shape import identity_shape


def test_same_shape_stays_and_the_outline_is_the_targets() -> None:
    target = (MEAN * 60 + 128).astype(np.float32)
    assert np.allclose(identity_shape(target * 3 + 5, target), target, atol=1e-2)
    wide = MEAN.copy()
    wide[:, 0] *= 1.2
    moved = identity_shape((wide * 60).astype(np.float32), target)
    assert np.allclose(moved[OVAL], target[OVAL], atol=0.7)
    assert np.abs(moved - target).max() > 2


def raised(by: float) -> np.ndarray:
    """The mean face with its brows so much higher, in pixels."""
    points = (MEAN * 60).astype(np.float32)
    points[np.concatenate([LEFT_BROW, RIGHT_BROW]), 1] -= by
    return points


def test_raised_brows_come_along_when_the_rest_is_known() -> None:
    source = (MEAN * 60 * np.array([1.1, 1, 1])).astype(np.float32)
    brows = np.concatenate([LEFT_BROW, RIGHT_BROW])
    up = [
        (identity_shape(source, raised(0), 1.0, rest) - identity_shape(source, raised(8), 1.0, rest))[
            brows, 1
        ]
        for rest in (MEAN.astype(np.float32), None)
    ]
    assert up[0].mean() > 6.5
    assert up[1].mean() < 5.5  # the twin: a picture alone puts them where the source's are


def test_a_covered_part_stays_in_the_targets_place() -> None:
    target = (MEAN * 60 + 128).astype(np.float32)
    source, visible = raised(10) * 1.1, np.ones((256, 256), np.float32)
    free = identity_shape(source, target, visible=visible)
    assert np.array_equal(free, identity_shape(source, target))
    left, right = target[LEFT_BROW], target[RIGHT_BROW]
    visible[:, 128:] = 0.6  # the person's left is the picture's right
    held = identity_shape(source, target, visible=visible)
    assert np.abs(held[LEFT_BROW] - left)[:, 1].max() < 1.5 < 4 < np.abs(free[LEFT_BROW] - left)[:, 1].mean()
    assert np.abs(held[RIGHT_BROW] - right)[:, 1].mean() > 4  # the twin: the other brow is bare


def test_eyes_that_do_the_same_get_the_sources_shape() -> None:
    target, source = (MEAN * 60 + 128).astype(np.float32), (MEAN * 60).astype(np.float32)
    middle = source[LEFT_EYE].mean(axis=0)
    source[LEFT_EYE] = middle + (source[LEFT_EYE] - middle) * np.array([1.2, 1, 1], np.float32)

    def width(points: np.ndarray) -> float:
        return float(np.ptp(points[LEFT_EYE, 0]))

    assert width(identity_shape(source, target)) > 1.06 * width(target)
    rest = MEAN.astype(np.float32)
    assert width(identity_shape(source, target, 1.0, rest)) < 1.04 * width(target)  # nor in a clip
    squinting = source.copy()
    squinting[LEFT_EYE, 1] = middle[1]
    assert width(identity_shape(squinting, target)) < 1.04 * width(target)  # the twin: shut, it says less


def test_brows_of_the_target_stay_in_their_place() -> None:
    target = (MEAN * 60 + 128).astype(np.float32)
    brows = np.concatenate([LEFT_BROW, RIGHT_BROW])
    moved, held = (
        identity_shape(raised(10), target, brows=one)[brows, 1] - target[brows, 1] for one in (True, False)
    )
    assert np.abs(held).mean() < 1.5 < 3.5 < np.abs(moved).mean()
