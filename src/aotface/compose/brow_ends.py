"""Ends of the target's brows that lie beside the new face become skin [ours].

A brow's tail may reach over the mesh's edge to the temple, or to the outline of a head that is turned. The new face covers
the brow and not that end: it stays as a dash or a dark rim. The small gain of `beyond.closed_brows` leaves it to be seen.
"""

from typing import NamedTuple

import cv2
import numpy as np

from aotface.face.align import align, scale_of
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import LUMA, brow_outlines, distance_from
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import falling, grown, resized, rising
from aotface.reenact.skin_fill import FLOOR, bare_skin, laid, tone_of
from aotface.types import CROP_SIDE, Crop, Face, Frame, Mask, Matrix

LARGEST = 512
"""Side of the crop in which ends are filled, at most."""

BROW, FAR, NEAR = (0.04, 0.12), (10.0, 20.0), (4.0, 8.0)
"""Probability of brow at which a place begins to be an end, and is; how far from the brow of the mesh, pixels at 256; and
how near to it a dark place is one whatever the network says."""

SKIN, LITTLE = 0.6, 0.03
"""Least probability of skin, and greatest of brow, at which a pixel tells what skin looks like."""

COVERED, OFF, OUTLINE, OFF_EYES = 0.2, (2.0, 5.0), (0.5, 2.0), (6.0, 9.0)
"""Probability of hair, frames, covers and ground from which nothing is filled; over how many pixels at 256 beside covers
that fades, beside the ground and beside eyes (docs/log/2026-12-01-visibility.md)."""

DARK = (0.08, 0.2)
"""How much darker than skin, as a logarithm, a place is where it begins to be filled, and is."""

EDGE, SHOWN = 2.0, (0.7, 1.0)
"""Pixels at 256 inside the new face's edge up to which is filled, as the target shows through; and value of its mask at
which that begins to end, and ends."""

LEAST = (0.0, 0.1)
"""How much of the face's tone skin beside it must get for this to begin, and for all of it: elsewhere nothing is changed."""

LOOKED_FOR = (
    (Surface.SKIN,),
    (Surface.BROW,),
    (Surface.HAIR, Surface.HAND, Surface.COVER),
    (Surface.BACKGROUND,),
)


class BareEnds(NamedTuple):
    """Skin without brows (``crop``), where it shows (``soft``, 0..1), and the frame's points to the crop's (``matrix``)."""

    crop: Crop
    soft: Mask
    matrix: Matrix

    def lay(self, frame: Frame) -> Frame:
        """The frame without the ends; the very same bytes wherever ``soft`` is 0."""
        return laid(frame, *self)


def bare_ends(frame: Frame, face: Face, seen: Visibility, mask: Mask, around: Mask) -> BareEnds | None:
    """What is laid over ends of the target's brows; None where there are none.

    Args:
        frame: the target.
        face: of it.
        seen: what the frame shows of it.
        mask: where the new face shows, in the canonical crop of any side.
        around: where skin beside it gets its tone, likewise.
    """
    side = int(np.clip(CROP_SIDE / scale_of(align(frame, face).matrix), CROP_SIDE, LARGEST))
    aligned, shape = align(frame, face, side), (side, side)
    crop, points, unit = aligned.crop, aligned.landmarks, side / CROP_SIDE
    skin, brow, covers, ground = (seen.in_crop(seen.of(*those), side) for those in LOOKED_FOR)
    covers = np.maximum(covers, seen.in_crop(seen.spectacles, side))
    off = distance_from(shape, *brow_outlines(points)) / np.float32(unit)
    off_eyes = distance_from(shape, points[LEFT_EYE], points[RIGHT_EYE]) / np.float32(unit)
    free, inwards = (
        cv2.distanceTransform((one < COVERED).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(unit)
        for one in (covers, ground)
    )
    inner = cv2.erode(resized(mask, side), np.ones((2 * round(EDGE * unit) + 1,) * 2))
    where = rising(free, OFF) * rising(inwards, OUTLINE) * rising(off_eyes, OFF_EYES) * falling(inner, SHOWN)
    where *= np.maximum(rising(brow, BROW) * falling(off, FAR), falling(off, NEAR))
    where *= rising(resized(around, side), LEAST)
    known = (skin > SKIN) & (brow < LITTLE) & (np.minimum(free, inwards) > OFF[0])
    known = (known & (off > NEAR[0]) & (off_eyes > OFF_EYES[0])).astype(np.float32)
    if not where.any() or not known.any():
        return None
    bright, light = (
        np.log(np.asarray(cv2.transform(one, LUMA), np.float32) + FLOOR)
        for one in (tone_of(crop, known), crop)
    )
    dark = cv2.GaussianBlur(bright - light, (0, 0), 0.5 * unit)
    soft = cv2.GaussianBlur(grown(rising(dark, DARK) * where, unit), (0, 0), unit) * where
    if not soft.any():
        return None
    return BareEnds(bare_skin(crop, known, known), np.asarray(soft, np.float32), aligned.matrix)
