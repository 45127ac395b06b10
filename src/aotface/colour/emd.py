"""Exact optimal transport (earth mover's distance) between colour samples, solved by POT's network simplex.

Source: Bonneel, van de Panne, Paris, Heidrich, "Displacement interpolation using Lagrangian mass transport", 2011
(the solver in POT); Flamary et al., "POT: Python Optimal Transport", 2021. Smooth continuation to all pixels: [ours].
"""

import numpy as np

from aotface.colour.extend import draw_samples, extend
from aotface.colour.masked import Pixels, Weights, move_under_mask
from aotface.types import Crop, Mask


def assign(samples: Pixels, target: Pixels) -> Pixels:
    """Where the exact plan sends each sample; all samples have one weight, so it is an assignment."""
    import ot

    centred, wanted = samples - samples.mean(axis=0), target - target.mean(axis=0)
    equal = np.full(len(samples), 1 / len(samples))
    plan = ot.emd(equal, equal, ot.dist(centred, wanted), numItermax=1_000_000)
    return plan @ target * len(samples)


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Solve for a sample of the pixels and continue to all."""
    chosen = draw_samples(weights, random)
    return extend(reenacted[chosen], assign(reenacted[chosen], target[chosen]), reenacted, random)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Transport Lab colours exactly. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
