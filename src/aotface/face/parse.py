"""Which part of the face is visible: hair, glasses, hats and hands stay in front of a swapped face."""

from collections.abc import Callable

import cv2
import numpy as np

from aotface.face.glasses import covered_by_glasses
from aotface.face.hair import covered_by_hair
from aotface.face.hands import covered_by_hands
from aotface.types import Crop, Geometry, Landmarks, Mask

WORKING_SIDE = 256
"""Side in pixels at which occluders are looked for, whatever the crop's side."""

MARGIN = 4
"""Pixels at `WORKING_SIDE` around hair and hands that are not read as a source's face either."""

Occluder = Callable[[np.ndarray, Landmarks, Geometry], np.ndarray]


def visible_skin(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """How much of the face surface (skin, eyes, brows, lips, beard) each pixel shows.

    Args:
        crop: side x side x 3, 0..1, RGB.
        landmarks: 468 x 3, crop pixels.
        geometry: rendered from those landmarks at the crop's side.

    Returns:
        side x side, 1 where the face is visible (and off the mesh), 0 where it is covered; soft between.

    Source: [ours].
    """
    return _seen(crop, landmarks, geometry, (covered_by_hair, covered_by_glasses, covered_by_hands))


def usable_texture(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """Where a source's picture may be read as its face.

    Not under hair and hands, nor within a few pixels of them: a strand carried over looks like dirt. Glasses
    stay: a face that keeps them looks whole, a face with their outline cut out does not.

    Args: as for `visible_skin`.

    Returns:
        side x side, 0..1, soft.

    Source: [ours].
    """
    seen = _seen(crop, landmarks, geometry, (covered_by_hair, covered_by_hands))
    reach = 2 * round(MARGIN * len(crop) / WORKING_SIDE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return cv2.GaussianBlur(cv2.erode(seen, disc), (0, 0), reach / 4).astype(np.float32)


def _seen(crop: Crop, landmarks: Landmarks, geometry: Geometry, occluders: tuple[Occluder, ...]) -> Mask:
    side = len(crop)
    if side != WORKING_SIDE:
        crop, landmarks, geometry = _at_working_side(crop, landmarks, geometry)
    visible: np.ndarray = np.ones((WORKING_SIDE, WORKING_SIDE), np.float32)
    for covered in occluders:
        visible *= 1 - covered(crop, landmarks, geometry)
    if side != WORKING_SIDE:
        visible = cv2.resize(visible, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.clip(visible, 0, 1).astype(np.float32)


def _at_working_side(
    crop: Crop, landmarks: Landmarks, geometry: Geometry
) -> tuple[np.ndarray, Landmarks, Geometry]:
    scale = WORKING_SIDE / len(crop)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = (WORKING_SIDE, WORKING_SIDE)
    planes = (geometry.normals, geometry.pncc, geometry.depth * np.float32(scale), geometry.mask)
    moved = ((landmarks + np.array([0.5, 0.5, 0])) * scale - np.array([0.5, 0.5, 0])).astype(np.float32)
    maps = [cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) for plane in planes]
    return cv2.resize(crop, size, interpolation=method), moved, Geometry(*maps)
