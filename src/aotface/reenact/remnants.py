"""What hair and hats leave on the skin beside them, single strands and shadows, is taken off a source [ours].

A face is not read where the visibility network sees hair or a cover, nor close to that. Strands that it does not see,
and the shadow of a fringe or a brim, reach further. Skin further away tells its tone. From there it is followed
towards the hair, as long as it changes gently: light that falls off is followed, a strand or a shadow's edge is not. What
is not followed is filled. Brows, eyes, lips and beards are left alone, and so is all that does not lie beside hair.
"""

import cv2
import numpy as np

from aotface.face.align import align, scale_of
from aotface.face.mesh import LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_EYE
from aotface.face.skin_light import raised_forehead
from aotface.face.texture import brow_outlines, hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import falling, grown, rising
from aotface.reenact.skin_fill import apart_from, bare_skin, laid, tone_of
from aotface.types import CROP_SIDE, AlignedFace, Face, Frame, Mask

LARGEST = 512
"""Side of the crop in which remnants are filled, at most."""

COVER = 0.35
"""Probability of hair, hands and covers from which remnants may lie beside a pixel."""

STRAY = 6.0
"""How far beside its place, in pixels at 256, a likely brow is one and no fringe."""

REACH, FADES, OFF = (20.0, 7.0), 4.0, 2.0
"""How far from there, in pixels at 256, they are looked for, above brows and below eyes: there skin turns away, and is
darker for that. Over how many pixels that ends; and how near to it skin is followed."""

BROWS, CORNERS = [105, 334], [33, 263]
"""Vertices at the height of brows, and of the eyes' outer corners."""

THINGS = Surface.HAIR, Surface.HAND, Surface.COVER
PLAIN = (Surface.SKIN,), (Surface.BEARD,), (Surface.BROW,)
"""What may leave remnants, and what else is asked for."""

SKIN, BEARD, BROW = 0.6, (0.05, 0.15), 0.2
"""Probability of skin from which a pixel tells what it looks like; and of beard and brows at which nothing is a strand."""

ALIKE, HUE, ROUNDS = 0.12, 0.06, 3
"""By how much skin may differ from its surroundings that are known, and in colour, to be followed (logarithms); and how
often that is done."""

BESIDE, FEW = (3.0, 10.0), 20.0
"""How far from a brow, an eye or lips, in pixels at 256, strands begin to be taken off, and are: half of the shadow beside a
brow's end would look like a blot. And side of the square that plain skin must fill."""

STANDS = (0.18, 0.34)
"""The same from which a pixel begins to be no skin, and is none."""


def without_remnants(frame: Frame, face: Face, seen: Visibility, brows: bool = True) -> Frame:
    """A source's picture without strands of hair and shadows beside hair and hats; the very same where there are none.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.
        seen: what it shows of that face.
        brows: whether it shows brows that are used; if not, what is found there goes, too.

    Source: [ours].
    """
    side = int(np.clip(CROP_SIDE / scale_of(align(frame, face).matrix), CROP_SIDE, LARGEST))
    aligned = align(frame, face, side)
    crop, unit = aligned.crop, side / CROP_SIDE
    near, known, skin = _beside(aligned, seen, brows)
    if not near.any() or known.sum() < (FEW * unit) ** 2:
        return frame
    plain, square = known, np.ones((2 * round(unit) + 1,) * 2)
    for _ in range(ROUNDS):
        apart, hue = apart_from(crop, tone_of(crop, known), unit)
        alike = ((apart < ALIKE) & (hue < HUE)) * skin
        known = np.maximum(known, cv2.morphologyEx(alike, cv2.MORPH_OPEN, square))
    gone = rising(apart_from(crop, tone_of(crop, known), unit)[0], STANDS) * (near > 0)
    if not gone.any():
        return frame
    gone = cv2.morphologyEx(gone, cv2.MORPH_CLOSE, np.ones((2 * round(1.5 * unit) + 1,) * 2))
    soft = cv2.GaussianBlur(grown(gone, unit), (0, 0), unit) * near
    return laid(frame, bare_skin(crop, known, plain), soft, aligned.matrix)


def _beside(aligned: AlignedFace, seen: Visibility, brows: bool) -> tuple[Mask, Mask, Mask]:
    """Where remnants may be, 0..1; where plain skin is, away from hair; and to where it may be followed."""
    points, side = aligned.landmarks, len(aligned.crop)
    unit, shape = side / CROP_SIDE, (side, side)
    things, skin, beard, brow = (seen.in_crop(seen.of(*which), side) for which in (THINGS, *PLAIN))
    face = hull_mask(shape, np.concatenate([points[OVAL, :2], raised_forehead(points)]))
    outline = hull_mask(shape, *brow_outlines(points))
    hairs = np.maximum(outline, (brow > BROW) * grown(outline, STRAY * unit))
    eyes, lips = hull_mask(shape, points[LEFT_EYE], points[RIGHT_EYE]), hull_mask(shape, points[OUTER_LIPS])
    off, off_hairs, off_eyes, off_lips = (
        cv2.distanceTransform((one == 0).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(unit)
        for one in (things > COVER, hairs, eyes, lips)
    )
    features = np.minimum(off_eyes, off_lips)
    bare = falling(beard, BEARD)
    plain = (skin > SKIN) & (np.minimum(features, off_hairs) > BESIDE[0]) & (face > 0) & (bare > 0)
    low, high = (float(points[those, 1].mean()) for those in (CORNERS, BROWS))
    ends = max(low - high, 1.0)
    start = high if brows else low  # a brim may reach down to the eyes
    below = rising(np.arange(side, dtype=np.float32), (start, start + ends))[:, None]
    beside, off = off, off + np.float32(REACH[0] - REACH[1]) * below
    near = falling(off, (REACH[0] - FADES, REACH[0])) * cv2.GaussianBlur(face, (0, 0), unit) * face * bare
    near *= rising(np.minimum(features, off_hairs) if brows else features, BESIDE)
    return near, (plain & (off > REACH[0])).astype(np.float32), (plain & (beside > OFF)).astype(np.float32)
