"""How a face looks, as 898 numbers by which it is known again in the same footage; no recognition network.

The brightness of each triangle of the mesh, without what light does to it: the logarithm of light, less its best
fit by nine functions of the normal, less the look of the mean face. Pose and expression drop out with the mesh.

``mean_descriptor.npz`` is made by ``scripts/make_mean_descriptor.py``: the mean over portraits of several hundred people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from aotface.colour_space import LUMINANCE
from aotface.face.align import align
from aotface.face.mesh import MEAN, TRIANGLES, triangle_areas, vertex_normals
from aotface.types import Face, Frame

SIDE = 64
"""Side in pixels of the crop that is read."""

BLUR = 1.2
"""Standard deviation in these pixels of the blur before reading."""

FLOOR = 0.01
"""Light added before the logarithm."""

LIMIT = 1.5
"""Largest deviation from smooth light that counts: a highlight or a black pupil says no more."""

TINT_WEIGHT = 0.3
"""Similarity lost per unit of difference in tint: a lamp of another colour is rarer than another person."""

AREAS = np.abs(triangle_areas(MEAN.astype(np.float32)))

with resources.files("aotface.tracking").joinpath("mean_descriptor.npz").open("rb") as _file:
    MEAN_LOOK: Float32[np.ndarray, " 898"] = np.load(_file, allow_pickle=False)["texture"]


@dataclass(frozen=True)
class Descriptor:
    """What `similarity` compares.

    ``texture``: per triangle, natural log of light beyond smooth shading and beyond the mean face.
    ``weight``: how much of the triangle was seen. ``tint``: mean log red and blue against green.
    """

    texture: Float32[np.ndarray, " 898"]
    weight: Float32[np.ndarray, " 898"]
    tint: Float32[np.ndarray, " 2"]


def descriptor_of(frame: Frame, face: Face) -> Descriptor:
    """How a face of a frame looks.

    Args:
        frame: uint8 or uint16, RGB.
        face: a face of that frame.

    Source: [ours]; that nine functions of the normal hold nearly all diffuse light: Basri and Jacobs, "Lambertian
        reflectance and linear subspaces", PAMI 2003.
    """
    aligned = align(frame, face, SIDE)
    light = cv2.GaussianBlur(aligned.crop, (0, 0), BLUR).astype(np.float64) ** 2.2  # near enough to sRGB
    corners = aligned.landmarks[TRIANGLES]
    places = corners[..., :2].mean(axis=1)
    colours = cv2.remap(
        light,
        places[None, :, 0].copy(),
        places[None, :, 1].copy(),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[0]
    normals = vertex_normals(aligned.landmarks)[TRIANGLES].mean(axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    seen = np.clip((normals[:, 2] - 0.15) / 0.3, 0, 1) * (triangle_areas(aligned.landmarks) > 0)
    weight = (seen * AREAS + 1e-9).astype(np.float64)
    logs = np.log(colours @ np.array(LUMINANCE) + FLOOR)
    texture = np.clip(logs - _smooth_light(logs, normals.astype(np.float64), weight), -LIMIT, LIMIT)
    mean = np.log(weight @ colours / weight.sum() + FLOOR / 2)
    tint = np.array([mean[0] - mean[1], mean[2] - mean[1]])
    return Descriptor(
        (texture - MEAN_LOOK).astype(np.float32), weight.astype(np.float32), tint.astype(np.float32)
    )


def similarity(a: Descriptor, b: Descriptor) -> float:
    """How alike two faces look: the weighted correlation of their textures, less a part for tint.

    Returns:
        At most 1. Measured on eleven clips: a person against the mean of the same person earlier 0.83 to 0.99,
        against others under 0.6; 61 people in one studio against each other: 1 pair in 1000 above 0.75.
    """
    return float(similarities([a], [b])[0, 0])


def similarities(
    some: Sequence[Descriptor], others: Sequence[Descriptor]
) -> Float64[np.ndarray, "some others"]:
    """`similarity` of each with each, at once."""
    x, y = (np.array([descriptor.texture for descriptor in group], np.float64) for group in (some, others))
    u, v = (
        np.sqrt(np.array([descriptor.weight for descriptor in group], np.float64)) for group in (some, others)
    )
    total = u @ v.T
    mean_x, mean_y = (u * x) @ v.T / total, u @ (v * y).T / total
    spread_x = np.maximum((u * x**2) @ v.T / total - mean_x**2, 0)
    spread_y = np.maximum(u @ (v * y**2).T / total - mean_y**2, 0)
    together = (u * x) @ (v * y).T / total - mean_x * mean_y
    tints = [np.array([descriptor.tint for descriptor in group], np.float64) for group in (some, others)]
    apart = np.linalg.norm(tints[0][:, None] - tints[1][None], axis=2)
    return together / np.maximum(np.sqrt(spread_x * spread_y), 1e-9) - TINT_WEIGHT * apart


def mix(a: Descriptor, b: Descriptor, share: float) -> Descriptor:
    """The mean of two looks, triangle by triangle as far as each was seen; ``share``: the part of the second."""
    weight_a, weight_b = (1 - share) * a.weight, share * b.weight
    weight = weight_a + weight_b
    texture = (weight_a * a.texture + weight_b * b.texture) / np.maximum(weight, 1e-12)
    tint = (1 - share) * a.tint + share * b.tint
    return Descriptor(texture.astype(np.float32), weight.astype(np.float32), tint.astype(np.float32))


def _smooth_light(
    logs: Float64[np.ndarray, " n"], normals: Float64[np.ndarray, "n 3"], weight: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """The part that polynomials of second order in the normal explain."""
    x, y, z = normals.T
    design = np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1)
    weighted = design * weight[:, None]
    ridge = 1e-4 * weight.sum() * np.eye(9)  # a face in profile shows few normals
    return design @ np.linalg.solve(weighted.T @ design + ridge, weighted.T @ logs)
