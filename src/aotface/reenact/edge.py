"""Where the new face ends: softly, before the mesh's edge, and above the brows of the face below [ours]."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import MEAN
from aotface.face.render import Raster, rasterize
from aotface.face.texture import brow_outlines, hull_mask
from aotface.types import CROP_SIDE, Landmarks, Mask

BRIM = 4.0
"""Pixels at 256 in which the mask falls at least, at the mesh's edge."""


def inner_mask(points: Landmarks, raster: Raster, target: Landmarks | None = None) -> Mask:
    """Soft mask that falls to 0 before the mesh's edge: quickly at the jaw, slowly on the forehead.

    Args:
        points: 468 x 3 in the raster's pixels.
        raster: the drawn mesh.
        target: 468 x 3, of the face below: where its brows reach into the slow fall, the fall ends above them, or they
            would show through above the new ones.

    Returns:
        0..1; 0 everywhere outside the mesh.
    """
    covered = raster.covered.astype(np.uint8)
    distance = cv2.distanceTransform(
        cv2.copyMakeBorder(covered, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5
    )
    height = raster.interpolate(MEAN[:, 1:2].copy())[..., 0]
    upper = np.clip((-0.9 - height) / 0.6, 0, 1)  # 1 at the forehead's edge
    width = (7.0 + 9.0 * upper) * raster.depth.shape[0] / CROP_SIDE
    unit = raster.depth.shape[0] / CROP_SIDE
    t = np.clip((distance[1:-1, 1:-1] - unit) / width, 0, 1)
    if target is not None:
        t = np.maximum(t, _over_brows(target, distance[1:-1, 1:-1], unit))
    soft = (t * t * (3 - 2 * t)).astype(np.float32) * raster.covered
    return cv2.GaussianBlur(soft, (0, 0), 1.5 * unit) * raster.covered


def edge_mask(
    landmarks: Landmarks, reached: Bool[np.ndarray, "side side"]
) -> Float32[np.ndarray, "side side"]:
    """Soft mask of the mesh for pictures that end somewhere: 0 before the edges of the mesh and the picture.

    Args:
        landmarks: 468 x 3, crop pixels.
        reached: side x side, where the picture has pixels.

    Returns:
        side x side, 0..1.
    """
    side = len(reached)
    points = transform_landmarks(landmarks, resize_matrix(np.eye(2, 3), side, CROP_SIDE))
    edge = inner_mask(points, rasterize(points, CROP_SIDE))
    if not reached.all():
        small = cv2.resize(reached.astype(np.float32), (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
        edge = edge * np.clip(2 * cv2.GaussianBlur(np.floor(small), (0, 0), 3.0) - 1, 0, 1)
    return cv2.resize(edge.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)


def _over_brows(target: Landmarks, distance: np.ndarray, unit: float) -> np.ndarray:
    """1 on the target's brows, less from there to the mesh's edge; ``distance``: from that edge."""
    beyond = hull_mask(distance.shape, *brow_outlines(target)) == 0
    apart = cv2.distanceTransform(beyond.astype(np.uint8), cv2.DIST_L2, 5)
    return distance / (distance + apart + 1e-3) * np.clip(distance / (BRIM * unit), 0, 1)
