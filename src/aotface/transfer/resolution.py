"""What a transfer did at 256 px, done to the same face at its full resolution."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.types import Crop

REACH = 2.0
"""Standard deviation in small pixels of the neighbourhood in which the change is taken as one affine map."""

STEADINESS = 3e-4
"""Variance of linear light below which a neighbourhood counts as flat and gets a pure gain."""

STRIP_ROWS = 256

Plane = Float32[np.ndarray, "small small 3"]


def apply_at_resolution(
    large: Crop, small: Plane, moved: Plane, mask: Float32[np.ndarray, "small small"]
) -> Crop:
    """Apply the change ``small -> moved`` to ``large``, the same crop at a larger side.

    In linear light each neighbourhood's change is one gain and one offset per channel; where a neighbourhood
    is flat, nothing but the gain (light multiplies, so pores are scaled with the skin around them). What such
    a map cannot say is added as it is. At the small side the result is exactly ``moved``.

    Args:
        large: X_r at full resolution, 0..1.
        small: X_r at the side at which the transfer ran.
        moved: Y at that side.
        mask: at that side; where it is 0 nothing was moved, hence nothing is learnt.

    Returns:
        Y at full resolution, 0..1.

    Source: He, Sun and Tang, "Guided image filtering", PAMI 2013; the pull towards a pure gain [ours].
    """
    if large.shape == moved.shape:
        return moved
    before, after = srgb_to_linear(small), srgb_to_linear(moved)
    gain, offset = _local_map(before, after, (mask > 0).astype(np.float32))
    rest = after - gain * before - offset
    grey = bool((moved == moved[..., :1])[mask > 0].all())  # a grey target keeps a grey face
    result = np.empty_like(large)
    for top in range(0, len(large), STRIP_ROWS):
        rows = slice(top, min(top + STRIP_ROWS, len(large)))
        strip = srgb_to_linear(large[rows]) * _enlarged(gain, len(large), rows)
        strip += _enlarged(offset + rest, len(large), rows)
        if grey:
            strip = np.repeat(strip.mean(axis=2, keepdims=True), 3, axis=2)
        result[rows] = np.clip(linear_to_srgb(strip), 0, 1)
    return result


def _local_map(
    before: Plane, after: Plane, weight: Float32[np.ndarray, "small small"]
) -> tuple[Plane, Plane]:
    """Per pixel and channel the gain and offset that carry ``before`` to ``after`` around it."""

    def mean(values: np.ndarray) -> np.ndarray:
        total = cv2.GaussianBlur(weight, (0, 0), REACH)[..., None]
        return cv2.GaussianBlur(values * weight[..., None], (0, 0), REACH) / np.maximum(total, 1e-6)

    mean_before, mean_after = mean(before), mean(after)
    variance = np.maximum(mean(before**2) - mean_before**2, 0)
    covariance = mean(before * after) - mean_before * mean_after
    pure = (mean_after + 1e-3) / (mean_before + 1e-3)
    gain = np.maximum((covariance + STEADINESS * pure) / (variance + STEADINESS), 0)
    offset = mean_after - gain * mean_before
    known = weight[..., None] > 0
    return np.where(known, mean(gain), 1).astype(np.float32), np.where(known, mean(offset), 0).astype(
        np.float32
    )


def _enlarged(plane: Plane, side: int, rows: slice) -> Float32[np.ndarray, "rows side 3"]:
    zoom = len(plane) / side
    back = np.array([[zoom, 0, (zoom - 1) / 2], [0, zoom, (rows.start + 0.5) * zoom - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (side, rows.stop - rows.start)
    return cv2.warpAffine(plane, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
