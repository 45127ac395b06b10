"""Portrait lighting transfer as mass transport over colour, position and normal: the paper's direct ancestor.

Every pixel of a face is a vector of Lab colour, place and surface normal. The cloud of X_r's vectors is carried onto that of
X_t; what happens to the colours is the transfer. Because place and normal take part, a colour goes where light falls alike.
The transport runs along rotating axes, one dimension at a time. The change of colour is then smoothed along X_r's edges,
so that neighbours move alike.

Source: Shu, Hadap, Shechtman, Sunkavalli, Paris, Samaras, "Portrait Lighting Transfer Using a Mass Transport Approach",
2017, written anew from its idea. [ours]: the numbers below, our mesh, the guided filter as the regulariser.
"""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.masked import resized
from aotface.transfer.classical.masked import check_shapes
from aotface.transfer.classical.quantiles import monotone
from aotface.types import CROP_SIDE, Crop, Geometry, Mask

SIDE = 128
"""Largest side at which the transport is found, pixels."""

LAB = 100.0
"""Range of L, the unit of all colours."""

POSITION, NORMAL = 3.0, 3.0
"""Length of the crop's side, and of a unit normal, in units of the colours' range:
the best of those tried on development pairs."""

ITERATIONS = 30
RADIUS, SMALLEST_EDGE = 5.0, 0.03
"""Of the guided filter: reach in pixels of a 256-px crop, and contrast of X_r (0..1) from which on an edge is kept."""

Vectors = Float64[np.ndarray, "pixels dimensions"]


def match(vectors: Vectors, target: Vectors, weights: np.ndarray, random: np.random.Generator) -> Vectors:
    """Carry one cloud onto another by full steps along the axes of random rotations; first and last are the given axes.

    So the marginals fit exactly at the end, and colours that are grey in the target are grey.

    Args:
        vectors: one row a pixel.
        target: the same number of rows.
        weights: of the rows, the same for both, sum 1.
        random: draws the rotations.

    Source: Pitie, Kokaram, Dahyot, "N-dimensional probability density function transfer", 2005.
    """
    size, axes = vectors.shape[1], np.eye(vectors.shape[1])
    for number in range(ITERATIONS, -1, -1):
        here, there = vectors @ axes, target @ axes
        moved = [monotone(here[:, k].copy(), there[:, k].copy(), weights) for k in range(size)]
        vectors = np.stack(moved, axis=1) @ axes.T
        turned, triangle = np.linalg.qr(random.standard_normal((size, size)))
        axes = turned * np.sign(np.diag(triangle)) if number > 1 else np.eye(size)
    return vectors


def transfer(
    reenacted: Crop, target: Crop, mask: Mask, geometry: Geometry, own: Geometry, *, seed: int = 0
) -> Crop:
    """Move X_r's colours with the face's vectors of colour, position and normal.

    Args:
        reenacted: X_r, side x side x 3, 0..1, display-encoded sRGB.
        target: X_t, the same crop.
        mask: face pixels that count, 0..1.
        geometry: of the target's face mesh.
        own: of X_r's own face mesh.
        seed: of the rotations.

    Returns:
        Y, side x side x 3, 0..1; ``reenacted`` where the mask is 0.

    Raises:
        InputError: the arrays are not of one size.
    """
    check_shapes(reenacted, target, mask)
    side = len(reenacted)
    size = min(side, SIDE)
    cover = resized(mask, size)
    inside = cover > 0
    if not inside.any():
        return reenacted.copy()
    weights = cover[inside].astype(np.float64)
    weights /= weights.sum()
    before = resized(reenacted, size)
    sides = (before, own), (resized(target, size), geometry)
    clouds = [_vectors(crop, resized(shape.normals, size), inside) for crop, shape in sides]
    change = np.zeros_like(before)
    moved = match(clouds[0], clouds[1], weights, np.random.default_rng(seed))
    change[inside] = (moved - clouds[0])[:, :3]
    guide = reenacted.mean(axis=2)
    large = cv2.resize(change, (side, side), interpolation=cv2.INTER_LINEAR)
    smooth = guided(large, guide, mask, RADIUS * side / CROP_SIDE)
    result = np.clip(lab_to_srgb(srgb_to_lab(reenacted) + LAB * smooth), 0, 1)
    return np.where(mask[..., None] > 0, result, reenacted).astype(np.float32)


def _vectors(crop: Crop, normals: Float32[np.ndarray, "side side 3"], inside: np.ndarray) -> Vectors:
    """Colour, position and normal of the pixels that count."""
    y, x = np.nonzero(inside)
    place = np.stack([x, y], axis=1) * (POSITION / len(crop))
    return np.concatenate([srgb_to_lab(crop[inside]) / LAB, place, NORMAL * normals[inside]], axis=1).astype(
        np.float64
    )


def guided(
    values: Float32[np.ndarray, "side side channels"],
    guide: Float32[np.ndarray, "side side"],
    mask: Mask,
    radius: float,
) -> Float32[np.ndarray, "side side channels"]:
    """Smooth values under a mask, but not over the guide's edges.

    Args:
        values: what is smoothed.
        guide: whose edges are kept.
        mask: where values are known, 0..1.
        radius: deviation of the window, pixels.

    Source: He, Sun, Tang, "Guided image filtering", 2010; the window is a masked Gaussian.
    """
    total = np.maximum(cv2.GaussianBlur(mask, (0, 0), radius), 1e-4)[..., None]

    def mean(part: np.ndarray) -> np.ndarray:
        blurred = cv2.GaussianBlur(part * mask[..., None], (0, 0), radius)
        return blurred.reshape(part.shape) / total

    lead = guide[..., None]
    middle, level = mean(lead), mean(values)
    slope = (mean(lead * values) - middle * level) / (mean(lead**2) - middle**2 + SMALLEST_EDGE**2)
    offset = level - slope * middle
    return np.asarray(mean(slope) * lead + mean(offset), np.float32)
