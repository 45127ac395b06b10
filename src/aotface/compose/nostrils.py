"""Nostrils as deep as the target's: a transfer that brings skin to skin leaves them grey [ours].

A map of 128 pixels and a match of sharpness both fill narrow dark places. X_r's nostrils are darker than the skin around by
.57 (logarithm, mean of 40 pairs), Y's by .47, the finished picture's by .43, the target's by .62
(docs/log/2026-11-30-noses-drawn.md). So what is dark and narrow below the new nose gets darker by a factor of that depth, at
the frame's own pixels. Its form stays its own.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.eye_stretch import luma_of
from aotface.compose.eyes import EyePoints
from aotface.face.mesh import LEFT_NOSTRIL, RIGHT_NOSTRIL
from aotface.face.texture import features_mask
from aotface.masked import risen, rising
from aotface.types import Mask

NOSTRILS = LEFT_NOSTRIL, RIGHT_NOSTRIL

NARROW, FINE, RIM = 11.0, 0.6, 1.2
"""Width of what counts as narrow, at most; and standard deviations of blurs, of what is dark and of what is around it:
pixels at 256."""

FLOOR = np.float32(0.02)
"""Luma added before a logarithm."""

LOOKED_AT, CHANGED = 0.6, 1.2
"""How far around its landmarks a nostril is looked for, and is made darker: units of `features_mask`."""

DEEP = 92
"""Percentile of the darkness in that place which is its depth."""

DARK = (0.06, 0.21)
"""How much darker than around, a logarithm, a place is where it begins to get darker, and from where on it gets all."""

MOST, DARKEST, FULL = 1.7, 0.5, 1.05
"""Greatest factor of depth; most that is added to it, a logarithm; and the depth, in parts of the target's, that nothing is
made to pass."""

ASIDE = (0.25, 0.6)
"""Distance from the middle between the nostrils, in parts of theirs from it, up to which nothing is done, and from which
on all is."""

WARM, GREY = 0.09, (0.02, 0.1)
"""Half of what red lies over blue in parts of darkness: light that has entered a nostril comes back red. And the mean
saturation of a picture up to which it is grey, and stays grey, and from which on it is in colour."""

LARGEST = 2.0
"""Pixels for one at 256 at which darkness of a larger face is found."""

MARGIN = 14.0
"""Pixels at 256 around the nostrils that are looked at."""

Pixels = Float32[np.ndarray, "rows columns 3"]
Plane = Float32[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Deepened:
    """``mask``: by how much each pixel gets darker, a logarithm; ``place``: x and y of the first; ``warm``: see `WARM`."""

    mask: Plane
    place: tuple[int, int]
    warm: float = WARM

    def lay(self, picture: Pixels) -> Pixels:
        """All of it in the mask's pixels."""
        redder = np.array([1 - self.warm, 1, 1 + self.warm], np.float32)
        return np.asarray(picture * np.exp(-self.mask[..., None] * redder), np.float32)


def deepen_nostrils(
    face: Pixels,
    target: Pixels,
    weight: Mask,
    points: EyePoints,
    unit: float,
    place: tuple[int, int] = (0, 0),
) -> Deepened | None:
    """What makes the new nostrils as deep as the target's; None where they are, or lie outside.

    Args:
        face: 0..1, or a little beside that.
        target: the same pixels.
        weight: with which the face shows, without what is the target's own.
        points: landmarks of both, in these pixels.
        unit: pixels for one of a 256-pixel crop.
        place: x and y of the first pixel in the frame.

    Source: [ours].
    """
    own, theirs = _darkness(face, unit), _darkness(target, unit)
    depths = np.array(
        [
            [_depth(own, points.own, part, unit), _depth(theirs, points.target, part, unit)]
            for part in NOSTRILS
        ]
    )
    if not np.isfinite(depths).all():
        return None
    mine, wanted = depths.mean(axis=0).tolist()
    factor = min(wanted / max(mine, 0.05), MOST)
    if factor <= 1:
        return None
    here = features_mask(own.shape, points.own, unit=CHANGED * unit, parts=NOSTRILS) * weight
    here *= _aside(own.shape, points.own)
    more = np.minimum(
        (factor - 1) * own, np.maximum(FULL * wanted - own, 0)
    )  # no shadow gets deeper than a nostril
    more = np.minimum(more, DARKEST) * rising(own, DARK) * here
    most = face.max(axis=2)
    colour = float(((most - face.min(axis=2)) / np.maximum(most, FLOOR)).mean())
    return Deepened(np.asarray(more, np.float32), place, WARM * risen(colour, GREY))


def _darkness(picture: Pixels, unit: float) -> Plane:
    """How much darker than around narrow places are, a logarithm."""
    if unit > 2 * LARGEST:  # nothing that wide needs the frame's pixels
        scale, (rows, columns) = LARGEST / unit, picture.shape[:2]
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return cv2.resize(_darkness(small, LARGEST), (columns, rows), interpolation=cv2.INTER_LINEAR)
    light = cv2.GaussianBlur(np.log(np.maximum(luma_of(picture), 0) + FLOOR), (0, 0), max(FINE * unit, 0.3))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(NARROW / 2 * unit) + 1,) * 2)
    around = cv2.GaussianBlur(cv2.morphologyEx(light, cv2.MORPH_CLOSE, disc), (0, 0), max(RIM * unit, 0.3))
    return np.asarray(np.maximum(around - light, 0), np.float32)


def _aside(shape: tuple[int, ...], landmarks: np.ndarray) -> Plane:
    """0 between the nostrils, where the shadow of the tip lies, 1 beside that."""
    right, left = (landmarks[part, :2].mean(axis=0) for part in NOSTRILS[::-1])
    middle, half = (right + left) / 2, (left - right) / 2
    rows, columns = np.indices(shape, np.float32)
    away = ((columns - middle[0]) * half[0] + (rows - middle[1]) * half[1]) / max(float(half @ half), 1e-6)
    return np.asarray(rising(np.abs(away), ASIDE), np.float32)


def _depth(dark: Plane, landmarks: np.ndarray, part: np.ndarray, unit: float) -> float:
    """Of one nostril; NaN where it lies outside."""
    inside = dark[features_mask(dark.shape, landmarks, unit=LOOKED_AT * unit, parts=(part,)) > 0.5]
    return float(np.percentile(inside, DEEP)) if len(inside) else float("nan")
