"""Fine detail and grain of a face against those of its target in the same place, at the picture's own pixels.

Around the face both pictures are the same, so what differs inside is also what differs between inside and around.
Medians and trimmed means of small blocks are compared, not single pixels: another person's pores lie elsewhere.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import InputError
from aotface.masked import Colours
from aotface.types import Mask

BLURS = (0.7, 1.4, 2.8)
"""Standard deviations, in pixels of the picture, between which octaves lie: what is finer than the first is the finest."""

BLOCK = 8
"""Side of a block, pixels."""

COVERED = 0.95
"""Share of a block that must lie under the mask."""

PLAIN, TRIMMED = 20, 70
"""Percentile of blocks that stands for skin without features, whose energy is grain; and the one above which edges begin."""

ROUNDING = 1 / 12
"""Energy (squared levels of 255) of rounding to 8 bits: below that nothing is seen, and nothing is compared."""

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def fine_detail(blended: Colours, target: Colours, mask: Mask) -> float:
    """Strength of what is finer than 1.4 pixels: sqrt((E(blended) + f) / (E(target) + f)). No unit; 1 is the target's own.

    E: mean energy of luma's two finest octaves over blocks under the mask, without the three tenths of blocks that have most of it
    (eyes, lips, nostrils). f: energy of rounding.

    Args:
        blended: the swapped face in its target, height x width x 3, 0..1 sRGB, at the picture's own pixels.
        target: what it was put into.
        mask: where the new face shows, 0..1.

    Returns:
        The ratio; NaN where the face has fewer than 12 blocks.

    Source: [ours].
    """
    return _ratio(blended, target, mask, 2, _trimmed_mean)


def grain(blended: Colours, target: Colours, mask: Mask) -> float:
    """Strength of the finest octave in the plainest fifth of blocks, against the target's. No unit; 1 is the target's own.

    Plain skin has no feature but grain. As in `fine_detail` otherwise.

    Source: [ours]; noise from the blocks of weakest texture: Liu, Tanaka and Okutomi, TIP 2013.
    """
    return _ratio(blended, target, mask, 1, _plain)


def octaves(luma: Float32[np.ndarray, "rows columns"]) -> list[Float32[np.ndarray, "rows columns"]]:
    """What lies between the blurs of `BLURS`, finest first; together with the last blur they are the picture."""
    stages = [luma, *(cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in BLURS)]
    return [fine - coarse for fine, coarse in zip(stages, stages[1:], strict=False)]


def block_means(
    values: Float32[np.ndarray, "rows columns"], shown: Float32[np.ndarray, "rows columns"]
) -> Float32[np.ndarray, " blocks"]:
    """Means over the blocks that are covered.

    Args:
        values: any.
        shown: 1 where a pixel counts, else 0.
    """
    rows, columns = (size // BLOCK for size in values.shape)
    if not rows * columns:
        return np.zeros(0, np.float32)
    here = slice(rows * BLOCK), slice(columns * BLOCK)
    size = (columns, rows)
    whole = cv2.resize(shown[here], size, interpolation=cv2.INTER_AREA)
    means = cv2.resize(values[here] * shown[here], size, interpolation=cv2.INTER_AREA)
    kept = whole >= COVERED
    return np.asarray(means[kept] / whole[kept], np.float32)


def _ratio(blended: Colours, target: Colours, mask: Mask, count: int, statistic: Callable[[np.ndarray], float]) -> float:
    if not blended.shape == target.shape == (*mask.shape, 3):
        raise InputError(
            "texture: expected blended, target and mask of one size, "
            f"got {blended.shape}, {target.shape} and {mask.shape}; align them first"
        )
    shown = (mask > 0.9).astype(np.float32)
    found = []
    for picture in (blended, target):
        luma = np.asarray(cv2.transform(picture, 255 * LUMA), np.float32)
        energy = block_means(sum(octaves(luma)[:count]) ** 2, shown)
        if len(energy) < 12:
            return float("nan")
        found.append(statistic(energy) + ROUNDING)
    return float(np.sqrt(found[0] / found[1]))


def _trimmed_mean(energies: Float32[np.ndarray, " blocks"]) -> float:
    return float(energies[energies <= np.percentile(energies, TRIMMED)].mean())


def _plain(energies: Float32[np.ndarray, " blocks"]) -> float:
    return float(np.percentile(energies, PLAIN))
