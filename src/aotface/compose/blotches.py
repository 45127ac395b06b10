"""Blotches of colour on a new face fade where the target has none [ours].

A map moves the source's skin to the target's tone. What its photograph has of another colour is moved with it: light of a
second lamp turns orange or violet, and stubble on light skin violet or grey. So colour that differs from the target's tone
around a place is drawn towards its colour there. Of what the target itself has in patches little is taken over: blush and
folds of its own are no part of the new face. Brightness, pores and hairs stay. In pictures alone.
"""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import lab_to_srgb, srgb_to_lab, srgb_to_linear
from aotface.compose.face_step import FaceInProgress
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import LEFT_NOSTRIL, RIGHT_NOSTRIL
from aotface.face.texture import features_mask
from aotface.face.visibility.classes import Surface
from aotface.masked import local_mean, resized
from aotface.options import DEFAULTS
from aotface.transfer.base import Multiplied, shrunk
from aotface.types import CROP_SIDE, Crop, Mask

SIDE = CROP_SIDE // 2
"""Side at which blotches are looked for."""

FINE, BROAD = 2.0, 24.0
"""Blurs of the colour that is looked at, and of the target's tone around it, pixels at 256."""

TAKEN = 1.5
"""How much of the colour that the target's place has beside its surroundings a new face takes over at most, where it has
none of it: Lab."""

FREE, SHARE = 0.7, 0.85
"""How far colour may be from what is wanted (Lab); and how much of the rest goes."""

EDGE = 1.5
"""Standard deviation of what eases the correction at the edge of skin, pixels at 256."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

Gain = Float32[np.ndarray, "128 128 3"]

Planes = Float32[np.ndarray, "128 128 _channels"]


def without_blotches(face: FaceInProgress) -> FaceInProgress:
    """A face of a picture whose blotches fade; itself where its change cannot be multiplied.

    Args:
        face: before it is blended.

    Source: [ours].
    """
    change, side = face.change, len(face.mask)
    if not isinstance(change, Multiplied):
        return face
    shrink = resize_matrix(np.eye(2, 3), side, CROP_SIDE)
    points = (transform_landmarks(one, shrink) for one in (face.reenacted.landmarks, face.target.landmarks))
    hollow = features_mask((CROP_SIDE, CROP_SIDE), *points, parts=(LEFT_NOSTRIL, RIGHT_NOSTRIL))
    skin = shrunk(face.counted) * (1 - face.features) * (1 - hollow)
    theirs = (
        skin if face.seen is None else skin * (1 - face.seen.in_crop(face.seen.of(Surface.BEARD), CROP_SIDE))
    )
    plain = replace(face, options=DEFAULTS).swapped  # what somebody asks for is no blotch
    gain = blotch_gain(shrunk(plain), face.small, skin, theirs)
    return replace(face, change=change.with_gain(gain))


def blotch_gain(swapped: Crop, target: Crop, skin: Mask, theirs: Mask) -> Gain:
    """By what Y is multiplied for its blotches to fade: logarithms of linear light; 0 beside skin.

    Args:
        swapped: Y, side x side x 3.
        target: at any side.
        skin: where Y shows its own skin, without eyes, brows, nostrils and lips, 0..1.
        theirs: where that place of the target is skin without a beard, too, 0..1.

    Returns:
        That; the same for all channels of a grey Y.

    Source: [ours].
    """
    unit = SIDE / CROP_SIDE
    skin, theirs = (resized(one, SIDE) for one in (skin, theirs))
    made = local_mean(srgb_to_lab(resized(swapped, SIDE)), skin, FINE * unit)
    given = srgb_to_lab(resized(target, SIDE))
    near, tone = (local_mean(given, theirs, width * unit)[..., 1:] for width in (FINE, BROAD))
    wanted = made.copy()
    own = made[..., 1:] - tone
    apart = _nearest(own, near - tone) - own
    wanted[..., 1:] += np.float32(SHARE) * (apart - _limited(apart, FREE))
    before, after = (np.maximum(srgb_to_linear(lab_to_srgb(one)), 0) for one in (made, wanted))
    eased = cv2.GaussianBlur(skin, (0, 0), EDGE * unit) * skin * _told(theirs, unit)
    gain = np.log((after + FLOOR) / (before + FLOOR)) * eased[..., None]
    if (swapped == swapped[..., :1]).all():
        gain = np.repeat(gain[..., :1], 3, axis=2)
    return np.asarray(gain, np.float32)


def _told(shown: Mask, unit: float) -> Mask:
    """How much of a place's neighbourhood tells what is wanted there, 0..1."""
    return np.clip(2 * cv2.GaussianBlur(shown, (0, 0), 2 * FINE * unit), 0, 1)


def _nearest(own: Planes, theirs: Planes) -> Planes:
    """The colour nearest to one's own among those between a little of the target's and all of it."""
    least = _limited(theirs, TAKEN)
    more = theirs - least
    along = ((own - least) * more).sum(axis=2, keepdims=True) / np.maximum(_size(more) ** 2, np.float32(1e-6))
    return least + np.clip(along, 0, 1) * more


def _limited(values: Planes, most: float) -> Planes:
    """Values in their direction: all of a small one, ``most`` of a great one."""
    ratio = _size(values) / np.float32(most)
    return values / np.sqrt(np.sqrt(1 + ratio**4))


def _size(values: Planes) -> Planes:
    return np.sqrt((values * values).sum(axis=2, keepdims=True))
