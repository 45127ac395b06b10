"""What the source's picture shows of its face, and how near its outline it is read [ours].

A landmark of the outline lies on the edge between cheek and background. Two pixels off, it reads the background, and a
target whose cheek is turned to the camera shows that as a patch: white on a dark cheek.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from aotface.face.mesh import MEAN, OVAL, triangle_areas
from aotface.face.pose import fit_pose
from aotface.face.render import rasterize
from aotface.reenact.shape import smooth_over_mesh
from aotface.types import Landmarks

PULL = 0.05
"""How far the outline is moved towards the middle of the face, as a share of the distance."""
REACH = 0.45
"""Mean-face units within which the move fades to nothing."""


def inside(places: Float[np.ndarray, "468 2"]) -> Float[np.ndarray, "468 2"]:
    """Places to read a face's texture at: the outline's drawn inwards, those of the inner face as they are.

    Args:
        places: landmarks in the source's picture, x and y, pixels.
    """
    middle = places.mean(axis=0)
    return (middle + (places - middle) * (1 - PULL * _nearness()[:, None])).astype(places.dtype)


@lru_cache(maxsize=1)
def _nearness() -> Float[np.ndarray, " 468"]:
    """1 on the outline, 0 from REACH inwards, smooth between."""
    distance = np.linalg.norm(MEAN[:, None] - MEAN[OVAL][None], axis=2).min(axis=1)
    t = np.clip(1 - distance / REACH, 0, 1)
    return t * t * (3 - 2 * t)


def visibility(source: Landmarks, points: Landmarks) -> np.ndarray:
    """Per triangle: 1 where the source shows about as much of it as the target asks for, 0 where it is turned away."""
    source_scale = fit_pose(MEAN.astype(np.float64), source.astype(np.float64)).scale
    scale = fit_pose(MEAN.astype(np.float64), points.astype(np.float64)).scale
    available = triangle_areas(source) / source_scale**2
    wanted = np.maximum(triangle_areas(points) / scale**2, 1e-5)
    t = np.clip((available / wanted - 0.12) / (0.4 - 0.12), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def uncovered(source: Landmarks, points: Landmarks) -> np.ndarray:
    """Per vertex: 0 where the source's own nose or brow hides it from the camera while the target shows it."""
    hidden = _hidden_once(source.tobytes()) * (1 - _hidden(points))
    return (1 - smooth_over_mesh(hidden[:, None], rounds=1)[:, 0]).astype(np.float32)


@lru_cache(maxsize=8)
def _hidden_once(landmarks: bytes) -> np.ndarray:
    """`_hidden` of a source: a video asks for the same one at every frame."""
    return _hidden(np.frombuffer(landmarks, np.float32).reshape(-1, 3))


def _hidden(landmarks: Landmarks) -> np.ndarray:
    """Per vertex: 1 where another part of the mesh lies in front of it, by a z-buffer of 96 px."""
    side = 96
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    scale = (side - 3) / max(float((high - low)[:2].max()), 1e-6)
    small = ((landmarks - low) * scale + 1).astype(np.float32)
    raster = rasterize(small, side)
    x, y = (np.clip(np.round(small[:, k]).astype(int), 0, side - 1) for k in (0, 1))
    in_front = raster.depth[y, x] + small[:, 2]  # depth is minus z
    return (raster.covered[y, x] & (in_front > 0.04 * side)).astype(np.float64)
