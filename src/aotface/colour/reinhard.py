"""Reinhard's transfer: mean and standard deviation of L, a and b, each channel by itself.

Source: Reinhard, Ashikhmin, Gooch, Shirley, "Color transfer between images", 2001; CIE Lab instead of their l-alpha-beta.
"""

import numpy as np

from aotface.colour.gaussian import NOISE_VARIANCE
from aotface.colour.masked import Pixels, Weights, mean_of, move_under_mask
from aotface.types import Crop, Mask


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Scale each Lab channel about its mean, so that mean and standard deviation become the target's."""
    mean, goal = mean_of(reenacted, weights), mean_of(target, weights)
    variance = weights @ (reenacted - mean) ** 2
    wanted = weights @ (target - goal) ** 2
    return (reenacted - mean) * np.sqrt(wanted / np.maximum(variance, NOISE_VARIANCE)) + goal


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match Lab means and standard deviations. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
