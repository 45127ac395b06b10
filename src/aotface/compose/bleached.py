"""Where a transfer has bleached a source's beard, so that its hairs are no longer hairs [ours].

A map made for skin takes a beard for a shadow and lifts it to the tone of a shaven target. Hairs that were dark beside each
other become white threads and specks on skin. There they are held to the strength of the target's own lines.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.texture import LUMA
from aotface.masked import carried_far, local_mean, resized, rising
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

NOSE_BASE = 2
"""Landmark below which a beard grows."""

HAIRS, NEAR = 1.5, 5.0
"""Blur beside which hairs stand out, and the neighbourhood in which they are looked for: pixels at 256."""

ROUGH, PLAIN = (1.5, 2.3), 80
"""How many times as rough as the upper face a place is where a beard begins, and is; and the percentile of the upper face
over which it is features and edges."""

LIFTED, BROAD = (0.1, 0.3), 4.0
"""By how much more than the skin around, as a logarithm of display values, a beard is lifted where it begins to be bleached,
and is; and the neighbourhood in which that is measured."""

AROUND, LEAST = 20.0, 0.01
"""Standard deviation, in the same pixels, of the neighbourhood from which the lift of skin is carried on into a beard; and
the weight that all of it has everywhere."""

FEWEST = 64
"""Pixels of the upper face that tell how rough skin is."""

SOFT = 2.0
"""Standard deviation of the edge of what is found."""

FLOOR = np.float32(0.02)
"""Display light added before a logarithm."""

Plane = Float32[np.ndarray, "256 256"]


def below_nose(points: Landmarks, side: int) -> Plane:
    """1 below the base of the nose, 0 above.

    Args:
        points: 468 x 3, in a crop of ``side`` pixels.
        side: see there.
    """
    rows = np.arange(CROP_SIDE, dtype=np.float32) - np.float32(points[NOSE_BASE, 1] * CROP_SIDE / side)
    return np.repeat(np.clip(rows / np.float32(4), 0, 1)[:, None], CROP_SIDE, axis=1)


def bleached_beard(reenacted: Crop, swapped: Crop, mask: Mask, points: Landmarks, features: Plane) -> Plane:
    """How much of a beard a transfer has bleached, at 256 px, 0..1.

    Args:
        reenacted: X_r.
        swapped: Y.
        mask: where Y shows, 0..1.
        points: 468 x 3, of X_r, pixels of the crop.
        features: eyes, brows and lips, 0..1.

    Source: [ours].
    """
    skin, lower = resized(mask, CROP_SIDE) * (1 - features), below_nose(points, len(mask))
    before, after = (
        np.log(np.asarray(cv2.transform(resized(one, CROP_SIDE), LUMA), np.float32) + FLOOR)
        for one in (reenacted, swapped)
    )
    beard = rising(_roughness(before, skin, lower), ROUGH) * lower
    known = skin * (1 - beard)
    if not (beard * skin).any() or not known.any():
        return np.zeros_like(skin)
    lift = local_mean(after - before, skin, BROAD)
    usual = carried_far(lift[..., None], known, AROUND, LEAST)[..., 0]
    return np.asarray(cv2.GaussianBlur(rising(lift - usual, LIFTED) * beard, (0, 0), SOFT), np.float32)


def _roughness(luma: Plane, skin: Plane, lower: Plane) -> Plane:
    """How many times as rough as the upper face each place is."""
    fine = (luma - cv2.GaussianBlur(luma, (0, 0), HAIRS)) ** 2
    upper = fine[skin * (1 - lower) > 0.9]
    if len(upper) < FEWEST:
        return np.zeros_like(luma)
    usual = float(np.sort(upper)[: len(upper) * PLAIN // 100].mean())
    return np.sqrt(local_mean(fine, skin, NEAR) / np.float32(max(usual, 1e-6)))
