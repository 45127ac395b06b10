"""The step across the face's edge, of tone and of texture: what a person sees as a face that is laid on.

Both sides count. Where the picture outside the mask is the target's, the step differs from the target's own by as much as
the inner side does; where tone goes on across the edge, by less. It is seen where the target's own skin goes on across the
edge (forehead, temples, cheeks), and not at a jaw before a dark background: places count by how alike the target's two sides
are.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_lab
from aotface.errors import InputError
from aotface.face.texture import LUMA, octaves
from aotface.masked import Colours, scale_of
from aotface.metrics.texture import ROUNDING
from aotface.types import Mask

RING = 14.0
"""Width in pixels at 256 of the rings inside and outside the edge whose means are compared."""

ALONG = 6.0
"""Standard deviation in pixels at 256 of the mean along the edge."""

ALIKE = 12.0
"""Difference (dE76) of the target's two sides at which a place counts 0.6 as much."""


def edge_tone(blended: Colours, target: Colours, mask: Mask) -> float:
    """Step of tone that the target has not: mean along the edge of |step(blended) - step(target)|. dE76; 0 is none.

    ``step``: local mean of Lab in a ring of 14 pixels (at 256) within the edge, less that of the same ring outside it.

    Args:
        blended: the swapped face in its target, height x width x 3, 0..1 sRGB.
        target: what it was put into.
        mask: what it was blended with, 0..1.

    Raises:
        InputError: sizes differ, or the mask has no edge.

    Source: [ours].
    """
    inner, outer, along = _rings(blended, target, mask)
    both = srgb_to_lab(blended).astype(np.float32) - srgb_to_lab(target).astype(np.float32)
    step = _local(both, inner, mask) - _local(both, outer, mask)
    return float(np.average(np.linalg.norm(step, axis=2)[along > 0], weights=along[along > 0]))


def edge_texture(blended: Colours, target: Colours, mask: Mask) -> float:
    """Step of texture that the target has not: mean along the edge of |step(blended) - step(target)|. No unit; 0 is none.

    ``step``: ln of the local strength of the two finest octaves in the ring within the edge, over that in the ring outside
    it, at the picture's own pixels.

    Args: as of `edge_tone`.

    Source: [ours].
    """
    inner, outer, along = _rings(blended, target, mask)
    logs = []
    for picture in (blended, target):
        luma = np.asarray(cv2.transform(picture, 255 * LUMA), np.float32)
        energy = np.minimum(np.sum(octaves(luma)[:2], axis=0) ** 2, np.float32(400))  # one hair is no texture
        sides = (_local(energy[..., None], ring, mask)[..., 0] for ring in (inner, outer))
        logs.append(np.subtract(*(0.5 * np.log(side + ROUNDING) for side in sides)))
    return float(np.average(np.abs(logs[0] - logs[1])[along > 0], weights=along[along > 0]))


def _rings(blended: Colours, target: Colours, mask: Mask) -> tuple[Mask, Mask, Mask]:
    """The rings inside and outside the edge, and how much each place of the edge counts."""
    if not blended.shape == target.shape == (*mask.shape, 3):
        raise InputError(
            "edge: expected blended, target and mask of one size, "
            f"got {blended.shape}, {target.shape} and {mask.shape}; align them first"
        )
    face, full = (mask > 0.02).astype(np.uint8), (mask > 0.9).astype(np.uint8)
    if not full.any() or face.all():
        raise InputError("mask: expected an edge inside the picture, got a constant mask; there is no edge")
    width = RING * scale_of(mask)
    padded = [cv2.copyMakeBorder(m, 1, 1, 1, 1, cv2.BORDER_CONSTANT) for m in (full, 1 - face)]
    inside, outside = (cv2.distanceTransform(one, cv2.DIST_L2, 5)[1:-1, 1:-1] for one in padded)
    inner, outer = (((d > 0) & (d <= width)).astype(np.float32) for d in (inside, outside))
    lab = srgb_to_lab(target).astype(np.float32)
    apart = np.linalg.norm(_local(lab, inner, mask) - _local(lab, outer, mask), axis=2)
    edge = ((inside > 0) & (inside <= max(1.5, 1.5 * scale_of(mask)))).astype(np.float32)
    return inner, outer, (edge * np.exp(-0.5 * (apart / ALIKE) ** 2)).astype(np.float32)


def _local(
    values: Float32[np.ndarray, "rows columns channels"], ring: Mask, mask: Mask
) -> Float32[np.ndarray, "rows columns channels"]:
    """Mean of a ring around each pixel."""
    stack = np.dstack([values * ring[..., None], ring])
    smooth = cv2.GaussianBlur(stack, (0, 0), ALONG * scale_of(mask), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(smooth[..., :-1] / np.maximum(smooth[..., -1:], np.float32(1e-6)), np.float32)
