"""The target's smile folds, where it smiles and the source does not [ours].

The mesh moves a mouth at rest to a smile, but its cheeks stay as they are in the photograph: flat, where the target's bulge
over a fold. A smile without any looks like a mask, and the map lays half of the target's fold there as a stain. So X_r gets
how dark the target's folds are, under its own shape, as far as the target smiles more. It is shade that is carried over, no
skin: what is alike along a fold, of skin's own tint, and bounded. Hairs, pores and spots stay behind.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.render import Raster
from aotface.face.texture import LUMA, alike_along, line_ways
from aotface.masked import falling, grown, local_mean, risen
from aotface.reenact.dense_map import dense_map, plane_at
from aotface.reenact.expression import expression
from aotface.reenact.mouth_shading import FOLDS, SMILES, beside_features, mouth_box, near_line
from aotface.types import CROP_SIDE, Landmarks, Mask

RISES = (0.15, 0.5)
"""By how much a smile must rise from source to target for its folds to begin to show, and to show."""

ABOVE = 0.35
"""How far above the nose's wings folds are looked for, in widths of the mouth."""

NEAR = (10.0, 22.0)
"""Pixels at 256 from the landmarks of a fold up to which it is carried over, and from which on nothing is."""

BESIDE_NOSE = (0.0, 2.0)
"""The same from a nose, up to which nothing is, and from which on all is: folds begin at its wings."""

FINE, AROUND = 0.8, 9.0
"""Standard deviations of blurs: of a fold, and of the skin that it is darker than, in the same pixels."""

WAY, LENGTH = 3.0, 10.0
"""Over what a fold's direction is told, a standard deviation, and over what length it is alike, in the same pixels."""

ASIDE = 3.0
"""How far beside the target's fold one of X_r counts as the same, the same pixels."""

FLOOR = np.float32(0.01)
"""Display light added before a logarithm."""

DARKER, BRIGHTER = 0.3, 0.08
"""How much darker, and brighter, than around a place of a fold is at most: logarithms."""

SHARE = 0.7
"""Share of the target's folds that is carried over."""

TINT = np.array([0.7, 1.09, 1.3], np.float32)
"""Depth of red, green and blue, in parts of that of luma: as measured on folds of skin."""

GREY, NEARBY = (0.82, 0.95), 3.0
"""Depth of red in parts of that of luma at which a dark place begins to be hair, and is; and over what that is told: a
standard deviation, pixels at 256."""

Pixels = Float32[np.ndarray, "grid grid 3"]


def risen_smile(source: Landmarks, target: Landmarks) -> tuple[float, float]:
    """How far a target smiles where the source does not, on the person's right and left; 0..1.

    Args:
        source: 468 x 3, see `expression`.
        target: likewise.
    """
    before, after = (expression(one)[list(SMILES)] for one in (source, target))
    right, left = (risen(float(b - a), RISES) for a, b in zip(before, after, strict=True))
    return right, left


def target_folds(
    face: Pixels,
    target: Pixels,
    points: Landmarks,
    theirs: Landmarks,
    raster: Raster,
    smile: tuple[float, float],
    seen: Mask | None = None,
) -> Pixels | None:
    """Light to add to X_r for folds that its smile lacks; None where it lacks none.

    Args:
        face: X_r.
        target: its crop, at the same side.
        points: 468 x 3, of X_r, pixels of the grid.
        theirs: of the target, likewise.
        raster: of X_r.
        smile: see `risen_smile`.
        seen: where the target's skin shows, 0..1; None: everywhere.
    """
    if max(smile) <= 0:
        return None
    grid = len(face)
    unit = grid / CROP_SIDE
    there, here = mouth_box(theirs, grid, ABOVE), mouth_box(points, grid, ABOVE)
    corner = np.array([there[1].start, there[0].start], np.float32)
    placed = theirs - np.append(corner, np.float32(0))
    shade = _shade(target[there], placed, unit, None if seen is None else seen[there])
    places = dense_map(raster, theirs[:, :2])[here] - corner
    shade = plane_at(shade, places, cv2.BORDER_CONSTANT)
    own = points - np.array([here[1].start, here[0].start, 0], np.float32)
    weight = np.zeros_like(shade)
    for share, fold in zip(smile, FOLDS, strict=True):
        near = near_line(own[list(fold), :2], weight.shape, NEAR, unit)
        weight = np.maximum(weight, near * np.float32(SHARE * share))
    more = _lacking(shade, _shade(face[here], own, unit, None), unit)
    weight = cv2.GaussianBlur(weight, (0, 0), 2 * unit) * beside_features(
        own, weight.shape, unit, BESIDE_NOSE
    )
    light = np.zeros_like(face)
    light[here] = face[here] * np.expm1((more * weight)[..., None] * TINT)
    return light


def _lacking(shade: Mask, own: Mask, unit: float) -> Mask:
    """What X_r lacks of the target's folds: dark beside dark, bright beside bright; its own may lie a bit aside."""
    darker = np.minimum(shade - np.minimum(-grown(-own, ASIDE * unit), 0), 0)
    brighter = np.maximum(shade - np.maximum(grown(own, ASIDE * unit), 0), 0)
    return np.where(shade < 0, darker, brighter)


def _shade(
    face: Float32[np.ndarray, "rows columns 3"], points: Landmarks, unit: float, seen: Mask | None
) -> Mask:
    """How much brighter than skin around the places of folds are, a logarithm."""
    skin = beside_features(points, face.shape[:2], unit, BESIDE_NOSE)
    if seen is not None:
        skin = skin * seen
    logs = np.log(np.dstack([face @ LUMA[0], face[..., 0]]) + FLOOR)
    fine = local_mean(logs, skin + np.float32(1e-3), FINE * unit)
    both = (fine - local_mean(logs, skin + np.float32(1e-3), AROUND * unit)) * skin[..., None]
    dark, red = (cv2.GaussianBlur(np.maximum(-both[..., k], 0), (0, 0), NEARBY * unit) for k in (0, 1))
    found = both[..., 0] * falling(red / np.maximum(dark, np.float32(1e-3)), GREY)
    fine = np.ascontiguousarray(fine[..., 0])
    found = alike_along(found, line_ways(fine, WAY * unit), LENGTH * unit)
    most = np.where(found < 0, np.float32(DARKER), np.float32(BRIGHTER))
    return np.asarray(found / np.sqrt(np.sqrt(1 + (found / most) ** 4)), np.float32)
