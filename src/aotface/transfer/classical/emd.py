"""Exact optimal transport (earth mover's distance) between colour samples, solved by POT's network simplex.

Source: Bonneel, van de Panne, Paris, Heidrich, "Displacement interpolation using Lagrangian mass transport",
2011 (the solver in POT); Flamary et al., "POT: Python Optimal Transport", 2021. Smooth continuation to all
colours: [ours].
"""

import numpy as np

from aotface.transfer.classical.extend import Samples, by_samples
from aotface.transfer.classical.masked import move_under_mask
from aotface.types import Crop, Mask

SAMPLES = 1000


def match(samples: Samples, target: Samples, random: np.random.Generator) -> Samples:
    """Send each sample where the exact plan sends it: all have one weight, so the plan is an assignment."""
    import ot  # takes seconds to import, so only when it is used

    equal = np.full(len(samples), 1 / len(samples))
    plan = ot.emd(equal, equal, ot.dist(samples, target), numItermax=1_000_000)
    return plan @ target * len(samples)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Transport RGB colours exactly. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(by_samples(match, SAMPLES), reenacted, target, mask, seed)
