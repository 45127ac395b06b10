"""From a transport between some sample colours to a smooth map of all colours.

Around each of ANCHORS sample colours an affine map is fitted to the transport (nearby samples count most, and
the affine map of all samples steadies it where there are few); a pixel takes the mixture of the maps around
its own colour. So equal colours stay equal and no speck can appear; a transport that ends on the grey axis
stays on it.

Source: [ours]; moving least squares in colour space.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from aotface.transfer.classical.masked import Move, Pixels, Weights

Samples = Float64[np.ndarray, "samples 3"]
"""Display-encoded RGB, 0..1: some of the pixels, all of equal weight."""

Match = Callable[[Samples, Samples, np.random.Generator], Samples]
"""(samples, target samples, random) -> moved samples."""

ANCHORS = 64
REACH = 0.08
"""Standard deviation of an anchor's neighbourhood, 0..1 display units."""

STEADY = 0.015
"""Share of all samples that the affine map of all weighs in every local fit."""

_NOISE_VARIANCE = 1e-5
_BATCH = 8192

Maps = Float64[np.ndarray, "anchors 4 3"]


def by_samples(match: Match, count: int) -> Move:
    """Turn a match between samples into a method: draw samples, match them, continue to all pixels.

    Args:
        match: finds where the samples go.
        count: how many pixels to draw at most; the same pixels in both faces, likelier where the mask is
        stronger.
    """

    def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
        few = min(count, len(weights))
        chosen = np.sort(random.choice(len(weights), few, replace=False, p=weights))
        samples = reenacted[chosen]
        return extend(samples, match(samples, target[chosen], random), reenacted, random)

    return move


def _nearness(
    pixels: Pixels, anchors: Float64[np.ndarray, "anchors 3"]
) -> Float64[np.ndarray, "pixels anchors"]:
    """Gaussian of the distance, relative to the nearest anchor, which counts as 1."""
    squared = (pixels**2).sum(axis=1)[:, None] + (anchors**2).sum(axis=1) - 2 * pixels @ anchors.T
    return np.exp((squared.min(axis=1, keepdims=True) - squared) / (2 * REACH**2))


def _fit(samples: Samples, moved: Samples, anchors: Float64[np.ndarray, "anchors 3"]) -> Maps:
    """Affine map (x, 1) -> moved around each anchor: weighted least squares, steadied by all samples."""
    inputs = np.column_stack([samples, np.ones(len(samples))])
    squares = (inputs[:, :, None] * inputs[:, None, :]).reshape(-1, 16)
    products = (inputs[:, :, None] * moved[:, None, :]).reshape(-1, 12)
    noise = np.diag([_NOISE_VARIANCE] * 3 + [0.0])
    near = np.exp(-((anchors[:, None] - samples) ** 2).sum(axis=2) / (2 * REACH**2)) / len(samples)
    near += STEADY / len(samples)
    total = near.sum(axis=1)[:, None, None]
    return np.linalg.solve(
        (near @ squares).reshape(-1, 4, 4) + total * noise, (near @ products).reshape(-1, 4, 3)
    )


def extend(samples: Samples, moved: Samples, pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Continue a map that is known at samples to all pixels.

    Args:
        samples: colours before.
        moved: the same after.
        pixels: all colours to move.
        random: chooses the anchors among the samples.

    Returns:
        Moved pixels.
    """
    centre = samples.mean(axis=0)
    anchors = samples[random.choice(len(samples), min(ANCHORS, len(samples)), replace=False)] - centre
    maps = _fit(samples - centre, moved, anchors).reshape(len(anchors), 12)
    result = np.empty_like(pixels)
    for start in range(0, len(pixels), _BATCH):
        part = pixels[start : start + _BATCH] - centre
        share = _nearness(part, anchors)
        mixed = (share @ maps / share.sum(axis=1, keepdims=True)).reshape(-1, 4, 3)
        result[start : start + _BATCH] = (part[:, :, None] * mixed[:, :3]).sum(axis=1) + mixed[:, 3]
    return result
