"""A source's spectacles are taken off before its face is read: the new face wears the target's, or none [ours].

The visibility network says where a frame is, a few pixels too broadly; the network for rims says where in it the rim is, so
that lids, bags and brows in a lens stay. What lies under a rim is guessed from skin alone, well beside it: its tone carried
on, brows from brows, and grain as strong as plain skin's. Where the picture agrees with that guess it is skin, and stays;
where it does not, it is rim, and the guess stands in. Once for each source.
"""

from typing import NamedTuple

import cv2
import numpy as np

from aotface.face.align import align, scale_of
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OVAL, RIGHT_BROW, RIGHT_EYE
from aotface.face.parse import bridge_of, without_islands
from aotface.face.texture import hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import continued, grown
from aotface.reenact.rim_shade import without_rim_shade
from aotface.reenact.skin_fill import FLOOR, Plane, apart_from, bare_skin, laid
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Mask

LARGEST = 768
"""Side of the crop in which a frame is filled, at most."""

BRIDGE = 0.68
"""Probability of a frame across the nose from which a source wears spectacles, see `aotface.face.parse.bridge_of`."""

LIKELY, UNSURE = 0.5, 0.3
"""How likely a rim must be, beside the likeliest near by, for a pixel to be one; and the same beside such pixels, where it
also stands out."""

LEAST, SURELY = (0.05, 0.2), 0.07
"""By how much (a channel's logarithm) a pixel at a likely frame, and any other, must at least differ from the guess to be
frame; and by how much more it is so fully."""

CLEARLY, SHARE = 80, (0.2, 0.4)
"""Percentile of how much a wearer's likely frame stands out; and the share of that from which a pixel at one is frame, and
a less likely one is: a black frame is not looked for among wrinkles."""

HALO = 3.0
"""Pixels at 256 around a frame from which nothing is guessed: it is blurred, and throws a narrow shadow."""

ALIKE, HUE = (0.1, 0.3), 0.08
"""By how much a pixel that may be frame differs from the first guess, at most, to be skin that tells more of it: a
logarithm, and a share of how much that wearer's own frame does; and by how much in colour alone."""

LOOKED_AT = Surface.FRAME, Surface.BROW, Surface.SKIN, Surface.BEARD
"""What is asked for."""

HAIRLESS, BROW_LEADS = 0.3, 2.0
"""Probability of a frame from which a pixel does not tell what a brow looks like; and how many times likelier than frame a
brow must be to be no frame."""

SKIN, LEFT = 0.6, 0.05
"""Probability of skin from which a pixel tells what skin looks like; and the least of all but a frame that is told apart."""

EYES = 1.5, 3.5
"""Pixels at 256 around the eyes' openings in which nothing is filled, and in which only what is likely frame is: lids have
creases."""

PADS, BESIDE_EYES = [9, 133, 362, 114, 343, 128, 357, 217, 437], 2.0
"""Landmarks around the bridge of the nose, where a frame has its pads; and pixels at 256 that are left beside eyes."""

LASHES = 6.0
"""Pixels at 256 around them from which nothing is guessed: a dark lash line would spread under the frame."""

LINE, LINES, BROWLESS = 3.0, ((0.06, 0.12), (0.04, 0.1)), (0.25, 0.5)
"""Half the width, in pixels at 256, of the surroundings that a lens's thin edge stands out of; probability of a frame, and
difference (a logarithm), from which it does; and the probability of a brow at which none is looked for."""


def without_spectacles(frame: Frame, face: Face, seen: Visibility) -> Frame:
    """A source's picture without the frame of its spectacles; the very same of a bare face.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.
        seen: what it shows of that face.
    """
    if not seen.spectacles.any() or bridge_of(seen, align(frame, face).landmarks) < BRIDGE:
        return frame
    side = int(np.clip(CROP_SIDE / scale_of(align(frame, face).matrix), CROP_SIDE, LARGEST))
    aligned = align(frame, face, side)
    wearer, under = _wearer(aligned, seen)
    crop, unit, eyes = wearer.crop, side / CROP_SIDE, wearer.eyes
    tones = _tones(wearer, under, wearer.known)
    alike = cv2.erode(_alike(wearer, tones) * (under < HAIRLESS), _square(1.5 * unit))
    tones = _tones(wearer, under, np.maximum(wearer.known, alike))
    worn, bare = _worn(wearer, tones)[0], tones[-1]
    soft = np.clip(1.5 * cv2.GaussianBlur(cv2.dilate(worn, np.ones((3, 3))), (0, 0), 0.5 * unit), 0, 1)
    around, thin = _thin(crop, wearer.rim, wearer.brow, eyes)
    thin *= 1 - soft
    total = soft + thin
    filled = (bare * soft[..., None] + around * thin[..., None]) / np.maximum(total, 1e-6)[..., None]
    return without_rim_shade(laid(frame, filled, total, aligned.matrix), face, soft, wearer.brow)


class _Wearer(NamedTuple):
    """A face with spectacles: its ``crop``; how likely a frame and a brow are (``rim``, ``brow``).

    ``broad``: 1 where a frame may be. ``eyes``, ``oval``: 1 in their openings, and in the outline. ``known``, ``plain``:
    1 where skin shows surely, and where it does without a beard. ``hairs``: 1 where a brow does.
    """

    crop: Crop
    rim: Plane
    brow: Plane
    broad: Mask
    eyes: Mask
    oval: Mask
    known: Mask
    plain: Mask
    hairs: Mask


def _wearer(aligned: AlignedFace, seen: Visibility) -> tuple[_Wearer, Plane]:
    """A wearer, and where brows are under the frame, 0..1."""
    side = len(aligned.crop)
    unit = side / CROP_SIDE
    oval, brows, eyes, pads = (
        hull_mask((side, side), *(aligned.landmarks[ring] for ring in rings))
        for rings in ((OVAL,), (LEFT_BROW, RIGHT_BROW), (LEFT_EYE, RIGHT_EYE), (PADS,))
    )
    rim, brow, skin, beard = _surfaces(seen, pads * (1 - grown(eyes, BESIDE_EYES * unit)))
    rim = without_islands(rim, aligned.landmarks)
    hairs = ((brow > SKIN) & (rim < HAIRLESS)).astype(np.float32)
    broad = _beside(rim)
    own = oval * (1 - np.maximum(grown(broad, HALO * unit), grown(eyes, LASHES * unit)))
    known, plain = (((one > SKIN) * own).astype(np.float32) for one in (skin + beard, skin))
    under = np.maximum(np.clip(2 * brow - 0.6, 0, 1), brows * (rim > LIKELY))
    under = cv2.GaussianBlur(under.astype(np.float32), (0, 0), unit)
    broad = grown(broad, unit)
    return _Wearer(aligned.crop, rim, brow, broad, eyes, oval, known, plain, hairs), under


def _surfaces(seen: Visibility, pads: Mask) -> tuple[Plane, Plane, Plane, Plane]:
    """How likely each pixel shows a rim, a brow, skin and a beard: skin in a lens, that looks like a frame, is skin.

    Args:
        seen: of the face.
        pads: where a frame's pads may be, 0..1: what is a frame there is no line, and goes all the same.
    """
    planes = *seen.lines, *map(seen.of, LOOKED_AT)
    line, rim, frame, *others = (seen.in_crop(one, len(pads)) for one in planes)
    sure, rim = np.minimum(np.maximum(line, pads), frame), np.maximum(rim, pads * frame)
    more = (1 - sure) / np.maximum(1 - frame, np.float32(LEFT))
    brow, skin, beard = (one * more for one in others)
    return np.where(BROW_LEADS * sure >= others[0], rim, 0), brow, skin, beard


def _tones(wearer: _Wearer, under: Plane, known: Mask) -> list[Crop]:
    """What bare skin would show, and with it what brows would, if some are seen.

    Args:
        wearer: the face.
        under: where brows are under the frame, 0..1.
        known: 1 where skin shows.
    """
    bare = bare_skin(wearer.crop, known, wearer.plain)
    if wearer.hairs.sum() <= (4 * len(bare) / CROP_SIDE) ** 2:
        return [bare]
    brows = continued(wearer.crop, wearer.hairs)
    return [bare, bare + (brows - bare) * under[..., None]]


def _thin(crop: Crop, rim: Plane, brow: Plane, eyes: Mask) -> tuple[Crop, Mask]:
    """The median around each pixel; and how surely one is on a thin edge of a lens, which is hardly a frame.

    Args:
        crop: the face.
        rim: how likely a frame is.
        brow: how likely a brow is.
        eyes: 1 in the eyes' openings.
    """
    unit = len(crop) / CROP_SIDE
    width = 2 * round(LINE * unit) + 1
    around = (
        cv2.medianBlur((np.clip(crop, 0, 1) * 255 + 0.5).astype(np.uint8), width).astype(np.float32) / 255
    )
    apart = np.abs(np.log((cv2.GaussianBlur(crop, (0, 0), 0.4 * unit) + FLOOR) / (around + FLOOR))).max(
        axis=2
    )
    (low, high), (least, surely) = LINES
    near = cv2.dilate(rim, _square(unit))
    sure = np.clip((near - low) / (high - low), 0, 1) * np.clip((apart - least) / (surely - least), 0, 1)
    sure = sure * np.clip((BROWLESS[1] - brow) / (BROWLESS[1] - BROWLESS[0]), 0, 1)
    sure = sure * (1 - grown(eyes, EYES[1] * unit))
    return around, np.clip(1.5 * cv2.GaussianBlur(sure.astype(np.float32), (0, 0), 0.4 * unit), 0, 1)


def _square(reach: float) -> np.ndarray:
    """That reaches so many pixels from its middle."""
    return np.ones((2 * round(reach) + 1,) * 2)


def _beside(rim: Plane) -> Mask:
    """1 where a frame may be: likely, or less so and connected to what is."""
    count, patches = cv2.connectedComponents((rim > UNSURE).astype(np.uint8))
    keep = np.zeros(count, np.float32)
    keep[np.unique(patches[rim > LIKELY])] = 1
    keep[0] = 0
    return keep[patches]


def _alike(wearer: _Wearer, tones: list[Crop]) -> Mask:
    """1 where a pixel that may be frame is skin: it tells more of what lies under the frame than the cheek does."""
    crop, unit = wearer.crop, len(wearer.crop) / CROP_SIDE
    _, apart, usual = _worn(wearer, tones)
    alike = (apart < max(ALIKE[0], ALIKE[1] * usual)) & (apart_from(crop, tones[0], unit)[1] < HUE)
    off = np.maximum(
        grown((wearer.rim > LIKELY).astype(np.float32), HALO * unit), grown(wearer.eyes, LASHES * unit)
    )
    return (alike & (off == 0) & (wearer.brow < HAIRLESS)).astype(np.float32) * wearer.oval


def _worn(wearer: _Wearer, tones: list[Crop]) -> tuple[Mask, Plane, float]:
    """How surely a pixel shows a frame: it is likely one, or may be, and is not what a bare face would show.

    Args:
        wearer: the face.
        tones: what its skin would show, and its brows, perhaps.

    Returns:
        That; how far each pixel is from the nearest tone; and how far this wearer's frame is: logarithms.
    """
    crop, rim, eyes = wearer.crop, wearer.rim, wearer.eyes
    unit = len(crop) / CROP_SIDE
    differ = [np.abs(np.log((crop + FLOOR) / (one + FLOOR))).max(axis=2) for one in tones]
    apart = np.asarray(cv2.GaussianBlur(np.minimum.reduce(differ), (0, 0), 0.5 * unit), np.float32)
    sure = (rim > LIKELY) & (eyes == 0)
    usual = float(np.percentile(apart[sure], CLEARLY)) if sure.any() else 0.0
    near = grown((rim > LIKELY).astype(np.float32), 1.5 * unit) > 0
    least = np.where(near, *(max(low, share * usual) for low, share in zip(LEAST, SHARE, strict=True)))
    stands = np.clip((apart - least) / SURELY, 0, 1)
    free = 1 - np.where(rim > LIKELY, *(grown(eyes, reach * unit) for reach in EYES))
    worn = (wearer.broad * stands * free).astype(np.float32)
    closed = cv2.morphologyEx(worn, cv2.MORPH_CLOSE, _square(1.5 * unit))
    return grown(closed, 0.5 * unit) * free.astype(np.float32), apart, usual
