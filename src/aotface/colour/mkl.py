"""Monge-Kantorovich linear transfer: the closed-form optimal transport between two Gaussians.

T = S_t^(1/2) (S_t^(1/2) S_r S_t^(1/2))^(-1/2) S_t^(1/2), the equal of the better known
S_r^(-1/2) (S_r^(1/2) S_t S_r^(1/2))^(1/2) S_r^(-1/2), in the form whose range is the target's: a grey target gives a
grey face exactly, whatever the reenacted face was.

Source: Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer", 2007.
"""

import numpy as np

from aotface.colour.gaussian import Covariance, floored, power
from aotface.colour.masked import Pixels, Weights, covariance_of, mean_of, move_under_mask
from aotface.types import Crop, Mask


def linear_map(source: Covariance, target: Covariance) -> Covariance:
    """The symmetric positive T with T source T = target: of all such maps the one that moves colours least."""
    root = power(target, 0.5)
    return root @ power(root @ floored(source) @ root, -0.5) @ root


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Apply the map about the means."""
    matrix = linear_map(covariance_of(reenacted, weights), covariance_of(target, weights))
    return (reenacted - mean_of(reenacted, weights)) @ matrix.T + mean_of(target, weights)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the Lab mean and covariance by the shortest linear map. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
