"""Where a source wore spectacles, tone changes gently: what frame and lens leave on the skin beside them fades [ours].

A rim throws a narrow shadow and a glow of its colour, and a lens shows skin behind it paler or darker than it is. When the
frame is filled, the step between both sides stays: a line across the cheek, or a pale box below the eye. Beside the frame,
tone is drawn to that of a wider neighbourhood. Pores and fine wrinkles stay. Nose, eyes and brows are left alone.
"""

import cv2
import numpy as np

from aotface.face.align import align, invert
from aotface.face.mesh import LEFT_EYE, OVAL, RIGHT_EYE
from aotface.face.texture import distance_from, hull_mask
from aotface.masked import falling, grown, local_mean, resized, rising
from aotface.reenact.nose_edges import NOSE
from aotface.reenact.skin_fill import FLOOR, box_of
from aotface.types import CROP_SIDE, Face, Frame, Mask

UNDER, NEAR, WIDE = 1.0, 2.0, 8.0
"""Standard deviation of what is a place's tone, where the frame was and beside it; and of the neighbourhood to whose tone it
is drawn: pixels at 256."""

WORN, REACH = 0.5, (3.0, 12.0)
"""Share of a frame from which a place is one; and the distances from there up to which all of that is done, and nothing."""

OFF_NOSE, OFF_EYES = (1.0, 6.0), (4.0, 8.0)
"""Distances from the nose and from the eyes' openings at which it begins, and is done."""

HAIRS, BESIDE, LIDS = 0.3, 2.0, 4.0
"""Probability of brows from which a place is none of skin, and how far around it; and the same around eyes."""

SOFT = 1.5
"""Standard deviation of what eases all that."""


def without_rim_shade(bare: Frame, face: Face, worn: Mask, brow: Mask) -> Frame:
    """A source's picture without the steps that its spectacles leave; the very same where none was worn.

    Args:
        bare: uint8 or uint16, RGB, with the frame filled.
        face: of it.
        worn: where the frame was, 0..1, in an aligned crop of any side.
        brow: how likely brows are there.

    Source: [ours].
    """
    worn, brow = (resized(one, CROP_SIDE) for one in (worn, brow))
    if not (worn > WORN).any():
        return bare
    aligned, shape = align(bare, face), worn.shape
    points = aligned.landmarks
    eyes = hull_mask(shape, points[LEFT_EYE], points[RIGHT_EYE])
    hairs = grown((brow > HAIRS).astype(np.float32), BESIDE)
    skin = hull_mask(shape, points[OVAL]) * (1 - grown(eyes, LIDS)) * (1 - hairs)
    off, off_eyes = (
        cv2.distanceTransform((one == 0).astype(np.uint8), cv2.DIST_L2, 5) for one in (worn > WORN, eyes)
    )
    off_nose = distance_from(shape, points[NOSE])
    beside = falling(off, REACH) * rising(off_nose, OFF_NOSE) * rising(off_eyes, OFF_EYES) * skin
    beside = cv2.GaussianBlur(beside, (0, 0), SOFT) * skin
    logs = np.log(np.maximum(aligned.crop, 0) + FLOOR)
    under, near = (local_mean(logs, skin, width) for width in (UNDER, NEAR))
    near += (under - near) * falling(off, (UNDER, REACH[0]))[..., None]
    wide = local_mean(logs, skin * (off_nose > 0), WIDE)
    return _multiplied(bare, (wide - near) * beside[..., None], invert(aligned.matrix))


def _multiplied(frame: Frame, change: np.ndarray, back: np.ndarray) -> Frame:
    """A frame whose display values are changed by logarithms, of a crop; ``back``: its points to the frame's."""
    touched = (change != 0).any(axis=2).astype(np.float32)
    found = box_of(cv2.warpAffine(touched, back, frame.shape[1::-1], flags=cv2.INTER_LINEAR), back)
    if found is None:
        return frame
    here, shifted = found
    size = here[1].stop - here[1].start, here[0].stop - here[0].start
    there = cv2.warpAffine(np.asarray(change, np.float32), shifted, size, flags=cv2.INTER_LINEAR)
    white, result = np.float32(np.iinfo(frame.dtype).max), frame.copy()
    new = (frame[here].astype(np.float32) / white + FLOOR) * np.exp(there) - FLOOR
    result[here] = np.rint(np.clip(new, 0, 1) * white).astype(frame.dtype)
    return result
