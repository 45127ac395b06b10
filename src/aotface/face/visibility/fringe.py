"""A fringe above a brow is hair [ours].

The visibility network knows brows by their place, and takes the tips of a fringe that hang close to them for brow, a smooth
one in part for skin. They would be cut off, and the new face would show through a smear. What stands above the brows of the
mesh, and goes on into hair with nothing but hair, brow or what is as dark as that hair between, is the fringe.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import luminance_of_linear, srgb_to_linear
from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.texture import distance_from, hull_mask
from aotface.face.visibility.classes import Surface
from aotface.masked import falling, risen, rising
from aotface.types import Crop, Landmarks, Mask

OFF = (1.0, 4.0)
"""Pixels of a view above the mesh's brows from which on a place may be fringe, and may fully."""

END, BESIDE, SLANT = 6.0, (14.0, 28.0), (-4.0, 5.0)
"""Pixels of a view that count as a brow's outer end. Beside it hair hangs as well: over how many pixels outwards that fades,
and over which ones below a line that slants down and outwards from there. A hard stop left a dark hook of the new face."""

OVER, REACHES = (4.0, 12.0), (0.3, 0.7)
"""Rows above an outer end that tell whether hair hangs over it; and which share of them must be hair to begin to count,
and to count. Hair at the temples alone stays as it was seen."""

HANGS = (0.25, 0.6)
"""How surely a place goes on into hair where it begins to be fringe, and is."""

SIDEWAYS = 2.0
"""Standard deviation, in pixels of a view, of how far strands hang to the side."""

SURE, FEWEST = 0.8, 60
"""Probability of what tells how dark hair above the brows and skin are, and pixels without which it does not."""

APART, DARK = (0.4, 0.8), (0.5, 0.75)
"""How much darker than skin hair must be, as a logarithm, to tell anything, and for sure; and how far from skin to hair a
place is where it begins to be as dark as hair, and is: the shadow of a fringe lies between."""

SKIN = (0.75, 0.95)
"""Probability of skin at which a dark place begins to be a shadow on it, and is."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

Planes = Float32[np.ndarray, "outputs side side"]


def with_fringe(planes: Planes, view: Crop, landmarks: Landmarks) -> Planes:
    """Probabilities with the fringe as hair.

    Args:
        planes: of a view, see `network.Visibility`.
        view: what was looked at, 0..1.
        landmarks: 468 x 3, pixels of the view.

    Returns:
        The planes with less brow and skin and as much more hair; the very same where no hair hangs over a brow.
    """
    brow, skin, hair = (planes[one] for one in (Surface.BROW, Surface.SKIN, Surface.HAIR))
    brows = landmarks[np.concatenate([LEFT_BROW, RIGHT_BROW])]
    below = np.cumsum(hull_mask(brow.shape, brows)[::-1], axis=0)[::-1] > 0  # brows lie here or further down
    far = rising(distance_from(brow.shape, brows), OFF)
    if not (far * below * hair > SURE).any():
        return planes
    dark = _as_dark_as_hair(view, skin, hair * below) * falling(skin, SKIN)
    hanging = far * rising(_hanging(hair, np.maximum(hair + brow, dark)), HANGS)
    hanging *= np.maximum(below, _beside(hanging, brows))
    changed = planes.copy()
    for surface, share in ((Surface.BROW, hanging), (Surface.SKIN, hanging * dark)):
        changed[surface] -= planes[surface] * share
        changed[Surface.HAIR] += planes[surface] * share
    return changed


def _beside(hanging: Mask, brows: Float32[np.ndarray, "_points 3"]) -> Mask:
    """1 beside outer ends of brows over which hair hangs, above a line that slants down from there; 0 between the ends."""
    columns, rows = (np.arange(size, dtype=np.float32) for size in hanging.shape[::-1])
    found = np.zeros_like(hanging)
    for way in (-1, 1):
        inwards = (way * brows[:, 0]).max() - way * brows[:, 0]
        end = brows[inwards < END, 1]
        out, up = way * columns - (way * brows[:, 0]).max(), end.min() - rows
        over = hanging[(up >= OVER[0]) & (up < OVER[1])][:, (out <= 0) & (out > -END)]
        if over.size:
            beside = falling((rows - end.mean())[:, None] - out, SLANT) * falling(out, BESIDE) * (out > 0)
            found = np.maximum(found, np.float32(risen(float(over.mean()), REACHES)) * beside)
    return found


def _as_dark_as_hair(view: Crop, skin: Mask, hair: Mask) -> Mask:
    """How much each pixel is as dark as the hair above the brows, and not as skin; 0 everywhere where they are alike."""
    light = np.log(luminance_of_linear(srgb_to_linear(view)) + FLOOR)
    if min(np.count_nonzero(one > SURE) for one in (skin, hair)) < FEWEST:
        return np.zeros_like(light)
    bright, deep = (float(np.median(light[one > SURE])) for one in (skin, hair))
    way = (bright - light) / np.float32(max(bright - deep, APART[0]))
    told = np.float32(risen(bright - deep, APART))
    return np.asarray(told * rising(cv2.GaussianBlur(way, (0, 0), 1.0), DARK), np.float32)


def _hanging(hair: Mask, through: Mask) -> Mask:
    """How surely each pixel goes on into hair above it, as far as what lies between lets through."""
    found, above = np.empty_like(hair), np.zeros_like(hair[0])
    through = cv2.GaussianBlur(through, (2 * round(2 * SIDEWAYS) + 1, 1), SIDEWAYS)
    for row, here in enumerate(hair):
        above = np.maximum(here, above * through[row])
        found[row] = above
    return found
