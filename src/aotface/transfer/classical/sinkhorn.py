"""Entropic optimal transport (Sinkhorn) between colour samples, through POT.

The entropic plan sends a colour to a mean over BLUR, which shrinks the spread of the result; a last linear
map (:mod:`~aotface.transfer.classical.mkl`) gives the spread back [ours]. The means are taken out first: under the
squared distance that leaves the plan as it is and keeps exp(-cost) in range.

Source: Cuturi, "Sinkhorn distances", 2013; Flamary et al., "POT: Python Optimal Transport", 2021. Smooth
continuation to all colours: [ours].
"""

import numpy as np

from aotface.transfer.classical.extend import Samples, by_samples
from aotface.transfer.classical.masked import covariance_of, move_under_mask
from aotface.transfer.classical.mkl import linear_map
from aotface.types import Crop, Mask

SAMPLES = 1000
BLUR = 0.04
"""Display units 0..1: the entropy's weight is 2 BLUR^2; colours nearer than this move together."""

_STEEPEST = 200.0
_ITERATIONS = 200


def barycentres(samples: Samples, target: Samples) -> Samples:
    """Mean colour to which the entropic plan sends each sample. Both have mean zero."""
    import ot  # takes seconds to import, so only when it is used

    cost = ot.dist(samples, target)
    # An outlier far from everything would underflow exp(-cost) in its whole row: blur more instead.
    loneliest = max(cost.min(axis=0).max(), cost.min(axis=1).max())
    entropy = max(2 * BLUR**2, loneliest / _STEEPEST)
    equal = np.full(len(samples), 1 / len(samples))
    plan = ot.sinkhorn(equal, equal, cost, entropy, numItermax=_ITERATIONS, stopThr=1e-4, warn=False)
    return plan @ target / plan.sum(axis=1, keepdims=True)


def match(samples: Samples, target: Samples, random: np.random.Generator) -> Samples:
    """Send each sample to its barycentre, then restore mean and covariance of the target."""
    goal = target.mean(axis=0)
    moved = barycentres(samples - samples.mean(axis=0), target - goal)
    equal = np.full(len(samples), 1 / len(samples))
    back = linear_map(covariance_of(moved, equal), covariance_of(target, equal))
    return (moved - moved.mean(axis=0)) @ back.T + goal


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Transport RGB colours with an entropic plan. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(by_samples(match, SAMPLES), reenacted, target, mask, seed)
