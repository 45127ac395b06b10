"""Fine detail and grain of a face against those of its target in the same place, at the picture's own pixels.

Around the face both pictures are the same, so what differs inside is also what differs between inside and around.
Medians and trimmed means of small blocks are compared, not single pixels: another person's pores lie elsewhere.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import InputError
from aotface.face.texture import LUMA, PLAIN, TRIMMED, block_means, features_mask, octaves
from aotface.masked import Colours, scale_of
from aotface.types import Landmarks, Mask

ROUNDING = 1 / 12
"""Energy (squared levels of 255) of rounding to 8 bits: below that nothing is seen, and nothing is compared."""


def fine_detail(
    blended: Colours, target: Colours, mask: Mask, landmarks: Landmarks, target_landmarks: Landmarks
) -> float:
    """Strength of what is finer than 1.4 pixels: sqrt((E(blended) + f) / (E(target) + f)). No unit; 1 is the target's own.

    E: mean energy of luma's two finest octaves over blocks of skin, without the three tenths of them that have most of it
    (nostrils, folds). f: energy of rounding.

    Args:
        blended: the swapped face in its target, height x width x 3, 0..1 sRGB, at the picture's own pixels.
        target: what it was put into.
        mask: where the new face shows, 0..1.
        landmarks: of the new face, in these pixels: eyes, brows and lips are left out.
        target_landmarks: of the target; likewise.

    Returns:
        The ratio; NaN where the face has fewer than 12 blocks.

    Source: [ours].
    """
    return _ratio(blended, target, _skin(mask, landmarks, target_landmarks), 2, _trimmed_mean)


def grain(
    blended: Colours, target: Colours, mask: Mask, landmarks: Landmarks, target_landmarks: Landmarks
) -> float:
    """Strength of the finest octave in the plainest fifth of blocks, against the target's. No unit; 1 is the target's own.

    Plain skin has no feature but grain. As in `fine_detail` otherwise.

    Source: [ours]; noise from the blocks of weakest texture: Liu, Tanaka and Okutomi, TIP 2013.
    """
    return _ratio(blended, target, _skin(mask, landmarks, target_landmarks), 1, _plain)


def _skin(mask: Mask, *landmarks: Landmarks) -> Mask:
    """1 on skin without features."""
    features = features_mask(mask.shape, *landmarks, unit=scale_of(mask))
    return ((mask > 0.9) & (features < 0.2)).astype(np.float32)


def _ratio(
    blended: Colours, target: Colours, shown: Mask, count: int, statistic: Callable[[np.ndarray], float]
) -> float:
    if not blended.shape == target.shape == (*shown.shape, 3):
        raise InputError(
            "texture: expected blended, target and mask of one size, "
            f"got {blended.shape}, {target.shape} and {shown.shape}; align them first"
        )
    found = []
    for picture in (blended, target):
        luma = np.asarray(cv2.transform(picture, 255 * LUMA), np.float32)
        energy = block_means(np.sum(octaves(luma)[:count], axis=0) ** 2, shown)
        if len(energy) < 12:
            return float("nan")
        found.append(statistic(energy) + ROUNDING)
    return float(np.sqrt(found[0] / found[1]))


def _trimmed_mean(energies: Float32[np.ndarray, " blocks"]) -> float:
    return float(energies[energies <= np.percentile(energies, TRIMMED)].mean())


def _plain(energies: Float32[np.ndarray, " blocks"]) -> float:
    return float(np.percentile(energies, PLAIN))
