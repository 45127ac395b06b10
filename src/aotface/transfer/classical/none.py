"""No transfer: the reenacted face as it came, the zero line of every table."""

import numpy as np

from aotface.transfer.classical.masked import check_shapes
from aotface.types import Crop, Mask


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Return a copy of ``reenacted``; target, mask and seed only have to fit."""
    check_shapes(reenacted, target, mask)
    return reenacted.astype(np.float32, copy=True)
