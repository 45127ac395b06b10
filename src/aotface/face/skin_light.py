"""Light on skin: where it mirrors the lamp, how hard that lamp is, and a source without what is mirrored [ours].

What went into the skin comes out in its colour, and what its surface mirrors keeps the lamp's. So what stands out of its
surroundings by more of the lamp's colour than of the skin's own is shine.

A map multiplies. It makes deep skin light by a gain of five, and the shine on it white. So shine is taken off a source once,
at its picture's own pixels; what shines on the new face is the scene's own lamp (`aotface.transfer.aot.highlights`). The
visibility network takes shine for hair, too, and would leave a hole.
"""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.colour_space import linear_to_srgb, luminance_of_linear, srgb_to_linear
from aotface.face.align import invert, resize_matrix, transform_landmarks, transform_points
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import features_mask, hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import VIEW_SIDE, view_of_crop
from aotface.masked import local_mean
from aotface.types import CROP_SIDE, AlignedFace, Frame, Landmarks, Mask, Matrix

AROUND, FINEST = 20.0, 1.5
"""Blurs between which shine is looked for, in pixels at 256: its surroundings, and its own least size."""

FAINT = 0.2
"""Share of the skin's brightness that is taken off shine: what is faint does not count."""

SAME = (0.05, 0.2)
"""How much of its blue skin must lack beside its red for shine to be told from it, to begin with and for certain: on a grey
face both look alike."""

HARDER = (1.0, 1.5)
"""How many times as much contrast as another photograph one has for its lamp to begin to count as harder, and to count."""

BROAD = (24.0, 6.0)
"""Blurs between which that contrast lies, in pixels at 256."""

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

LIGHT = 0.2, 0.4
"""Linear light of skin from which on less of its shine goes, and none: no map lifts that far, and pale skin looks alike."""

HAIR = 0.6, 0.8
"""Probability of hair at which what is bright begins to be hair and no shine, and is: of shine it is less."""

OTHER = 0.15, 0.4
"""The same of a beard, spectacles, hands, other covers and what is no face."""

FOREHEAD, UP = [10, 338, 297, 332, 109, 67, 103], 0.2
"""Vertices along the mesh's upper edge, and how much of the face's height it is looked at above them."""

EDGE = 2.0
"""How softly that ends, pixels at 256."""

_FLOOR = np.float32(4e-3)

Light = Float32[np.ndarray, "*_places 3"]

Plane = Float32[np.ndarray, "*_places"]


class _Shine(NamedTuple):
    """On the small crop: share of shine in what is brighter than skin, how much brighter, and that skin's light."""

    share: Plane
    broad: Plane
    around: Light


def shine_of(light: Light, skin: Mask, unit: float) -> Mask:
    """How much of the lamp's own light each place of a picture's skin mirrors.

    Args:
        light: linear.
        skin: where there is skin without eyes, brows and lips, 0..1.
        unit: pixels for each at 256.

    Returns:
        Linear light, 0 where nothing shines.
    """
    return reflection(light, skin, unit)[0]


def reflection(light: Light, skin: Mask, unit: float, plain: Mask | None = None) -> tuple[Mask, Light]:
    """The same, and the light of skin around each place that does not shine.

    Args:
        light: linear.
        skin: where shine is looked for, 0..1.
        unit: pixels for each at 256.
        plain: where there is plain skin, that tells what is around; left out, ``skin``.

    Source: the two reflections of Shafer, "Using color to separate reflection components", 1985; the rest [ours].
    """
    plain = skin if plain is None else plain
    known, stands = plain, np.zeros_like(skin)
    fine, (rows, columns) = local_mean(light, skin, FINEST * unit), skin.shape
    half = columns // 2, rows // 2
    small = cv2.resize(light, half, interpolation=cv2.INTER_AREA)
    for _ in range(2):  # the second time without what shines
        around = (
            local_mean(small, cv2.resize(known, half, interpolation=cv2.INTER_AREA), AROUND * unit / 2)
            + _FLOOR
        )
        around = np.asarray(cv2.resize(around, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
        level = grey(around)
        own = np.minimum(around[..., 2] / around[..., 0], 1)
        more = fine + _FLOOR - around
        mirrored = (more[..., 2] - own * more[..., 0]) / np.maximum(1 - own, np.float32(SAME[0]))
        mirrored = np.minimum(mirrored, grey(more)) * np.clip((1 - own - SAME[0]) / (SAME[1] - SAME[0]), 0, 1)
        stands = np.maximum(mirrored - np.float32(FAINT) * level, 0) * skin
        known = plain * np.exp(-8 * stands / level)
    return np.asarray(stands, np.float32), around


def harder_light(before: Light, theirs: Light, skin: Mask) -> float:
    """How much harder the lamp of one photograph is than that of another, by the contrast of skin.

    Args:
        before: linear.
        theirs: the other one, of the same side.
        skin: where there is skin in both, 0..1.

    Returns:
        0 where it has no more contrast, 1 where it has much more.
    """
    half, levels = (len(skin) // 2, len(skin) // 2), []
    shades = np.dstack(
        [cv2.resize(luminance_of_linear(one), half, interpolation=cv2.INTER_AREA) for one in (before, theirs)]
    )
    shown = cv2.resize(skin, half, interpolation=cv2.INTER_AREA)
    for width in BROAD:
        levels.append(np.log(local_mean(shades, shown, width * half[0] / CROP_SIDE) + _FLOOR))
    inner = cv2.erode(shown, np.ones((5, 5), np.uint8)) ** 2  # hair at the edge is no light
    energy = [float(((levels[1] - levels[0])[..., k] ** 2 * inner).sum()) for k in (0, 1)]
    ratio = (energy[0] / max(energy[1], 1e-6)) ** 0.5
    return float(np.clip((ratio - HARDER[0]) / (HARDER[1] - HARDER[0]), 0, 1))


def without_shine(frame: Frame, aligned: AlignedFace, seen: Visibility) -> tuple[Frame, Visibility]:
    """A source's picture whose skin does not shine, and what it shows without.

    Args:
        frame: uint8 or uint16, RGB.
        aligned: a face of it, 256 x 256.
        seen: what it shows of that face.

    Returns:
        The very same where nothing shines.

    Source: [ours]; see `reflection`.
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
    share *= np.clip((LIGHT[1] - level) / (LIGHT[1] - LIGHT[0]), 0, 1)
    if (shine / level).max() < LEAST or share.max() <= NOISE:
        return None
    return _Shine(np.asarray(share, np.float32), np.asarray(brighter, np.float32), around)


def _skin(aligned: AlignedFace, seen: Visibility) -> tuple[Mask, Mask]:
    """Where a face may shine, and where its skin is plain: without brows."""
    shape = SIDE, SIDE
    points = transform_landmarks(aligned.landmarks, resize_matrix(np.eye(2, 3), CROP_SIDE, SIDE))
    face = hull_mask(shape, np.concatenate([points[OVAL, :2], raised_forehead(points)]))
    face *= 1 - features_mask(shape, points, unit=UNIT, parts=(LEFT_EYE, RIGHT_EYE, OUTER_LIPS))
    others = seen.of(Surface.BEARD, Surface.FRAME, Surface.HAND, Surface.COVER, Surface.BACKGROUND)
    for plane, (low, high) in ((others, OTHER), (seen.of(Surface.HAIR), HAIR)):
        face *= 1 - np.clip((seen.in_crop(plane, SIDE) - low) / (high - low), 0, 1)
    face = np.clip(2 * cv2.GaussianBlur(face, (0, 0), EDGE * UNIT) - 1, 0, 1)
    return face, face * (1 - features_mask(shape, points, unit=UNIT, parts=(LEFT_BROW, RIGHT_BROW)))


def raised_forehead(points: Landmarks) -> Float32[np.ndarray, "7 2"]:
    """Points above the mesh's upper edge, about where hair begins."""
    return np.asarray(points[FOREHEAD, :2] + (points[10, :2] - points[152, :2]) * np.float32(UP), np.float32)


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
    return replace(seen, planes=planes)


def grey(light: Light) -> Plane:
    """The mean of three channels."""
    return np.asarray((light[..., 0] + light[..., 1] + light[..., 2]) * np.float32(1 / 3), np.float32)
