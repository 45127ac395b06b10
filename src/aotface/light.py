"""The light on a face as nine spherical harmonics per channel, and how far two lights are apart."""

import numpy as np
from jaxtyping import Float, Float32, Float64

from aotface.colour_space import LUMINANCE, srgb_to_linear
from aotface.errors import InputError
from aotface.masked import Colours, pixels
from aotface.types import Mask

Normals = Float32[np.ndarray, "height width 3"]
"""Unit vectors, x right, y down, z towards the camera; 0 outside the face."""

Light = Float64[np.ndarray, "3 9"]
"""Per colour channel nine coefficients of the orthonormal real harmonics, in the order of `harmonics`."""

RIDGE = 1e-3
"""Weight of the penalty beside the mean square error. On 490 pictures of 10 people under known lamps
(Extended Yale B) it leaves the direction 16 degrees off in the median; a tenth of it, 56."""

PENALTIES = np.repeat([1.0, 9 / 4, 16.0], [1, 3, 5])
"""Per coefficient: a matt surface passes on order l with pi, 2 pi / 3, pi / 4, so equal light shows that much
weaker. Without this the constant and z, alike on the half that we see, take each other's place."""


def harmonics(normals: Float[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 9"]:
    """Orthonormal real spherical harmonics to order 2: 1, y, z, x, xy, yz, 3z^2 - 1, xz, x^2 - y^2.

    Args:
        normals: n x 3 unit vectors; any axes, the coefficients are in the same.

    Source: Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", 2001.
    """
    x, y, z = normals.astype(np.float64).T
    terms = (
        0.282095 * np.ones_like(x),
        0.488603 * y,
        0.488603 * z,
        0.488603 * x,
        1.092548 * x * y,
        1.092548 * y * z,
        0.315392 * (3 * z * z - 1),
        1.092548 * x * z,
        0.546274 * (x * x - y * y),
    )
    return np.stack(terms, axis=1)


def estimate_light(crop: Colours, normals: Normals, mask: Mask, ridge: float = RIDGE) -> Light:
    """Fit linear light = harmonics(normal) . coefficients over the mask, each channel on its own.

    Minimises mean_m |I - B c|^2 + ridge sum_j penalty_j c_j^2. Albedo is not told from light: the tone of the
    skin is a factor of the coefficients.

    Args:
        crop: height x width x 3, 0..1 sRGB.
        normals: height x width x 3.
        mask: height x width, 0..1; pixels without a normal do not count.
        ridge: see `RIDGE`; 0 where the normals are known to cover the sphere.

    Returns:
        3 x 9, rows R, G, B.

    Raises:
        InputError: fewer than nine usable pixels.

    Source: Basri and Jacobs, "Lambertian reflectance and linear subspaces", 2003; the penalty is [ours].
    """
    lights, _ = _fit([crop], normals, mask, ridge)
    return lights[0]


def light_distance(result: Colours, target: Colours, normals: Normals, mask: Mask) -> float:
    """How differently the two lights shade this face: |B (c_r - c_t)|_m / |B c_t|_m.

    No unit, lower is better. Normalisation: the root mean square, over the mask and the channels, of the
    difference of the two fitted shadings, divided by that of the target's shading. 0 is the same light, 1 as
    far as darkness is. Comparing shadings, not coefficients, keeps out those that this face leaves open.

    Args:
        result, target: height x width x 3, 0..1 sRGB.
        normals: height x width x 3.
        mask: height x width, 0..1.

    Source: [ours].
    """
    (found, wanted), gram = _fit([result, target], normals, mask, RIDGE)
    difference, own = (np.einsum("ci,ij,cj->", light, gram, light) for light in (found - wanted, wanted))
    return float(np.sqrt(max(difference, 0.0) / max(own, 1e-9)))


def light_direction(light: Light) -> Float64[np.ndarray, " 3"]:
    """Unit vector towards the brightest side (x right, y down, z towards the camera); 0 where there is none.

    Source: the first-order terms of the luminance, as in Ramamoorthi and Hanrahan, 2001.
    """
    luminance = np.array(LUMINANCE) @ light
    direction = luminance[[3, 1, 2]]  # x, y, z
    length = float(np.linalg.norm(direction))
    return direction / length if length > 1e-9 else np.zeros(3)


def _fit(
    crops: list[Colours], normals: Normals, mask: Mask, ridge: float
) -> tuple[list[Light], Float64[np.ndarray, "9 9"]]:
    """The light of each crop, and the mean products of the basis over the mask."""
    facing = np.einsum("hwc,hwc->hw", normals, normals) > 0.25
    usable = np.where(facing, mask, np.float32(0))
    count = np.count_nonzero(usable)
    if count < 9:
        raise InputError(f"normals: expected nine or more under the mask, got {count}; render them first")
    found = [pixels(crop, usable) for crop in crops]
    linear = np.concatenate([srgb_to_linear(colours) for colours, _ in found], axis=1)  # n 3k
    basis, weights = harmonics(normals[usable > 0]), found[0][1].astype(np.float64)
    weighted = basis * (weights / weights.sum())[:, None]  # n 9
    gram = weighted.T @ basis
    solved = np.linalg.solve(gram + ridge * np.diag(PENALTIES), weighted.T @ linear)  # 9 3k
    return np.split(np.ascontiguousarray(solved.T), len(crops)), gram
