"""What is done in an eye: luma is stretched from one span to another, under a soft mask [ours]."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.texture import LUMA
from aotface.types import Mask

HELD = 0.25
"""What is left of the stretch above the white of an eye."""

WHITE = (0.55, 0.9)
"""Saturation over that of what is around the eye, up to which all and from which on little is made brighter: lids in the
corners stay, and brown irises get no bright specks."""

LEAST_BRIGHTER = 0.35
"""What is left of the brightening there."""

Pixels = Float32[np.ndarray, "rows columns 3"]
Plane = Float32[np.ndarray, "rows columns"]


class Span(NamedTuple):
    """Luma of an eye: dark end, bright end (0..1), and how far it is open (0..1)."""

    low: float
    high: float
    open: float


@runtime_checkable
class Laid(Protocol):
    """What is done to the pixels of a box."""

    @property
    def mask(self) -> Mask:
        """Of its rows and columns."""

    @property
    def place(self) -> tuple[int, int]:
        """X and y of its first pixel in the frame."""

    def lay(self, picture: Pixels) -> Pixels:
        """The pixels after it."""


@dataclass(frozen=True)
class Stretch:
    """What is done in one eye: from one span to another, under a soft mask.

    ``mask``: for what becomes brighter; ``wide``: for what becomes darker, lash lines too. ``place``: x and y of their first
    pixel. ``more``: luma that is added in the end.
    """

    before: Span
    after: Span
    mask: Mask
    wide: Mask
    place: tuple[int, int]
    more: Plane | None = None

    def gain(self, luma: Plane) -> Plane:
        """By how much pixels of a luma are multiplied."""
        before, after = self.before, self.after
        slope = (after.high - after.low) / (before.high - before.low)
        moved = after.low + (np.minimum(luma, before.high) - before.low) * slope
        moved += HELD * np.maximum(luma - before.high, 0)
        deep = luma * np.float32(
            after.low / max(before.low, 1e-4)
        )  # what is darker keeps its ratio: no black holes
        moved = np.where(luma < before.low, deep, moved) / np.maximum(luma, np.float32(0.01))
        return 1 + (moved - 1) * np.where(moved < 1, self.wide, self.mask)

    def _whiteness(self, picture: Pixels) -> Plane:
        """How much of a brightening each pixel gets."""
        saturation = 1 - picture.min(axis=2) / np.maximum(picture.max(axis=2), np.float32(0.02))
        beside = saturation[self.wide == 0]
        usual = float(np.median(beside)) if beside.size else 0.0
        first, last = (max(usual * one, 0.08 + 0.1 * one) for one in WHITE)
        share = np.clip((last - saturation) / (last - first), 0, 1)
        return (LEAST_BRIGHTER + (1 - LEAST_BRIGHTER) * share).astype(np.float32)

    def lay(self, picture: Pixels) -> Pixels:
        """All of it in the mask's pixels."""
        gain = self.gain(luma_of(picture))
        gain = 1 + (gain - 1) * np.where(gain > 1, self._whiteness(picture), 1)
        made = picture * gain[..., None]
        if self.more is not None:
            made = np.maximum(made + (self.more * self.mask)[..., None], 0)
        return np.clip(made, 0, 1)


def luma_of(picture: Pixels) -> Plane:
    """0..1."""
    return np.asarray(cv2.transform(np.ascontiguousarray(picture), LUMA), np.float32)


def stretch_eyes(picture: Pixels, stretches: Sequence[Laid], place: tuple[int, int] = (0, 0)) -> Pixels:
    """The face with its eyes stretched, in place.

    Args:
        picture: the face, or a strip of it.
        stretches: see there.
        place: x and y of its first pixel in the frame.
    """
    for one in stretches:
        x, y = one.place[0] - place[0], one.place[1] - place[1]
        rows, columns = one.mask.shape
        top, left = max(0, -y), max(0, -x)
        bottom, right = min(rows, picture.shape[0] - y), min(columns, picture.shape[1] - x)
        if top < bottom and left < right:
            here = slice(y + top, y + bottom), slice(x + left, x + right)
            whole = np.zeros((rows, columns, 3), np.float32)
            whole[top:bottom, left:right] = picture[here]
            picture[here] = one.lay(whole)[top:bottom, left:right]
    return picture
