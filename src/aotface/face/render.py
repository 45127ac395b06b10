"""A z-buffered rasteriser for the face mesh: normals, PNCC, depth and mask; no loop over triangles or pixels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int

from aotface.face.mesh import MEAN, TRIANGLES, vertex_normals
from aotface.types import Geometry, Landmarks

PNCC: Float32[np.ndarray, "468 3"] = (MEAN - MEAN.min(axis=0)) / (MEAN.max(axis=0) - MEAN.min(axis=0))
"""Projected normalised coordinate code: every vertex coloured by its place on the mean face, 0..1 per axis.

Source: Zhu et al., "Face alignment across large poses: a 3D solution", CVPR 2016.
"""


@dataclass(frozen=True)
class Raster:
    """Which triangle each pixel shows, and where on it.

    ``triangle``: index into TRIANGLES, -1 where there is no face. ``weights``: barycentric coordinates.
    ``depth``: pixels, larger = nearer.
    """

    triangle: Int[np.ndarray, "side side"]
    weights: Float32[np.ndarray, "side side 3"]
    depth: Float32[np.ndarray, "side side"]

    @property
    def covered(self) -> Bool[np.ndarray, "side side"]:
        """Where the mesh is."""
        return self.triangle >= 0

    def interpolate(
        self, attributes: Float32[np.ndarray, "468 channels"]
    ) -> Float32[np.ndarray, "side side channels"]:
        """Spread per-vertex values over the pixels; 0 outside the mesh."""
        covered = self.covered
        corners = attributes[TRIANGLES[self.triangle[covered]]]  # pixels 3 channels
        values = np.zeros((*covered.shape, attributes.shape[1]), np.float32)
        values[covered] = np.einsum("pkc,pk->pc", corners, self.weights[covered])
        return values


def rasterize(landmarks: Landmarks, side: int, cull: bool = False) -> Raster:
    """Draw the mesh with a z-buffer.

    Every triangle's bounding box is unrolled into one flat list of candidate pixels; the barycentric test and the
    depth test then run on that list at once.

    Args:
        landmarks: 468 x 3, crop pixels (pixel centres at integers), smaller z = nearer.
        side: side of the crop in pixels.
        cull: leave out triangles that face away.

    Returns:
        The raster.
    """
    corners = landmarks[TRIANGLES].astype(np.float64)  # triangles 3 3
    flat = corners[..., :2]
    low = np.clip(np.ceil(flat.min(axis=1)), 0, side).astype(np.int64)
    high = np.clip(np.floor(flat.max(axis=1)) + 1, 0, side).astype(np.int64)
    a, b, c = flat[:, 0], flat[:, 1], flat[:, 2]
    twice_area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    size = np.maximum(high - low, 0)
    drawable = (np.abs(twice_area) > 1e-9) & ((twice_area < 0) | (not cull))
    count = np.where(drawable, size[:, 0] * size[:, 1], 0)
    triangle = np.repeat(np.arange(len(TRIANGLES)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    width = np.maximum(size[triangle, 0], 1)
    x, y = low[triangle, 0] + within % width, low[triangle, 1] + within // width

    p = np.stack([x, y], axis=1) - a[triangle]
    u, v = (b - a)[triangle], (c - a)[triangle]
    w1 = (p[:, 0] * v[:, 1] - p[:, 1] * v[:, 0]) / twice_area[triangle]
    w2 = (u[:, 0] * p[:, 1] - u[:, 1] * p[:, 0]) / twice_area[triangle]
    weights = np.stack([1 - w1 - w2, w1, w2], axis=1)
    inside = weights.min(axis=1) >= -1e-9
    triangle, x, y, weights = triangle[inside], x[inside], y[inside], weights[inside]
    near = -(corners[triangle, :, 2] * weights).sum(axis=1)

    order = np.argsort(near, kind="stable")  # the nearest is written last and stays
    pixel = (y * side + x)[order]
    raster = np.full(side * side, -1, np.int64)
    raster[pixel] = triangle[order]
    kept_weights = np.zeros((side * side, 3), np.float32)
    kept_weights[pixel] = weights[order]
    depth = np.zeros(side * side, np.float32)
    depth[pixel] = near[order]
    return Raster(raster.reshape(side, side), kept_weights.reshape(side, side, 3), depth.reshape(side, side))


def render(landmarks: Landmarks, side: int) -> Geometry:
    """Normals, PNCC, depth and mask of a face in its crop.

    Args:
        landmarks: 468 x 3, crop pixels.
        side: side of the crop in pixels.

    Returns:
        The four maps, each side x side; 0 outside the face.
    """
    raster = rasterize(landmarks, side)
    normals = raster.interpolate(vertex_normals(landmarks))
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    covered = raster.covered.astype(np.float32)
    return Geometry(
        normals=(normals / np.maximum(length, 1e-6) * covered[..., None]).astype(np.float32),
        pncc=raster.interpolate(PNCC.astype(np.float32)),
        depth=raster.depth * covered,
        mask=covered,
    )
