"""Blocks of coarse JPEG: a face without them is seen in a picture that has them, so it gets them, in step [ours].

They are measured where the old face was: by how much the picture steps at every eighth line more than beside it. What
lies around is left as it is. In videos nothing is done: codecs smooth their blocks, and the output is encoded anyway.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.compose.blend import carry
from aotface.face.texture import LUMA
from aotface.types import Box, Frame, Mask, Matrix

SIDE = 8
"""Of a block, pixels."""

LEAST = 0.5
"""Levels of 255 by which steps at the edges of blocks must exceed those beside them, for there to be blocks; and what a
face may lack of them: pores that stand in from the target bring their steps along, and JPEG anew makes them stronger."""

CLEARLY = 3.0
"""How many times as much that must be as at any other place of the grid."""

CLIPPED = 12.0
"""Levels at which a step counts as an edge of the picture, and no more."""

QUALITIES = (85, 70, 55, 45, 35, 28, 22, 17, 13, 10)
"""Of JPEG, tried in this order."""

Plane = Float32[np.ndarray, "rows columns"]


class Grid(NamedTuple):
    """Blocks of a picture: x and y of the first edge, and by how many levels it steps there."""

    x: int
    y: int
    strength: float


def find_grid(picture: UInt8[np.ndarray, "rows columns 3"], shown: Mask | None = None) -> Grid | None:
    """The blocks of a picture.

    Args:
        picture: RGB.
        shown: 1 where it counts; everywhere when left out.

    Returns:
        None where there are none that could be seen.
    """
    luma = _luma(picture)
    counted = np.ones_like(luma) if shown is None else shown
    across, down = _steps(luma, counted), _steps(luma.T, counted.T)
    if across is None or down is None:
        return None
    places = [int(np.argmax(one)) for one in (across, down)]
    for found, place in zip((across, down), places, strict=True):
        others = np.abs(np.roll(found, -place)[2:-1]).max()  # next to an edge the excess is negative
        if found[place] < LEAST or found[place] < CLEARLY * others:
            return None
    return Grid(places[0], places[1], float(across[places[0]] + down[places[1]]) / 2)


def lay_blocks(frame: Frame, target: Frame, box: Box, mask: Mask, matrix: Matrix) -> Frame:
    """A finished picture whose new face has the blocks that the old one had.

    Args:
        frame: with the face.
        target: without it.
        box: of the face in the frame, xyxy.
        mask: of the face in its crop, 0..1.
        matrix: frame points to points of the crop.

    Returns:
        A new frame; the very same where the target has no blocks, or more than 8 bits.
    """
    x0, y0, x1, y1 = box
    here = slice(y0, y1), slice(x0, x1)
    if frame.dtype != np.uint8:
        return frame
    weight = carry(mask, matrix, box, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    shown = (weight > 0.9).astype(np.float32)
    if not shown.any():
        return frame
    grid = find_grid(target[here], shown)
    if grid is None:
        return frame
    laid = _encoded(frame, grid, box, shown)
    if laid is None:
        return frame
    done, share = frame.copy(), weight[..., None]
    mixed = frame[here] + share * (laid.astype(np.float32) - frame[here])
    done[here] = np.rint(mixed).astype(np.uint8)
    return done


def _encoded(frame: Frame, grid: Grid, box: Box, shown: Mask) -> Frame | None:
    """The box as JPEG leaves it, at the quality that steps as much; None where it does so already."""
    x0, y0, x1, y1 = box
    left, top = (x0 + grid.x) % SIDE, (y0 + grid.y) % SIDE  # of the grid, in the frame
    wide = x0 - (x0 - left) % SIDE, y0 - (y0 - top) % SIDE
    pad = max(0, -wide[1]), max(0, -wide[0])
    part = frame[max(0, wide[1]) : y1, max(0, wide[0]) : x1]
    part = cv2.copyMakeBorder(part, pad[0], 0, pad[1], 0, cv2.BORDER_REPLICATE)
    inner = slice(y0 - wide[1], None), slice(x0 - wide[0], None)
    best, nearest = None, abs(_strength(part[inner], grid, shown) - grid.strength)
    if nearest < LEAST:
        return None
    for quality in QUALITIES:
        _, data = cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        made = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1][inner]
        strength = _strength(made, grid, shown)
        if abs(strength - grid.strength) < nearest:
            best, nearest = made, abs(strength - grid.strength)
        if strength > grid.strength:
            break
    return best


def _strength(picture: Frame, grid: Grid, shown: Mask) -> float:
    luma = _luma(picture)
    across, down = _steps(luma, shown), _steps(luma.T, shown.T)
    return 0.0 if across is None or down is None else float(across[grid.x] + down[grid.y]) / 2


def _luma(picture: Frame) -> Plane:
    return np.asarray(cv2.transform(picture.astype(np.float32), LUMA), np.float32)


def _steps(luma: Plane, shown: Plane) -> Float32[np.ndarray, " places"] | None:
    """By how much each of eight places in a row steps more than its neighbours, on the mean."""
    step = np.minimum(np.abs(np.diff(luma, axis=1)), CLIPPED)
    if step.shape[1] < 3 * SIDE:
        return None
    excess = step[:, 1:-1] - 0.5 * (step[:, :-2] + step[:, 2:])
    counted = shown[:, 2:-1]
    found = np.zeros(SIDE, np.float32)
    for place in range(SIDE):
        first = (place - 2) % SIDE  # column k of the excess steps from pixel k + 1 to pixel k + 2
        weights = counted[:, first::SIDE]
        total = float(weights.sum())
        if total < SIDE * SIDE:
            return None
        found[place] = float((excess[:, first::SIDE] * weights).sum()) / total
    return found
