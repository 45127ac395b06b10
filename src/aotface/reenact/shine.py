"""Shine of the source's photograph is taken away before its face is read: a mirrored lamp is no skin [ours].

A map multiplies. It makes deep skin light by a gain of five, and the shine on it white. What shines on the new face is the
scene's own lamp, see `aotface.transfer.aot.highlights`. And the visibility network takes shine for hair, and leaves a hole.
Once for each source, at its picture's own pixels.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.face.align import invert, resize_matrix, transform_landmarks, transform_points
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_BROW, RIGHT_EYE
from aotface.face.skin_light import FAINT, FINEST, grey, reflection
from aotface.face.texture import features_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import VIEW_SIDE, view_of_crop
from aotface.reenact.lip_colour import rising
from aotface.types import CROP_SIDE, AlignedFace, Frame, Mask, Matrix

SIDE = 128
"""Of the crop in which shine is looked for."""

UNIT = SIDE / CROP_SIDE
"""Its pixels for each at 256."""

KEPT, FINE = 0.08, 0.5
"""Share that stays of what is taken for shine at all, and share of its glints that goes: skin without any looks painted."""

GLOSS = 0.5
"""Share of the lamp's colour in what is brighter than skin around and left."""

BURNT = 0.5
"""How much brighter than skin around a pixel must be, as a share, to get its colour: white has none of its own."""

LEAST, NOISE = 0.05, 0.05
"""Greatest share of shine in the skin's brightness up to which a picture stays as it is; and what of it may be noise."""

HAIR = 0.6, 0.8
"""Probability of hair at which what is bright begins to be hair and no shine, and is: of shine it is less."""

OTHER = 0.15, 0.4
"""The same of a beard, spectacles, hands, other covers and what is no face."""

FOREHEAD, UP = [10, 338, 297, 332, 109, 67, 103], 0.2
"""Vertices along the mesh's upper edge, and how much of the face's height it is looked at above them."""

EDGE = 2.0
"""How softly that ends, pixels at 256."""

Plane = Float32[np.ndarray, "*_places"]

Light = Float32[np.ndarray, "*_places 3"]


class _Shine(NamedTuple):
    """On the small crop: share of shine in what is brighter than skin, how much brighter, and that skin's light."""

    share: Plane
    broad: Plane
    around: Light


def without_shine(frame: Frame, aligned: AlignedFace, seen: Visibility) -> tuple[Frame, Visibility]:
    """A source's picture whose skin does not shine, and what it shows without.

    Args:
        frame: uint8 or uint16, RGB.
        aligned: a face of it, 256 x 256.
        seen: what it shows of that face.

    Returns:
        The very same where nothing shines.

    Source: [ours]; the two reflections: see `aotface.face.skin_light`.
    """
    found = _find(aligned, seen)
    if found is None:
        return frame, seen
    back = invert(resize_matrix(aligned.matrix, CROP_SIDE, SIDE))
    here = _reached(found.share > NOISE, back, frame.shape[:2])
    back[:, 2] -= (here[1].start, here[0].start)
    size = here[1].stop - here[1].start, here[0].stop - here[0].start
    share, broad, around = (cv2.warpAffine(one, back, size, flags=cv2.INTER_LINEAR) for one in found)
    changed = share > NOISE
    white, result = np.float32(np.iinfo(frame.dtype).max), frame.copy()
    light = srgb_to_linear(result[here][changed].astype(np.float32) / white)
    dull = linear_to_srgb(_dulled(light, _Shine(share[changed], broad[changed], around[changed])))
    result[here][changed] = np.rint(np.clip(dull, 0, 1) * white).astype(frame.dtype)
    return result, _bared(seen, found.share)


def _reached(shown: Bool[np.ndarray, "128 128"], back: Matrix, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the frame that a part of the small crop reaches."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    ends = [(x, y) for x in (columns[0] - 1, columns[-1] + 1) for y in (rows[0] - 1, rows[-1] + 1)]
    places, most = transform_points(np.array(ends, np.float64), back), np.array(size[::-1])
    low = np.clip(np.floor(places.min(axis=0)), 0, most - 1).astype(int)
    high = np.clip(np.ceil(places.max(axis=0)) + 1, low + 1, most).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _find(aligned: AlignedFace, seen: Visibility) -> _Shine | None:
    """Shine on a face; None where there is none."""
    light = srgb_to_linear(cv2.resize(aligned.crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    skin, plain = _skin(aligned, seen)
    shine, around = reflection(light, skin, UNIT, plain)
    level = grey(around)
    brighter = cv2.GaussianBlur(grey(light), (0, 0), FINEST * UNIT) - np.float32(1 + FAINT) * level
    brighter = np.maximum(brighter, shine)
    share = shine / (brighter + np.float32(NOISE) * level)
    if (shine / level).max() < LEAST or share.max() <= NOISE:
        return None
    return _Shine(np.asarray(share, np.float32), np.asarray(brighter, np.float32), around)


def _skin(aligned: AlignedFace, seen: Visibility) -> tuple[Mask, Mask]:
    """Where a face may shine, and where its skin is plain: without brows."""
    shape = SIDE, SIDE
    points = transform_landmarks(aligned.landmarks, resize_matrix(np.eye(2, 3), CROP_SIDE, SIDE))
    face = np.zeros(shape, np.float32)
    raised = points[FOREHEAD, :2] + (points[10, :2] - points[152, :2]) * np.float32(UP)
    outline = cv2.convexHull(np.round(np.concatenate([points[OVAL, :2], raised])).astype(np.int32))
    cv2.fillConvexPoly(face, outline, (1.0,))
    face *= 1 - features_mask(shape, points, unit=UNIT, parts=(LEFT_EYE, RIGHT_EYE, OUTER_LIPS))
    others = seen.of(Surface.BEARD, Surface.FRAME, Surface.HAND, Surface.COVER, Surface.BACKGROUND)
    for plane, bounds in ((others, OTHER), (seen.of(Surface.HAIR), HAIR)):
        face *= 1 - rising(seen.in_crop(plane, SIDE), bounds)
    face = np.clip(2 * cv2.GaussianBlur(face, (0, 0), EDGE * UNIT) - 1, 0, 1)
    return face, face * (1 - features_mask(shape, points, unit=UNIT, parts=(LEFT_BROW, RIGHT_BROW)))


def _dulled(light: Light, shine: _Shine) -> Light:
    """Light without shine: what is no brighter than skin around stays as it is."""
    now, level = grey(light), grey(shine.around)
    beyond = np.maximum(now - np.float32(1 + FAINT) * level, 0)
    broad = np.float32(FINE) * beyond + np.float32(1 - FINE) * shine.broad
    taken = np.float32(1 - KEPT) * shine.share * np.minimum(beyond, broad)
    left, own = now - taken, np.maximum(light - taken[..., None], 0)
    glossy = np.float32(GLOSS) * np.maximum(left - level, 0)
    skin = ((left - glossy) / level)[..., None] * shine.around + glossy[..., None]
    burnt = shine.share * np.minimum(beyond / (np.float32(BURNT) * level), 1)
    return np.asarray(own + (skin - own) * burnt[..., None], np.float32)


def _bared(seen: Visibility, shine: Mask) -> Visibility:
    """What shines is skin and not hair."""
    share = cv2.warpAffine(shine, view_of_crop(SIDE), (VIEW_SIDE, VIEW_SIDE), flags=cv2.INTER_LINEAR)
    planes = seen.planes.copy()
    for surface in (Surface.HAIR, Surface.COVER, Surface.FRAME):
        moved = planes[surface] * share
        planes[surface] -= moved
        planes[Surface.SKIN] += moved
    return Visibility(planes, seen.matrix)
