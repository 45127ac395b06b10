"""Brows of Y: the source's hairs in the light of the skin around them, as dark and as coloured as in the scene [ours].

A map made for skin takes X_r's brows for shadows and lifts them, and paints hairs with the skin's own pigment: grey, violet
or yellow smears. So brows get the map of the skin around them, where that does not make them paler. Then hairs become about
as dark beside their skin as the target's are, if they were paler, and about as coloured.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import luminance_of_linear, srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import brow_outlines, hull_mask
from aotface.masked import carried_far, grown, resized, rising
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, multiplied
from aotface.transfer.base import FacePair
from aotface.types import CROP_SIDE, Mask

GROWN, SOFT, LIDS = 2.0, 1.5, 4.0
"""By how much X_r's brows are grown, and how softly that ends; and by how much eyes are. Pixels at 256."""

AROUND = 9.0
"""Standard deviation, in pixels at 256, of the neighbourhood from which the map and the skin's tone are carried on."""

LEAST = 0.01
"""Weight that the mean of all of it has everywhere."""

DEEP = 75
"""Percentile of how dark a brow is beside its skin that stands for its hairs."""

FAINT, AIM, MOST, ENOUGH = 0.12, 0.9, 1.5, 1.4
"""How dark hairs are beside their skin, as a logarithm, below which there are none to be made darker; what share of the
target's depth is wanted; how many times darker they get at most; and the depth from which on they get no darker."""

DARK = 0.85
"""Depth up to which hairs of Y may be deeper than those of both faces: hairs that are dark beside deep skin are darker
beside paler skin."""

RAISED = 0.7
"""By how much, as a logarithm, what is deeper is made brighter at most."""

LEAST_LIGHT = 1e-4
"""Linear light that counts as black."""

PIT, FILLED = 1.2, 0.3
"""How much deeper than in X_r a place of Y may be where hairs of both faces are paler still, as a logarithm; and by how much
a place that is raised must be deeper than that for the map's bias to count by 1/e."""

BROAD = 2.5
"""Standard deviation, in pixels at 256, of what becomes no deeper than that: shadows are no hair."""

WITHIN = 1.4, 0.8
"""How many times as dark as hairs of either face that is at most; and, as a logarithm, what is in any case allowed."""

TALL = 24.0
"""Height, in pixels at 256, from which on what is dark is shade: a brow, with the hollow below it, is less high."""

CARRIED = 0.5
"""How far hairs get the map of the skin around: under real lamps the network is right to lift them more than skin."""

UNLIFTED, FURTHEST, PIGMENT = 0.4, 2.5, (0.1, 0.5)
"""Share of what brightens skin of both brows, and up to which logarithm, that hairs do not get: black ones do not turn grey
because skin is lifted; and how much darker than skin a place is where that begins, and is all, if not even the brow's hairs
are darker."""

GLINT, WIDE, KEPT = 0.04, 2.0, 0.15
"""How much brighter than the skin around, as a logarithm, a place in or beside a brow may be where the target's are no
brighter; how far beside, in pixels at 256; and what is left of the rest."""

COOL = (0.03, 0.12)
"""How much bluer than skin around (blue over red, a logarithm) what is no hair must be to get its colour, and in full."""

HAIR = (0.2, 0.8)
"""How much darker than skin, as a logarithm, a place is where hair begins, and is all."""

NEARER, EVEN, MOVED = 0.7, 0.5, 0.5
"""How far hairs go to the colour of the target's; what share of their own differences of colour goes; and how far one is
moved at most, as a logarithm."""

FLOOR = np.float32(2e-3)
"""Linear light added before a logarithm."""

Plane = Float32[np.ndarray, "_side _side"]
Pixels = Float32[np.ndarray, "_side _side 3"]


class _Brow(NamedTuple):
    """``own``, ``theirs``: outlines of X_r's and the target's, 0..1. ``soft``, ``hold``: X_r's, softened, and grown."""

    own: Mask
    theirs: Mask
    soft: Mask
    hold: Mask


def hold_brows(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    """Give brows the map of the skin around them, and their hairs contrast and colour.

    Args:
        field: what will be laid on X_r.
        pair: the face, at 256 px or less.

    Returns:
        The field; equal channels stay equal where it makes Y grey.

    Source: [ours].
    """
    side, unit = len(field), len(field) / CROP_SIDE
    brows, eyes, here = _brows(pair, side)
    seen = resized(pair.mask, side)[here] * (1 - eyes)
    hold = np.maximum(brows[0].hold, brows[1].hold)
    known = seen * (1 - cv2.dilate(hold, np.ones((3, 3))))
    if not (hold * seen).any() or not known.any():
        return field
    given, changed = field[here], field.copy()
    before, theirs = (srgb_to_linear(resized(one, side)[here]) for one in (pair.reenacted, pair.target))
    bright = [np.log(luminance_of_linear(one) + FLOOR) for one in (before, theirs)]
    found = carried_far(np.dstack([given, *bright]), known, AROUND * unit, LEAST)
    around, shaded, other = found[..., :-2], bright[0] - found[..., -2], bright[1] - found[..., -1]
    drawn = np.maximum(seen, resized(pair.own_geometry.mask, side)[here]) * (1 - eyes)
    own, other = (_without_shade(one, drawn, unit) for one in (shaded, other))
    lifted = _mean_of(around - given)  # what makes hairs darker may stay
    around[..., :3] -= np.maximum(lifted, 0)[..., None]
    around[..., 4:] = np.minimum(around[..., 4:], given[..., 4:])
    hair = np.maximum.reduce([brow.hold * _hairs(own, brow, seen) for brow in brows])
    part = changed[here]
    part += (np.float32(CARRIED) * hair * (1 - eyes))[..., None] * (around - given)
    for brow in brows:
        _deepen(part, own, other, brow, seen)
    skin = np.minimum(_mean_of(around), _shared(around, brows, seen))
    pale = np.float32(UNLIFTED) * np.clip(skin, 0, FURTHEST)
    part[..., :3] -= (hair * seen * pale)[..., None]
    near = cv2.GaussianBlur(grown(hold, WIDE * unit), (0, 0), SOFT * unit) * seen
    _like_skin(part, before, own, other, known, near, unit)
    made = np.log(np.maximum(luminance_of_linear(multiplied(before, part) + part[..., 4:]), 0) + FLOOR)
    made -= carried_far(made[..., None], known, AROUND * unit, LEAST)[..., 0]
    for brow in brows:
        _no_deeper(part, before, made, shaded - pale, other, brow, seen)
    if field[..., 3].any():
        after, target = (
            np.log(np.maximum(one, 0) + FLOOR) for one in (multiplied(before, part) + part[..., 4:], theirs)
        )
        for brow in brows:
            part[..., :3] += _recoloured(after, target, own, other, brow, seen)
    return changed


def _hairs(own: Plane, brow: _Brow, seen: Mask) -> Plane:
    """How much of each place is hair, 0..1: all of it where it is as dark as the brow's hairs, so that what is half as dark
    stays so."""
    low, high = PIGMENT
    return rising(-own, (low, max(high, _depth(own, brow.own * seen))))


def _shared(around: ColourMapArray, brows: list[_Brow], seen: Mask) -> np.float32:
    """By how much the map lifts the skin of both brows: what it lifts one more is light, which falls on hairs as well."""
    lifted, weights = _mean_of(around), [brow.hold * seen for brow in brows]
    return np.float32(
        min((float((lifted * one).sum() / one.sum()) for one in weights if one.sum() > 4), default=0)
    )


def _without_shade(beside_skin: Plane, drawn: Mask, unit: float) -> Plane:
    """Brightness beside skin, or beside the shade that a place lies in: what is higher than a brow is no hair.

    Args:
        beside_skin: a logarithm.
        drawn: where a face is, but for eyes, 0..1.
        unit: pixels of it in one of a crop of 256.
    """
    column = np.ones((round(TALL * unit) | 1, 1), np.uint8)
    shade = cv2.morphologyEx(beside_skin * drawn, cv2.MORPH_CLOSE, column)
    return beside_skin - np.minimum(cv2.GaussianBlur(shade, (0, 0), SOFT * unit), 0)


def _depth(beside_skin: Plane, where: Mask) -> float:
    """How dark hairs are beside their skin."""
    return float(np.percentile(-beside_skin[where > 0.5], DEEP)) if (where > 0.5).any() else 0.0


def _no_deeper(
    field: ColourMapArray, before: Pixels, made: Plane, own: Plane, theirs: Plane, brow: _Brow, seen: Mask
) -> None:
    """Take back, in place, by what a brow of Y is darker beside its skin than X_r's and the target's, and pits in it.

    What the map's bias made nearly black has no colour to be trusted: as far as such a place is made brighter, it gets that
    of X_r under the map's gain.

    Args:
        field: what will be laid on X_r.
        before: X_r, linear.
        made: Y beside its skin, as a logarithm.
        own: X_r beside its skin, with hairs that are lifted less than it.
        theirs: the target.
        brow: one.
        seen: what of it is visible.
    """
    here = brow.own * seen
    depth = _depth(made, here)
    most = max(_depth(own, here), _depth(theirs, brow.theirs * seen), DARK)
    if depth > most:
        share = np.tanh((1 - most / depth) * np.maximum(-made, 0) / RAISED) * brow.hold * seen
        _raise(field, before, np.float32(RAISED) * share, share, np.float32(0))
        made = made + np.float32(RAISED) * share
    pits = np.maximum(-made - np.maximum(PIT - own, most), 0) * brow.hold * seen
    if pits.any():
        _raise(field, before, pits, 1 - np.exp(-pits / np.float32(FILLED)), FLOOR)


def _raise(field: ColourMapArray, before: Pixels, more: Plane, share: Plane, floor: np.float32) -> None:
    """Make Y brighter by a logarithm of its light and a floor, and take a share of the map's bias away, in place."""
    gained = multiplied(before, field)
    light, bias = luminance_of_linear(gained), luminance_of_linear(field[..., 4:])
    wanted = np.exp(more) * (np.maximum(light + bias, LEAST_LIGHT) + floor) - floor - (1 - share) * bias
    gain = np.log(np.maximum(wanted, LEAST_LIGHT) / np.maximum(light, LEAST_LIGHT)) * (share > 0)
    field[..., :3] += gain[..., None].astype(np.float32)
    field[..., 4:] *= (1 - share)[..., None].astype(np.float32)


def _deepen(field: ColourMapArray, own: Plane, theirs: Plane, brow: _Brow, seen: Mask) -> None:
    """Make the hairs of a brow darker where the target's are, in place."""
    here, there = brow.own * seen, brow.theirs * seen
    if here.sum() < 4 or there.sum() < 4:
        return
    mine, wanted = _depth(own, here), _depth(theirs, there)
    times = np.clip(min(AIM * wanted, ENOUGH) / max(mine, FAINT), 1, MOST)
    times = 1 + (times - 1) * np.clip((mine - FAINT) / FAINT, 0, 1)
    deep = np.float32(times) * np.maximum(-own, 0)
    broad = cv2.GaussianBlur(deep, (0, 0), BROAD * len(own) / CROP_SIDE)
    most = np.float32(max(WITHIN[0] * max(mine, wanted), WITHIN[1]))
    deep -= broad * (1 - 1 / np.sqrt(np.sqrt(1 + (broad / most) ** 4)))
    field[..., :3] -= (np.maximum(deep - np.maximum(-own, 0), 0) * brow.soft * seen)[..., None]


def _like_skin(
    field: ColourMapArray, before: Pixels, own: Plane, theirs: Plane, known: Mask, near: Mask, unit: float
) -> None:
    """Take glints between hairs down to the skin around, but for what the target's own brows have, and what is no hair to
    its colour, in place.

    A source's shine on a brow, lifted with dark skin, is white frost, and thin hairs over skin are a grey rim.
    """
    after = np.log(np.maximum(multiplied(before, field) + field[..., 4:], 0) + FLOOR)
    mean = _mean_of(after)
    skin = carried_far(np.dstack([mean, after - mean[..., None]]), known, AROUND * unit, LEAST)
    allowed = np.maximum(cv2.dilate(theirs, np.ones((3, 3), np.uint8)), 0) + np.float32(GLINT)
    more = -(1 - np.float32(KEPT)) * (np.maximum(mean - skin[..., 0] - allowed, 0) * near)[..., None]
    if field[..., 3].any():
        share = near * (1 - np.clip((-own - HAIR[0]) / (HAIR[1] - HAIR[0]), 0, 1))
        colour = np.clip(skin[..., 1:] - (after - mean[..., None]), -MOVED, MOVED)
        share *= rising(colour[..., 0] - colour[..., 2], COOL)  # frost is blue; warm light on a brow is light
        more = more + np.float32(NEARER) * share[..., None] * colour
    field[..., :3] += more
    field[..., 4:] *= np.exp(more)


def _recoloured(after: Pixels, target: Pixels, own: Plane, theirs: Plane, brow: _Brow, seen: Mask) -> Pixels:
    """What brings the hairs of a brow of Y near the colour of the target's, as logarithms."""
    hairs, others = (
        weight * np.clip((-depth - HAIR[0]) / (HAIR[1] - HAIR[0]), 0, 1)
        for depth, weight in ((own, brow.hold * seen), (theirs, brow.theirs * seen))
    )
    if hairs.sum() < 4 or others.sum() < 4:
        return np.zeros_like(after)
    colour, wanted = (one - _mean_of(one)[..., None] for one in (after, target))
    mean = (colour * hairs[..., None]).sum(axis=(0, 1)) / hairs.sum()
    aim = (wanted * others[..., None]).sum(axis=(0, 1)) / others.sum()
    more = NEARER * (aim - mean) - EVEN * (colour - mean)
    more = np.clip(more, -MOVED, MOVED) * hairs[..., None]
    light, moved = (luminance_of_linear(np.exp(one).astype(np.float32)) for one in (after, after + more))
    return np.asarray(more - np.log(moved / light)[..., None], np.float32)  # as bright as before


def _mean_of(values: np.ndarray) -> Plane:
    """Of the first three channels; several times as fast as NumPy's."""
    return np.asarray((values[..., 0] + values[..., 1] + values[..., 2]) / np.float32(3), np.float32)


def _brows(pair: FacePair, side: int) -> tuple[list[_Brow], Mask, tuple[slice, slice]]:
    """Both brows of both faces, and the eyes of X_r, on the map's pixels, within the box that counts for them."""
    shrink, unit = resize_matrix(np.eye(2, 3), len(pair.mask), side), side / CROP_SIDE
    own, theirs = (transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks))
    pairs = [
        [hull_mask((side, side), outline) for outline in both]
        for both in zip(brow_outlines(own), brow_outlines(theirs), strict=True)
    ]
    eyes = hull_mask((side, side), own[RIGHT_EYE], own[LEFT_EYE])
    shown, reach = np.maximum.reduce([one for both in pairs for one in both]), round(2 * AROUND * unit)
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    here = tuple(
        slice(max(0, at[0] - reach), at[-1] + reach) if len(at) else slice(0, 1) for at in (rows, columns)
    )
    brows = []
    for mine, other in pairs:
        soft = cv2.GaussianBlur(mine[here], (0, 0), SOFT * unit)
        hold = cv2.GaussianBlur(grown(mine[here], GROWN * unit), (0, 0), SOFT * unit)
        brows.append(_Brow(mine[here], other[here], soft, hold))
    return brows, cv2.GaussianBlur(grown(eyes[here], LIDS * unit), (0, 0), unit), (here[0], here[1])
