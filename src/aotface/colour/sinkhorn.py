"""Entropic optimal transport (Sinkhorn) between colour samples, through POT.

Source: Cuturi, "Sinkhorn distances", 2013; Flamary et al., "POT: Python Optimal Transport", 2021. Smooth continuation
to all pixels: [ours].
"""

import numpy as np

from aotface.colour.extend import draw_samples, extend
from aotface.colour.masked import Pixels, Weights, move_under_mask
from aotface.types import Crop, Mask

BLUR = 2.0
"""Lab units: entropy regularisation is 2 BLUR^2; colours nearer than this are moved together."""

_STEEPEST = 500.0
_ITERATIONS = 200


def barycentres(samples: Pixels, target: Pixels) -> Pixels:
    """Mean colour to which the entropic plan sends each sample."""
    import ot

    centred, wanted = samples - samples.mean(axis=0), target - target.mean(axis=0)
    cost = ot.dist(centred, wanted)
    equal = np.full(len(samples), 1 / len(samples))
    # exp(-cost / entropy) must not underflow for the farthest pair
    entropy = max(2 * BLUR**2, cost.max() / _STEEPEST)
    plan = ot.sinkhorn(equal, equal, cost, entropy, numItermax=_ITERATIONS, stopThr=1e-6, warn=False)
    return plan @ target / plan.sum(axis=1, keepdims=True)


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Solve for a sample of the pixels and continue to all."""
    chosen = draw_samples(weights, random)
    return extend(reenacted[chosen], barycentres(reenacted[chosen], target[chosen]), reenacted, random)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Transport Lab colours with an entropic plan. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
