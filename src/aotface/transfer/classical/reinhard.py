"""Reinhard's transfer: mean and standard deviation of L, a and b, each channel by itself.

Source: Reinhard, Ashikhmin, Gooch, Shirley, "Color transfer between images", 2001; CIE Lab for their
l-alpha-beta.
"""

import numpy as np

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.transfer.classical.masked import Pixels, Weights, mean_of, move_under_mask
from aotface.types import Crop, Mask

NOISE = 0.5
"""Lab units: a channel that varies less than this holds quantisation noise and is not blown up."""


def match_moments(reenacted: Pixels, target: Pixels, weights: Weights) -> Pixels:
    """Scale each channel about its mean, so that mean and standard deviation become the target's."""
    mean, goal = mean_of(reenacted, weights), mean_of(target, weights)
    spread = np.sqrt(weights @ (reenacted - mean) ** 2)
    wanted = np.sqrt(weights @ (target - goal) ** 2)
    return (reenacted - mean) * (wanted / np.maximum(spread, NOISE)) + goal


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Match the moments in Lab."""
    return lab_to_srgb(match_moments(srgb_to_lab(reenacted), srgb_to_lab(target), weights))


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match Lab means and standard deviations. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
