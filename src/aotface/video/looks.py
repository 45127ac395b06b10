"""What stands in front of a face is looked for now and then, and taken on while the picture of the face stays the same.

The visibility network and the search for hands are a seventh of a frame's work, and give the same answer again and again. So
they are asked in the frames in which the transfer's maps are found. The frames between show the same while no place of
the face, in its crop, has become another. A hand, a strand or a turned head makes places others.
"""

import threading
from collections.abc import Callable

import cv2
import numpy as np

from aotface.compose.face_step import Look, Looks, look_at, work_side
from aotface.face.align import align
from aotface.face.texture import features_mask
from aotface.media.video.decode import VideoFrame
from aotface.transfer.base import shrunk
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Landmarks

PLACES, ALIKE = 32, 0.05
"""Places along a crop's side that are compared, and by how much display light of any may differ in any channel."""

FEATURES_SIDE = 128
"""Side at which eyes, brows and lips are drawn: they move without anything coming before them, and are not compared."""


class LookedAt:
    """One frame, and what it shows of its faces: each is looked at once, by the first thread that asks."""

    def __init__(self, frame: VideoFrame):
        self.frame, self._lock, self._known = frame, threading.Lock(), dict[int, Look]()

    def of(self, track: int, look: Callable[[], Look]) -> Look:
        """What it shows of a face; ``look`` finds it where nobody has yet."""
        with self._lock:
            if track not in self._known:
                self._known[track] = look()
            return self._known[track]


def looks_from(here: LookedAt, before: LookedAt, track: int, earlier: Face) -> Looks:
    """How a face of a frame is looked at: not, while it shows what a frame before showed.

    Args:
        here: the frame.
        before: the frame before in which the face was looked at; the same, where it is looked at in this one.
        track: of the face.
        earlier: it, in the frame before.
    """

    def looks(face: AlignedFace, small: Crop) -> Look:
        frame = here.frame.rgb
        if before is here:
            return here.of(track, lambda: look_at(frame, face, small))
        known = before.of(track, lambda: _look_in(before.frame, earlier))
        points = face.landmarks * np.float32(CROP_SIDE / len(face.crop))
        if shows_the_same(known, small, points):
            return Look(small, known.visible, None)
        return look_at(frame, face, small)

    return looks


def _look_in(frame: VideoFrame, face: Face) -> Look:
    cut = align(frame.rgb, face, work_side(face))
    return look_at(frame.rgb, cut, shrunk(cut.crop))


def shows_the_same(known: Look, small: Crop, points: Landmarks) -> bool:
    """Whether a face's crop shows the same as one before, but for eyes, brows and lips.

    Args:
        known: what the one before showed, with its mesh.
        small: the crop, 256 px.
        points: 468 x 3, landmarks in it.
    """
    assert known.geometry is not None  # it was looked at
    size = PLACES, PLACES
    apart = cv2.resize(cv2.absdiff(known.small, small), size, interpolation=cv2.INTER_AREA).max(axis=2)
    scale = FEATURES_SIDE / CROP_SIDE
    moving = features_mask((FEATURES_SIDE, FEATURES_SIDE), points * np.float32(scale), unit=scale)
    counted = cv2.resize(known.geometry.mask, size, interpolation=cv2.INTER_AREA) == 1
    counted &= cv2.resize(moving, size, interpolation=cv2.INTER_AREA) < 0.1
    return not (apart[counted] > ALIKE).any()
