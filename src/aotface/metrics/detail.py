"""Whose detail is it? Correlation of fine log-luminance with X_r (detail retention) and with X_t (target leakage)."""

import numpy as np
from jaxtyping import Float32

from aotface.colour_space import luminance
from aotface.masked import Colours, blur, pixels, scale_of, weighted_mean
from aotface.types import Mask

DETAIL_SIGMA = 8.0
"""What is finer than this blur is detail, in pixels of a 256-pixel crop."""

LUMINANCE_FLOOR = 0.004
"""Linear luminance below which noise would rule the logarithm: sRGB 13 of 255."""


def detail_retention(result: Colours, reenacted: Colours, mask: Mask) -> float:
    """Detail of X_r that is still there: corr_m(H result, H reenacted). No unit, -1..1, higher is better.

    H x = log max(Y, 0.004) - its masked Gaussian of 8 pixels (at 256), Y the linear luminance. A light that
    multiplies the whole face leaves H as it was.

    Args:
        result, reenacted: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1.

    Returns:
        The weighted Pearson correlation; 0 where one of the two has no detail at all.

    Source: [ours].
    """
    first, weights = detail(result, mask)
    second, _ = detail(reenacted, mask)
    first, second = first - weighted_mean(first, weights), second - weighted_mean(second, weights)
    variances = weighted_mean(first**2, weights) * weighted_mean(second**2, weights)
    if variances < 1e-16:  # a flat picture: what remains is rounding
        return 0.0
    return float(weighted_mean(first * second, weights) / np.sqrt(variances))


def target_leakage(result: Colours, target: Colours, mask: Mask) -> float:
    """Detail of X_t that shows in the result: corr_m(H result, H target). No unit, -1..1, lower is better.

    Two faces in one pose agree by themselves, so compare with `leakage_floor`. H as in `detail_retention`.

    Source: [ours].
    """
    return detail_retention(result, target, mask)


def leakage_floor(reenacted: Colours, target: Colours, mask: Mask) -> float:
    """Target leakage of the untouched X_r: corr_m(H reenacted, H target). No unit; the floor of `target_leakage`.

    Source: [ours].
    """
    return target_leakage(reenacted, target, mask)


def detail(
    crop: Colours, mask: Mask, sigma: float = DETAIL_SIGMA
) -> tuple[Float32[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """High-pass log-luminance of the covered pixels, and their weights.

    Args:
        crop: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1.
        sigma: of the Gaussian that is taken off, in pixels of a 256-pixel crop; scaled with the picture.

    Source: [ours].
    """
    found, weights = pixels(crop, mask)
    logarithm = np.log(np.maximum(luminance(found), np.float32(LUMINANCE_FLOOR)))
    # Centred first: the blur then works on small numbers, and a constant factor cancels to the last bits.
    logarithm -= np.float32(weighted_mean(logarithm, weights))
    return logarithm - blur(logarithm[:, None], mask, sigma * scale_of(mask))[:, 0], weights
