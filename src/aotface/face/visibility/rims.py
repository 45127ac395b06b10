"""Which of what may be a frame is the rim itself, not skin or brow along it: a small network at full resolution."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, Float32

from aotface.face.networks import run
from aotface.face.texture import distance_from
from aotface.face.visibility.classes import Surface
from aotface.masked import falling, rising
from aotface.types import Crop, Mask

INPUTS = 5
"""Planes that the rim network is shown: red, green and blue beside their neighbourhood, frame, brow."""

DARK, AROUND = 0.08, 8.0
"""Display light added before a logarithm; standard deviation of the neighbourhood, pixels of a view."""

SEES = 18
"""How far the rim network looks, pixels of a view."""

LOW, EDGE = (0.05, 0.2), 0.7
"""Probability of a rim at which a pixel begins to stay in front, and stays; and how soft its edge is, pixels of a view."""

SHARE, LIKELY, LEAST, ALONG = (0.2, 0.5), (0.03, 0.1), 0.3, 17
"""Above the eyes, where a brow would be cut: the same as a share of the likeliest rim near by, and in itself; the least that
counts as the likeliest; and the width of the neighbourhood, pixels of a view. Below, thin rims would go
(docs/log/2026-11-30-spectacles-beards-noses.md)."""

CORE, BROWS = (0.35, 0.6), (2.0, 5.0)
"""The share where brows may be: only the middle of a rim stays, for what is kept beside it cuts the new face's brows; and
over which distance from a brow that fades out, pixels of a view (docs/log/2026-12-01-brows-behind-rims.md)."""

MOST = 0.3, 0.5
"""Bounds of the likeliest rim near by where a rim is taken off."""

ABOVE = 4.0
"""Pixels of a view above the line through the eyes from which on that counts in full."""


def inputs_of(
    view: Crop, planes: Float32[np.ndarray, "outputs side side"]
) -> Float32[np.ndarray, "inputs side side"]:
    """What the rim network is shown.

    Args:
        view: 256 x 256 x 3, 0..1.
        planes: probabilities of the visibility network.
    """
    light = np.log(view + np.float32(DARK))
    light -= cv2.GaussianBlur(light, (0, 0), AROUND)
    return np.concatenate([np.moveaxis(light, 2, 0), planes[[Surface.FRAME, Surface.BROW]]])


def likely_rims(view: Crop, planes: Float32[np.ndarray, "outputs side side"], frames: Mask) -> Mask:
    """How likely each pixel is part of a rim, 0..1.

    Args:
        view: 256 x 256 x 3, 0..1.
        planes: probabilities of the visibility network.
        frames: where a frame may be, 0..1; far from there nothing is found.
    """
    found = np.zeros_like(frames)
    if not frames.any():
        return found
    rows, columns = (
        slice(max(0, int(at[0]) - SEES), int(at[-1]) + SEES + 1)
        for at in (np.flatnonzero(frames.any(axis=axis)) for axis in (1, 0))
    )
    found[rows, columns] = run("rims", inputs_of(view, planes)[None, :, rows, columns])[0][0, 0]
    return found


def beside_likeliest(found: Mask) -> Mask:
    """How likely each pixel is part of a rim, 0..1, beside the likeliest near by."""
    most = np.clip(cv2.dilate(found, np.ones((ALONG, ALONG))), *MOST)
    return np.asarray(np.minimum(found / most, 1), np.float32)


def rims_of(
    view: Crop,
    planes: Float32[np.ndarray, "outputs side side"],
    frames: Mask,
    eyes: Float[np.ndarray, "2 2"],
    brows: Sequence[Float[np.ndarray, "_points 2"]] = (),
) -> Mask:
    """How much of each pixel stays in front as part of a rim, 0..1; a pixel of skin along it stays, too.

    Args:
        view: 256 x 256 x 3, 0..1.
        planes: probabilities of the visibility network.
        frames: where a frame may be, 0..1; elsewhere nothing is found.
        eyes: outer corners, the one on the left in the picture first, pixels of the view.
        brows: outlines of the brows, points of the view; none: nothing is cut there.

    Source: [ours]; docs/log/2026-11-30-spectacles-beards-noses.md.
    """
    found = likely_rims(view, planes, frames)
    if not found.any():
        return found
    most = np.maximum(cv2.dilate(found, np.ones((ALONG, ALONG))), np.float32(LEAST))
    low, above = rising(found, LOW), rising(found / most, SHARE) * rising(found, LIKELY)
    if brows:
        near = falling(distance_from(frames.shape, *brows), BROWS)
        above *= 1 - near * (1 - rising(found / most, CORE))
    along = eyes[1] - eyes[0]
    y, x = np.indices(frames.shape, np.float32)
    height = (x - eyes[0, 0]) * along[1] - (y - eyes[0, 1]) * along[0]
    rim = low + np.clip(height / (ABOVE * max(float(np.linalg.norm(along)), 1.0)), 0, 1) * (above - low)
    drawn = cv2.dilate(rim.astype(np.float32), np.ones((3, 3)))
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), EDGE), np.float32)
