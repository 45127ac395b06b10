"""What skin of Y shows beside its surroundings is bounded by what the target shows at that place [ours].

A hard lamp in the source's photograph leaves deep folds, dark holes beside the nose and bright ridges, and a channel that is
almost 0 there becomes a patch of yellow or violet once it is lifted. The broad light of Y follows the target, but its finer
octaves are the source's. In each of them, brightness and colour may stand out as far as any face's do, and further only
where the target's do. What is within these bounds stays as it is, so wrinkles, freckles and blush are kept.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.texture import features_mask
from aotface.transfer.aot.colour_map_arrays import ColourMapArray
from aotface.transfer.base import FacePair
from aotface.types import CROP_SIDE, Mask

WIDTHS = (24.0, 12.0, 6.0, 3.0, 1.0)
"""Blurs between which octaves lie, in pixels at 256."""

DARKER = (0.07, 0.08, 0.08, 0.06)
BRIGHTER = (0.06, 0.07, 0.07, 0.06)
COLOURED = (0.03, 0.03, 0.03, 0.03)
"""How far any skin may stand out in each octave (logarithm): to the dark, to the bright, and in colour."""

AROUND = 3.0
"""Pixels at 256 around a place in which the target's own octaves raise the bounds."""

SMOOTH, ENERGY, FINE, APART = 6.0, 4.0, 0.02, 0.12
FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def bound_octaves(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    side = len(field)
    unit = side / CROP_SIDE
    shrink = resize_matrix(np.eye(2, 3), len(pair.mask), side)
    points = (transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks))
    crops = [cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in (pair.reenacted, pair.target)]
    skin = cv2.resize(pair.mask, (side, side), interpolation=cv2.INTER_AREA) * (
        1 - features_mask((side, side), *points, unit=unit)
    )
    before, theirs = (srgb_to_linear(crop) for crop in crops)
    moved = _lit(before, field[..., :3], field[..., 3:4])
    light = np.dstack([np.maximum(moved + field[..., 4:], 0), theirs])
    less, share = _less(light, skin, unit)
    changed = field.copy()
    changed[..., :3] += less
    changed[..., 4:] *= np.exp(less)
    return _paler(changed, before, share, skin, unit)


def _lit(linear, gain, saturation):
    grey = (linear @ _LUMA)[..., None]
    return np.exp(gain) * (grey + saturation * (linear - grey))


def _paler(field, before, share, skin, unit):
    """Fine colour, finer than the map too, is drawn towards that around it."""
    bias = field[..., 4:]
    now = np.maximum(_lit(before, field[..., :3], field[..., 3:4]) + bias, 0)
    stack = cv2.GaussianBlur(np.dstack([now * skin[..., None], skin]), (0, 0), SMOOTH * unit, borderType=cv2.BORDER_CONSTANT)
    around = stack[..., :3] / np.maximum(stack[..., 3:], np.float32(1e-3))
    even = around * ((now @ _LUMA) / (around @ _LUMA + np.float32(1e-6)))[..., None]
    share = (1 + (share - 1) * skin)[..., None]
    wanted = even + share * (now - even)
    changed = field.copy()
    changed[..., 3:4] *= share
    given = _lit(before, field[..., :3], changed[..., 3:4])
    more = np.log((np.maximum(wanted - bias, 0) + np.float32(1e-4)) / (np.maximum(given, 0) + np.float32(1e-4)))
    changed[..., :3] += np.clip(more, -1.5, 1.5) * np.minimum(20 * (1 - share), 1)
    return changed


def _less(light, skin, unit):
    total = np.zeros((*skin.shape, 3), np.float32)
    coarse = None
    share = np.ones_like(skin)
    for number, width in enumerate(WIDTHS):
        stack = np.dstack([light * skin[..., None], skin])
        blurred = cv2.GaussianBlur(stack, (0, 0), width * unit, borderType=cv2.BORDER_CONSTANT)
        logs = _parts(np.log(blurred[..., :6] / np.maximum(blurred[..., 6:], np.float32(1e-3)) + FLOOR))
        if coarse is not None:
            octave = (logs - coarse) * skin[..., None]
            less, colour = _outside(octave, number - 1, unit)
            total += less[..., None]
            if width >= SMOOTH:
                total += octave[..., 1:4] * (colour - 1)[..., None]
                even = logs
                if width == SMOOTH:
                    apart = logs[..., 1:4] + total - total.mean(axis=2, keepdims=True) - logs[..., 5:]
                    total += apart * (_share(np.linalg.norm(apart, axis=2), APART) - 1)[..., None]
            elif number == len(WIDTHS) - 1:
                share = _energy((logs - even) * skin[..., None], skin, unit)
        coarse = logs
    return total * skin[..., None], share


def _energy(octave, skin, unit):
    squares = [(octave[..., k : k + 3] ** 2).sum(axis=2) for k in (1, 5)]
    blurred = cv2.GaussianBlur(np.dstack([*squares, skin]), (0, 0), ENERGY * unit, borderType=cv2.BORDER_CONSTANT)
    known = np.maximum(blurred[..., 2], np.float32(1e-2))
    own, theirs = (blurred[..., k] / known for k in (0, 1))
    usual = max(float(np.sqrt(squares[1]).sum() / max(float(skin.sum()), 1.0)), FINE) ** 2
    most = np.clip(theirs, usual, 2 * usual)
    return (1 + (own / most) ** 2) ** np.float32(-0.25)


def _outside(octave, number, unit):
    """What of one octave lies beyond its bounds, with the sign that takes it away."""
    reach = np.ones((2 * round(AROUND * unit) + 1,) * 2, np.uint8)
    bright, theirs = octave[..., 0], octave[..., 4]
    high = np.maximum(BRIGHTER[number], cv2.dilate(np.maximum(theirs, 0), reach))
    low = np.maximum(DARKER[number], cv2.dilate(np.maximum(-theirs, 0), reach))
    size, most = (np.linalg.norm(octave[..., k : k + 3], axis=2) for k in (1, 5))
    share = _share(size, np.maximum(COLOURED[number], cv2.dilate(most, reach)))
    less = bright * (_share(bright, np.where(bright > 0, high, low)) - 1)
    return less, share


def _share(value, most):
    """What is left of a value that softly ends at its bound."""
    return (1 + (np.abs(value) / most) ** 4) ** np.float32(-0.25)


def _parts(logs):
    """Of both pictures: brightness, and what each channel has beside it."""
    parts = []
    for k in (0, 3):
        one = np.ascontiguousarray(logs[..., k : k + 3])
        mean = one.mean(axis=2, keepdims=True)
        parts += [mean, one - mean]
    return np.concatenate(parts, axis=2)
