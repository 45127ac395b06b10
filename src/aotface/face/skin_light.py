"""Light on skin: where it mirrors the lamp, and how hard that lamp is [ours].

What went into the skin comes out in its colour, and what its surface mirrors keeps the lamp's. So what stands out of its
surroundings by more of the lamp's colour than of the skin's own is shine.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.types import CROP_SIDE, Mask

AROUND, FINEST = 20.0, 1.5
"""Blurs between which shine is looked for, in pixels at 256: its surroundings, and its own least size."""

FAINT = 0.2
"""Share of the skin's brightness that is taken off shine: what is faint does not count."""

SAME = (0.05, 0.2)
"""How much of its blue skin must lack beside its red for shine to be told from it, to begin with and for certain: on a grey
face both look alike."""

HARDER = (1.0, 1.5)
"""How many times as much contrast as another photograph one has for its lamp to begin to count as harder, and to count."""

BROAD = (24.0, 6.0)
"""Blurs between which that contrast lies, in pixels at 256."""

_FLOOR = np.float32(4e-3)

_LUMA = np.array([[0.2126, 0.7152, 0.0722]], np.float32)

Light = Float32[np.ndarray, "_side _side 3"]


def shine_of(light: Light, skin: Mask, unit: float) -> Mask:
    """How much of the lamp's own light each place of a picture's skin mirrors.

    Args:
        light: linear.
        skin: where there is skin without eyes, brows and lips, 0..1.
        unit: pixels for each at 256.

    Returns:
        Linear light, 0 where nothing shines.

    Source: the two reflections of Shafer, "Using color to separate reflection components", 1985; the rest [ours].
    """
    known, stands = skin, np.zeros_like(skin)
    fine, (rows, columns) = _mean(light, skin, FINEST * unit), skin.shape
    half = columns // 2, rows // 2
    small = cv2.resize(light, half, interpolation=cv2.INTER_AREA)
    for _ in range(2):  # the second time without what shines
        around = (
            _mean(small, cv2.resize(known, half, interpolation=cv2.INTER_AREA), AROUND * unit / 2) + _FLOOR
        )
        around = np.asarray(cv2.resize(around, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
        level = grey(around)
        own = np.minimum(around[..., 2] / around[..., 0], 1)
        more = fine + _FLOOR - around
        mirrored = (more[..., 2] - own * more[..., 0]) / np.maximum(1 - own, np.float32(SAME[0]))
        mirrored = np.minimum(mirrored, grey(more)) * np.clip((1 - own - SAME[0]) / (SAME[1] - SAME[0]), 0, 1)
        stands = np.maximum(mirrored - np.float32(FAINT) * level, 0) * skin
        known = skin * np.exp(-8 * stands / level)
    return np.asarray(stands, np.float32)


def harder_light(before: Light, theirs: Light, skin: Mask) -> float:
    """How much harder the lamp of one photograph is than that of another, by the contrast of skin.

    Args:
        before: linear.
        theirs: the other one, of the same side.
        skin: where there is skin in both, 0..1.

    Returns:
        0 where it has no more contrast, 1 where it has much more.
    """
    half, levels = (len(skin) // 2, len(skin) // 2), []
    shades = np.dstack(
        [
            cv2.resize(cv2.transform(one, _LUMA), half, interpolation=cv2.INTER_AREA)
            for one in (before, theirs)
        ]
    )
    shown = cv2.resize(skin, half, interpolation=cv2.INTER_AREA)
    for width in BROAD:
        levels.append(np.log(_mean(shades, shown, width * half[0] / CROP_SIDE) + _FLOOR))
    inner = cv2.erode(shown, np.ones((5, 5), np.uint8)) ** 2  # hair at the edge is no light
    energy = [float(((levels[1] - levels[0])[..., k] ** 2 * inner).sum()) for k in (0, 1)]
    ratio = (energy[0] / max(energy[1], 1e-6)) ** 0.5
    return float(np.clip((ratio - HARDER[0]) / (HARDER[1] - HARDER[0]), 0, 1))


def grey(light: Light) -> Mask:
    """The mean of three channels."""
    return np.asarray((light[..., 0] + light[..., 1] + light[..., 2]) * np.float32(1 / 3), np.float32)


def _mean(values: np.ndarray, weight: Mask, sigma: float) -> np.ndarray:
    """Mean of a neighbourhood under a weight."""
    stack = np.dstack([values * weight[..., None], weight])
    eased = cv2.GaussianBlur(stack, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return eased[..., :-1] / np.maximum(eased[..., -1:], np.float32(1e-3))
