"""What is needed of masks and maps: thresholds and sizes; pixels under a mask, their means, values carried beyond it."""

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64

from aotface.colour_space import srgb_to_lab
from aotface.errors import InputError
from aotface.types import CROP_SIDE, Mask

COARSE = 3.0
"""Standard deviation, in pixels of the smaller picture in which `carried_far` works."""

Colours = Float32[np.ndarray, "height width 3"]
"""A crop, or a whole picture in a crop's format: 0..1, RGB, display-encoded sRGB."""


def scale_of(mask: Mask) -> float:
    """Size of this picture relative to the canonical crop, the unit of blur widths. Source: [ours]."""
    return min(mask.shape) / CROP_SIDE


def pixels(colours: Colours, mask: Mask) -> tuple[Float32[np.ndarray, "n 3"], Float32[np.ndarray, " n"]]:
    """Take the pixels that the mask covers at all, with their weights.

    Args:
        colours: height x width x 3, 0..1; what lies outside the mask may be anything, NaN included.
        mask: height x width, 0..1.

    Returns:
        The colours under the mask, n x 3, and their weights, n, each above 0.

    Raises:
        InputError: the two differ in size, the mask is empty, or a covered pixel is not finite.

    Source: [ours].
    """
    if colours.shape[:2] != mask.shape:
        size = colours.shape[:2]
        raise InputError(f"mask: expected {size} like the picture, got {mask.shape}; align them first")
    covered = mask > 0
    if not covered.any():
        raise InputError("mask: expected some covered pixels, got an empty mask; nothing can be measured")
    found = colours[covered]
    if not np.isfinite(found).all():
        raise InputError(
            "picture: expected finite colours under the mask, got NaN or infinity; mend its maker"
        )
    return found, mask[covered]


def lab_pixels(colours: Colours, mask: Mask) -> tuple[Float32[np.ndarray, "n 3"], Float32[np.ndarray, " n"]]:
    """Take the covered pixels as CIE Lab (L 0..100), n x 3, and their weights, n. Source: [ours]."""
    found, weights = pixels(colours, mask)
    return srgb_to_lab(found), weights


def weighted_mean(values: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]) -> float:
    """Average in double precision. Source: [ours]."""
    return float(weighted_means(values[:, None], weights)[0])


def weighted_means(
    values: Float[np.ndarray, "n channels"], weights: Float[np.ndarray, " n"]
) -> Float64[np.ndarray, " channels"]:
    """Average each channel in double precision. Source: [ours]."""
    return np.average(values.astype(np.float64), axis=0, weights=weights.astype(np.float64))


def spread(
    values: Float[np.ndarray, "n channels"], mask: Mask
) -> Float32[np.ndarray, "height width channels"]:
    """Put values taken by `pixels` back into place, with 0 where the mask does not reach. Source: [ours]."""
    field = np.zeros((*mask.shape, values.shape[1]), np.float32)
    field[mask > 0] = values
    return field


def blur(
    values: Float[np.ndarray, "n channels"], mask: Mask, sigma: float
) -> Float32[np.ndarray, "n channels"]:
    """Blur the covered pixels among themselves: G * (m x) / G * m, the normalised convolution.

    Args:
        values: n x channels, as `pixels` gave them.
        mask: height x width, 0..1; also the weight of each pixel in the blur.
        sigma: standard deviation of the Gaussian in pixels of this picture.

    Returns:
        n x channels, the blurred values at the same pixels. A constant stays constant up to the mask's edge.

    Source: Knutsson and Westin, "Normalized and Differential Convolution", CVPR 1993.
    """
    rows, columns = (np.flatnonzero((mask > 0).any(axis=axis)) for axis in (1, 0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # all that counts
    stack = np.dstack([spread(values, box) * box[..., None], box])  # h w c+1
    smooth = cv2.GaussianBlur(stack, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)[box > 0]
    # Far below any weight that counts, and above the smallest float: a mask of 1e-20 must not divide by zero.
    return smooth[:, :-1] / np.maximum(smooth[:, -1:], np.float32(1e-30))


def continued(
    values: Float32[np.ndarray, "height width *channels"], weight: Mask
) -> Float32[np.ndarray, "height width *channels"]:
    """Carry values on to where nothing is known: from near into narrow holes, from ever coarser means into wide ones.

    Args:
        values: height x width, perhaps x channels.
        weight: height x width, 0..1: how much of each value is known.

    Source: pull-push, Gortler et al., "The Lumigraph", SIGGRAPH 1996.
    """
    height, width = weight.shape
    if min(height, width) <= 2:
        mean = np.average(values, axis=(0, 1), weights=weight + np.float32(1e-9))
        return np.broadcast_to(mean.astype(np.float32), values.shape)
    half, planes = (width // 2, height // 2), values.reshape(height, width, -1)
    total = cv2.resize(planes * weight[..., None], half, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    means = total.reshape(*share.shape, -1) / np.maximum(share, np.float32(1e-6))[..., None]
    # A quarter of known pixels is enough for full weight.
    coarse = np.ascontiguousarray(continued(means, np.minimum(4 * share, 1)))
    large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(planes.shape)
    return (large + (planes - large) * weight[..., None]).reshape(values.shape)


def local_mean(
    values: Float[np.ndarray, "height width *channels"], weight: Mask, sigma: float, least: float = 1e-3
) -> Float[np.ndarray, "height width *channels"]:
    """Weighted mean of each place's neighbourhood, also where the place itself has no weight.

    Args:
        values: height x width, perhaps x channels.
        weight: height x width, 0..1.
        sigma: standard deviation of the neighbourhood, pixels.
        least: weight of a neighbourhood below which its mean falls to 0.

    Source: normalised convolution, Knutsson and Westin, CVPR 1993.
    """
    planes = values.reshape(*weight.shape, -1)
    stack = np.concatenate([planes * weight[..., None], weight[..., None]], axis=2)
    eased = cv2.GaussianBlur(stack, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return (eased[..., :-1] / np.maximum(eased[..., -1:], np.float32(least))).reshape(values.shape)


def carried(
    values: Float[np.ndarray, "height width channels"],
    known: Float32[np.ndarray, "height width"],
    sigma: float,
    least: float,
) -> Float32[np.ndarray, "height width channels"]:
    """Local means of what is known, carried on to all places; far from it they become the mean of all of it.

    Args:
        values: height x width x channels.
        known: height x width, 0..1: how much of each value is known.
        sigma: standard deviation of the neighbourhood, pixels.
        least: weight that the mean of all of it has everywhere.

    Source: normalised convolution, Knutsson and Westin, CVPR 1993.
    """
    known = known[..., None]
    mean = (values * known).sum(axis=(0, 1)) / max(float(known.sum()), 1e-3)
    stack = np.concatenate([(values - mean) * known, known], axis=2).astype(np.float32)
    near = cv2.GaussianBlur(stack, (0, 0), sigma)
    return np.asarray(mean + near[..., :-1] / (near[..., -1:] + np.float32(least)), np.float32)


def carried_far(
    values: Float32[np.ndarray, "height width channels"], known: Mask, sigma: float, least: float
) -> Float32[np.ndarray, "height width channels"]:
    """As `carried`, for wide neighbourhoods: in a picture so small that ``sigma`` is `COARSE` there."""
    times = max(1.0, sigma / COARSE)
    rows, columns = (max(1, round(size / times)) for size in known.shape)
    stack = [*np.moveaxis(values * known[..., None], 2, 0), known]
    small = [
        cv2.resize(np.ascontiguousarray(one), (columns, rows), interpolation=cv2.INTER_AREA) for one in stack
    ]
    means = [least * float(one.sum()) / max(float(small[-1].sum()), 1e-3) for one in small]
    *planes, mass = (
        cv2.GaussianBlur(one, (0, 0), sigma / times, borderType=cv2.BORDER_CONSTANT) + np.float32(mean)
        for one, mean in zip(small, means, strict=True)
    )
    size = known.shape[1], known.shape[0]
    return np.stack([cv2.resize(one / mass, size, interpolation=cv2.INTER_LINEAR) for one in planes], axis=2)


def grown(mask: Mask, reach: float) -> Mask:
    """A mask that reaches further by so many pixels, on all sides."""
    size = 2 * round(reach) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask, disc), np.float32)


def rising(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """0 up to the first bound, 1 from the second on."""
    return np.clip((values - bounds[0]) / (bounds[1] - bounds[0]), 0, 1).astype(np.float32)


def falling(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """1 up to the first bound, 0 from the second on."""
    return 1 - rising(values, bounds)


def risen(value: float, bounds: tuple[float, float]) -> float:
    """`rising` of one number."""
    return float(np.clip((value - bounds[0]) / (bounds[1] - bounds[0]), 0, 1))


def resized(values: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """A map or picture at another side, or width and height; itself where it has that already."""
    size = (size, size) if isinstance(size, int) else size
    if values.shape[1::-1] == size:
        return values
    shrinks = size[0] < values.shape[1]
    return cv2.resize(values, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def times(
    values: Float32[np.ndarray, "rows columns 3"], plane: Float32[np.ndarray, "rows columns"]
) -> Float32[np.ndarray, "rows columns 3"]:
    """Three planes times one: what NumPy does with ``plane[..., None]``, in a third of the time."""
    return np.asarray(cv2.multiply(values, cv2.merge([plane] * 3)), np.float32)
