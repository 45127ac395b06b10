"""Does the edge of the swap show? The gradient across it, against the target's own gradient there."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_lab
from aotface.errors import InputError
from aotface.masked import Colours, scale_of
from aotface.types import Mask

GRADIENT_FLOOR = 1.0
"""dE per pixel of a 256-pixel crop: on a plain background an invisible step must not count as a seam."""


def seam(composite: Colours, target: Colours, mask: Mask, scale: float | None = None) -> float:
    """Gradient jump over the mask's edge: (g(composite) + f) / (g(target) + f).

    g(x) = sum |grad m| |J_x n| / sum |grad m|, with J_x the gradient of Lab colour and n = grad m / |grad m|
    the normal of the edge. The weight |grad m| is the band: two pixels at a hard edge, the whole feather at a
    soft one. f = 1 dE per pixel. No unit; 1 is the target's own, below 1 the edge is smoother than it was.

    Args:
        composite: the result blended into the target, height x width x 3, 0..1 sRGB.
        target: what it was blended into.
        mask: what it was blended with, height x width, 0..1.
        scale: pixels here per pixel of a 256-pixel crop; the picture's smaller side / 256 unless given.

    Raises:
        InputError: the sizes differ, or the mask has no edge inside the picture.

    Source: [ours].
    """
    if not composite.shape == target.shape == (*mask.shape, 3):
        raise InputError(
            "seam: expected composite, target and mask of one size, "
            f"got {composite.shape}, {target.shape} and {mask.shape}; align them first"
        )
    scale = scale_of(mask) if scale is None else scale
    edge = _gradient(mask[..., None], scale)[:, :, 0]  # h w 2
    weight = np.linalg.norm(edge, axis=2)
    band = weight > 1e-6
    if not band.any():
        raise InputError("mask: expected an edge inside the picture, got a constant mask; there is no seam")
    normal = edge[band] / weight[band][:, None]  # n 2
    jumps = [
        np.average(np.linalg.norm(_across(picture, normal, band, scale), axis=1), weights=weight[band])
        for picture in (composite, target)
    ]
    return float((jumps[0] + GRADIENT_FLOOR) / (jumps[1] + GRADIENT_FLOOR))


def _across(picture: Colours, normal: np.ndarray, band: np.ndarray, scale: float) -> np.ndarray:
    """Derivative of Lab along the normal in the band: n x 3, dE per pixel of a 256-pixel crop."""
    jacobian = _gradient(srgb_to_lab(picture), scale)[band]  # n 3 2
    return np.einsum("ncd,nd->nc", jacobian, normal)


def _gradient(values: Float32[np.ndarray, "h w c"], scale: float) -> Float32[np.ndarray, "h w c 2"]:
    """Sobel derivatives (x, y) per pixel of a 256-pixel crop; larger pictures are first smoothed to that."""
    shape = values.shape
    if scale > 1:
        values = cv2.GaussianBlur(values, (0, 0), 0.5 * scale, borderType=cv2.BORDER_REPLICATE)
    along = [
        cv2.Sobel(values, cv2.CV_32F, *order, ksize=3, scale=scale / 8, borderType=cv2.BORDER_REPLICATE)
        for order in ((1, 0), (0, 1))
    ]
    return np.stack(along, axis=-1).reshape(*shape, 2)  # OpenCV drops a last axis of one
