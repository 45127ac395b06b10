"""The target's nostrils, where the source's picture shows none [ours].

A source that is looked at from above, or is lit from below, shows no nostrils, and X_r has none in a pose that must show
them: a nose of wax, or a grey smear once the map has laid the target's shade there. So X_r gets how dark the target's are,
under its own shape, where its own are hardly to be seen. Colour and depth are bounded: it is darkness that is carried over,
no skin. A broad shadow under the target's nose fills the place of a nostril; it is none, and stays behind.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import LEFT_NOSTRIL, RIGHT_NOSTRIL
from aotface.face.render import Raster
from aotface.face.texture import LUMA, features_mask
from aotface.masked import risen
from aotface.reenact.dense_map import dense_map
from aotface.types import CROP_SIDE, Landmarks, Mask, Part

NOSTRILS = RIGHT_NOSTRIL, LEFT_NOSTRIL

VALLEY, FINE, RIM = 11, 0.6, 1.2
"""Width of what counts as a nostril, at most; and standard deviations of blurs, of what is dark and of what is around it:
pixels at 256."""

FLOOR = np.float32(0.01)
"""Display light added before a logarithm."""

WIDE, CORE, AROUND = 0.7, 0.5, 1.5
"""How far around its landmarks a nostril is laid in, is looked for in the target, and in X_r: units of `features_mask`."""

DEEP, OWN = 92, 99
"""Percentiles of how dark the places of a nostril are that tell how dark it is: of the target's, and of X_r's."""

SHOWN = (0.4, 0.6)
"""How much darker than skin, a logarithm of display light, X_r's own is where it begins to be enough, and is."""

DEEPER = (0.1, 0.3)
"""By how much the target's must be deeper before it begins to be laid in, and is."""

SHADE, MUCH = (0.38, 0.5), 0.6
"""Share of a nostril's place that is as dark as ``MUCH`` of its depth, from which it begins to be a shadow, and is."""

MOST = 0.9
"""Depth that a nostril has at most."""

TINT = np.array([0.84, 1.06, 1.16], np.float32)
"""Depth of red, green and blue, in parts of that of luma: light that has entered comes back red."""

Pixels = Float32[np.ndarray, "rows columns 3"]


class _Look(NamedTuple):
    """A nose's base in a box of the grid. ``here``: the box. ``dark``: how much darker than around, a logarithm. ``points``:
    468 x 3, its pixels."""

    here: Part
    dark: Mask
    points: Landmarks


def target_nostrils(
    face: Float32[np.ndarray, "grid grid 3"],
    target: Float32[np.ndarray, "grid grid 3"],
    points: Landmarks,
    theirs: Landmarks,
    raster: Raster,
    seen: Mask | None = None,
) -> Float32[np.ndarray, "grid grid 3"] | None:
    """Light to add to X_r for the nostrils that it lacks; None where it lacks none.

    Args:
        face: X_r.
        target: its crop, at the same side.
        points: 468 x 3, of X_r, pixels of the grid.
        theirs: of the target, likewise.
        raster: of X_r.
        seen: where the target's skin shows, 0..1; None: everywhere.
    """
    unit = len(face) / CROP_SIDE
    own, other = _look(face, points, unit), _look(target, theirs, unit)
    if own is None or other is None:
        return None
    shares = [_lacking(own, other, nostril, unit) for nostril in NOSTRILS]
    if max(shares) <= 0:
        return None
    corner = np.array([other.here[1].start, other.here[0].start], np.float32)
    places = dense_map(raster, theirs[:, :2])[own.here] - corner
    shown = other.dark if seen is None else other.dark * seen[other.here]
    shown = cv2.remap(shown, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    shown /= np.sqrt(np.sqrt(1 + (shown / np.float32(MOST)) ** 4))
    weight = np.zeros_like(shown)
    for share, nostril in zip(shares, NOSTRILS, strict=True):
        weight = np.maximum(weight, np.float32(share) * _place(own, nostril, WIDE * unit))
    more = np.maximum(shown - own.dark, 0) * weight
    light = np.zeros_like(face)
    light[own.here] = face[own.here] * (np.exp(-more[..., None] * TINT) - 1)
    return light


def _look(face: Float32[np.ndarray, "grid grid 3"], points: Landmarks, unit: float) -> _Look | None:
    """How dark the base of a nose is; None where it lies beyond the grid."""
    corners = points[np.concatenate(NOSTRILS), :2]
    margin = 2 * VALLEY * unit
    low, high = (
        np.clip(at, 0, len(face)).astype(int) for at in (corners.min(0) - margin, corners.max(0) + margin)
    )
    if (high - low).min() < margin:
        return None
    here = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    luma = np.ascontiguousarray(face[here] @ LUMA[0])
    size = round(VALLEY * unit) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    around = cv2.morphologyEx(cv2.GaussianBlur(luma, (0, 0), RIM * unit), cv2.MORPH_CLOSE, disc)
    fine = cv2.GaussianBlur(luma, (0, 0), FINE * unit)
    dark = np.log((np.maximum(around, fine) + FLOOR) / (fine + FLOOR))
    return _Look(here, dark, points - np.array([low[0], low[1], 0], np.float32))


def _place(look: _Look, nostril: np.ndarray, unit: float) -> Mask:
    """Where a nostril is, 0..1."""
    height, width = look.dark.shape
    return features_mask((height, width), look.points, unit=unit, parts=(nostril,))


def _lacking(own: _Look, other: _Look, nostril: np.ndarray, unit: float) -> float:
    """How far X_r lacks a nostril that the target shows, 0..1."""
    there = other.dark[_place(other, nostril, CORE * unit) > 0.5]
    here = own.dark[_place(own, nostril, AROUND * unit) > 0.5]
    if not len(there) or not len(here):
        return 0.0
    depth = float(np.percentile(there, DEEP))
    mine = float(np.percentile(here, OWN))
    bounded = depth / (1 + (depth / MOST) ** 4) ** 0.25
    nostril_like = 1 - risen(float((there > MUCH * depth).mean()), SHADE)
    return risen(bounded - mine, DEEPER) * nostril_like * (1 - risen(mine, SHOWN))
