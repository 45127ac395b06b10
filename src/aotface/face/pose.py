"""Rigid pose: the similarity that carries one set of 3-D points onto another."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Pose:
    """``points @ (scale * rotation).T + shift``: from the mean face's unit to pixels (x right, y down, z away)."""

    scale: float
    rotation: Float[np.ndarray, "3 3"]
    shift: Float[np.ndarray, " 3"]

    def apply(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Carry points of the mean face's frame into pixels."""
        return self.scale * points @ self.rotation.T + self.shift

    def undo(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Carry pixels back into the mean face's frame."""
        return (points - self.shift) @ self.rotation / self.scale


def fit_pose(
    model: Float[np.ndarray, "n 3"],
    points: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, " n"] | None = None,
) -> Pose:
    """Least-squares similarity from ``model`` to ``points``.

    Args:
        model: n x 3, any unit.
        points: n x 3, pixels.
        weights: n, not negative; all equal when left out.

    Returns:
        The pose that minimises the weighted squared distance; its rotation is proper (no mirror).

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
        PAMI 1991.
    """
    w = np.ones(len(model)) if weights is None else np.asarray(weights, np.float64)
    w = w / w.sum()
    model_centre, centre = w @ model, w @ points
    a, b = model - model_centre, points - centre
    u, singular, vt = np.linalg.svd((b * w[:, None]).T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / (w @ (a**2).sum(axis=1)))
    return Pose(scale, rotation, centre - scale * rotation @ model_centre)
