"""A portrait under a synthetic light: diffuse, highlight and cast shadow from the mesh, in numpy.

The relit suite's own renderer. It shares nothing with the one that networks are trained with, so that a good
score cannot come from knowing the renderer. Area lights are summed point by point; each point's shadow is
found by marching through the face's depth, so soft edges come out of the lamp's size.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from aotface.colour_space import LUMINANCE, linear_to_srgb, srgb_to_linear
from aotface.evaluation.lamps import Panel, Scene
from aotface.types import CROP_SIDE, Crop, Geometry

WORK_SIDE = 128
"""Side at which light is computed; it is smooth enough to be enlarged."""

REACH, STEPS = 90.0, 22
"""How far a shadow is looked for, in pixels of a 256-pixel crop, and in how many steps."""

SKIN_F0 = 0.028
"""Reflectance of skin seen straight on."""

STRAY = 0.01
"""Light that reaches every place, of a mean of 1."""


@dataclass(frozen=True)
class Light:
    """What falls on each pixel, exposure and white balance included.

    ``diffuse`` multiplies linear albedo; ``shine`` is added. Both go on smoothly outside the mesh.
    """

    diffuse: Float32[np.ndarray, "side side 3"]
    shine: Float32[np.ndarray, "side side 3"]


@dataclass(frozen=True)
class Metering:
    """Gain per channel with which the camera takes a scene."""

    gain: Float64[np.ndarray, " 3"]


def light_on(geometry: Geometry, scene: Scene, metering: Metering | None = None) -> tuple[Light, Metering]:
    """Light one face.

    Args:
        geometry: side x side maps of its mesh.
        scene: lamps, surroundings, camera.
        metering: of another face under the same scene; measured on this face when left out.

    Returns:
        The light, and the metering that is in it.

    Source: [ours]; highlight of Walter et al., "Microfacet models for refraction", 2007 (GGX).
    """
    side = len(geometry.mask)
    small = _small(geometry)
    inside = small.mask > 0.5
    normals, places = small.normals[inside].astype(np.float64), _places(small)[inside]
    height = np.where(inside, cv2.GaussianBlur(small.depth, (0, 0), 1.0), -1e4)
    around = _surroundings(normals, scene)
    diffuse, shine = around.copy(), np.zeros_like(around)
    for panel in scene.panels:
        for place in panel.places:
            matt, glossy = _from_point(place, panel, normals, places, height, scene.roughness)
            diffuse += matt / len(panel.places)
            shine += glossy / len(panel.places)
    metering = metering or _meter(diffuse, scene)
    diffuse, shine = diffuse * metering.gain + STRAY, shine * metering.gain * scene.sheen
    return Light(_spread(diffuse, inside, side), _spread(shine, inside, side, outside=0.0)), metering


def apply_light(even: Crop, light: Light) -> Crop:
    """A picture under a light: linear albedo times diffuse plus shine, clipped, display-encoded."""
    lit = srgb_to_linear(even) * light.diffuse + light.shine
    return linear_to_srgb(np.clip(lit, 0, 1)).astype(np.float32)


def _small(geometry: Geometry) -> Geometry:
    """The maps at `WORK_SIDE`, averaged over covered pixels."""
    size = (WORK_SIDE, WORK_SIDE)
    cover = cv2.resize(geometry.mask, size, interpolation=cv2.INTER_AREA)
    share = np.maximum(cover, 1e-6)
    depth = cv2.resize(geometry.depth * geometry.mask, size, interpolation=cv2.INTER_AREA) / share
    normals = cv2.resize(geometry.normals, size, interpolation=cv2.INTER_AREA)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    depth = (depth * (CROP_SIDE / len(geometry.mask))).astype(np.float32)
    return Geometry(
        normals.astype(np.float32), np.zeros_like(normals), depth, (cover > 0.5).astype(np.float32)
    )


def _places(small: Geometry) -> Float64[np.ndarray, "side side 3"]:
    """Where each pixel's surface lies, in pixels of a 256-pixel crop, from the middle of the face."""
    step = CROP_SIDE / WORK_SIDE
    y, x = np.mgrid[0:WORK_SIDE, 0:WORK_SIDE].astype(np.float64) * step - CROP_SIDE / 2
    return np.dstack([x, y, small.depth])


def _surroundings(normals: np.ndarray, scene: Scene) -> Float64[np.ndarray, "n 3"]:
    """Hemisphere light: one colour from one end of the axis, another from the other."""
    towards = (1 + normals @ scene.axis)[:, None] / 2
    return scene.around[0] * (1 - towards) + scene.around[1] * towards


def _from_point(
    place: np.ndarray,
    panel: Panel,
    normals: np.ndarray,
    places: np.ndarray,
    height: np.ndarray,
    roughness: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse light and highlight from one point of a lamp, n x 3 each; 1 where it falls squarely."""
    way = place - places
    length = np.linalg.norm(way, axis=1)
    towards = way / length[:, None]
    facing = np.clip((normals * towards).sum(axis=1), 0, None)
    fall = np.clip(-(towards @ panel.facing), 0, None) * (place @ place) / length**2
    lit = np.zeros(len(facing))
    seen = facing > 0
    lit[seen] = _unshadowed(places[seen], towards[seen], height)
    amount = facing * fall * lit
    gloss = amount * _ggx(normals, towards, roughness)
    return amount[:, None] * panel.colour, gloss[:, None] * panel.colour


def _ggx(normals: np.ndarray, towards: np.ndarray, roughness: float) -> np.ndarray:
    """Microfacet reflectance seen from the camera (0, 0, 1), times pi as the diffuse term is."""
    half = towards + np.array([0.0, 0.0, 1.0])
    half /= np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-6)
    n_h = np.clip((normals * half).sum(axis=1), 0, 1)
    n_v, n_l = np.clip(normals[:, 2], 0.05, 1), np.clip((normals * towards).sum(axis=1), 0.05, 1)
    alpha = roughness**2
    spread = alpha**2 / (n_h**2 * (alpha**2 - 1) + 1) ** 2  # D, times pi
    k = alpha / 2
    masking = 1 / ((n_v * (1 - k) + k) * (n_l * (1 - k) + k))  # G / (n_v n_l)
    fresnel = SKIN_F0 + (1 - SKIN_F0) * (1 - np.clip(half[:, 2], 0, 1)) ** 5
    return spread * masking * fresnel / 4


def _unshadowed(places: np.ndarray, towards: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Share of a lamp point that the face itself does not hide, by marching through the height map."""
    step = CROP_SIDE / WORK_SIDE
    hidden = np.zeros(len(places))
    for distance in np.geomspace(3.0, REACH, STEPS):
        x, y, z = (places + towards * distance).T
        column, row = (np.rint((v + CROP_SIDE / 2) / step).astype(int) for v in (x, y))
        inside = (column >= 0) & (column < WORK_SIDE) & (row >= 0) & (row < WORK_SIDE)
        above = height[np.clip(row, 0, WORK_SIDE - 1), np.clip(column, 0, WORK_SIDE - 1)] - z
        soft = 0.6 + 0.05 * distance
        hidden = np.maximum(hidden, np.clip((above - 1.2) / soft, 0, 1) * inside)
    return 1 - hidden


def _meter(diffuse: np.ndarray, scene: Scene) -> Metering:
    """Exposure to a mean of 2 ** stops, and the white balance that a camera finds in part."""
    mean = diffuse.mean(axis=0)
    level = float(mean @ np.array(LUMINANCE))
    balance = (mean / level) ** -scene.adaptation
    balance /= float((balance * mean) @ np.array(LUMINANCE)) / level
    return Metering(balance * 2.0**scene.stops / level)


def _spread(
    values: np.ndarray, inside: np.ndarray, side: int, outside: float | None = None
) -> Float32[np.ndarray, "side side 3"]:
    """Back into place, enlarged; beyond the mesh nearby values go on, towards ``outside`` or the mean."""
    field = np.zeros((*inside.shape, 3), np.float32)
    field[inside] = values
    cover = inside.astype(np.float32)
    rest = values.mean(axis=0) if outside is None else np.full(3, outside)
    total, weight = np.zeros_like(field), np.zeros_like(cover)
    for sigma, share in ((2.0, 1.0), (12.0, 1e-2)):
        total += share * cv2.GaussianBlur(field, (0, 0), sigma)
        weight += share * cv2.GaussianBlur(cover, (0, 0), sigma)
    around = (total + 1e-4 * rest) / (weight[..., None] + 1e-4)
    known = np.where(inside[..., None], field, around)
    known = cv2.GaussianBlur(known, (0, 0), 0.7)  # the mesh's facets
    return cv2.resize(known, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
