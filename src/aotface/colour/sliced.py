"""Sliced optimal transport: descend the sliced Wasserstein distance, averaging over many directions at once.

Each step averages the one-dimensional transports over FRAMES random orthogonal frames. In a frame the three axes
together make a full step, so the gap closes in a few steps instead of by a third in each.

Source: Rabin, Peyre, Delon, Bernot, "Wasserstein barycenter and its application to texture mixing", 2011.
"""

import numpy as np

from aotface.colour.idt import along_axes, rotation
from aotface.colour.masked import Pixels, Weights, move_under_mask
from aotface.types import Crop, Mask

STEPS = 12
FRAMES = 4


def move(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Take STEPS steps, each towards the mean of FRAMES transports."""
    for _ in range(STEPS):
        frames = [along_axes(reenacted, target, weights, rotation(random)) for _ in range(FRAMES)]
        reenacted = np.mean(frames, axis=0)
    return reenacted


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the Lab distribution along all directions. See :func:`~aotface.colour.masked.move_under_mask`."""
    return move_under_mask(move, reenacted, target, mask, seed)
