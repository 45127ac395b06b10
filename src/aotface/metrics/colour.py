"""Colour of the result against the target's: means, low frequencies, distributions, skin tone."""

import math

import numpy as np
from jaxtyping import Float

from aotface.masked import Colours, blur, lab_pixels, scale_of, weighted_mean, weighted_means
from aotface.types import Mask

LOW_FREQUENCY_SIGMA = 12.0
"""Blur that leaves light and tone and removes features, in pixels of a 256-pixel crop."""

TONE_GROUPS = (("very light", 55.0), ("light", 41.0), ("intermediate", 28.0), ("tan", 10.0), ("brown", -30.0))
"""Name and lower bound (excluded) in degrees of the individual typology angle; below the last: dark."""


def mean_de(result: Colours, target: Colours, mask: Mask) -> float:
    """Distance of the mean colours: |mean_m Lab(result) - mean_m Lab(target)|. Unit dE76, lower is better.

    A linear map already brings it to 0, so a small value proves little.

    Args:
        result, target: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1.

    Source: CIE 1976 colour difference.
    """
    found, wanted = (weighted_means(*lab_pixels(picture, mask)) for picture in (result, target))
    return float(np.linalg.norm(found - wanted))


def lf_de(result: Colours, target: Colours, mask: Mask, sigma: float = LOW_FREQUENCY_SIGMA) -> float:
    """Distance of light and tone place by place: mean_m |B Lab(result) - B Lab(target)|.

    B x = G * (m x) / G * m, a Gaussian normalised by the mask, so nothing outside it leaks in.
    Unit dE76, lower is better.

    Args:
        result, target: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1.
        sigma: width of the Gaussian in pixels of a 256-pixel crop; scaled with the picture.

    Source: [ours].
    """
    moved, weights = lab_pixels(result, mask)
    wanted, _ = lab_pixels(target, mask)
    # The blur is linear: blurring the difference is the difference of the blurs, at half the cost.
    difference = blur(moved - wanted, mask, sigma * scale_of(mask))
    return weighted_mean(np.linalg.norm(difference, axis=1), weights)


def swd(result: Colours, target: Colours, mask: Mask, triads: int = 8, seed: int = 0) -> float:
    """Sliced Wasserstein distance of the two colour clouds. Unit dE76, lower is better.

    SW2 = sqrt(mean over directions of W2^2 of the projections on it). Directions come in random orthonormal
    triads, so a pure shift v scores exactly |v| / sqrt(3).

    Args:
        result, target: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1: the weight of each pixel in its cloud.
        triads: number of orthonormal triads of directions.
        seed: of the directions.

    Source: Rabin et al., "Wasserstein barycenter and its application to texture mixing", SSVM 2011.
    """
    moved, weights = lab_pixels(result, mask)
    wanted, _ = lab_pixels(target, mask)
    rng = np.random.default_rng(seed)
    squares = []
    for _ in range(triads):
        directions = np.linalg.qr(rng.standard_normal((3, 3)))[0].astype(np.float32)
        along, wanted_along = moved @ directions, wanted @ directions  # n 3 @ 3 3
        squares += [wasserstein_squared(along[:, i], weights, wanted_along[:, i], weights) for i in range(3)]
    return math.sqrt(float(np.mean(squares)))


def wasserstein_squared(
    x: Float[np.ndarray, " n"],
    x_weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " m"],
    y_weights: Float[np.ndarray, " m"],
) -> float:
    """Exact squared 2-Wasserstein distance on the line: integral over q of (F_x^-1(q) - F_y^-1(q))^2.

    Args:
        x, y: positions.
        x_weights, y_weights: their masses, above 0; each side is scaled to 1.

    Source: Peyre and Cuturi, "Computational Optimal Transport", 2019, section 2.6.
    """
    (x, x_steps), (y, y_steps) = _quantiles(x, x_weights), _quantiles(y, y_weights)
    # Between two of these shares of the mass both quantile functions are flat.
    steps = np.sort(np.concatenate([x_steps, y_steps]), kind="stable")
    x_at = x[np.minimum(np.searchsorted(x_steps, steps), len(x) - 1)]
    y_at = y[np.minimum(np.searchsorted(y_steps, steps), len(y) - 1)]
    return float(np.sum(np.diff(steps, prepend=0.0) * (x_at - y_at).astype(np.float64) ** 2))


def _quantiles(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort, and give the share of the mass up to and including each value."""
    order = np.argsort(values)
    mass = np.cumsum(weights[order], dtype=np.float64)
    return values[order], mass / mass[-1]


def ita(crop: Colours, mask: Mask) -> float:
    """Individual typology angle of the mean colour: atan((L - 50) / b) in degrees, larger is lighter skin.

    Returns:
        -90..90; NaN where b* is below 1: grey pictures and blue light say nothing about skin.

    Source: Chardon et al., "Skin colour typology and suntanning pathways", 1991.
    """
    lightness, _, b = weighted_means(*lab_pixels(crop, mask)).tolist()
    return math.degrees(math.atan((lightness - 50) / b)) if b >= 1 else math.nan


def tone_group(angle_degrees: float) -> str:
    """Name the tone group of a typology angle; "unknown" for NaN.

    Source: Del Bino and Bernerd, "Variations in skin colour", British Journal of Dermatology, 2013.
    """
    if math.isnan(angle_degrees):
        return "unknown"
    return next((name for name, bound in TONE_GROUPS if angle_degrees > bound), "dark")


def ita_difference(result: Colours, target: Colours, mask: Mask) -> float:
    """How far the skin tones are apart: |ITA(result) - ITA(target)|. Unit degree, lower is better.

    NaN where one of the two has no angle.

    Source: [ours], of `ita`.
    """
    return abs(ita(result, mask) - ita(target, mask))
