"""Sliced optimal transport: descend the sliced Wasserstein distance, averaging over many directions at once.

Each step averages the one-dimensional transports over FRAMES random orthogonal frames. In a frame the three
axes together make a full step, so the gap closes in a few steps instead of by a third in each.

Source: Rabin, Peyre, Delon, Bernot, "Wasserstein barycenter and its application to texture mixing", 2011.
Smooth continuation from a sample to all colours: [ours].
"""

import numpy as np

from aotface.transfer.classical.extend import Samples, by_samples
from aotface.transfer.classical.idt import along_axes, rotation
from aotface.transfer.classical.masked import move_under_mask
from aotface.types import Crop, Mask

SAMPLES = 4000
STEPS = 12
FRAMES = 4


def match(samples: Samples, target: Samples, random: np.random.Generator) -> Samples:
    """Take STEPS steps, each towards the mean of FRAMES transports."""
    for _ in range(STEPS):
        samples = np.mean([along_axes(samples, target, rotation(random)) for _ in range(FRAMES)], axis=0)
    return samples


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Match the RGB distribution along all directions. See :func:`~aotface.transfer.classical.masked.move_under_mask`."""
    return move_under_mask(by_samples(match, SAMPLES), reenacted, target, mask, seed)
