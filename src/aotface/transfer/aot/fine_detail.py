"""Detail of a map that neither X_r nor its shape explains: it would draw the target's features on the new face.

A network that brings the target's light to X_r reads the target's picture, and copies what is fine in it: lids, folds, the
outline of the nose. Light follows a surface. So a map may vary as the new face's own normals do, and as X_r's own brightness
does (hard shadows of the source's photograph, which it takes away), in a window around each place; what is finer than the
window and follows neither goes.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE, srgb_to_linear
from aotface.transfer.aot.colour_map_arrays import ColourMapArray
from aotface.types import Crop, Geometry, Mask

SIGMA = 6.0
"""Standard deviation of the window, in pixels at 256."""

SIDE = 64
"""At which the window's statistics are taken."""

EVEN = (0.005, 0.001, 0.001)
"""Variance within the window below which X_r's log luminance, and the normals' x and y, count as even."""

OUTSIDE = np.float32(1e-3)
"""Weight of what lies beside the visible face."""

_LUMINANCE, _FLOOR = np.array(LUMINANCE, np.float32), np.float32(4e-3)

Planes = Float32[np.ndarray, "rows columns _channels"]


def without_target_detail(
    field: ColourMapArray, reenacted: Crop, mask: Mask, own: Geometry
) -> ColourMapArray:
    """Filter a map under the guidance of X_r and its shape.

    Args:
        field: what will be laid on X_r.
        reenacted: X_r, 0..1.
        mask: the visible face, the same side, 0..1.
        own: of X_r's own mesh, the same side.

    Returns:
        The field; equal channels stay equal, and what is the same everywhere stays so.

    Source: guided filter of He, Sun and Tang, ECCV 2010, with Gaussian windows and weights; at a smaller side as in
        He and Sun, arXiv:1505.00996; normals as guides [ours].
    """
    guides = [_guides(reenacted, own, side) for side in (SIDE, len(field))]
    weight = _resized(mask, SIDE) + OUTSIDE
    slopes, offset = _fitted(_resized(field, SIDE), guides[0], weight)
    whole = _resized(offset, len(field))
    for slope, guide in zip(slopes, np.moveaxis(guides[1], 2, 0), strict=True):
        whole += _resized(slope, len(field)) * guide[..., None]
    return whole


def _fitted(values: Planes, guides: Planes, weight: Planes) -> tuple[list[Planes], Planes]:
    """By how much each guide counts for each channel around each place, and what is added to it."""
    number, (rows, columns, channels) = guides.shape[2], values.shape
    sigma = SIGMA * SIDE / 256
    mass = _blurred(weight, sigma)
    pairs = (guides[..., :, None] * guides[..., None, :]).reshape(rows, columns, -1)
    both = (guides[..., :, None] * values[..., None, :]).reshape(rows, columns, -1)
    found = _blurred(np.concatenate([values, guides, pairs, both], axis=2) * weight, sigma) / mass
    mean, at, pairs, both = np.split(found, np.cumsum([channels, number, number * number]), axis=2)
    spread = pairs.reshape(rows, columns, number, number) - at[..., :, None] * at[..., None, :]
    common = both.reshape(rows, columns, number, channels) - at[..., :, None] * mean[..., None, :]
    solved = np.linalg.inv(spread + np.diag(np.array(EVEN, np.float32)))
    slope = (solved[..., None] * common[..., None, :, :]).sum(
        axis=3
    )  # no matrix product: equal channels stay equal
    offset = mean - (at[..., None] * slope).sum(axis=2)
    found = np.concatenate([slope.reshape(rows, columns, -1), offset], axis=2)
    found = _blurred(found * weight, sigma) / mass
    parts = np.split(found, number + 1, axis=2)
    return parts[:-1], parts[-1]


def _guides(reenacted: Crop, own: Geometry, side: int) -> Planes:
    """What a map may follow: log luminance, and the normals' x and y."""
    light = np.log(srgb_to_linear(_resized(reenacted, side)) @ _LUMINANCE + _FLOOR)
    return np.dstack([light, _resized(own.normals[..., :2], side)]).astype(np.float32)


def _blurred(values: Planes, sigma: float) -> Planes:
    """A Gaussian mean of each channel."""
    planes = [
        cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        for plane in np.ascontiguousarray(np.moveaxis(values, 2, 0))
    ]
    return np.stack(planes, axis=2)


def _resized(values: np.ndarray, side: int) -> np.ndarray:
    """At another side; OpenCV takes four channels at a time."""
    way = cv2.INTER_AREA if side < len(values) else cv2.INTER_LINEAR
    parts = [values] if values.ndim == 2 else np.split(values, range(4, values.shape[2], 4), axis=2)
    return np.dstack([cv2.resize(part, (side, side), interpolation=way) for part in parts])
