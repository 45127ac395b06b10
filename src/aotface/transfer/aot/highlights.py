"""Highlights of the source's photograph: light on skin, not skin, so a map that lifts the skin must not lift them along.

Dark skin that is brought into a lighter tone would shine on forehead, nose and chin more than anything that the target
shows, and bluish at that, because its blue is lifted most. What stands out of its neighbourhood is taken for shine, and
keeps its own strength where the skin around it is lifted.

The target's own shine is no part of a map either: what multiplies gives a face no light that a surface mirrors, and without
it a face looks flat where all else glistens. So it is carried to the same places of the new face, and added as haze.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE, luminance_of_linear, srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OUTER_LIPS, RIGHT_BROW, RIGHT_EYE
from aotface.face.render import Raster
from aotface.face.skin_light import FINEST, grey, reflection, shine_of
from aotface.face.texture import features_mask
from aotface.transfer.aot.both_sides import read_at
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, apply_colour_map_array
from aotface.transfer.base import FacePair
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

LOCAL = 20.0
"""Standard deviation, in pixels at 256, of the neighbourhood that a highlight stands out of."""

FAINT, SURE = 0.05, 0.30
"""By how much (log luminance) a pixel stands out, to count as a highlight not at all, and fully."""

KEPT = 0.3
"""Share of a highlight's contrast to the skin around it that stays where it is calmed in full."""

PALER = 3.0
"""Tone that is lifted, over what blue is lifted more than red: melanin's density is 0.87 in red, 1.2 in blue (see
`training/tone.py`). A picture that only becomes brighter, all channels alike, keeps its highlights."""

LEAST = 0.03
"""Log-gain below which nothing is worth changing."""

SOFT = 1.0
"""Standard deviation, in pixels at 256, that takes the noise out of what is changed."""

SHARE = 0.9
"""Share of the target's shine that is added where it is missing."""

HARDEST = 2.0
"""Multiple of a place's own light that shine approaches at most: more of it, without the pores that break it, glows."""

TINT = (0.4, 1.8)
"""Least and greatest of a channel of shine beside the mean of all three."""

DIM = 0.01
"""Linear light of the strongest shine below which a target does not shine."""

_LUMINANCE = np.array(LUMINANCE, np.float32)
_FLOOR = np.float32(2e-3)


def limit_highlights(field: ColourMapArray, reenacted: Crop, mask: Mask) -> ColourMapArray:
    """Take gain away where a map would lift a highlight of X_r together with the skin around it.

    Args:
        field: what will be laid on X_r.
        reenacted: X_r, side x side x 3, 0..1.
        mask: the visible face, the same side, 0..1.

    Returns:
        The field, dimmed in highlights that it would have lifted; else the very same.

    Source: [ours]; that a highlight does not take part in the tone of skin, as in `training/tone.py`.
    """
    side = len(field)
    small, cover = (
        cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA) for part in (reenacted, mask)
    )
    sigma = LOCAL * side / 256
    gains = _around(field[..., :3], cover, sigma)
    lifted = np.minimum(gains.mean(axis=2), PALER * (gains[..., 2] - gains[..., 0]))
    if (lifted * cover).max() <= 0:  # nothing is lifted
        return field
    light, swapped = srgb_to_linear(small) @ _LUMINANCE, srgb_to_linear(apply_colour_map_array(small, field))
    out = np.log((light + _FLOOR) / (_around(light[..., None], cover, sigma)[..., 0] + _FLOOR))
    stands = np.clip((out - FAINT) / (SURE - FAINT), 0, 1)
    share = (stands * (1 - np.exp(-np.maximum(lifted, 0))) * cover)[..., None]
    skin = _around(swapped, cover * (1 - stands) ** 2, sigma)
    calm = skin * ((1 + KEPT * np.maximum(np.expm1(out), 0))[..., None])
    wanted = swapped + share * (np.minimum(calm, swapped.max(axis=2, keepdims=True)) - swapped)
    less = np.log((wanted + _FLOOR) / (swapped + _FLOOR))
    own = np.minimum(
        less, less[..., :1]
    )  # skin around may be greyer, and a patch of its colour is no calm highlight
    dimmed = luminance_of_linear((swapped + _FLOOR) * np.exp(own))
    less = own + np.log(luminance_of_linear(wanted + _FLOOR) / dimmed)[..., None]
    less = cv2.GaussianBlur(less.astype(np.float32), (0, 0), SOFT * side / 256)
    if np.abs(less).max() < LEAST:
        return field
    changed = field.copy()
    changed[..., :3] += less
    changed[..., 4:] *= np.exp(less)
    return changed


def with_targets_shine(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    """Add the target's shine to a map.

    Args:
        field: what will be laid on X_r.
        pair: the face, at 256 px or less.

    Returns:
        The field with more gain and more bias, half of the shine each; the very same where the target's skin does not shine.

    Source: [ours]; see `aotface.face.skin_light`.
    """
    side = len(field)
    target, reenacted, mask = (
        cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA)
        for one in (pair.target, pair.reenacted, pair.mask)
    )
    shrink = resize_matrix(np.eye(2, 3), len(pair.mask), side)
    own, theirs = (transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks))
    unit, parts = side / CROP_SIDE, (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, OUTER_LIPS)
    skin = mask * (1 - features_mask((side, side), own, theirs, unit=unit, parts=parts))
    light = srgb_to_linear(target)
    wanted, around = reflection(light, skin, unit)
    if wanted.max() < DIM:
        return field
    fine, places = _blurred(light, FINEST * unit), _places(pair.coarse, theirs - own, side)
    read, most = read_at(_tinted(wanted, fine - around), places), read_at(grey(fine), places)
    wanted = grey(read)
    swapped = srgb_to_linear(apply_colour_map_array(reenacted, field))
    now = _blurred(swapped, FINEST * unit)
    missing = np.minimum(wanted - shine_of(swapped, skin, unit), most - grey(now))
    missing = np.maximum(missing, 0) * skin
    missing *= SHARE / (1 + missing / (HARDEST * grey(now) + _FLOOR))
    changed, half = field.copy(), 0.5 * (missing / (wanted + np.float32(1e-6)))[..., None] * read
    more = np.log((now + half + _FLOOR) / (now + _FLOOR))
    changed[..., :3] += more
    changed[..., 4:] = changed[..., 4:] * np.exp(more) + half
    return changed


def _tinted(shine: Mask, more: Float32[np.ndarray, "side side 3"]) -> Float32[np.ndarray, "side side 3"]:
    """Shine in the colour of what stands out there: a patch of sun is no white one."""
    colour = np.clip(more / np.maximum(grey(more), _FLOOR)[..., None], *TINT)
    return np.asarray(colour * (shine / grey(colour))[..., None], np.float32)


def _places(raster: Raster, apart: Landmarks, side: int) -> Float32[np.ndarray, "_side _side 2"]:
    """For each pixel of Y: its place in the target, whose landmarks are so far ``apart``."""
    moved = raster.interpolate(np.ascontiguousarray(apart[:, :2], dtype=np.float32))
    moved = cv2.resize(moved, (side, side), interpolation=cv2.INTER_LINEAR)
    return moved + np.dstack(np.meshgrid(*[np.arange(side, dtype=np.float32)] * 2))


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma)


def _around(
    values: Float32[np.ndarray, "side side channels"], weight: Mask, sigma: float
) -> Float32[np.ndarray, "side side channels"]:
    """Mean of a neighbourhood under a weight."""
    total = cv2.GaussianBlur(
        np.dstack([values * weight[..., None], weight]).astype(np.float32), (0, 0), sigma
    )
    return np.asarray(total[..., :-1] / (total[..., -1:] + 1e-4), np.float32)
