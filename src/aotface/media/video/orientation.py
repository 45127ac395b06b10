"""How stored frames are turned before they are shown: phones store what the sensor saw and add a display matrix."""

from typing import NamedTuple

import numpy as np

Box = tuple[int, int, int, int]
"""``x0, y0, x1, y1`` in pixels; ``x1`` and ``y1`` are the first ones outside."""

_ONE = 1 << 16


class Orientation(NamedTuple):
    """From stored to shown: first swap rows and columns (``transposed``), then mirror along x, then along y."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def rotation_degrees(self) -> int:
        """Clockwise turn from stored to shown: 0, 90, 180 or 270; after `mirrored`, if that is true."""
        if self.transposed:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether left and right are swapped before the turn."""
        return (self.transposed + self.flip_x + self.flip_y) % 2 == 1

    @property
    def matrix(self) -> tuple[int, ...]:
        """The display matrix as the containers store it: nine numbers, 16.16 and 2.30 fixed point."""
        x, y = (-_ONE if self.flip_x else _ONE), (-_ONE if self.flip_y else _ONE)
        return (0, y, 0, x, 0, 0, 0, 0, 1 << 30) if self.transposed else (x, 0, 0, 0, y, 0, 0, 0, 1 << 30)

    def shown(self, stored: np.ndarray) -> np.ndarray:
        """Turn stored pixels upright.

        Args:
            stored: height x width x ..., as in the file.

        Returns:
            A view of them, as shown.
        """
        turned = stored.swapaxes(0, 1) if self.transposed else stored
        return turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def stored(self, shown: np.ndarray) -> np.ndarray:
        """Turn upright pixels back into the order of the file: the inverse of `shown`."""
        turned = shown[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
        return turned.swapaxes(0, 1) if self.transposed else turned

    def stored_box(self, box: Box, height: int, width: int) -> Box:
        """Say where a box of the shown frame lies in the stored one.

        Args:
            box: in shown pixels.
            height: of the shown frame.
            width: of the shown frame.
        """
        x0, y0, x1, y1 = box
        if self.flip_x:
            x0, x1 = width - x1, width - x0
        if self.flip_y:
            y0, y1 = height - y1, height - y0
        return (y0, x0, y1, x1) if self.transposed else (x0, y0, x1, y1)


def from_matrix(record: bytes | None) -> tuple[Orientation, bool]:
    """Read a display matrix.

    Args:
        record: nine 32-bit numbers ``a b u c d v x y w`` in the machine's byte order; a stored point (x, y) is shown at
            (ax + cy, bx + dy). None = there is none.

    Returns:
        The orientation, and whether the matrix was one: multiples of 90 degrees and mirrors are; anything else is
        shown as it is stored.

    Source: [ours], from ISO/IEC 14496-12, 6.2.2 (transformation matrix).
    """
    if record is None or len(record) != 36:
        return Orientation(), record is None
    a, b, _, c, d = np.frombuffer(record, np.int32)[:5].tolist()
    if abs(a) > 0 and abs(d) > 0 and max(abs(b), abs(c)) * 100 < min(abs(a), abs(d)):
        return Orientation(False, a < 0, d < 0), True
    if abs(b) > 0 and abs(c) > 0 and max(abs(a), abs(d)) * 100 < min(abs(b), abs(c)):
        return Orientation(True, c < 0, b < 0), True
    return Orientation(), False
