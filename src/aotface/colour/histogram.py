"""Histogram matching: each display channel by itself gets the target's distribution.

Half a level of seeded noise is added first: it fills the gaps between 8-bit levels, which a steep map
would otherwise pull apart into bands.

Source: textbook histogram specification, F_t^-1(F_r(x)); the noise is dithering.
"""

import numpy as np

from aotface.colour.masked import Pixels, Weights, move_under_mask
from aotface.colour.quantiles import monotone
from aotface.colour.space import lab_to_srgb, srgb_to_lab
from aotface.types import Crop, Mask

_HALF_LEVEL = 0.5 / 255


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Match red, green and blue."""
    here, there = lab_to_srgb(reenacted), lab_to_srgb(target)
    here = here + random.uniform(-_HALF_LEVEL, _HALF_LEVEL, here.shape)
    moved = [monotone(here[:, k], there[:, k], weights) for k in range(3)]
    return srgb_to_lab(np.stack(moved, axis=1))


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the three display histograms. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
