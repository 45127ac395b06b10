"""Lines that a source's smile draws beside its eyes, levelled where the target does not smile [ours].

Crow's feet and creases of the cheeks are folds of a smile. On a face at rest they read as scratches. So as far as the target
smiles less, what is alike along a line there goes, dark and bright: pores, spots and hairs stay. What any face has at rest,
lids and what hangs below them, lies nearer to the eye and stays.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import LUMA, alike_along, features_mask, hull_mask, line_ways
from aotface.masked import grown, rising
from aotface.reenact.mouth_shading import Edges, cut_box, fallen, inside_box, lay_light
from aotface.types import CROP_SIDE, Landmarks, Mask, Part

BESIDE = (33, 46, 127, 234, 123, 50, 101, 119), (263, 276, 356, 454, 352, 280, 330, 348)
"""Vertices around the places beside an eye and on the cheek below it, of the person's right and left."""

LIDS, BROWS = 2.5, 3.0
"""How far around eyes and brows lines stay: units of `features_mask`."""

SOFT = 4.0
"""How softly that ends, a standard deviation, pixels at 256."""

SHARP, WAY, LENGTH = 4.0, 2.0, 12.0
"""What lines are finer than, and over what their direction is told: standard deviations of blurs; and the length over which
they are alike: the same pixels."""

TAKEN, HARD, NEARBY = 0.75, (0.05, 0.11), 2.0
"""Share of a line that goes at most; how strong one is, in parts of the light around it, where it begins to go, and
goes (faint lines are part of a face); and over what distance that is told, the same pixels."""

DARK = 0.05
"""Light below which a line's strength is not told from it: display values."""


def level_eyes(
    face: Float32[np.ndarray, "rows columns 3"],
    box: Part,
    source: Landmarks,
    side: int,
    points: Landmarks,
    theirs: Landmarks,
    grid: int,
) -> Float32[np.ndarray, "grid grid 3"] | None:
    """Level lines of a smile beside the eyes, in place.

    Args:
        face: X_r in a box of the crop.
        box: rows and columns.
        source: 468 x 3, in its picture.
        side: of the crop.
        points: 468 x 3, of the new face, pixels of the grid.
        theirs: of the target, likewise.
        grid: its side.

    Returns:
        Light that was added; None where nothing was done.
    """
    smile = fallen(source, theirs).smile
    if max(smile) <= 0:
        return None
    unit = grid / CROP_SIDE
    here = _box(points, grid, 3 * SOFT * unit)
    own = cut_box(face, here, side / grid, (int(box[1].start), int(box[0].start)))
    corner = np.array([here[1].start, here[0].start, 0], np.float32)
    weight = _where(points - corner, own.shape[:2], smile, unit)
    ways = line_ways(np.ascontiguousarray(own @ LUMA[0]), WAY * unit)
    fine = own - cv2.GaussianBlur(own, (0, 0), SHARP * unit)
    lines = alike_along(fine, ways, LENGTH * unit)
    weight = weight * _hard(lines, own, unit)
    light = -lines * weight[..., None]
    return lay_light(face, box, light, here, Edges(ways, weight), side, grid)


def _box(points: Landmarks, grid: int, margin: float) -> Part:
    """Rows and columns of the grid around the places beside both eyes."""
    places = points[np.concatenate(BESIDE), :2]
    columns, rows = (
        slice(int(np.clip(low - margin, 0, grid - 2)), int(np.clip(high + margin, 2, grid)))
        for low, high in zip(places.min(axis=0), places.max(axis=0), strict=True)
    )
    return rows, columns


def _hard(
    lines: Float32[np.ndarray, "rows columns 3"], face: Float32[np.ndarray, "rows columns 3"], unit: float
) -> Mask:
    """Where lines are strong, 0..1."""
    strength = np.abs(lines @ LUMA[0]) / np.maximum(face @ LUMA[0], np.float32(DARK))
    share = rising(grown(strength, NEARBY * unit), HARD)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), NEARBY * unit / 2), np.float32)


def _where(points: Landmarks, shape: tuple[int, int], smile: tuple[float, float], unit: float) -> Mask:
    """How much of lines goes."""
    weight = np.zeros(shape, np.float32)
    for share, ring in zip(smile, BESIDE, strict=True):
        weight = np.maximum(weight, hull_mask(shape, points[list(ring)]) * np.float32(TAKEN * share))
    eyes = features_mask(shape, points, unit=LIDS * unit, parts=(LEFT_EYE, RIGHT_EYE))
    brows = features_mask(shape, points, unit=BROWS * unit, parts=(LEFT_BROW, RIGHT_BROW))
    soft = cv2.GaussianBlur(weight, (0, 0), SOFT * unit)
    return np.asarray(soft * (1 - np.maximum(eyes, brows)) * inside_box(shape, unit), np.float32)
