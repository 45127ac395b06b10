"""Iterative distribution transfer: one-dimensional transports along rotating axes, until the 3-D distributions agree.

Every iteration takes the full step; the one-dimensional maps are exact quantile maps, increasing and without jumps,
so equal colours stay equal and no speck can appear.

Source: Pitie, Kokaram, Dahyot, "N-dimensional probability density function transfer", 2005.
"""

import numpy as np
from jaxtyping import Float64

from aotface.colour.masked import Pixels, Weights, move_under_mask
from aotface.colour.quantiles import monotone
from aotface.types import Crop, Mask

ITERATIONS = 20


def rotation(random: np.random.Generator) -> Float64[np.ndarray, "3 3"]:
    """Draw an orthogonal matrix uniformly (its columns are the axes)."""
    axes, triangle = np.linalg.qr(random.standard_normal((3, 3)))
    return axes * np.sign(np.diag(triangle))


def along_axes(pixels: Pixels, target: Pixels, weights: Weights, axes: Float64[np.ndarray, "3 3"]) -> Pixels:
    """Transport along each of three orthogonal axes by itself."""
    here, there = pixels @ axes, target @ axes
    moved = np.stack([monotone(here[:, k], there[:, k], weights) for k in range(3)], axis=1)
    return moved @ axes.T


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Iterate; the first axes are L, a and b themselves."""
    axes = np.eye(3)
    for _ in range(ITERATIONS):
        reenacted = along_axes(reenacted, target, weights, axes)
        axes = rotation(random)
    return reenacted


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the whole Lab distribution. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
