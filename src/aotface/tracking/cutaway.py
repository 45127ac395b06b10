"""What a face's gap of a few frames shows: the same place in other light (a flash), or something else (an insert)."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.boxes import Box
from aotface.types import Frame

SIDE = 24
"""Side in pixels at which places are compared."""

FLAT = 5.0
"""Standard deviation in levels of 255 under which a place shows nothing: burnt out, or dark."""

SAME = 0.6
"""Correlation from which two places show the same under another light."""


def shows_something_else(frame: Frame, box: Box, around: list[tuple[Frame, Box]]) -> bool:
    """Whether a frame shows something else where a face would be.

    Args:
        frame: uint8, RGB.
        box: where the face would be, xyxy.
        around: frames before and after, each with the face's box.

    Returns:
        False where light alone tells the frames apart, or nothing can be seen.

    Source: [ours].
    """
    here = _patch(frame, box)
    if here is None or here.std() < FLAT:
        return False
    others = [_patch(*there) for there in around]
    return all(other is None or _correlation(here, other) < SAME for other in others)


def _patch(frame: Frame, box: Box) -> Float32[np.ndarray, "24 24"] | None:
    """The light inside a box; None where it lies outside the frame."""
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = (round(edge) for edge in box)
    part = frame[max(y0, 0) : min(y1 + 1, height), max(x0, 0) : min(x1 + 1, width)]
    if not part.size:
        return None
    small = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32).mean(axis=2)


def _correlation(a: Float32[np.ndarray, "24 24"], b: Float32[np.ndarray, "24 24"]) -> float:
    """Of both without what is smooth in them: a shadow's edge counts little, eyes and mouth much."""
    fine = [np.log2(patch + 16) for patch in (a, b)]
    centred = [patch - cv2.GaussianBlur(patch, (0, 0), SIDE / 4) for patch in fine]
    norm = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / max(norm, 1e-9)
