"""What skin of Y shows beside its surroundings is bounded by what the target shows at that place [ours].

The broad light of a map follows the target; what is finer is the source's photograph. A hard lamp there leaves deep folds,
dark holes beside the nose and bright ridges. A channel that is almost 0 there becomes a patch of yellow or violet when it is
lifted, or when haze is taken off it. So each octave of Y may stand out as far as any face's does, and further only where the
target's does. Wrinkles, freckles and blush within these bounds stay as they are.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import luminance_of_linear, srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_NOSTRIL,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_NOSTRIL,
)
from aotface.face.skin_light import harder_light
from aotface.face.texture import features_mask
from aotface.masked import local_mean, resized
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, multiplied
from aotface.transfer.base import FacePair
from aotface.types import CROP_SIDE, Mask

COARSE, FINE = (24.0, 12.0, 6.0), (6.0, 3.0, 1.0)
"""Blurs between which octaves lie, in pixels at 256: those looked at on half the map's side, and on all of it."""

DARKER, BRIGHTER = (
    {12.0: 0.055, 6.0: 0.06, 3.0: 0.06, 1.0: 0.045},
    {12.0: 0.045, 6.0: 0.05, 3.0: 0.05, 1.0: 0.045},
)
"""How far an octave of any skin may stand out to the dark and to the bright, by its finer blur: logarithms."""

COLOURED, APART = 0.03, 0.12
"""The same of colour in broad octaves, and how far it may be from the target's at the same place at last."""

MOTTLED, NEAR = 0.02, 4.0
"""Colour finer than that: what any skin has of it, and the neighbourhood it is measured in, pixels at 256."""

LASHES = 3.0
"""How many times as far around eyes as around other features what is dark is not bounded: lashes and their paint."""

UNDER = 1.5
"""How many times as far around the base of the nose as around other features what is dark is bounded under any lamp: X_r's
shadow there and the target's would come together."""

UNDER_NOSE = np.concatenate([LEFT_NOSTRIL, RIGHT_NOSTRIL, [2, 164]])
"""Nostrils, and what lies between them and the upper lip."""

HOLLOW = 0.5
"""Share of a nostril's depth that is not bounded: a nose without nostrils looks like wax."""

AROUND = 2.0
"""Pixels at 256 around a place in which the target's own octaves raise the bounds."""

FLOOR, LEAST = np.float32(4e-3), np.float32(1e-4)
"""Linear light added before a logarithm: of pictures, and of what a gain is applied to."""

CHANNELS = np.array(
    [[1, 2 / 6**0.5, 0], [1, -1 / 6**0.5, 0.5**0.5], [1, -1 / 6**0.5, -(0.5**0.5)]], np.float32
)
"""Rows: red, green and blue, of brightness and two directions of colour, which are at right angles and of length 1."""

Planes = Float32[np.ndarray, "6 _side _side"]
"""Of Y, then of the target: see `CHANNELS`."""

Parts = Float32[np.ndarray, "3 _side _side"]
"""Of one picture."""

Colour = Float32[np.ndarray, "2 _side _side"]

Light = Float32[np.ndarray, "_side _side 3"]


class _Seen(NamedTuple):
    """Y and the target side by side in linear light, and the skin that counts, 0..1."""

    light: Float32[np.ndarray, "_side _side 6"]
    skin: Mask


def bound_octaves(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    """Take out of a map what lets skin stand out more than the target's at that place and any skin does.

    Args:
        field: what will be laid on X_r.
        pair: the face, at 256 px or less.

    Returns:
        The field with other gains and less saturation; equal channels stay equal where it makes Y grey.

    Source: [ours].
    """
    side = len(field)
    before, theirs = (srgb_to_linear(resized(crop, side)) for crop in (pair.reenacted, pair.target))
    skin, coloured = _skin(pair, side), bool(field[..., 3].any())
    moved = np.maximum(multiplied(before, field) + field[..., 4:], 0)
    seen = _Seen(np.concatenate([moved, theirs], axis=2), skin)
    half = _Seen(resized(seen.light, side // 2), resized(skin, side // 2))
    broad, fine = _beyond(half, COARSE), _beyond(seen, FINE)
    less = cv2.resize(
        np.ascontiguousarray(broad.transpose(1, 2, 0)), (side, side), interpolation=cv2.INTER_LINEAR
    )
    hollow, lashes, under = _places(pair, side)
    bright, harder = less[..., 0] + fine[0], np.float32(harder_light(before, theirs, skin))
    less[..., 0] = bright * np.where(bright > 0, np.maximum(under, harder), harder) * (1 - hollow)
    less[..., 0] -= np.maximum(less[..., 0], 0) * lashes
    less *= skin[..., None]
    gain = cv2.transform(less, CHANNELS) if coloured else less[..., :1]
    changed = field.copy()
    changed[..., :3] += gain
    changed[..., 4:] *= np.exp(gain)
    return _calmer(changed, before, seen) if coloured else changed


def _skin(pair: FacePair, side: int) -> Mask:
    """Where skin shows, without eyes and brows; without lips where they are not the target's own."""
    shrink = resize_matrix(np.eye(2, 3), len(pair.mask), side)
    points = [transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks)]
    mask, unit, shape = resized(pair.mask, side), side / CROP_SIDE, (side, side)
    others = features_mask(shape, *points, unit=unit, parts=(LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW))
    lips = features_mask(shape, *points, unit=unit, parts=(OUTER_LIPS,))
    shown = float((mask * lips).sum() / max(float(lips.sum()), 1e-6))
    return mask * (1 - others) * (1 - lips * np.float32(np.clip(2 * shown - 0.4, 0, 1)))


def _places(pair: FacePair, side: int) -> tuple[Mask, Mask, Mask]:
    """How far brightness is not bounded in the nostrils of X_r; and by its lashes, where it is dark: a lid may not glow. And
    what lies under its nose."""
    points = transform_landmarks(pair.own_landmarks, resize_matrix(np.eye(2, 3), len(pair.mask), side))
    shape, unit = (side, side), side / CROP_SIDE
    hollow = features_mask(shape, points, unit=unit, parts=(LEFT_NOSTRIL, RIGHT_NOSTRIL))
    lashes = features_mask(shape, points, unit=LASHES * unit, parts=(LEFT_EYE, RIGHT_EYE))
    under = features_mask(shape, points, unit=UNDER * unit, parts=(UNDER_NOSE,))
    return np.float32(HOLLOW) * hollow, lashes, under


def _beyond(seen: _Seen, widths: tuple[float, ...]) -> Parts:
    """What octaves of Y have beyond their bounds, with the sign that takes it away; colour only in broad octaves."""
    total, unit = np.zeros((3, *seen.skin.shape), np.float32), len(seen.skin) / CROP_SIDE
    coarse = _logs(seen, widths[0] * unit)
    for width in widths[1:]:
        logs = _logs(seen, width * unit)
        octave = (logs - coarse) * seen.skin
        total[0] += _outside(octave[0], octave[3], DARKER[width], BRIGHTER[width])
        if widths is COARSE:
            total[1:] += _paler(octave[1:3], _around(_size(octave[4:])), COLOURED)
        coarse = logs
    if widths is COARSE:
        total[1:] += _paler((coarse[1:3] + total[1:] - coarse[4:]) * seen.skin, np.float32(0), APART)
    return total


def _logs(seen: _Seen, sigma: float) -> Planes:
    """Logarithms of both pictures, blurred over skin."""
    stack = np.concatenate([seen.light * seen.skin[..., None], seen.skin[..., None]], axis=2)
    *planes, known = cv2.split(cv2.GaussianBlur(stack, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))
    weight = 1 / np.maximum(known, np.float32(1e-3))
    logs = [np.log(plane * weight + FLOOR) for plane in planes]
    return np.stack([part for k in (0, 3) for part in _parts(*logs[k : k + 3])])


def _parts(red: Mask, green: Mask, blue: Mask) -> list[Mask]:
    """Brightness and colour of three channels; no matrix product, whose rounding depends on the number of threads."""
    mean = (red + green + blue) * np.float32(1 / 3)
    return [mean, (red - mean) * np.float32(1.5**0.5), (green - blue) * np.float32(0.5**0.5)]


def _outside(bright: Mask, theirs: Mask, darker: float, brighter: float) -> Mask:
    """What of an octave's brightness lies beyond its bounds, with the sign that takes it away."""
    high, low = _around(np.maximum(theirs, 0)), _around(np.maximum(-theirs, 0))
    most = np.where(bright > 0, np.maximum(high, np.float32(brighter)), np.maximum(low, np.float32(darker)))
    return bright * (_share(bright / most) - 1)


def _paler(colour: Colour, theirs: Mask | np.float32, most: float) -> Colour:
    """The same of colour, in whatever direction it stands out."""
    return colour * (_share(_size(colour) / np.maximum(theirs, np.float32(most))) - 1)


def _size(colour: Colour) -> Mask:
    """Its length; that of OpenCV is rounded by where the array lies in memory."""
    return np.sqrt(colour[0] * colour[0] + colour[1] * colour[1])


def _share(ratio: np.ndarray) -> np.ndarray:
    """What is left of a value that is so many times its bound: all of a small one, the bound itself of a great one."""
    square = ratio * ratio
    return 1 / np.sqrt(np.sqrt(1 + square * square))


def _around(values: Mask) -> Mask:
    """The greatest value near each place."""
    reach = 2 * max(1, round(AROUND * len(values) / CROP_SIDE)) + 1
    return cv2.dilate(values, np.ones((reach, reach), np.uint8))


def _calmer(field: ColourMapArray, before: Light, seen: _Seen) -> ColourMapArray:
    """The field whose fine colour, finer than the map too, is drawn towards that around it where it is mottled.

    Less saturation takes colour off each pixel of X_r, and the gain gives back that of the neighbourhood.
    """
    bias, unit = field[..., 4:], len(field) / CROP_SIDE
    now = np.maximum(multiplied(before, field) + bias, 0)
    around = local_mean(now, seen.skin, COARSE[-1] * unit)
    share = (
        1
        - (1 - _kept(_Seen(np.concatenate([now, seen.light[..., 3:]], axis=2), seen.skin), unit)) * seen.skin
    )
    even = around * (luminance_of_linear(now) / (luminance_of_linear(around) + LEAST))[..., None]
    wanted = even + share[..., None] * (now - even)
    changed = field.copy()
    changed[..., 3] *= share
    given = np.maximum(multiplied(before, changed), 0)
    more = np.log((np.maximum(wanted - bias, 0) + LEAST) / (given + LEAST))
    changed[..., :3] += more * np.minimum(20 * (1 - share), 1)[..., None]
    return changed


def _kept(seen: _Seen, unit: float) -> Mask:
    """How much of its fine colour each place of Y keeps: as much as the target has."""
    fine = (_logs(seen, FINE[-1] * unit) - _logs(seen, COARSE[-1] * unit)) * seen.skin
    own, theirs = (fine[k] ** 2 + fine[k + 1] ** 2 for k in (1, 4))
    usual = max(float(np.sqrt(theirs).sum() / max(float(seen.skin.sum()), 1.0)), MOTTLED) ** 2
    energy = local_mean(np.stack([own, theirs], axis=2), seen.skin, NEAR * unit)
    ratio = energy[..., 0] / np.clip(energy[..., 1], usual, 2 * usual)
    return 1 / np.sqrt(np.sqrt(1 + ratio * ratio))
