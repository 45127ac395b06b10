"""Pixels that are not square (anamorphic footage): stored as they are, seen as they are displayed.

A *display pixel* is a square whose side is the shorter side of a stored pixel, so that seeing a frame in display pixels
only ever stretches it. Faces are looked for and described in display pixels; finished frames have stored pixels.
"""

from fractions import Fraction

import cv2
import numpy as np

from aotface.types import Frame, Matrix

NEARLY_SQUARE = 0.01
"""A pixel that deviates from a square by less is one: containers round."""

MOST = 4.0
"""A pixel that is longer in one direction by more is a mistake of the file."""


def believed(pixel_aspect: Fraction) -> Fraction:
    """The pixel aspect by which frames are seen: 1 where it is nearly that, or impossible.

    Args:
        pixel_aspect: width over height of a pixel, as a file says it.
    """
    longer = max(stretch(float(pixel_aspect)))
    return pixel_aspect if 1 + NEARLY_SQUARE <= longer <= MOST else Fraction(1)


def stretch(pixel_aspect: float) -> tuple[float, float]:
    """Width and height of a stored pixel in display pixels; the smaller is 1."""
    return max(pixel_aspect, 1.0), max(1 / pixel_aspect, 1.0)


def to_display(pixel_aspect: float) -> Matrix:
    """The matrix from stored to display pixels: their edges scale, as of any resized picture."""
    x, y = stretch(pixel_aspect)
    return np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2]])


def square_pixels(frame: Frame, pixel_aspect: float) -> Frame:
    """A frame in display pixels; the frame itself where its pixels are square.

    Args:
        frame: uint8 or uint16, stored pixels.
        pixel_aspect: width over height of one of them.

    Source: [ours].
    """
    if pixel_aspect == 1:
        return frame
    x, y = stretch(pixel_aspect)
    return cv2.resize(frame, None, fx=x, fy=y, interpolation=cv2.INTER_CUBIC)
