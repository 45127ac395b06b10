"""Bit depth: 8 and 16 bits hold the same range, 0 to 1, in 255 and in 65535 steps."""

import numpy as np


def to_depth(values: np.ndarray, bits: int) -> np.ndarray:
    """Convert between 8 and 16 bits, rounding to the nearest step; 8 to 16 and back changes nothing.

    Args:
        values: any shape, uint8 or uint16.
        bits: 8 or 16.

    Returns:
        The same shape; uint8 or uint16. The array itself where it has that depth already.

    Source: [ours]; 65535 = 257 x 255, so one way is exact.
    """
    if bits == 8 * values.itemsize:
        return values
    if bits == 16:
        return values.astype(np.uint16) * np.uint16(257)
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
