"""Histogram matching: each display channel by itself gets the target's distribution.

Half a level of seeded noise is added first: it fills the gaps between 8-bit levels, which a steep map
would otherwise pull apart into bands. The channels know nothing of each other, so where the target has more
contrast than the reenacted face the result shows coloured blotches: that is the method.

Source: textbook histogram specification, F_t^-1(F_r(x)); the noise is dithering.
"""

import numpy as np

from aotface.transfer.classical.masked import Pixels, Weights, move_under_mask
from aotface.transfer.classical.quantiles import monotone
from aotface.types import Crop, Mask

_HALF_LEVEL = 0.5 / 255


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Match red, green and blue."""
    dithered = reenacted + random.uniform(-_HALF_LEVEL, _HALF_LEVEL, reenacted.shape)
    return np.stack([monotone(dithered[:, k], target[:, k], weights) for k in range(3)], axis=1)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the three display histograms. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
