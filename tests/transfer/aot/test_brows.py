"""Brows of Y: hairs keep the contrast that a map of shadows takes from them, and get no pigment of the skin's."""

import numpy as np

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.transfer.aot.brows import hold_brows
from aotface.transfer.base import FacePair

SIDE = 256


def face(skin: float, hairs: float) -> tuple[np.ndarray, np.ndarray]:
    """A grey crop with two dark bands for brows, and its landmarks."""
    points = ((MEAN - MEAN.min(axis=0)) * 80 + 40).astype(np.float32)
    crop = np.full((SIDE, SIDE, 3), skin, np.float32)
    for brow in (LEFT_BROW, RIGHT_BROW):
        crop[inside(points, brow)] = hairs
    return crop, points


def inside(points: np.ndarray, brow: np.ndarray) -> tuple[slice, slice]:
    (x0, y0), (x1, y1) = (f(points[brow, :2], axis=0).astype(int) for f in (np.min, np.max))
    return slice(y0, y1), slice(x0, x1)


def unchanged() -> np.ndarray:
    """A map that changes nothing."""
    field = np.zeros((SIDE, SIDE, 7), np.float32)
    field[..., 3] = 1
    return field


def pair_of(own: np.ndarray, target: np.ndarray, points: np.ndarray) -> FacePair:
    """Two faces of one shape, all of them seen."""
    return FacePair(own, target, np.ones((SIDE, SIDE), np.float32), points, points)


def held(
    gain_on_hairs: float, hairs: float = 0.3, theirs: float = 0.3, bluer: float = 0.0
) -> tuple[float, float]:
    """Mean gain and what blue gets more than red, in the middle of a brow of Y, beside the skin's."""
    own, points = face(0.7, hairs)
    target, _ = face(0.7, theirs)
    field = unchanged()
    for brow in (LEFT_BROW, RIGHT_BROW):
        field[inside(points, brow)][..., :3] = gain_on_hairs
        field[inside(points, brow)][..., 2] += bluer
    found = hold_brows(field, pair_of(own, target, points))
    x, y = points[LEFT_BROW, :2].mean(axis=0).astype(int)
    return float(found[y, x, :3].mean()), float(found[y, x, 2] - found[y, x, 0])


def test_hairs_are_not_lifted_as_shadows_are() -> None:
    assert abs(held(0.8)[0]) < 0.5  # it was .8
    assert (
        held(-0.4, theirs=0.15)[0] < -0.3
    )  # the twin: what makes them darker stays, up to the target's depth


def test_pale_hairs_get_darker_where_the_targets_are_dark() -> None:
    assert held(0.0, hairs=0.5, theirs=0.25)[0] < -0.3
    assert abs(held(0.0, hairs=0.5, theirs=0.5)[0]) < 0.05  # the twin


def test_hairs_get_no_deeper_than_those_of_both_faces() -> None:
    assert held(-1.5)[0] > -1.1  # the map alone: -1.5
    assert held(-1.5, theirs=0.05)[0] < -1.4  # the twin: the target's are as deep


def test_black_hairs_stay_black_where_skin_is_lifted_far() -> None:
    own, points = face(0.3, 0.12)
    target, _ = face(0.8, 0.15)
    field = unchanged()
    x, y = points[LEFT_BROW, :2].mean(axis=0).astype(int)
    found = []
    for gain in (1.0, 2.0):
        field[..., :3] = gain
        held_field = hold_brows(field, pair_of(own, target, points))
        found.append(gain - float(held_field[y, x, :3].mean()))
    assert found[1] > found[0] + 0.3  # they are lifted less than skin, by more where that is lifted more


def test_light_on_one_side_falls_on_hairs_as_well() -> None:
    own, points = face(0.3, 0.12)
    target, _ = face(0.8, 0.15)
    x, y = points[LEFT_BROW, :2].mean(axis=0).astype(int)
    middle = int(points[[9, 8], 0].mean())
    found = []
    for other in (0.0, 1.5):
        field = unchanged()
        field[..., :3] = other
        side = np.s_[:, middle:] if x > middle else np.s_[:, :middle]
        field[side][..., :3] = 1.5
        found.append(1.5 - float(hold_brows(field, pair_of(own, target, points))[y, x, :3].mean()))
    assert found[0] < 0.1  # a lamp lifts hairs and skin alike; it was .6
    assert found[1] > 0.4  # the twin: skin of another colour


def test_shade_over_a_brows_end_is_no_hair() -> None:
    own, points = face(0.7, 0.3)
    target, _ = face(0.7, 0.3)
    (rows, columns), field = inside(points, LEFT_BROW), unchanged()
    field[..., :3] = 1.0
    place = columns.stop - 4
    found = []
    for high in (40, 0):
        shaded = own.copy()
        shaded[rows.start - high : rows.stop + high, columns.stop - 10 : columns.stop + 2] = 0.45
        held_field = hold_brows(field, pair_of(shaded, target, points))
        found.append(1 - float(held_field[rows.start, place, :3].mean()))
    assert found[0] < 0.1  # it was .4
    assert found[1] > found[0] + 0.1  # the twin: what is no higher than a brow


def test_paler_hairs_stay_as_much_paler() -> None:
    own, points = face(0.4, 0.1)
    target, _ = face(0.8, 0.15)
    (rows, columns), field = inside(points, LEFT_BROW), unchanged()
    own[rows, columns.stop - 8 : columns.stop] = 0.3
    field[..., :3] = 1.5
    made = hold_brows(field, pair_of(own, target, points))
    y = (rows.start + rows.stop) // 2
    dark, pale = (1.5 - float(made[y, x, :3].mean()) for x in (columns.start + 6, columns.stop - 3))
    assert 0 < pale < 0.6 * dark  # it was all of it


def above_a_brow(gain: float, theirs: float = 0.7) -> np.ndarray:
    """What a map gets, of red, green and blue, in a place just above a brow whose X_r it makes so much brighter."""
    own, points = face(0.7, 0.3)
    target, _ = face(0.7, 0.3)
    field = unchanged()
    x, y = points[LEFT_BROW, :2].mean(axis=0).astype(int)
    y = int(points[LEFT_BROW, 1].min()) - 3
    field[y - 1 : y + 2, x - 4 : x + 5, :3] = gain, gain, 1.3 * gain
    target[y - 1 : y + 2, x - 4 : x + 5] = theirs
    pair = pair_of(own, target, points)
    return np.asarray(hold_brows(field, pair)[y, x, :3])


def test_no_glint_stands_above_a_brow() -> None:
    found = above_a_brow(0.4)
    assert found.mean() < 0.25  # it was .44
    assert np.ptp(found) < 0.08  # and .12: bluish
    assert above_a_brow(0.4, theirs=0.85).mean() > 0.35  # the twin: the target's shine


def test_hairs_get_the_colour_of_hairs() -> None:
    assert abs(held(0.0, bluer=0.6)[1]) < 0.2


def test_what_a_bias_made_black_gets_no_colours() -> None:
    own, points = face(0.7, 0.4)
    target, _ = face(0.7, 0.4)
    field = unchanged()
    here = inside(points, LEFT_BROW)
    light = srgb_to_linear(own)[here]
    field[here][..., 4:] = 0.001 - light  # black, and of a colour by chance
    field[here][..., 4:] += np.random.default_rng(5).normal(0, 0.004, light.shape).astype(np.float32)
    held_field = hold_brows(field, pair_of(own, target, points))

    def spread(one: np.ndarray) -> float:
        made = linear_to_srgb(np.clip(light * np.exp(one[here][..., :3]) + one[here][..., 4:], 0, 1))
        return float(np.ptp(made[2:-2, 2:-2], axis=-1).mean())

    assert spread(held_field) < spread(field)  # brightened as it stood: from .05 to .8


def test_no_pit_is_much_deeper_than_hairs_of_both_faces() -> None:
    own, points = face(0.7, 0.35)
    target, _ = face(0.7, 0.35)
    field = unchanged()
    x, y = points[LEFT_BROW, :2].mean(axis=0).astype(int)
    light = float(srgb_to_linear(own[y, x])[0])
    field[y - 2 : y + 3, x - 2 : x + 3, 4:] = (
        0.001 - light
    )  # a shadow of the target's, in one place of a brow
    found = hold_brows(field, pair_of(own, target, points))
    made, hairs = (light * np.exp(found[at][:3]) + found[at][4:] for at in ((y, x), (y, x - 12)))
    assert np.log(hairs / made).max() < 1.6  # it was 4.6
    assert abs(float(np.log(hairs / light).mean())) < 0.1
