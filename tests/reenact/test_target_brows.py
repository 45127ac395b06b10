"""A hidden brow is not read: the other one stands in for it, or the target's own, in the tone around them."""

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.mesh import LEFT_BROW, MEAN, RIGHT_BROW
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import view_of_crop
from aotface.reenact.target_brows import (
    BrowLook,
    better_kept,
    brow_look,
    target_brows,
    without_hidden_brows,
)
from aotface.types import Crop, Face, Frame, Mask

SIDE = 256
POINTS = (MEAN * 70 + 128).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, POINTS)
SKIN = np.array([0.7, 0.55, 0.45], np.float32)
PLACES = [
    tuple(np.round(POINTS[ring, :2].mean(axis=0)).astype(int)[::-1]) for ring in (RIGHT_BROW, LEFT_BROW)
]


def over(brow: int, reach: tuple[int, int] = (8, 30)) -> tuple[slice, slice]:
    """Rows and columns that hide a brow."""
    row, column = PLACES[brow]
    return slice(row - reach[0], row + reach[0]), slice(column - reach[1], column + reach[1])


def picture(*brows: int) -> Frame:
    """Grey, with a few places that a frame was filled at."""
    frame = np.full((SIDE, SIDE, 3), 128, np.uint8)
    for brow in brows:
        frame[over(brow)] = 60
    return frame


def judged(texture: Mask, *filled: int, fringe: int | None = None) -> tuple[Mask, bool]:
    bare = picture()
    source = picture(*filled) if filled else bare
    aligned = align(source, FACE)
    at = aligned.landmarks - POINTS
    assert np.abs(at[:, :2] - at[0, :2]).max() < 40  # the crop is nearly the picture
    planes = np.zeros((OUTPUTS, SIDE, SIDE), np.float32)
    if fringe is not None:
        x, y = np.round(aligned.landmarks[(RIGHT_BROW, LEFT_BROW)[fringe], :2].mean(axis=0)).astype(int)
        hair = np.zeros((SIDE, SIDE), np.float32)
        hair[y - 30 : y - 5, x - 20 : x + 20] = 1
        planes[Surface.BROW] = cv2.warpAffine(hair, view_of_crop(SIDE), (SIDE, SIDE))
    seen = Visibility(planes, view_of_crop(SIDE))
    return without_hidden_brows(source, bare, aligned, texture, seen)


def test_a_brow_under_a_frame_is_read_from_the_other_side() -> None:
    whole = np.ones((SIDE, SIDE), np.float32)
    same, shown = judged(whole)
    assert same is whole and shown
    read, shown = judged(whole, 0)
    points = align(picture(), FACE).landmarks
    at = [np.round(points[ring, :2].mean(axis=0)).astype(int) for ring in (RIGHT_BROW, LEFT_BROW)]
    assert shown and read[at[0][1], at[0][0]] == 0 and read[at[1][1], at[1][0]] == 1


def test_a_fringe_that_is_taken_for_a_brow_is_not_read() -> None:
    whole = np.ones((SIDE, SIDE), np.float32)
    read, shown = judged(whole, fringe=1)
    points = align(picture(), FACE).landmarks
    x, y = np.round(points[LEFT_BROW, :2].mean(axis=0)).astype(int)
    assert shown and read[y, x] == 0 and read[y - 20, x] < 0.1 and read[200].min() == 1


def test_where_both_are_hidden_the_targets_are_needed() -> None:
    whole = np.ones((SIDE, SIDE), np.float32)
    assert not judged(whole, 0, 1)[1]
    fringe = whole.copy()
    fringe[:128] = 0
    assert not judged(fringe)[1] and judged(whole)[1]


def drawn(tone: float) -> Crop:
    """Skin with dark brows."""
    face = np.broadcast_to(SKIN * np.float32(tone), (SIDE, SIDE, 3)).copy()
    for brow in (0, 1):
        face[over(brow, (2, 12))] *= np.float32(0.3)
    return face


def test_brows_of_the_target_lie_in_the_new_skin_without_an_edge() -> None:
    everywhere = np.ones((SIDE, SIDE), bool)
    found = target_brows(drawn(1.0), POINTS, everywhere, everywhere.astype(np.float32))
    assert found is not None and found.weight.max() == 1
    new = np.broadcast_to(SKIN * np.float32(0.8), (SIDE, SIDE, 3)).copy()
    face = new.copy()
    found.lay(face)
    for row, column in PLACES:
        assert face[row, column].max() < 0.45 < new[row, column].max()
        np.testing.assert_allclose(face[row - 8 : row - 4, column], new[row - 8 : row - 4, column], atol=0.02)
    changed = np.abs(face - new).max(axis=2) > 0.01
    assert not changed[: min(row for row, _ in PLACES) - 30].any() and not changed[150:].any()
    assert (
        np.abs(drawn(1.0)[PLACES[0][0] - 6, PLACES[0][1]] - new[0, 0]).max() > 0.1
    )  # the twin: it was another tone


def test_a_larger_crop_gets_the_same() -> None:
    everywhere = np.ones((SIDE, SIDE), bool)
    found = target_brows(
        drawn(1.0).repeat(2, 0).repeat(2, 1), POINTS, everywhere, np.ones((SIDE, SIDE), np.float32)
    )
    assert found is not None and found.pixels.shape[:2] == found.weight.shape
    face = np.broadcast_to(SKIN, (2 * SIDE, 2 * SIDE, 3)).copy()
    found.lay(face)
    row, column = PLACES[1]
    assert face[2 * row, 2 * column].max() < 0.4


def test_brows_beside_the_crop_are_none() -> None:
    everywhere = np.ones((SIDE, SIDE), bool)
    gone = POINTS - np.array([0, 400, 0], np.float32)
    assert target_brows(drawn(1.0), gone, everywhere, everywhere.astype(np.float32)) is None


WHOLE = BrowLook(deep=1.0, even=0.9, shown=1.0, whole=0.5, broken=0.4, crisp=0.1)


def looking(hairs: float, side: int = 256, soft: float = 0.0, covered: int | None = None) -> BrowLook:
    """How brows of so much light on skin of .7 look; out of focus by ``soft`` pixels; one of them ``covered``."""
    crop = np.full((side, side, 3), 0.7, np.float32)
    points = POINTS * np.float32(side / 256)
    for brow in (LEFT_BROW, RIGHT_BROW):
        cv2.fillConvexPoly(crop, cv2.convexHull(np.round(points[brow, :2]).astype(np.int32)), (hairs,) * 3)
    if soft:
        crop = cv2.GaussianBlur(crop, (0, 0), soft)
    visible = np.ones((256, 256), np.float32)
    if covered is not None:
        visible[over(covered)] = 0
    found = brow_look(crop, points, visible)
    assert found is not None
    return found


def test_darker_hairs_are_deeper_at_any_side() -> None:
    dark, pale = looking(0.3), looking(0.5)
    assert dark.deep > 1.5 > pale.deep > 0.5 and dark.shown == 1
    assert dark.broken > 0.8 > pale.whole > 0.25
    for same in ("deep", "whole", "broken"):
        assert getattr(looking(0.3, 512), same) == pytest.approx(getattr(dark, same), abs=0.1)


def test_a_bare_brow_asks_for_the_targets() -> None:
    bare = WHOLE._replace(deep=0.2, whole=0.12, broken=0.11)
    assert better_kept(bare, WHOLE) and not better_kept(WHOLE, WHOLE)
    assert not better_kept(WHOLE._replace(deep=0.4), WHOLE)  # a pale brow is the source's own
    assert better_kept(bare, WHOLE._replace(shown=0.9)) and not better_kept(bare, WHOLE._replace(shown=0.85))
    for no_better in ({"even": 0.2}, {"deep": 0.3}):
        broken = WHOLE._replace(broken=0.1, **no_better)
        assert better_kept(bare, WHOLE._replace(broken=0.1)) and not better_kept(bare, broken)


def test_stumps_ask_for_the_targets() -> None:
    assert better_kept(WHOLE._replace(whole=0.1, broken=0.05), WHOLE)
    assert not better_kept(WHOLE._replace(broken=0.05), WHOLE)  # one of them is whole


def test_edges_are_weak_in_soft_and_in_pale_brows() -> None:
    sharp, soft, pale = looking(0.4), looking(0.4, soft=4.0), looking(0.6)
    assert soft.crisp < 0.6 * sharp.crisp and pale.crisp < 0.5 * sharp.crisp
    assert looking(0.4, 512).crisp == pytest.approx(sharp.crisp, rel=0.1)
    assert looking(0.4, covered=0).crisp == pytest.approx(sharp.crisp, rel=0.2)


def test_brows_that_are_much_softer_than_the_targets_give_way() -> None:
    better = WHOLE._replace(crisp=0.12)
    assert better_kept(WHOLE._replace(crisp=0.05), better)
    assert not better_kept(
        WHOLE._replace(crisp=0.05), WHOLE._replace(crisp=0.09)
    )  # the target's are hardly better
    assert not better_kept(WHOLE._replace(crisp=0.08), WHOLE._replace(crisp=0.2))  # its own are clear enough
    assert not better_kept(WHOLE._replace(crisp=0.05), better._replace(deep=0.3, broken=0.1))


def test_brows_of_the_target_that_stay_in_front_get_no_second_arc() -> None:
    assert better_kept(WHOLE, WHOLE._replace(shown=0.6)) and not better_kept(
        WHOLE, WHOLE._replace(shown=0.65)
    )
