"""What ground truths have in common: one person's face in another's skin tone."""

import numpy as np
from jaxtyping import Float64

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.types import Crop, Mask

TONE_GAIN = (0.1, 10.0)
"""Limits of the gain per channel that moves one skin onto another."""

_DARKEST = 1e-3


def tone_gain(face: Crop, wanted: Crop, mask: Mask) -> Float64[np.ndarray, " 3"]:
    """Gain per channel on linear light that moves one face's tone onto another's, both under one light.

    Args:
        face: side x side x 3, 0..1 sRGB.
        wanted: the face whose tone is wanted.
        mask: side x side, 0..1, not empty.

    Returns:
        exp(mean_m log wanted - mean_m log face), within `TONE_GAIN`.

    Source: [ours].
    """
    inside = mask > 0
    means = [
        np.average(np.log(np.maximum(srgb_to_linear(crop[inside]), _DARKEST)), axis=0, weights=mask[inside])
        for crop in (face, wanted)
    ]
    return np.clip(np.exp(means[1] - means[0]), *TONE_GAIN).astype(np.float64)


def times(crop: Crop, gain: Float64[np.ndarray, " 3"]) -> Crop:
    """A picture with a gain per channel on its linear light; what leaves 0..1 is kept."""
    return linear_to_srgb(srgb_to_linear(crop) * gain).astype(np.float32)


def eight_bit(crop: Crop) -> Crop:
    """As a file would give it back: a dark picture is a coarse one."""
    return (np.rint(np.clip(crop, 0, 1) * 255) / 255).astype(np.float32)
