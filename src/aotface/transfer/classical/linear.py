"""Linear transfer by principal axes: mean and full covariance match, but the map is not the shortest one.

T = S_t^(1/2) S_r^(-1/2). Compare :mod:`~aotface.transfer.classical.mkl`: the two agree only where the covariances
commute; elsewhere this T holds a needless rotation of colours.

Source: Xiao and Ma, "Color transfer in correlated color space", 2006; symmetric roots, as in common use.
"""

import numpy as np

from aotface.transfer.classical.gaussian import Covariance, floored, power
from aotface.transfer.classical.masked import Pixels, Weights, covariance_of, mean_of, move_under_mask
from aotface.types import Crop, Mask


def linear_map(source: Covariance, target: Covariance) -> Covariance:
    """T with T source T' = target, by symmetric roots."""
    return power(target, 0.5) @ power(floored(source), -0.5)


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Apply the map about the means."""
    matrix = linear_map(covariance_of(reenacted, weights), covariance_of(target, weights))
    return (reenacted - mean_of(reenacted, weights)) @ matrix.T + mean_of(target, weights)


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match mean and covariance of RGB. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
