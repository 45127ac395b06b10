"""What of a frame is stored: all of it or a square around the face, in square pixels, no larger than wanted."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from aotface.media.depth import to_depth
from aotface.media.pixel_aspect import stretch, to_display
from aotface.types import Frame, Matrix

MARGIN = 1.5
"""Side of the square around a face, in heights or widths of its landmarks, whichever is larger."""


@dataclass(frozen=True)
class Cut:
    """``box``: part of the frame, xyxy, in stored pixels. ``height``, ``width``: of what is stored; both are even."""

    box: tuple[int, int, int, int]
    height: int
    width: int

    def frame(self, frame: Frame) -> UInt8[np.ndarray, "height width 3"]:
        """The stored part of a frame, in 8 bits."""
        return self._resized(to_depth(frame, 8))

    def mask(self, mask: Float32[np.ndarray, "rows columns"]) -> UInt8[np.ndarray, "height width"]:
        """The stored part of a mask of 0..1: 0 only where nothing is swapped."""
        small = self._resized(mask)
        return np.maximum(np.rint(small * 255), small > 0).astype(np.uint8)

    @property
    def matrix(self) -> Matrix:
        """From points of the frame to points of what is stored."""
        x0, y0, x1, y1 = self.box
        zoom_x, zoom_y = self.width / (x1 - x0), self.height / (y1 - y0)
        return np.array(
            [[zoom_x, 0, (0.5 - x0) * zoom_x - 0.5], [0, zoom_y, (0.5 - y0) * zoom_y - 0.5]], np.float64
        )

    def _resized(self, values: np.ndarray) -> np.ndarray:
        x0, y0, x1, y1 = self.box
        part = values[y0:y1, x0:x1]
        if part.shape[:2] == (self.height, self.width):
            return np.ascontiguousarray(part)
        shrinks = self.height <= y1 - y0 and self.width <= x1 - x0
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR  # both only add, so that a mask of 0 stays 0
        return np.asarray(cv2.resize(part, (self.width, self.height), interpolation=way))


def cut_of(
    height: int,
    width: int,
    region: str,
    side: int,
    points: Float[np.ndarray, "n 2"],
    pixel_aspect: float = 1.0,
    shrink: float = 1.0,
) -> Cut:
    """Choose what is stored.

    Args:
        height, width: of the frame, in stored pixels.
        region: ``frame``, or ``face``.
        side: longest side of what is stored; smaller frames stay as they are.
        points: landmarks of all frames, in stored pixels.
        pixel_aspect: width over height of a pixel.
        shrink: share of the resolution that is stored at most.
    """
    box = (0, 0, width, height)
    across, down = stretch(pixel_aspect)
    if region == "face" and len(points):
        box = _around(points, height, width, across, down)
    x0, y0, x1, y1 = box
    x1, y1 = x1 - (x1 - x0) % 2, y1 - (y1 - y0) % 2
    shown_height, shown_width = (y1 - y0) * down, (x1 - x0) * across
    zoom = min(shrink, side / max(shown_height, shown_width))
    even = [max(2, 2 * round(length * zoom / 2)) for length in (shown_height, shown_width)]
    return Cut((x0, y0, x1, y1), even[0], even[1])


def _around(
    points: Float[np.ndarray, "n 2"], height: int, width: int, across: float, down: float
) -> tuple[int, int, int, int]:
    """A square in display pixels around the points, moved into the frame; all of it where it is larger."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = (high - low) * (across, down)
    wanted = float(extent.max()) * MARGIN
    size = np.array([min(wanted / across, width), min(wanted / down, height)])
    middle = (low + high) / 2 - (0, 0.05 * wanted / down)  # landmarks end below the hair
    start = np.clip(np.round(middle - size / 2), 0, np.array([width, height]) - np.floor(size))
    x0, y0 = (int(value) for value in start)
    return x0, y0, x0 + int(size[0]), y0 + int(size[1])


def from_display(pixel_aspect: float) -> Matrix:
    """The matrix from display to stored pixels."""
    x, _, shift_x = to_display(pixel_aspect)[0]
    _, y, shift_y = to_display(pixel_aspect)[1]
    return np.array([[1 / x, 0, -shift_x / x], [0, 1 / y, -shift_y / y]], np.float64)
