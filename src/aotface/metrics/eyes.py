"""Contrast of the eyes: from pupil and lash line to white and catch-light, against the target's own eyes."""

import numpy as np

from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST, HIGH, LOW, LUMA, eye_opening
from aotface.masked import Colours
from aotface.types import CROP_SIDE, Landmarks, Mask

LEAST = 4.0
"""Contrast (levels of 255) below which nothing is seen; added to both."""


def eye_contrast(
    blended: Colours, target: Colours, mask: Mask, landmarks: Landmarks, target_landmarks: Landmarks
) -> float:
    """Contrast of the new eyes over that of the target's, mean over eyes that both have open. No unit; 1 is the target's.

    Args:
        blended: the swapped face in its target, height x width x 3, 0..1 sRGB.
        target: what it was put into.
        mask: where the new face shows: an eye that is covered does not count.
        landmarks: of the new face, in these pixels.
        target_landmarks: of the target.

    Returns:
        The ratio; NaN where no eye is open in both.

    Source: [ours].
    """
    found = []
    for eye in (LEFT_EYE, RIGHT_EYE):
        pair = [contrast_of(*one, mask, eye) for one in ((blended, landmarks), (target, target_landmarks))]
        if pair[0] is not None and pair[1] is not None:
            found.append((pair[0] + LEAST) / (pair[1] + LEAST))
    return float(np.mean(found)) if found else float("nan")


def contrast_of(picture: Colours, landmarks: Landmarks, mask: Mask, eye: np.ndarray) -> float | None:
    """Contrast of one eye in levels of 255; None where it is closed or covered."""
    opening = eye_opening(landmarks, eye, mask.shape)
    area = float(opening.sum())
    if area < FEWEST * (min(mask.shape) / CROP_SIDE) ** 2 or float((opening * mask).sum()) < 0.7 * area:
        return None
    luma = picture[(opening > 0) & (mask > 0.5)] @ (255 * LUMA[0])
    low, high = np.percentile(luma, (LOW, HIGH))
    return float(high - low)
