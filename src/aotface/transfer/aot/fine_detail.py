"""Fine detail of a map that is no light of the source's photograph: it would draw the target's features on the new face.

A network that brings the target's light to X_r reads the target's picture, and copies what is fine in it: lids, the nose's
outline, folds. Light is broad, but for hard shadows that X_r itself shows and that the map takes away. So the map is
filtered under the guidance of X_r: what is finer than the filter stays where X_r has the same edge, and goes elsewhere.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_linear
from aotface.transfer.aot.colour_map import LUMA
from aotface.transfer.aot.colour_map_arrays import ColourMapArray
from aotface.types import Crop, Mask

SIGMA = 2.0
"""Standard deviation of the window, in pixels at 256."""

EVEN = np.float32(0.005)
"""Variance of log luminance within the window, below which X_r counts as even."""

OUTSIDE = np.float32(1e-3)
"""Weight of what lies beside the visible face."""

_LUMA, _FLOOR = np.array(LUMA, np.float32), np.float32(4e-3)


def without_target_detail(field: ColourMapArray, reenacted: Crop, mask: Mask) -> ColourMapArray:
    """Filter a map by X_r.

    Args:
        field: what will be laid on X_r.
        reenacted: X_r, 0..1.
        mask: the visible face, the same side, 0..1.

    Returns:
        The field; equal channels stay equal, and what is the same everywhere stays so.

    Source: guided filter of He, Sun and Tang, ECCV 2010, with Gaussian windows and weights.
    """
    side = len(field)
    small, cover = (
        cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA) for part in (reenacted, mask)
    )
    guide = np.log(srgb_to_linear(small) @ _LUMA + _FLOOR)[..., None].astype(np.float32)
    weight = (cover + OUTSIDE)[..., None]
    sigma = SIGMA * side / 256
    mass = _blurred(weight, sigma)
    mean_guide, squares = (_blurred(part * weight, sigma) / mass for part in (guide, guide * guide))
    mean = _blurred(field * weight, sigma) / mass
    both = _blurred(field * guide * weight, sigma) / mass
    slope = (both - mean_guide * mean) / (np.maximum(squares - mean_guide**2, 0) + EVEN)
    offset = mean - slope * mean_guide
    slope, offset = (_blurred(part * weight, sigma) / mass for part in (slope, offset))
    return np.asarray(slope * guide + offset, np.float32)


def _blurred(
    values: Float32[np.ndarray, "side side channels"], sigma: float
) -> Float32[np.ndarray, "side side channels"]:
    """A Gaussian mean of each channel."""
    parts = np.split(values, [4], axis=2) if values.shape[2] > 4 else [values]  # OpenCV blurs four at a time
    blurred = (
        cv2.GaussianBlur(np.ascontiguousarray(part), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        for part in parts
    )
    return np.concatenate([np.atleast_3d(part) for part in blurred], axis=2)
