"""The new shape: the target's own, moved towards the source's where identity lives [ours]."""

from functools import lru_cache

import numpy as np

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, MEAN, OUTER_LIPS, OVAL, RIGHT_BROW, RIGHT_EYE, TRIANGLES
from aotface.face.pose import fit_pose
from aotface.types import Landmarks


def identity_shape(
    source: Landmarks, target: Landmarks, strength: float = 1.0, rest: Landmarks | None = None
) -> Landmarks:
    """The target's shape with the source's identity in it.

    Both shapes are brought to the mean face's pose; their difference is taken whole on nose, cheeks and forehead, as one
    rigid shift per part on eyes, brows and mouth (their inner shape is expression), and not at all on the outline, so
    that the new face fills the target's head.

    Args:
        source: 468 x 3, any similarity.
        target: 468 x 3, the pixels of the result.
        strength: 0..1.
        rest: the target's shape at rest, in the mean face's pose: what it does (raised brows, drawn cheeks) then comes
            along whole. Left out, the shape of this picture stands for it, and where a part lies is the source's.

    Returns:
        468 x 3 in the target's pixels. Equal to ``target`` when both shapes are the same.
    """
    mean = MEAN.astype(np.float64)
    target_pose = fit_pose(mean, target.astype(np.float64))
    source_shape = fit_pose(mean, source.astype(np.float64)).undo(source.astype(np.float64))
    target_shape = target_pose.undo(target.astype(np.float64))
    difference = source_shape - (target_shape if rest is None else rest.astype(np.float64))
    for part in _parts():
        difference[part] = difference[part].mean(axis=0)
    moved = target_shape + strength * _identity_weight()[:, None] * smooth_over_mesh(difference)
    return target_pose.apply(moved).astype(np.float32)


@lru_cache(maxsize=1)
def _parts() -> list[np.ndarray]:
    """Vertices that move together: everything within a short distance of each eye and brow, and of the lips."""
    parts = []
    for ring, reach in (
        (LEFT_EYE, 0.14),
        (RIGHT_EYE, 0.14),
        (LEFT_BROW, 0.08),
        (RIGHT_BROW, 0.08),
        (OUTER_LIPS, 0.12),
    ):
        distance = np.linalg.norm(MEAN[:, None] - MEAN[ring][None], axis=2).min(axis=1)
        parts.append(np.flatnonzero(distance < reach))
    return parts


@lru_cache(maxsize=1)
def _identity_weight() -> np.ndarray:
    """0 on the outline, 1 from 0.45 mean-face units inwards, smooth between."""
    distance = np.linalg.norm(MEAN[:, None] - MEAN[OVAL][None], axis=2).min(axis=1)
    t = np.clip(distance / 0.45, 0, 1)
    return t * t * (3 - 2 * t)


def smooth_over_mesh(values: np.ndarray, rounds: int = 4) -> np.ndarray:
    """Average each vertex with its neighbours, so that parts which move together join the rest without a fold."""
    return _neighbourhood(rounds) @ values


@lru_cache(maxsize=4)
def _neighbourhood(rounds: int) -> np.ndarray:
    """468 x 468: each vertex half itself and half the mean of its neighbours, ``rounds`` times."""
    beside = np.zeros((len(MEAN), len(MEAN)))
    pairs = np.concatenate([TRIANGLES[:, [0, 1]], TRIANGLES[:, [1, 2]], TRIANGLES[:, [2, 0]]])
    for a, b in ((0, 1), (1, 0)):
        np.add.at(beside, (pairs[:, a], pairs[:, b]), 1)
    once = (np.eye(len(MEAN)) + beside / beside.sum(axis=1, keepdims=True)) / 2
    return np.linalg.matrix_power(once, rounds)
