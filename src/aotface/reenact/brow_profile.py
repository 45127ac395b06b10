"""How dark a brow is at each place along it, from its inner end to the outer one [ours].

A mean over a brow's outline takes a thin, clean brow for a bare one, and one whose outer half is wiped out for a whole one.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import brow_outlines, distance_from
from aotface.masked import carried_far, falling, rising
from aotface.types import Landmarks, Mask

BESIDE, OFF_EYES, TONE, LEAST = (4.0, 15.0), (2.0, 5.0), 9.0, 0.01
"""Distance from a brow in which skin is compared, and from an eye; standard deviation of the neighbourhood; and the weight
that all of it has everywhere. Pixels at 256."""

SEEN, FEW = (0.7, 0.95), 8.0
"""How much of a place must be seen for it to tell; and side of the square, pixels at 256, that skin must fill."""

FLOOR = np.float32(0.02)
"""Display light added before a logarithm."""

BINS, EVEN, HAIRS = 24, 1.5, 93
"""Places along a brow; over how many they are evened; and the percentile of how dark a place is, from the lower edge to the
upper one, that stands for its hairs: a thin brow fills a tenth of that."""

Pixels = Float32[np.ndarray, "rows columns 3"]
Profile = Float32[np.ndarray, "bins"]


class Brow(NamedTuple):
    """A brow of a picture. ``along``: how far from the inner end each pixel is, 0 to ``BINS`` - 1. ``off``: how far from its
    outline, pixels at 256."""

    along: Float32[np.ndarray, "rows columns"]
    off: Float32[np.ndarray, "rows columns"]

    @property
    def inside(self) -> Bool[np.ndarray, "rows columns"]:
        """Its outline."""
        return self.off == 0

    def profile(self, dark: Mask) -> Profile:
        """How dark its hairs are at each place along it.

        Args:
            dark: how dark each pixel is beside skin, see `beside_skin`.
        """
        bins, values = np.rint(self.along[self.inside]).astype(int), dark[self.inside]
        found = [
            np.percentile(values[bins == n], HAIRS) if (bins == n).any() else np.nan for n in range(BINS)
        ]
        known = np.flatnonzero(~np.isnan(found))
        if not len(known):
            return np.zeros(BINS, np.float32)
        whole = np.interp(np.arange(BINS), known, np.array(found)[known]).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(whole[None], (0, 0), EVEN, borderType=cv2.BORDER_REPLICATE)[0])


def both_brows(shape: tuple[int, int], points: Landmarks, unit: float) -> list[Brow]:
    """The right brow and the left one.

    Args:
        shape: rows and columns.
        points: 468 x 3, pixels of it.
        unit: pixels for one at 256.
    """
    found, (rows, columns) = [], np.indices(shape, np.float32)
    for ring, outline in zip((RIGHT_BROW, LEFT_BROW), brow_outlines(points), strict=True):
        middle = (
            points[ring[:5], :2][::-1] + points[ring[5:], :2]
        ) / 2  # the lower row starts at the outer end
        axis = middle[-1] - middle[0]
        along = (columns - middle[0, 0]) * axis[0] + (rows - middle[0, 1]) * axis[1]
        along = np.clip(along / max(float(axis @ axis), 1e-6), 0, 1) * np.float32(BINS - 1)
        found.append(Brow(along, distance_from(shape, outline) / np.float32(unit)))
    return found


def off_eyes(shape: tuple[int, int], points: Landmarks, unit: float) -> Mask:
    """Of each pixel, how far from eyes it is; pixels at 256."""
    return distance_from(shape, points[LEFT_EYE], points[RIGHT_EYE]) / np.float32(unit)


def beside_skin(picture: Pixels, brows: list[Brow], eyes: Mask, seen: Mask, unit: float) -> Pixels | None:
    """How much darker each place is than skin around brows, a logarithm of display light.

    Args:
        picture: 0..1.
        brows: both of it.
        eyes: see `off_eyes`.
        seen: where it shows skin or brows, 0..1.
        unit: pixels for one at 256.

    Returns:
        None where too little skin is seen.
    """
    off = np.minimum(brows[0].off, brows[1].off)
    known = rising(off, (BESIDE[0] - 1, BESIDE[0])) * falling(off, (BESIDE[1] - 1, BESIDE[1]))
    known *= rising(eyes, OFF_EYES) * rising(seen, SEEN)
    if known.sum() < (FEW * unit) ** 2:
        return None
    logs = np.log(np.maximum(picture, 0) + FLOOR)
    return np.asarray(carried_far(logs, known, TONE * unit, LEAST) - logs, np.float32)
