"""Distance to the ground truth: CIEDE2000, PSNR and SSIM, all of them inside the mask only."""

import math

import numpy as np
from jaxtyping import Float

from aotface.masked import Colours, blur, lab_pixels, pixels, weighted_mean
from aotface.types import Mask

PSNR_CEILING = 100.0
"""What two equal pictures score, in dB: a median of infinities could not be put into a table."""

SSIM_SIGMA = 1.5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2


def ciede2000(result: Colours, other: Colours, mask: Mask) -> float:
    """Mean colour difference pixel by pixel: mean_m dE00(result, other). Unit dE00, lower is better.

    Args:
        result, other: height x width x 3, 0..1 sRGB.
        mask: height x width, 0..1.

    Source: CIE 142:2001; see `delta_e_2000`.
    """
    first, weights = lab_pixels(result, mask)
    second, _ = lab_pixels(other, mask)
    return weighted_mean(delta_e_2000(first, second), weights)


def delta_e_2000(
    first: Float[np.ndarray, "*n 3"], second: Float[np.ndarray, "*n 3"]
) -> Float[np.ndarray, " *n"]:
    """CIEDE2000 difference of Lab colours, with kL = kC = kH = 1. Unit dE00; symmetric.

    Args:
        first, second: ... x 3, L 0..100.

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula: implementation notes", 2005.
    """
    l1, a1, b1 = np.moveaxis(first.astype(np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(second.astype(np.float64), -1, 0)
    chroma_mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - _chroma_weight(chroma_mean))
    c1, c2 = np.hypot((1 + g) * a1, b1), np.hypot((1 + g) * a2, b2)
    h1, h2 = _hue(b1, (1 + g) * a1), _hue(b2, (1 + g) * a2)
    # The short way round the circle; opposite hues, up to rounding, do not go over 0. A grey has no hue.
    turn = h2 - h1 - 2 * np.pi * np.sign(h2 - h1) * (np.abs(h2 - h1) > np.pi + 1e-9)
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, turn)
    hue = np.where(grey, h1 * (c1 > 0) + h2 * (c2 > 0), h1 + turn / 2)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    s_c = 1 + 0.045 * chroma
    s_h = 1 + 0.015 * chroma * _hue_weight(hue)
    d_l, d_c, d_h = (l2 - l1) / s_l, (c2 - c1) / s_c, 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / s_h
    return np.sqrt(np.maximum(d_l**2 + d_c**2 + d_h**2 + _rotation(hue, chroma) * d_c * d_h, 0))


def _hue(b: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Hue angle in radians, 0 to 2 pi."""
    return np.mod(np.arctan2(b, a), 2 * np.pi)


def _chroma_weight(chroma: np.ndarray) -> np.ndarray:
    """sqrt(C^7 / (C^7 + 25^7)): near 0 for greys, near 1 for strong colours."""
    square = (chroma / 25) ** 2
    seventh = square * square * square * (chroma / 25)  # a power would take most of the time of the formula
    return np.sqrt(seventh / (seventh + 1))


def _hue_weight(hue: np.ndarray) -> np.ndarray:
    """T of the formula; hue in radians, any turn."""
    return (
        1
        - 0.17 * np.cos(hue - math.radians(30))
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + math.radians(6))
        - 0.20 * np.cos(4 * hue - math.radians(63))
    )


def _rotation(hue: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """R_T of the formula: the tilt of the ellipses in the blue."""
    degrees = np.mod(np.degrees(hue), 360)
    turn = np.radians(30) * np.exp(-(((degrees - 275) / 25) ** 2))
    return -np.sin(2 * turn) * 2 * _chroma_weight(chroma)


def psnr(result: Colours, truth: Colours, mask: Mask) -> float:
    """Peak signal to noise ratio: -10 log10 mean_m (result - truth)^2, over sRGB values.

    Returns:
        dB, higher is better; at most 100, which equal pictures score.

    Source: the usual definition with peak 1.
    """
    found, weights = pixels(result, mask)
    wanted, _ = pixels(truth, mask)
    error = weighted_mean(((found - wanted) ** 2).mean(axis=1), weights)
    return min(PSNR_CEILING, -10 * math.log10(error)) if error > 0 else PSNR_CEILING


def ssim(result: Colours, truth: Colours, mask: Mask) -> float:
    """Structural similarity, mean over the mask and the three channels. No unit, -1..1, higher is better.

    Local moments come from a Gaussian of 1.5 pixels normalised by the mask, so windows at its edge see only
    the inside; the window does not grow with the picture.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.
    """
    x, weights = pixels(result, mask)
    y, _ = pixels(truth, mask)
    moments = blur(np.concatenate([x, y, x * x + y * y, x * y], axis=1), mask, SSIM_SIGMA)  # n 12
    mean_x, mean_y, squares, product = np.split(moments, 4, axis=1)
    variance = squares - mean_x**2 - mean_y**2  # of x and of y, added
    covariance = product - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + SSIM_C1) * (2 * covariance + SSIM_C2)
    similarity /= (mean_x**2 + mean_y**2 + SSIM_C1) * (variance + SSIM_C2)
    return weighted_mean(similarity.mean(axis=1), weights)
