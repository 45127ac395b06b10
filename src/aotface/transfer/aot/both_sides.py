"""Light of the source's photograph that only one side of the face shows is taken out of a map [ours].

A face's left half is much like its right half, so what both halves of Y differ by from the target, at the same places, is
the face. What one half alone differs by is light: a shadow beside the nose, a bright cheek. The target's own light is no
part of that difference, however much it comes from the side. Each octave of it keeps what the two halves share; what is
taken out is never more than the halves of X_r differ by.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_linear
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.mesh import MIRROR, vertex_normals
from aotface.face.render import Raster
from aotface.face.texture import features_mask
from aotface.masked import resized
from aotface.transfer.aot.colour_map import GREY_CHROMA
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, apply_colour_map_array
from aotface.transfer.base import COARSE_SIDE, FacePair
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

SIDE = COARSE_SIDE
"""Side at which the halves are compared."""

OCTAVES = ((24.0, 0.6), (12.0, 0.5), (6.0, 0.4), (3.0, 0.2))
"""Blurs between which light is compared, in pixels at 256, and the most that is taken out of each (logarithm)."""

SEEN = 0.5
"""Share of a neighbourhood that must be visible skin, for its mean to be believed in full."""

FACING = (0.15, 0.45)
"""How far a surface must face the camera to count, and to count in full: the normal's z."""

ONE_SIDED = (0.1, 0.25)
"""Difference of the halves of X_r, broadest octave, from which its photograph begins to count, and counts, as lit from one
side. In even light it is .02 to .08."""

MOTTLED, LEAST = 1.15, 0.45
"""How much more colour may vary over Y than over the target, and the least that is left of it."""

SOFT = 2.0
"""Standard deviation, in pixels at 256, of the edge of what is changed."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

THIRDS = np.full((1, 3), 1 / 3, np.float32)

Logs = Float32[np.ndarray, "64 64 3"]


def without_one_sided_light(field: ColourMapArray, pair: FacePair) -> ColourMapArray:
    """Take out of a map what makes one half of the face brighter or more coloured than the target's light does.

    Args:
        field: what will be laid on X_r.
        pair: the face, at 256 px or less.

    Returns:
        The field with other gains; equal channels stay equal where the target is grey.

    Source: [ours]; the mean of two halves is the limiter of van Leer, J. Comp. Phys. 14, 1974.
    """
    unit, side = SIDE / CROP_SIDE, len(pair.mask)
    shrink = resize_matrix(np.eye(2, 3), side, SIDE)
    own, theirs = (transform_landmarks(one, shrink) for one in (pair.own_landmarks, pair.landmarks))
    swapped = apply_colour_map_array(resized(pair.reenacted, SIDE), field)
    counted = resized(pair.mask, SIDE) * (1 - features_mask((SIDE, SIDE), own, theirs, unit=unit))
    places, trust = _places(pair.coarse, own, theirs)
    crops = swapped, resized(pair.target, SIDE), resized(pair.reenacted, SIDE)
    light = np.dstack([srgb_to_linear(crop) for crop in crops])
    less = _less(light, counted, places, trust)
    grey = cv2.GaussianBlur(less[..., 0], (0, 0), SOFT * unit)
    gain = resized(grey, len(field))[..., None]
    share = _coloured(pair.target, pair.mask)
    if share > 0:
        colour = cv2.GaussianBlur(np.ascontiguousarray(less[..., 1:]), (0, 0), SOFT * unit)
        gain = gain + np.float32(share) * resized(colour, len(field))
    changed = field.copy()
    changed[..., :3] += gain
    changed[..., 4:] *= np.exp(gain)
    return changed


def _places(raster: Raster, own: Landmarks, theirs: Landmarks) -> tuple[Float32[np.ndarray, "64 64 6"], Mask]:
    """For each pixel of Y: its place on the other half, its place in the target, and that on the other half; and how far
    both halves are turned to the camera."""
    facing = np.clip((vertex_normals(own)[:, 2] - FACING[0]) / (FACING[1] - FACING[0]), 0, 1)
    parts = [own[MIRROR, :2], theirs[:, :2], theirs[MIRROR, :2], (facing * facing[MIRROR])[:, None]]
    spread = raster.interpolate(np.concatenate(parts, axis=1).astype(np.float32))
    inner = 2 * cv2.GaussianBlur(raster.covered.astype(np.float32), (0, 0), 1.0) - 1
    return spread[..., :6], spread[..., 6] * np.clip(inner, 0, 1)


def _less(
    light: Float32[np.ndarray, "64 64 9"],
    counted: Mask,
    places: Float32[np.ndarray, "64 64 6"],
    trust: Mask,
) -> Float32[np.ndarray, "64 64 4"]:
    """What is added to the gain: to brightness, and to each channel beside that."""
    total, lit = np.zeros((SIDE, SIDE, 4), np.float32), None
    weighted, coarse = np.dstack([light * counted[..., None], counted]), None
    for width, most in OCTAVES:
        sigma = width * SIDE / CROP_SIDE
        blurred = cv2.GaussianBlur(weighted, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        logs = np.log(blurred[..., :9] / np.maximum(blurred[..., 9:], np.float32(1e-4)) + FLOOR)
        known = np.clip(blurred[..., 9] / np.float32(SEEN), 0, 1)
        if coarse is None:
            coarse = np.average(logs, axis=(0, 1), weights=counted + np.float32(1e-6)).astype(np.float32)
        octave, coarse = logs - coarse, logs
        swapped, target, own = (_parts(np.ascontiguousarray(octave[..., k : k + 3])) for k in (0, 3, 6))
        less = np.zeros_like(swapped)
        if lit != 0:
            both = np.minimum.reduce([known, *(read_at(known, places[..., k : k + 2]) for k in (0, 2, 4))])
            apart = read_at(own, places[..., :2]) - own
            lit = _one_sided(apart[..., 0], both * trust) if lit is None else lit
            less = (
                np.float32(lit)
                * (both * trust)[..., None]
                * _of_one_side(swapped, target, apart, places, most)
            )
        less[..., 1:] += _calmer(swapped + less, target, counted) * known[..., None]
        total += less
    return total


def _of_one_side(
    swapped: Float32[np.ndarray, "64 64 4"],
    target: Float32[np.ndarray, "64 64 4"],
    apart: Float32[np.ndarray, "64 64 4"],
    places: Float32[np.ndarray, "64 64 6"],
    most: float,
) -> Float32[np.ndarray, "64 64 4"]:
    """What is taken out of one octave: no more than the halves of X_r are ``apart``."""
    one = swapped - read_at(target, places[..., 2:4])
    other = read_at(swapped, places[..., :2]) - read_at(target, places[..., 4:])
    less = _bounded(_shared(one, other) - one, apart)
    return np.float32(most) * np.tanh(less / np.float32(most))


def _one_sided(apart: Mask, weight: Mask) -> float:
    """How surely the source's photograph is lit from one side, by how much its halves differ in brightness: 0..1."""
    mean = float((apart**2 * weight).sum()) / max(float(weight.sum()), 1e-6)
    return float(np.clip((mean**0.5 - ONE_SIDED[0]) / (ONE_SIDED[1] - ONE_SIDED[0]), 0, 1))


def _calmer(
    swapped: Float32[np.ndarray, "64 64 4"], target: Float32[np.ndarray, "64 64 4"], counted: Mask
) -> Logs:
    """What is taken off the colour of one octave of Y, where it varies more than the target's."""
    energy = [float(((one[..., 1:] ** 2).sum(axis=2) * counted).sum()) for one in (swapped, target)]
    share = np.sqrt((MOTTLED**2 * energy[1] + 1e-6) / (energy[0] + 1e-6))
    return swapped[..., 1:] * np.float32(np.clip(share, LEAST, 1) - 1)


def _coloured(target: Crop, mask: Mask) -> float:
    """0 for a face that is exactly grey, 1 from `GREY_CHROMA` on."""
    red, green, blue = cv2.split(target)
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return min(1.0, float(spread[mask > 0].max(initial=0)) / GREY_CHROMA)


def _parts(logs: Logs) -> Float32[np.ndarray, "64 64 4"]:
    """Brightness, and what each channel has beside it."""
    mean = cv2.transform(logs, THIRDS)[..., None]
    return np.concatenate([mean, logs - mean], axis=2)


def _shared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What two values share: their harmonic mean, and 0 where their signs differ."""
    product, total = one * other, one + other
    return np.where(product > 0, 2 * product / np.where(np.abs(total) > 1e-6, total, 1), 0)


def _bounded(values: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Values that go no further than others, and 0 where their signs differ."""
    return np.where(values * most > 0, np.sign(most) * np.minimum(np.abs(values), np.abs(most)), 0)


def read_at(values: np.ndarray, places: Float32[np.ndarray, "_side _side 2"]) -> np.ndarray:
    """Values at places."""
    x, y = (np.ascontiguousarray(places[..., k]) for k in (0, 1))
    return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
