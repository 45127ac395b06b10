"""One distant lamp and ambient light, fitted to the brightness of a face whose normals are known."""

import numpy as np
from jaxtyping import Float, Float32

DARKEST = 0.004
"""Linear light under which no scale is taken from a picture."""


def fit_light(
    brightness: Float32[np.ndarray, " n"], normals: Float32[np.ndarray, "n 3"]
) -> Float32[np.ndarray, " 4"]:
    """Ambient and one distant lamp: brightness = ambient + max(0, normal . lamp), robustly.

    Args:
        brightness: n, linear light.
        normals: n x 3, unit length.

    Returns:
        (lamp x, y, z, ambient); the ambient light is at least a twentieth of the median brightness.
    """
    design = np.concatenate([normals, np.ones((len(normals), 1))], axis=1).astype(np.float64)
    ridge = 1e-3 * len(normals) * np.diag([1, 1, 1, 0.5])  # a picture without contrast has no lamp
    scale = max(float(np.median(brightness)), DARKEST)
    light = np.array([0, 0, 0, scale])
    weight = np.ones(len(normals))
    for _ in range(6):
        lit = design[:, :3] @ light[:3] >= 0
        active = design * np.stack([lit, lit, lit, np.ones_like(lit)], axis=1)
        weighted = active * weight[:, None]
        light = np.linalg.solve(weighted.T @ active + ridge, weighted.T @ brightness)
        light[3] = max(light[3], 0.05 * scale)
        weight = 1 / (1 + ((brightness - shine(light, normals)) / (0.3 * scale)) ** 2)
    return light.astype(np.float32)


def shine(
    light: Float[np.ndarray, " 4"], normals: Float32[np.ndarray, "*shape 3"]
) -> Float[np.ndarray, "*shape"]:
    """Brightness that a fitted light gives to normals."""
    return np.maximum(normals @ light[:3], 0) + light[3]
