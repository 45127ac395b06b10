"""Nostrils and shadow under the nose of Y: as warm beside the skin as the target's [ours].

Light that has entered a nostril comes back red, so real ones are redder than the skin, the more so the darker they are. A
map that is made for skin brings X_r's to another tone with the gains of skin: grey ones, which look like smears.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import luminance_of_linear, srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import OUTER_LIPS
from aotface.face.texture import features_mask
from aotface.masked import carried_far, falling, resized, rising
from aotface.transfer.aot.bounds import UNDER_NOSE
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, multiplied
from aotface.transfer.base import FacePair
from aotface.types import CROP_SIDE, Landmarks, Mask

REACH, AROUND, LEAST = 1.5, 12.0, 0.01
"""How far around the base of a nose is looked, in units of `features_mask`; the neighbourhood
from which skin is carried on into it, standard deviation in pixels at 256; and the weight that all of it has everywhere."""

FINE = 1.0
"""Standard deviation, in the same pixels, of what is compared, and of what is changed."""

DARK = (0.4, 0.9)
"""How much darker than skin, as a logarithm, a place is where it begins to be coloured, and is."""

WARM = (0.1, 0.3)
"""By how much red may lie over blue, in parts of how dark a place is (logarithms, both beside skin). The target's nostrils
have .18 in the median of 62, from -.05 to .6."""

GREY = (0.0, 0.1)
"""By how much less, a logarithm, red lies over blue than wanted where it begins to be changed, and is: none gets cooler."""

MIXED = (0.03, 0.12)
"""How far red over blue, a logarithm, of the skin around is from that of all of it where lights of two colours begin to
meet, and do: what is dark there shows the other lamp's."""

MOST = 0.5
"""By how much, as a logarithm, a channel is moved at most."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

Pixels = Float32[np.ndarray, "_side _side 3"]


def warm_nostrils(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    """Give what is dark under the nose the target's warmth; it stays as bright as it is.

    Args:
        field: what will be laid on X_r.
        pair: the face, at 256 px or less.

    Returns:
        The field with other gains; the very same where it makes Y grey.

    Source: [ours].
    """
    if not field[..., 3].any():
        return field
    side, unit = len(field), len(field) / CROP_SIDE
    shrink = resize_matrix(np.eye(2, 3), len(pair.mask), side)
    points = [transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks)]
    here = _box_of(points, side)
    mine, other = (
        features_mask((side, side), one, unit=REACH * unit, parts=(UNDER_NOSE,))[here] for one in points
    )
    lips = features_mask((side, side), *points, unit=unit, parts=(OUTER_LIPS,))[here]
    seen = resized(pair.mask, side)[here] * (1 - lips)
    known = seen * (1 - np.maximum(mine, other))
    if not (mine * seen).any() or not known.any():
        return field
    before, target = (srgb_to_linear(resized(one, side)[here]) for one in (pair.reenacted, pair.target))
    after = np.maximum(multiplied(before, field[here]) + field[here][..., 4:], 0)
    (dark, colour, even), (deep, wanted, _) = (_beside_skin(one, known, unit) for one in (after, target))
    more = dark[..., None] * _warmth(deep, wanted, other * seen) - colour
    share = even * rising(more[..., 0] - more[..., 2], GREY) * rising(dark, DARK) * mine * seen
    more = np.clip(more * share[..., None], -MOST, MOST)
    light, moved = (luminance_of_linear(one) for one in (after + FLOOR, (after + FLOOR) * np.exp(more)))
    more -= np.log(moved / light)[..., None]
    changed = field.copy()
    changed[here][..., :3] += cv2.GaussianBlur(more, (0, 0), FINE * unit)
    return changed


def _box_of(points: list[Landmarks], side: int) -> tuple[slice, slice]:
    """Rows and columns of a map in which both noses' bases lie, with the skin around."""
    corners = np.concatenate([one[UNDER_NOSE, :2] for one in points])
    margin = (2 * REACH + 2 * AROUND) * side / CROP_SIDE
    x, y = (
        slice(*np.clip([at.min() - margin, at.max() + margin], (0, 1), (side - 1, side)).astype(int))
        for at in corners.T
    )
    return y, x


def _beside_skin(light: Pixels, known: Mask, unit: float) -> tuple[Mask, Pixels, Mask]:
    """How much darker than skin each place is, 0 where it is brighter; its colour beside that of skin: logarithms; and how
    far skin around it has the colour of most of it."""
    logs = np.log(cv2.GaussianBlur(light, (0, 0), FINE * unit) + FLOOR)
    skin = carried_far(logs, known, AROUND * unit, LEAST)
    warm = skin[..., 0] - skin[..., 2]
    usual = float((warm * known).sum() / max(float(known.sum()), 1e-3))
    logs -= skin
    mean = (logs[..., 0] + logs[..., 1] + logs[..., 2]) / np.float32(3)
    return np.maximum(-mean, 0), logs - mean[..., None], falling(np.abs(warm - usual), MIXED)


def _warmth(dark: Mask, colour: Pixels, weight: Mask) -> Float32[np.ndarray, " 3"]:
    """What a place of the target that is darker by 1 has of each channel beside their mean: a line through the origin."""
    share = dark * weight
    slope = (colour * share[..., None]).sum(axis=(0, 1)) / max(float((dark * share).sum()), 1e-3)
    warm = float(np.clip(slope[0] - slope[2], *WARM))
    green = float(np.clip(slope[1], -warm / 2, 0))
    return np.array([(warm - green) / 2, green, -(warm + green) / 2], np.float32)
