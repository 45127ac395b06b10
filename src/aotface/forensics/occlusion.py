"""Where a detector looks: how much its logit falls when a part of a fake is covered."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.media.sheet import Panel, sheet

CELLS = 8
"""Patches across and down."""

Crop8 = UInt8[np.ndarray, "side side 3"]


def occlusion_map(
    logits: Callable[[np.ndarray], np.ndarray], crop: Crop8
) -> Float32[np.ndarray, "cells cells"]:
    """How far the logit falls with each patch covered by the crop's own blurred version.

    Args:
        logits: of clips (n, frames, side, side, 3).
        crop: a fake.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    side = len(crop)
    step = side // CELLS
    blurred = cv2.GaussianBlur(crop, (0, 0), side / 16)
    covered = [crop]
    for row in range(CELLS):
        for column in range(CELLS):
            one = crop.copy()
            here = slice(row * step, (row + 1) * step), slice(column * step, (column + 1) * step)
            one[here] = blurred[here]
            covered.append(one)
    found = logits(np.stack(covered)[:, None])
    return (found[0] - found[1:]).reshape(CELLS, CELLS).astype(np.float32)


def occlusion_sheet(
    logits: Callable[[np.ndarray], np.ndarray], crops: Sequence[tuple[str, Crop8]]
) -> UInt8[np.ndarray, "rows columns 3"]:
    """Fakes above, maps below: red where covering lowers the logit, blue where it raises it. Each is scaled by itself."""
    maps = [occlusion_map(logits, crop) for _, crop in crops]
    rows: list[list[Panel]] = [[], []]
    for (name, crop), values in zip(crops, maps, strict=True):
        rows[0].append(Panel(crop, name))
        large = cv2.resize(
            values / (np.abs(values).max() + 1e-6), crop.shape[1::-1], interpolation=cv2.INTER_CUBIC
        )[..., None]
        tint = np.where(large > 0, np.array([220.0, 30, 30]), np.array([30.0, 60, 220]))
        share = np.clip(np.abs(large), 0, 1) * 0.8
        grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        rows[1].append(Panel(np.rint(grey * (1 - share) + tint * share).astype(np.uint8), "where it looks"))
    return sheet(rows, 160)
