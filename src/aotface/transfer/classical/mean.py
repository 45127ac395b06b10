"""Mean shift: the whole face moves by one Lab vector. Keeps every contrast, cannot change any."""

from aotface.transfer.classical.masked import move_under_mask, shift_mean
from aotface.types import Crop, Mask


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Give the face the target's mean Lab colour. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(shift_mean, reenacted, target, mask, seed)
