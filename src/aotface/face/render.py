"""A z-buffered rasteriser for the face mesh: normals, PNCC, depth and mask; no loop over triangles or pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int

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

    @cached_property
    def covered(self) -> Bool[np.ndarray, "side side"]:
        """Where the mesh is."""
        return self.triangle >= 0

    def interpolate(
        self, attributes: Float32[np.ndarray, "468 channels"]
    ) -> Float32[np.ndarray, "side side channels"]:
        """Spread per-vertex values over the pixels; 0 outside the mesh."""
        return self.spread(self.shares(attributes))

    def shares(
        self, attributes: Float32[np.ndarray, "468 channels"]
    ) -> Float32[np.ndarray, "covered channels"]:
        """Per-vertex values at the covered pixels alone, row by row."""
        parts = [attributes.take(corner, axis=0) * weight for corner, weight in self._corners]
        return parts[0] + parts[1] + parts[2]

    def spread(
        self, values: Float32[np.ndarray, "covered channels"]
    ) -> Float32[np.ndarray, "side side channels"]:
        """Values of the covered pixels in their places; 0 outside the mesh."""
        whole = np.zeros((self.triangle.size, values.shape[1]), np.float32)
        whole[self._at] = values
        return whole.reshape(*self.triangle.shape, -1)

    @cached_property
    def _at(self) -> np.ndarray:
        """Numbers of the covered pixels."""
        return np.flatnonzero(self.covered)

    @cached_property
    def _corners(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each covered pixel's triangle, corner by corner: the vertex, and its weight as a column."""
        corners, weights = TRIANGLES[self.triangle.ravel()[self._at]], self.weights.reshape(-1, 3)[self._at]
        return [(np.ascontiguousarray(corners[:, k]), weights[:, k : k + 1]) for k in range(3)]


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
    a, u, v = flat[:, 0], flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    twice_area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    drawable = (np.abs(twice_area) > 1e-9) & ((twice_area < 0) | (not cull)) & (high > low).all(axis=1)

    # First every row of every box, then every pixel of every row: what is equal along a row is computed once.
    row_of, y = _unroll(low[:, 1], np.where(drawable, high[:, 1] - low[:, 1], 0))
    down = y - a[row_of, 1]
    line, x = _unroll(low[row_of, 0], (high - low)[row_of, 0])
    per_row = (a[:, 0][row_of], u[row_of, 1], v[row_of, 1], down * u[row_of, 0], down * v[row_of, 0])
    left, u_y, v_y, down_u, down_v = (values[line] for values in per_row)
    area, across = twice_area[row_of][line], x - left
    w1 = (across * v_y - down_v) / area
    w2 = (down_u - u_y * across) / area
    w0 = 1 - w1 - w2
    inside = np.flatnonzero((w0 >= -1e-9) & (w1 >= -1e-9) & (w2 >= -1e-9))
    weights = np.stack([w[inside] for w in (w0, w1, w2)], axis=1)
    line = line[inside]
    return _nearest(corners, row_of[line], y[line] * side + x[inside], weights, side)


def _unroll(
    first: Int[np.ndarray, " n"], count: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " total"], Int[np.ndarray, " total"]]:
    """``count`` whole numbers from each ``first`` on, one list after the other; and which list each belongs to."""
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(count) - count), count)


def _nearest(
    corners: Float64[np.ndarray, "triangles 3 3"],
    triangle: Int[np.ndarray, " candidates"],
    pixel: Int[np.ndarray, " candidates"],
    weights: Float64[np.ndarray, "candidates 3"],
    side: int,
) -> Raster:
    """The depth test: of all candidates for a pixel, the nearest."""
    depths = corners[:, :, 2][triangle] * weights
    near = -(depths[:, 0] + depths[:, 1] + depths[:, 2])
    rivals = np.flatnonzero(np.bincount(pixel, minlength=side * side)[pixel] > 1)
    rivals = rivals[np.argsort(near[rivals], kind="stable")]  # the nearest is written last and stays
    kept_triangle = np.full(side * side, -1, np.int64)
    kept_weights = np.zeros((side * side, 3), np.float32)
    depth = np.zeros(side * side, np.float32)
    for kept, values in ((kept_triangle, triangle), (kept_weights, weights), (depth, near)):
        kept[pixel] = values
        kept[pixel[rivals]] = values[rivals]
    return Raster(
        kept_triangle.reshape(side, side), kept_weights.reshape(side, side, 3), depth.reshape(side, side)
    )


def render(landmarks: Landmarks, side: int, raster: Raster | None = None) -> Geometry:
    """Normals, PNCC, depth and mask of a face in its crop.

    Args:
        landmarks: 468 x 3, crop pixels.
        side: side of the crop in pixels.
        raster: of these landmarks at this side, where it is there already.

    Returns:
        The four maps, each side x side; 0 outside the face.
    """
    raster = rasterize(landmarks, side) if raster is None else raster
    attributes = np.concatenate([vertex_normals(landmarks), PNCC.astype(np.float32)], axis=1)
    normals, pncc = np.split(raster.shares(attributes), [3], axis=1)
    length = np.sqrt((normals[:, 0] ** 2 + normals[:, 1] ** 2 + normals[:, 2] ** 2)[:, None])
    covered = raster.covered.astype(np.float32)
    return Geometry(
        normals=raster.spread(normals / np.maximum(length, np.float32(1e-6))),
        pncc=raster.spread(pncc),
        depth=raster.depth * covered,
        mask=covered,
    )
