"""A source's spectacles are taken off before its face is read: the new face wears the target's, or none [ours].

The visibility network says where a frame is, a few pixels too broadly. Of these pixels only those are filled that stand out
of the skin around them, so that brows and lids under the mask stay; they are filled from their nearest neighbours. Once for
each source.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.align import align, invert, scale_of
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import continued
from aotface.types import CROP_SIDE, Crop, Face, Frame, Mask

LARGEST = 768
"""Side of the crop in which a frame is filled, at most."""

STANDS_OUT = (0.03, 0.06)
"""Luma (0..1), and share of it, by which a frame's pixel differs from the skin around it."""

CLEARLY, SURE, SHARE = 80, 0.7, 0.28
"""Percentile of how much a wearer's frame differs from the skin around it, where the network is this sure of it; and the
share of that from which a pixel is frame: a black one is not looked for among wrinkles."""

AROUND = 17
"""Side of the window of that skin, pixels at 256."""

EYES = 2.5
"""Pixels at 256 around the eyes' openings that stay."""

Plane = Float32[np.ndarray, "side side"]


def without_spectacles(frame: Frame, face: Face, seen: Visibility) -> Frame:
    """A source's picture without the frame of its spectacles; the very same of a bare face.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.
        seen: what it shows of that face.
    """
    if not seen.spectacles.any():
        return frame
    side = int(np.clip(CROP_SIDE / scale_of(align(frame, face).matrix), CROP_SIDE, LARGEST))
    aligned = align(frame, face, side)
    worn = _worn(aligned.crop, seen, aligned.landmarks)
    filled = continued(aligned.crop, (~worn).astype(np.float32))
    soft = cv2.GaussianBlur(cv2.dilate(worn.astype(np.float32), np.ones((3, 3))), (0, 0), 0.8)
    return _laid(frame, filled, soft, aligned.matrix)


def _worn(crop: Crop, seen: Visibility, landmarks: np.ndarray) -> Bool[np.ndarray, "side side"]:
    """Pixels of a frame."""
    side = len(crop)
    unit = side / CROP_SIDE
    broad = seen.in_crop(seen.spectacles, side)
    window = round(AROUND * unit / 2) * 2 + 1
    around = cv2.medianBlur((crop * 255).astype(np.uint8), window).astype(np.float32) / 255
    apart = np.abs(crop - around).max(axis=2)
    least = STANDS_OUT[0] + STANDS_OUT[1] * around.max(axis=2)
    brows, frame = (seen.in_crop(seen.of(one), side) for one in (Surface.BROW, Surface.FRAME))
    eyes = np.zeros((side, side), np.uint8)
    for ring in (LEFT_EYE, RIGHT_EYE):
        cv2.fillPoly(eyes, [np.round(landmarks[ring, :2]).astype(np.int32)], (1,))
    grown = cv2.dilate(eyes, np.ones((round(EYES * unit) * 2 + 1,) * 2))
    sure = (frame > SURE) & (grown == 0)
    usual = float(np.percentile(apart[sure], CLEARLY)) if sure.any() else 0.0
    stands_out = apart > np.maximum(least, np.float32(SHARE * usual))
    found = (broad > 0.5) & stands_out & (2 * frame >= brows) & (grown == 0)
    closed = cv2.morphologyEx(
        found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((round(1.5 * unit) * 2 + 1,) * 2)
    )
    return (cv2.dilate(closed, np.ones((3, 3))) > 0) & (grown == 0)


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
