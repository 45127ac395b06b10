"""What the source's picture shows of its face, and how near its outline it is read [ours].

A landmark of the outline lies on the edge between cheek and background. Two pixels off, it reads the background, and a
target whose cheek is turned to the camera shows that as a patch: white on a dark cheek.
"""

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, Float32

from aotface.face.mesh import MEAN, MIRROR, OVAL, to_vertices, triangle_areas
from aotface.face.pose import fit_pose
from aotface.face.render import rasterize
from aotface.face.texture import features_mask
from aotface.masked import continued
from aotface.reenact.dense_map import both_maps, read_crop
from aotface.reenact.shape import smooth_over_mesh
from aotface.types import CROP_SIDE, Frame, Landmarks, Mask

PULL = 0.05
"""How far the outline is moved towards the middle of the face, as a share of the distance."""
REACH = 0.45
"""Mean-face units within which the move fades to nothing."""

SEEN, CRISP = (0.12, 0.4), (0.35, 0.75)
"""Share of the area that the target asks for which the source's picture must show of a triangle: to be believed not at
all, and fully; and the same of cheeks, jaw and temples, which are seen stretched otherwise."""

SIDEWAYS = (0.8, 1.1)
"""Distance from the middle of the mean face at which cheeks begin, and are cheeks: two eyes laid over each other would
show."""

BALANCED, TONE = 64, 8.0
"""Side at which the tones of both halves are compared, and the blur under which that is done, in pixels at 256."""

FLOOR, MOST = np.float32(0.02), 1.2
"""Display light added before a logarithm, and the greatest difference of tone that is evened out."""


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


def weights(source: Landmarks, points: Landmarks) -> Float32[np.ndarray, "468 2"]:
    """Per vertex, how much of what is read comes from the face's own side, and how far its tone is known there.

    The other side stands in where it is seen better, so for a face seen from the front nothing does.

    Args:
        source: 468 x 3, of the source.
        points: 468 x 3, of the new face.
    """
    wanted = np.maximum(_areas(points), 1e-5)
    own, other = (_share_seen(one, wanted) for one in _both_areas(source.tobytes()))
    bare = uncovered(source, points)
    sideways = np.clip((np.abs(MEAN[:, 0]) - SIDEWAYS[0]) / (SIDEWAYS[1] - SIDEWAYS[0]), 0, 1)
    first = own[0] + sideways * (own[1] - own[0])
    second = other[0] + sideways * (other[1] - other[0])
    share = first / np.maximum(first + (1 - first) * second, 1e-3)
    return np.stack([share * bare, own[0] * bare], axis=1).astype(np.float32)


def _areas(landmarks: Landmarks) -> np.ndarray:
    """Of each triangle, in the mean face's scale."""
    scale = fit_pose(MEAN.astype(np.float64), landmarks.astype(np.float64)).scale
    return np.asarray(triangle_areas(landmarks) / scale**2)


@lru_cache(maxsize=8)
def _both_areas(landmarks: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Those of a source, and of its mirror image: a video asks for the same ones at every frame."""
    source = np.frombuffer(landmarks, np.float32).reshape(-1, 3)
    return _areas(source), _areas((source * np.array([-1, 1, 1], np.float32))[MIRROR])


def _share_seen(available: np.ndarray, wanted: np.ndarray) -> list[np.ndarray]:
    """Per vertex, by `SEEN` and by `CRISP`: 1 where the source shows about as much as the target asks for."""
    parts = [np.clip((available / wanted - low) / (high - low), 0, 1) for low, high in (SEEN, CRISP)]
    return [to_vertices((t * t * (3 - 2 * t)).astype(np.float32)) for t in parts]


def balance(
    frame: Frame, maps: Float32[np.ndarray, "grid grid 4"], both: Mask, points: Landmarks
) -> Float32[np.ndarray, "grid grid 3"]:
    """By what the mirrored side is multiplied to have the tone of the face's own: its light comes from where it came.

    Args:
        frame: the source's picture.
        maps: of the face's own side and of the mirrored one, see `aotface.reenact.reading.Reading`.
        both: 0..1, where both are seen.
        points: 468 x 3, of the new face, pixels of the grid.
    """
    grid, whole = len(both), (slice(0, BALANCED),) * 2
    parts = [read_crop(frame, one, BALANCED, whole) for one in both_maps(maps)]
    unit = BALANCED / CROP_SIDE
    skin = 1 - features_mask((BALANCED, BALANCED), points * np.float32(BALANCED / grid), unit=unit)
    weight = cv2.resize(both, (BALANCED, BALANCED), interpolation=cv2.INTER_AREA) * skin
    stacked = np.dstack([*parts, np.ones_like(weight)]) * weight[..., None]
    near = cv2.GaussianBlur(stacked, (0, 0), TONE * unit, borderType=cv2.BORDER_CONSTANT)
    means = near[..., :6] / np.maximum(near[..., 6:], np.float32(1e-4)) + FLOOR
    apart = np.clip(np.log(means[..., :3] / means[..., 3:]), -MOST, MOST).astype(np.float32)
    known = np.clip(4 * near[..., 6], 0, 1)
    smooth = cv2.GaussianBlur(continued(apart, known), (0, 0), TONE / 2 * unit)
    return cv2.resize(np.exp(smooth), (grid, grid), interpolation=cv2.INTER_LINEAR)


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
