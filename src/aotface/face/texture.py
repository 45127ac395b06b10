"""Texture of skin in octaves and blocks, and the masks of features, where a face has none."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, Float32

from aotface.face.mesh import BROW_REACH, LEFT_BROW, LEFT_EYE, OUTER_LIPS, RIGHT_BROW, RIGHT_EYE
from aotface.types import Landmarks, Mask

BLURS = (0.7, 1.4, 2.8)
"""Standard deviations, in pixels of the picture, between which octaves lie: what is finer than the first is the finest."""

BLOCK = 8
"""Side of a block, pixels."""

ALONG = 9
"""Places at which a line is looked at."""

COVERED = 0.95
"""Share of a block that must lie under the mask."""

PLAIN, TRIMMED = 20, 70
"""Percentile of blocks that stands for skin without features, whose energy is grain; and the one above which edges begin."""

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)

LOW, HIGH = 5, 95
"""Percentiles of luma in an eye's opening whose difference is its contrast."""

FEWEST = 40.0
"""Square pixels of a 256-pixel crop that an opening must have: a closed eye has no contrast."""


def octaves(luma: Float32[np.ndarray, "rows columns"]) -> list[Float32[np.ndarray, "rows columns"]]:
    """What lies between the blurs of `BLURS`, finest first; together with the last blur they are the picture."""
    stages = [luma, *(cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in BLURS)]
    return [fine - coarse for fine, coarse in zip(stages, stages[1:], strict=False)]


def line_ways(
    luma: Float32[np.ndarray, "rows columns"], sigma: float
) -> Float32[np.ndarray, "rows columns 2"]:
    """Which way lines run: cosine and sine of twice their angle, longer where they are stronger.

    Args:
        luma: any.
        sigma: standard deviation of the neighbourhood that has one direction, pixels.

    Source: structure tensor, Förstner and Gülch, ISPRS Interlaken 1987.
    """
    x, y = (cv2.Sobel(luma, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.GaussianBlur(cv2.merge([y * y - x * x, -2 * x * y]), (0, 0), sigma), np.float32)


def alike_along(
    fine: Float32[np.ndarray, "rows columns *channels"],
    ways: Float32[np.ndarray, "rows columns 2"],
    length: float,
) -> Float32[np.ndarray, "rows columns *channels"]:
    """Mean of values over a length along a direction: lines are alike along themselves; pores, hairs and noise are not.

    Args:
        fine: any whose mean over a neighbourhood is 0.
        ways: direction at each place, see `line_ways`.
        length: pixels.
    """
    angle = np.arctan2(ways[..., 1], ways[..., 0]) / 2
    across, down = np.cos(angle), np.sin(angle)
    rows, columns = (np.arange(size, dtype=np.float32) for size in angle.shape)
    x, y = np.meshgrid(columns, rows)
    total = np.zeros_like(fine)
    for step in np.linspace(-length / 2, length / 2, ALONG, dtype=np.float32):
        places = x + step * across, y + step * down
        total += cv2.remap(fine, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return total * np.float32(1 / ALONG)


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


def brow_outlines(points: Landmarks) -> tuple[Float32[np.ndarray, "20 2"], Float32[np.ndarray, "20 2"]]:
    """Points whose hulls are the right brow and the left one: its landmarks, and what it may reach over them."""
    up = (points[10, :2] - points[152, :2]) * BROW_REACH
    right, left = (
        np.concatenate([points[ring, :2], points[ring, :2] + up]) for ring in (RIGHT_BROW, LEFT_BROW)
    )
    return right, left


def hull_mask(shape: tuple[int, ...], *outlines: Float[np.ndarray, "_points _axes"]) -> Mask:
    """1 in the convex hulls of outlines, else 0.

    Args:
        shape: rows and columns.
        outlines: points x 2 or x 3 each, pixels.
    """
    drawn = np.zeros(shape, np.float32)
    for outline in outlines:
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.rint(outline[:, :2]).astype(np.int32)), (1.0,))
    return drawn


def distance_from(shape: tuple[int, ...], *outlines: Float[np.ndarray, "_points _axes"]) -> Mask:
    """Of each pixel from the convex hulls of outlines, in pixels; see `hull_mask`."""
    beyond = hull_mask(shape, *outlines) == 0
    return np.asarray(cv2.distanceTransform(beyond.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def features_mask(
    shape: tuple[int, int],
    *landmarks: Landmarks,
    unit: float = 1.0,
    parts: Sequence[np.ndarray] = (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, OUTER_LIPS),
) -> Float32[np.ndarray, "rows columns"]:
    """Eyes, brows and lips of faces: 1 there, fading out over ``unit`` pixels, one of a 256-pixel crop."""
    drawn = hull_mask(shape, *(points[part] for points in landmarks for part in parts))
    grown = cv2.dilate(drawn, np.ones((2 * round(2 * unit) + 1,) * 2))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), 1.5 * unit), np.float32)


def eye_opening(
    landmarks: Landmarks, eye: np.ndarray, shape: tuple[int, ...]
) -> Float32[np.ndarray, "rows columns"]:
    """1 in the opening of an eye, else 0."""
    return hull_mask(shape, landmarks[eye])
