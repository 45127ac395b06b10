"""What a pixel can show: eleven surfaces, of which it shows one, and whether it is seen through a lens.

A lens is no surface: skin, brow and eye behind clear glass keep their own names. Glass that hides what lies behind it
(a dark tint, a strong reflection) is the surface ``cover``.
"""

from enum import IntEnum


class Surface(IntEnum):
    """The nearest opaque thing at a pixel, in the order of the network's outputs."""

    BACKGROUND = 0
    SKIN = 1
    BROW = 2
    EYE = 3
    LIPS = 4
    INNER_MOUTH = 5
    HAIR = 6
    FRAME = 7
    BEARD = 8
    HAND = 9
    COVER = 10


LENS = len(Surface)
"""Index of the last output: the probability that a pixel is seen through a lens."""

OUTPUTS = len(Surface) + 1
"""Number of planes that the network gives."""
