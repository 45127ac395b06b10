"""Where eyes and nostrils of a face lie in its frame, and what gives them the target's contrast [ours]."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from aotface.compose.camera import View
from aotface.compose.eye_stretch import Laid
from aotface.compose.eyes import BOTH as BOTH_EYES
from aotface.compose.eyes import EyePoints, match_eyes
from aotface.compose.nostrils import MARGIN, NOSTRILS, deepen_nostrils
from aotface.face.align import invert, scale_of
from aotface.types import CROP_SIDE, Box, Mask, Matrix

EYE_MARGIN = 12.0
"""Pixels around the eyes, of a 256 px crop or of the frame, that are looked at: blurs reach so far."""


@runtime_checkable
class PlacedFace(Protocol):
    """A face at its place in a frame. ``matrix``: frame points to points of ``mask``."""

    @property
    def mask(self) -> Mask:
        """Where it shows, in its crop."""

    @property
    def matrix(self) -> Matrix:
        """2 x 3."""

    def view(self, strip: Box, stretches: Sequence[Laid] = ()) -> View:
        """It and its target within a box of the frame."""


def place_of(
    face: PlacedFace, points: EyePoints, box: Box, margin: float, part: np.ndarray
) -> tuple[Box, EyePoints, float] | None:
    """Where a part of a face lies within a box of the frame, landmarks there, and pixels for one of a 256-pixel crop."""
    unit = len(face.mask) / CROP_SIDE / scale_of(face.matrix)
    moved = points.moved(invert(face.matrix))
    found = moved.box(margin * max(unit, 1), box[3], box[2], part)
    if found is None:
        return None
    at = (max(found[0], box[0]), max(found[1], box[1]), *found[2:])
    if at[0] >= at[2] or at[1] >= at[3]:
        return None
    return at, moved.moved(np.array([[1, 0, -at[0]], [0, 1, -at[1]]], np.float64)), unit


def eyes_of(face: PlacedFace, points: EyePoints, box: Box) -> list[Laid]:
    """What is done in the eyes of a face within a box of the frame."""
    place = place_of(face, points, box, EYE_MARGIN, BOTH_EYES)
    if place is None:
        return []
    at, moved, unit = place
    seen = face.view(at)
    return [*match_eyes(seen.face.picture, seen.target.picture, seen.own_weight, moved, unit, at[:2])]


def nostrils_of(face: PlacedFace, points: EyePoints, box: Box) -> list[Laid]:
    """The same below its nose."""
    place = place_of(face, points, box, MARGIN, np.concatenate(NOSTRILS))
    if place is None:
        return []
    at, moved, unit = place
    seen = face.view(at)
    made = deepen_nostrils(seen.face.picture, seen.target.picture, seen.own_weight, moved, unit, at[:2])
    return [] if made is None else [made]
