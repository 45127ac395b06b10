"""From a transport plan between a few hundred sample colours to a smooth map of all colours.

Around each of ANCHORS sample colours an affine map is fitted to the plan (nearby samples count most, and the affine
map of all samples steadies it where there are few); a pixel takes the mixture of the maps around its own colour.
A plan that is affine is continued exactly; one that ends on the grey axis stays on it.

Source: [ours]; the colour analogue of moving least squares.
"""

import numpy as np
from jaxtyping import Float64, Int

from aotface.colour.masked import Pixels, Weights

SAMPLES = 1500
"""Colours in the discrete problem: exact transport costs n^2 to n^3."""

ANCHORS = 64
REACH = 8.0
"""Lab units: how far an anchor's neighbourhood reaches (standard deviation)."""

STEADY = 20.0
"""Samples' worth of weight given to the affine map of all samples in every local fit."""

_RIDGE = 0.25
_BATCH = 8192

Affine = Float64[np.ndarray, "anchors 4 3"]


def draw_samples(weights: Weights, random: np.random.Generator) -> Int[np.ndarray, " samples"]:
    """Choose the same pixels in both faces, at most SAMPLES, likelier where the mask is stronger."""
    count = min(SAMPLES, len(weights))
    return np.sort(random.choice(len(weights), count, replace=False, p=weights))


def _nearness(colours: Pixels, anchors: Pixels) -> Float64[np.ndarray, "colours anchors"]:
    """Gaussian of the distance; for a colour far from every anchor the nearest still counts as 1."""
    squared = (colours**2).sum(1)[:, None] + (anchors**2).sum(1) - 2 * colours @ anchors.T
    squared -= squared.min(axis=1, keepdims=True)
    return np.exp(-squared / (2 * REACH**2))


def _fit(weights: Float64[np.ndarray, "anchors samples"], inputs: np.ndarray, outputs: np.ndarray, prior: np.ndarray,
         trust: np.ndarray) -> Affine:
    """Weighted least squares for every anchor at once, pulled towards the prior map."""
    normal = np.einsum("an,ni,nj->aij", weights, inputs, inputs, optimize=True) + trust
    right = np.einsum("an,ni,nk->aik", weights, inputs, outputs, optimize=True) + trust @ prior
    return np.linalg.solve(normal, right)


def extend(samples: Pixels, moved: Pixels, pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Continue a map that is known at samples to all pixels.

    Args:
        samples: Lab colours before.
        moved: the same after.
        pixels: all colours to move.
        random: chooses the anchors among the samples.

    Returns:
        Moved pixels.
    """
    centre = samples.mean(axis=0)
    inputs = np.column_stack([samples - centre, np.ones(len(samples))])
    second = inputs.T @ inputs / len(samples)
    slight = np.diag([_RIDGE, _RIDGE, _RIDGE, 0.0])
    prior = np.linalg.solve(second + slight, inputs.T @ moved / len(samples))
    anchors = samples[random.choice(len(samples), min(ANCHORS, len(samples)), replace=False)]
    squared = ((anchors[:, None] - samples) ** 2).sum(-1)
    near = np.exp(-squared / (2 * REACH**2))
    maps = _fit(near, inputs, moved, prior, STEADY * (second + slight)).reshape(len(anchors), 12)
    result = np.empty_like(pixels)
    for start in range(0, len(pixels), _BATCH):
        part = pixels[start : start + _BATCH]
        share = _nearness(part, anchors)
        mixed = (share / share.sum(axis=1, keepdims=True) @ maps).reshape(-1, 4, 3)
        result[start : start + _BATCH] = np.einsum("ni,nik->nk", part - centre, mixed[:, :3]) + mixed[:, 3]
    return result
