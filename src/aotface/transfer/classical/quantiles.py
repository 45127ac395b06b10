"""Optimal transport on the line: the monotone map between two weighted samples, through their quantiles."""

import numpy as np
from jaxtyping import Float64

Values = Float64[np.ndarray, " pixels"]
Probabilities = Float64[np.ndarray, " knots"]

KNOTS = 256
"""Quantiles at which the map of a large sample is pinned; linear in between. More would follow single pixels
(grain)."""


def quantiles(values: Values, weights: Values, probabilities: Probabilities) -> Probabilities:
    """Weighted quantiles, linear between the pixels' mid-ranks, flat beyond the outermost."""
    order = np.argsort(values)
    ranks = np.cumsum(weights[order]) - weights[order] / 2
    return np.interp(probabilities, ranks, values[order])


def _probabilities(weights: Values) -> Probabilities:
    """Mid-ranks of a small sample (the map is then exact); of a large one KNOTS ranks, dense in the tails."""
    if len(weights) <= KNOTS:
        return np.cumsum(weights) - weights / 2
    return (1 - np.cos(np.linspace(0, np.pi, KNOTS))) / 2


def monotone(values: Values, target: Values, weights: Values) -> Values:
    """Move values by the increasing map that gives them the target's distribution.

    Args:
        values: one number per pixel.
        target: one number per pixel of the target.
        weights: of the pixels, sum 1, the same for both.

    Returns:
        The moved values. Equal values stay equal: an atom goes to the mean of the quantiles that it covers.

    Source: optimal transport in one dimension, F_t^-1(F_r(x)).
    """
    order = np.argsort(values)
    probabilities = _probabilities(weights[order])
    knots, atom = np.unique(quantiles(values, weights, probabilities), return_inverse=True)
    heights = np.bincount(atom, quantiles(target, weights, probabilities)) / np.bincount(atom)
    moved = np.empty_like(values)
    moved[order] = np.interp(values[order], knots, heights)  # sorted: several times faster than in any order
    return moved
