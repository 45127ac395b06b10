"""Stability over time: what changes between frames that the target's own motion does not explain."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import InputError
from aotface.masked import Colours, lab_pixels, weighted_mean
from aotface.types import Mask

Flow = Float32[np.ndarray, "height width 2"]
"""Backward flow (x, y) in pixels: what is at p now was at p + flow(p) before."""


@dataclass(frozen=True)
class Clip:
    """Consecutive frames in one geometry: results, the targets they were made for, and the faces' masks."""

    results: Sequence[Colours]
    targets: Sequence[Colours]
    masks: Sequence[Mask]


def backward_flow(now: Colours, before: Colours) -> Flow:
    """Estimate where each pixel of now was before. For the *target's* frames, which no method has touched.

    Source: Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016, as OpenCV has it.
    """
    grey = [
        cv2.cvtColor(np.rint(frame * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY) for frame in (now, before)
    ]
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return estimator.calc(grey[0], grey[1], None)  # type: ignore[call-overload]  # None: start from no motion


def warped_de(now: Colours, before: Colours, flow: Flow, mask: Mask) -> float:
    """Change that motion does not explain: mean_m |Lab(now) - Lab(before, moved along the flow)|.

    Unit dE76, lower is better; the target's own value is the bound, since flow errs and light changes.

    Args:
        now, before: consecutive frames of the result, height x width x 3, 0..1 sRGB.
        flow: height x width x 2, of the target's frames.
        mask: height x width, 0..1: the face now. Pixels that come from outside the picture do not count.

    Raises:
        InputError: no pixel under the mask was inside the picture before.

    Source: after Lai et al., "Learning blind video temporal consistency", ECCV 2018 (there without Lab).
    """
    height, width = mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x + flow[..., 0], y + flow[..., 1]
    # A hair of tolerance: a flow of nearly zero must not throw away the picture's border.
    inside = (x > -0.01) & (y > -0.01) & (x < width - 0.99) & (y < height - 0.99)
    seen = np.where(inside, mask, np.float32(0))
    if not seen.any():
        raise InputError(
            "flow: expected a face that was inside the picture before, got none; skip this frame"
        )
    moved = cv2.remap(before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return rerun_de(now, moved, seen)


def clip_de(clip: Clip) -> float:
    """Mean of `warped_de` over a clip's results. Unit dE76, lower is better; see `clip_de_floor`.

    Raises:
        InputError: fewer than two frames, or not as many results, targets and masks.

    Source: as `warped_de`.
    """
    return _mean_change(clip.results, clip)


def clip_de_floor(clip: Clip) -> float:
    """Mean of `warped_de` over the clip's own targets: noise, blinking, errors of the flow. Unit dE76.

    Raises:
        InputError: as `clip_de`.

    Source: [ours].
    """
    return _mean_change(clip.targets, clip)


def _mean_change(shown: Sequence[Colours], clip: Clip) -> float:
    """Mean change from frame to frame; the flow is always the target's."""
    if not len(shown) == len(clip.targets) == len(clip.masks) >= 2:
        counts = (len(shown), len(clip.targets), len(clip.masks))
        raise InputError(f"frames: expected two or more results, targets and masks each, got {counts}")
    changes = []
    for i in range(1, len(shown)):
        flow = backward_flow(clip.targets[i], clip.targets[i - 1])
        changes.append(warped_de(shown[i], shown[i - 1], flow, clip.masks[i]))
    return float(np.mean(changes))


def rerun_de(first: Colours, second: Colours, mask: Mask) -> float:
    """Mean pixel difference: mean_m |Lab(first) - Lab(second)|. Unit dE76, lower is better.

    Of two runs on the same input with other seeds this is the flicker on a still picture.

    Source: CIE 1976 colour difference.
    """
    one, weights = lab_pixels(first, mask)
    other, _ = lab_pixels(second, mask)
    return weighted_mean(np.linalg.norm(one - other, axis=1), weights)
