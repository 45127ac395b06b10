"""A source's spectacles are taken off before its face is read: the new face wears the target's, or none [ours].

The visibility network says where a frame is, a few pixels too broadly. What lies under it is guessed from skin alone, well
beside the frame: its tone carried on, brows from brows, and pores from the cheek below. Where the picture agrees with that
guess it is skin, and stays; where it does not, it is frame, and the guess stands in. Once for each source.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.align import align, invert, scale_of
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.face.parse import bridge_of
from aotface.face.texture import hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import continued, grown
from aotface.types import CROP_SIDE, Crop, Face, Frame, Mask

LARGEST = 768
"""Side of the crop in which a frame is filled, at most."""

BRIDGE = 0.68
"""Probability of a frame across the nose from which a source wears spectacles, see `aotface.face.parse.bridge_of`."""

LIKELY, UNSURE = 0.5, 0.12
"""Probability of a frame from which a pixel is one; and the same beside such pixels, where it also stands out."""

LEAST, SURELY = (0.05, 0.2), 0.07
"""By how much (a channel's logarithm) a pixel at a likely frame, and any other, must at least differ from the guess to be
frame; and by how much more it is so fully."""

CLEARLY, SHARE = 80, (0.2, 0.4)
"""Percentile of how much a wearer's likely frame stands out; and the share of that from which a pixel at one is frame, and
a less likely one is: a black frame is not looked for among wrinkles."""

HALO = 2.0
"""Pixels at 256 around a frame from which nothing is guessed: it is blurred, and throws a narrow shadow."""

HAIRLESS, BROW_LEADS = 0.3, 2.0
"""Probability of a frame from which a pixel does not tell what a brow looks like; and how many times likelier than frame a
brow must be to be no frame."""

SKIN = 0.6
"""Probability of skin from which a pixel tells what skin looks like."""

EYES = 1.5, 3.5
"""Pixels at 256 around the eyes' openings in which nothing is filled, and in which only what is likely frame is: lids have
creases."""

PORES, DEEPEST, BELOW = 1.0, 0.06, (34.0, -44.0, 60.0)
"""Standard deviation of the blur under which pores lie; their greatest depth, as a share; and how far down their skin is
looked for: pixels at 256."""

LINE, LINES, BROWLESS = 3.0, ((0.06, 0.12), (0.04, 0.1)), (0.25, 0.5)
"""Half the width, in pixels at 256, of the surroundings that a lens's thin edge stands out of; probability of a frame, and
difference (a logarithm), from which it does; and the probability of a brow at which none is looked for."""

FLOOR = np.float32(0.02)
"""Display light added before a logarithm."""

Plane = Float32[np.ndarray, "side side"]


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
    rim, brow, skin = (
        seen.in_crop(seen.of(*which), side)
        for which in ((Surface.FRAME,), (Surface.BROW,), (Surface.SKIN, Surface.BEARD))
    )
    unit = side / CROP_SIDE
    hairs = ((brow > SKIN) & (rim < HAIRLESS)).astype(np.float32)
    rim = np.where(BROW_LEADS * rim >= brow, rim, 0)
    broad = _beside(rim)
    bare = _bare(aligned.crop, grown(broad, HALO * unit), skin, unit)
    brows, eyes = (
        hull_mask((side, side), *(aligned.landmarks[ring] for ring in rings))
        for rings in ((LEFT_BROW, RIGHT_BROW), (LEFT_EYE, RIGHT_EYE))
    )
    under = np.maximum(np.clip(2 * brow - 0.6, 0, 1), brows * (rim > LIKELY))
    under = cv2.GaussianBlur(under.astype(np.float32), (0, 0), unit)
    tones = [bare]
    if hairs.sum() > (4 * unit) ** 2:
        tones.append(bare + (continued(aligned.crop, hairs) - bare) * under[..., None])
    worn = _worn(aligned.crop, tones, rim, grown(broad, 1.5 * unit), eyes)
    bare = tones[-1]
    soft = np.clip(1.5 * cv2.GaussianBlur(cv2.dilate(worn, np.ones((3, 3))), (0, 0), 0.5 * unit), 0, 1)
    around, thin = _thin(aligned.crop, rim, brow, eyes)
    thin *= 1 - soft
    total = soft + thin
    filled = (bare * soft[..., None] + around * thin[..., None]) / np.maximum(total, 1e-6)[..., None]
    return _laid(frame, filled, total, aligned.matrix)


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
    near = cv2.dilate(rim, np.ones((2 * round(unit) + 1,) * 2))
    sure = np.clip((near - low) / (high - low), 0, 1) * np.clip((apart - least) / (surely - least), 0, 1)
    sure = sure * np.clip((BROWLESS[1] - brow) / (BROWLESS[1] - BROWLESS[0]), 0, 1)
    sure = sure * (1 - grown(eyes, EYES[1] * unit))
    return around, np.clip(1.5 * cv2.GaussianBlur(sure.astype(np.float32), (0, 0), 0.4 * unit), 0, 1)


def _beside(rim: Plane) -> Mask:
    """1 where a frame may be: likely, or less so and connected to what is."""
    count, patches = cv2.connectedComponents((rim > UNSURE).astype(np.uint8))
    keep = np.zeros(count, np.float32)
    keep[np.unique(patches[rim > LIKELY])] = 1
    keep[0] = 0
    return keep[patches]


def _bare(crop: Crop, broad: Mask, skin: Plane, unit: float) -> Crop:
    """The face's skin as it would be without what may be frame."""
    known = ((skin > SKIN) * (1 - broad)).astype(np.float32)
    tone = cv2.GaussianBlur(continued(crop, known), (0, 0), unit)
    return np.clip(tone + _pores(crop, known, tone, unit), 0, 1)


def _pores(crop: Crop, known: Mask, tone: Crop, unit: float) -> Crop:
    """Fine detail of skin nearby, as strong as it would be in this light."""
    sigma = PORES * unit
    inner = cv2.erode(known, np.ones((2 * round(sigma) + 1,) * 2))
    coarse = cv2.GaussianBlur(crop, (0, 0), sigma)
    detail = (crop - coarse) / (coarse + FLOOR)
    found, left = np.zeros_like(crop), np.ones_like(known)
    for far in BELOW:
        move = np.array([[1, 0, 0], [0, 1, -far * unit]], np.float32)
        size = known.shape[::-1]
        there = cv2.warpAffine(inner, move, size) * left
        found += cv2.warpAffine(detail, move, size) * there[..., None]
        left = left * (1 - there)
    return np.clip(found, -DEEPEST, DEEPEST) * (tone + FLOOR)


def _worn(crop: Crop, tones: list[Crop], rim: Plane, broad: Mask, eyes: Mask) -> Mask:
    """How surely a pixel shows a frame: it is likely one, or may be, and is not what a bare face would show.

    Args:
        crop: the face.
        tones: what its skin would show, and its brows, perhaps.
        rim: how likely a frame is.
        broad: where one may be.
        eyes: 1 in the eyes' openings.
    """
    unit = len(crop) / CROP_SIDE
    differ = [np.abs(np.log((crop + FLOOR) / (one + FLOOR))).max(axis=2) for one in tones]
    apart = cv2.GaussianBlur(np.minimum.reduce(differ).astype(np.float32), (0, 0), 0.5 * unit)
    sure = (rim > LIKELY) & (eyes == 0)
    usual = float(np.percentile(apart[sure], CLEARLY)) if sure.any() else 0.0
    near = grown((rim > LIKELY).astype(np.float32), 1.5 * unit) > 0
    least = np.where(near, *(max(low, share * usual) for low, share in zip(LEAST, SHARE, strict=True)))
    stands = np.clip((apart - least) / SURELY, 0, 1)
    free = 1 - np.where(rim > LIKELY, *(grown(eyes, reach * unit) for reach in EYES))
    worn = (broad * stands * free).astype(np.float32)
    closed = cv2.morphologyEx(worn, cv2.MORPH_CLOSE, np.ones((round(1.5 * unit) * 2 + 1,) * 2))
    return grown(closed, 0.5 * unit) * free.astype(np.float32)


def _laid(frame: Frame, filled: Crop, soft: Mask, matrix: np.ndarray) -> Frame:
    """The filled crop in the frame, where it is filled."""
    height, width = frame.shape[:2]
    back = invert(matrix)
    flags = cv2.INTER_CUBIC
    cover = cv2.warpAffine(soft, back, (width, height), flags=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero((cover > 0).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return frame
    here = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    shifted = back.copy()
    shifted[:, 2] -= (columns[0], rows[0])
    size = (here[1].stop - here[1].start, here[0].stop - here[0].start)
    patch = cv2.warpAffine(filled, shifted, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    white = np.float32(np.iinfo(frame.dtype).max)
    old = frame[here].astype(np.float32)
    new = old + (np.clip(patch, 0, 1) * white - old) * np.clip(cover[here], 0, 1)[..., None]
    result = frame.copy()
    result[here] = np.rint(new).astype(frame.dtype)
    return result
