"""Iterative distribution transfer: one-dimensional transports along rotating axes until all three agree.

Every iteration takes the full step with exact quantile maps. Left alone, that paints specks (highlights of
the skin take the colour of the target's teeth); so it runs on a sample of the colours and is continued
smoothly to all [ours].

Source: Pitie, Kokaram, Dahyot, "N-dimensional probability density function transfer", 2005.
"""

import numpy as np
from jaxtyping import Float64

from aotface.transfer.classical.extend import Samples, by_samples
from aotface.transfer.classical.masked import move_under_mask
from aotface.transfer.classical.quantiles import monotone
from aotface.types import Crop, Mask

SAMPLES = 4000
ITERATIONS = 20


def rotation(random: np.random.Generator) -> Float64[np.ndarray, "3 3"]:
    """Draw an orthogonal matrix uniformly (its columns are the axes)."""
    axes, triangle = np.linalg.qr(random.standard_normal((3, 3)))
    return axes * np.sign(np.diag(triangle))


def along_axes(samples: Samples, target: Samples, axes: Float64[np.ndarray, "3 3"]) -> Samples:
    """Transport along each of three orthogonal axes by itself."""
    here, there = samples @ axes, target @ axes
    equal = np.full(len(samples), 1 / len(samples))
    moved = np.stack([monotone(here[:, k], there[:, k], equal) for k in range(3)], axis=1)
    return moved @ axes.T


def match(samples: Samples, target: Samples, random: np.random.Generator) -> Samples:
    """Give the samples the target's distribution; the first axes are red, green and blue themselves."""
    axes = np.eye(3)
    for _ in range(ITERATIONS):
        samples = along_axes(samples, target, axes)
        axes = rotation(random)
    return samples


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the RGB distribution. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(by_samples(match, SAMPLES), reenacted, target, mask, seed)
