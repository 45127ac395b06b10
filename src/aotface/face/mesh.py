"""The 468-point face mesh: its topology, its mean, its regions, and smooth normals.

``mean_face.npz`` is made by ``scripts/make_mean_face.py``: the symmetric mean of our own landmarks in units of their
root-mean-square radius, x right (image), y down, z away from the camera.
"""

from importlib import resources

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int

from aotface.types import Landmarks

with resources.files("aotface.face").joinpath("mean_face.npz").open("rb") as _file:
    _arrays = np.load(_file, allow_pickle=False)
    MEAN: Float32[np.ndarray, "468 3"] = _arrays["vertices"]
    TRIANGLES: Int[np.ndarray, "898 3"] = _arrays["triangles"]
    MIRROR: Int[np.ndarray, " 468"] = _arrays["mirror"]

# Rings of vertices in order around the region, of the 468-point topology. Left and right are the person's own.
OVAL = np.array(
    [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377]
    + [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
)
LEFT_EYE = np.array([263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466])
RIGHT_EYE = np.array([33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246])
INNER_LIPS = np.array(
    [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
)
LEFT_NOSTRIL = np.array([98, 97, 60, 20, 79, 238, 241, 242, 99, 240, 75])
RIGHT_NOSTRIL = np.array([327, 326, 290, 250, 309, 458, 461, 462, 328, 460, 305])
NOSE_WINGS = np.array([129, 115, 220, 45, 4, 275, 440, 344, 358, 294, 327, 326, 2, 97, 98, 64])
OUTER_LIPS = np.array(
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
)
LEFT_BROW = np.array([276, 283, 282, 295, 285, 336, 296, 334, 293, 300])
RIGHT_BROW = np.array([46, 53, 52, 65, 55, 107, 66, 105, 63, 70])

BROW_REACH = 0.04
"""How far a brow may reach over its landmarks, in face heights: the landmark model follows raised brows part of the way."""


def vertex_normals(landmarks: Landmarks) -> Float32[np.ndarray, "468 3"]:
    """Smooth unit normals, the area-weighted mean of the triangles around each vertex.

    Args:
        landmarks: 468 x 3, pixels, smaller z = nearer the camera.

    Returns:
        468 x 3: x right, y down, z TOWARDS the camera.
    """
    points = landmarks.astype(np.float64)
    a, b, c = (points[TRIANGLES[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)
    summed = np.stack([_summed(areas[:, axis]) for axis in range(3)], axis=1)
    summed[:, 2] *= -1
    return (summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def triangle_areas(points: Float32[np.ndarray, "468 3"]) -> Float32[np.ndarray, " 898"]:
    """Signed projected areas in square pixels; positive where the triangle faces the camera."""
    a, b, c = (points[TRIANGLES[:, k], :2].astype(np.float64) for k in range(3))
    u, v = b - a, c - a
    return (-(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2).astype(np.float32)


def to_vertices(per_triangle: Float32[np.ndarray, " 898"]) -> Float32[np.ndarray, " 468"]:
    """Mean over the triangles around each vertex."""
    return (_summed(per_triangle) / np.maximum(_COUNT, 1)).astype(np.float32)


def _summed(per_triangle: np.ndarray) -> Float64[np.ndarray, " 468"]:
    """The sum over the triangles around each vertex; several times as fast as `numpy.add.at`."""
    return np.bincount(TRIANGLES.T.ravel(), np.tile(per_triangle, 3), len(MEAN))


_COUNT = np.bincount(TRIANGLES.ravel(), minlength=len(MEAN))


def opening(landmarks: Landmarks, ring: np.ndarray) -> float:
    """How far a ring of lids or lips is open: area over squared width, 0 when closed."""
    points = landmarks[ring, :2].astype(np.float32)
    width = points[len(ring) // 2] - points[0]  # rings start at one corner and pass the other half-way
    return float(cv2.contourArea(points) / max(float(np.hypot(*width)), 1e-6) ** 2)
