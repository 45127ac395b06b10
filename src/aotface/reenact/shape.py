"""The new shape: the target's own, moved towards the source's where identity lives [ours]."""

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float64

from aotface.face.mesh import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    MEAN,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    TRIANGLES,
    opening,
)
from aotface.face.pose import fit_pose
from aotface.face.texture import hull_mask
from aotface.reenact.expression import BROWS, EYES, MOUTH, apart
from aotface.types import Landmarks, Mask

PARTS = (
    (LEFT_EYE, 0.14, EYES),
    (RIGHT_EYE, 0.14, EYES),
    (LEFT_BROW, 0.08, BROWS),
    (RIGHT_BROW, 0.08, BROWS),
    (OUTER_LIPS, 0.12, MOUTH),
)
"""Eyes, brows and lips; how far around them vertices move together, in units of the mean face; and what tells what they
do."""

SAME = {EYES: (0.3, 0.8), BROWS: (0.3, 0.9), MOUTH: (1.2, 2.2)}
"""How differently two faces may do something with a part (see `apart`), from where on its inner shape begins to be the
target's, and is."""

OPEN_ALIKE = 0.01, 0.04
"""The same for how far two mouths are open: with its inner shape the new mouth would take the source's opening."""

BROW_PARTS = slice(2, 4)
"""Of `PARTS`."""

AROUND, COVERED = 4 / 256, (0.08, 0.25)
"""How far around a part is looked, in sides; and the covered shares at which it begins to stay in the target's place, and
stays there."""


def identity_shape(
    source: Landmarks,
    target: Landmarks,
    strength: float = 1.0,
    rest: Landmarks | None = None,
    visible: Mask | None = None,
    brows: bool = True,
) -> Landmarks:
    """The target's shape with the source's identity in it.

    Both shapes are brought to the mean face's pose; their difference is taken whole on nose, cheeks and forehead, as one
    rigid shift per part on eyes, brows and mouth (their inner shape is expression, but for as far as both do the same with
    them), and not at all on the outline, so that the new face fills the target's head.

    Args:
        source: 468 x 3, any similarity.
        target: 468 x 3, the pixels of the result.
        strength: 0..1.
        rest: the target's shape at rest, in the mean face's pose: what it does (raised brows, drawn cheeks) then comes
            along whole. Left out, the shape of this picture stands for it, and where a part lies is the source's.
        visible: of the target, over the same pixels as its landmarks: a part that is half covered stays in the target's
            place, or the target's own would show beside it, at the edge of what covers it.
        brows: whether brows move; if not, they stay in the target's place.

    Returns:
        468 x 3 in the target's pixels. Equal to ``target`` when both shapes are the same.
    """
    mean = MEAN.astype(np.float64)
    target_pose = fit_pose(mean, target.astype(np.float64))
    source_shape = fit_pose(mean, source.astype(np.float64)).undo(source.astype(np.float64))
    target_shape = target_pose.undo(target.astype(np.float64))
    difference = source_shape - (target_shape if rest is None else rest.astype(np.float64))
    held = np.zeros(len(PARTS)) if visible is None else covered_parts(target, visible)
    if not brows:
        held[BROW_PARTS] = 1
    # In a clip lids and lips would cross: what it does is added to what it is at rest, and it shuts eyes and mouth.
    own = [_same(source, target, does) if rest is None else 0.0 for *_, does in PARTS]
    whole = difference.copy()
    for part, at_target, share in zip(_parts(), held, own, strict=True):
        mean = whole[part].mean(axis=0)
        difference[part] = (mean + share * (whole[part] - mean)) * (1 - at_target)
    moved = target_shape + strength * _identity_weight()[:, None] * smooth_over_mesh(difference)
    return target_pose.apply(moved).astype(np.float32)


def _same(source: Landmarks, target: Landmarks, part: tuple[str, ...]) -> float:
    """How surely two faces do the same with a part, 0..1."""
    begins, ends = SAME[part]
    share = np.clip((ends - apart(source, target, part)) / (ends - begins), 0, 1)
    if part == MOUTH:
        begins, ends = OPEN_ALIKE
        differ = abs(opening(source, INNER_LIPS) - opening(target, INNER_LIPS))
        share *= np.clip((ends - differ) / (ends - begins), 0, 1)
    return float(share)


def covered_parts(target: Landmarks, visible: Mask) -> Float64[np.ndarray, " parts"]:
    """How surely something covers each of `PARTS`, 0..1: a frame before a brow, a beard around lips.

    Args:
        target: 468 x 3, the mask's pixels.
        visible: 0..1.
    """
    found = np.zeros(len(PARTS))
    for number, (ring, *_) in enumerate(PARTS):
        drawn = hull_mask(visible.shape, target[ring])
        size = 2 * round(AROUND * len(visible)) + 1
        here = cv2.dilate(drawn, np.ones((size, size), np.uint8)) > 0
        hidden = 1 - float(visible[here].mean()) if here.any() else 0.0
        found[number] = np.clip((hidden - COVERED[0]) / (COVERED[1] - COVERED[0]), 0, 1)
    return found


@lru_cache(maxsize=1)
def _parts() -> list[np.ndarray]:
    """Vertices that move together: everything within a short distance of each part."""
    parts = []
    for ring, reach, _ in PARTS:
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
