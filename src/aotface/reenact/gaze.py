"""The source's eyes look where the target's do: in each opening the map slides until the iris lies as the target's [ours].

An iris is moved whole; the whites beside it give and take. At the corners and the lids nothing moves, so nothing but the
eye itself is read.
"""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from aotface.face.gaze import CENTRES, eye_axes
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE, opening
from aotface.types import CROP_SIDE, Gaze, Iris, Landmarks

MOST = 0.25, 0.1
"""Widths of an eye by which an iris is moved at most, along and down: beyond that only whites, or no white, would show."""

IRIS = 0.24
"""Radius of an iris, with a little of what is around it, in widths of the eye."""

OPEN = (0.1, 0.2)
"""Opening (see `opening`) of an eye from which its iris begins to be moved, and is."""

Maps = Float32[np.ndarray, "grid grid 4"]


def turn_eyes(maps: Maps, source: Landmarks, iris: Iris, points: Landmarks, gaze: Gaze) -> Maps:
    """Maps whose irises lie as a gaze says.

    Args:
        maps: from the grid to the source's picture, and to the mirrored side of its face.
        source: 468 x 3, in its picture.
        iris: of it.
        points: 468 x 3, of the new face, grid pixels.
        gaze: of the target.
    """
    result = maps.copy()
    for eye, ring in enumerate((RIGHT_EYE, LEFT_EYE)):
        shown = _share(opening(points, ring))
        here = _box(points[ring], len(maps))
        if shown == 0:
            continue
        for half, own in ((slice(0, 2), eye), (slice(2, 4), 1 - eye)):
            share = shown * _share(opening(source, (RIGHT_EYE, LEFT_EYE)[own]))
            centre = iris[CENTRES[own], :2].astype(np.float64)
            if share > 0 and (at := _place_of(centre, maps[..., half], here)) is not None:
                result[(*here, half)] = _slid(maps[..., half], points, eye, ring, here, at, share, gaze[eye])
    return result


def _share(gap: float) -> float:
    return float(np.clip((gap - OPEN[0]) / (OPEN[1] - OPEN[0]), 0, 1))


def _slid(
    half: Float32[np.ndarray, "grid grid 2"],
    points: Landmarks,
    eye: int,
    ring: np.ndarray,
    here: tuple[slice, slice],
    at: Float64[np.ndarray, " 2"],
    share: float,
    gaze: Float32[np.ndarray, " 2"],
) -> Float32[np.ndarray, "rows columns 2"]:
    """One eye of one map. ``at``: where its iris lies now; ``gaze``: where it shall lie."""
    middle, across, down = eye_axes(points, eye)
    width = float(np.linalg.norm(across))
    axes = np.stack([across, down]) / width
    now = axes @ (at - middle) / width
    move = share * np.clip(gaze - now, [-MOST[0], -MOST[1]], MOST)
    y, x = np.mgrid[here].astype(np.float32)
    u, v = (((x - middle[0]) * a[0] + (y - middle[1]) * a[1]) / width for a in axes)
    along = _fall(u, now[0] + move[0], -0.5, 0.5)
    inwards = _inwards(points[ring], here) / width
    lids = np.clip(inwards / 0.06, 0, 1)
    slide = [move[0] * along * np.clip(inwards / 0.02, 0, 1), move[1] * along * lids]
    off = [width * (slide[0] * axes[0][k] + slide[1] * axes[1][k]) for k in (0, 1)]
    places = [x - off[0], y - off[1]]
    low = [max(0, int(np.floor(place.min()))) for place in places]
    high = [int(np.ceil(place.max())) + 2 for place in places]
    near = np.ascontiguousarray(half[low[1] : high[1], low[0] : high[0]])
    across_x, down_y = (
        (place - corner).astype(np.float32) for place, corner in zip(places, low, strict=True)
    )
    return cv2.remap(near, across_x, down_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _fall(u: np.ndarray, centre: float, low: float, high: float) -> np.ndarray:
    """1 within an iris of its centre, down to 0 at both corners, along the eye."""
    beyond = np.abs(u - centre) - IRIS
    room = np.where(u > centre, high - centre, centre - low) - IRIS
    return np.clip(1 - np.maximum(beyond, 0) / np.maximum(room, 0.03), 0, 1)


def _place_of(
    centre: Float64[np.ndarray, " 2"], half: np.ndarray, here: tuple[slice, slice]
) -> Float64[np.ndarray, " 2"] | None:
    """The grid point that a map leads to a place; None where that is not in the box."""
    part = half[here].astype(np.float64)
    apart = np.linalg.norm(part - centre, axis=2)
    row, column = np.unravel_index(int(apart.argmin()), apart.shape)
    rows, columns = apart.shape
    if not (1 <= row < rows - 1 and 1 <= column < columns - 1):
        return None
    slopes = [part[row, column + 1] - part[row, column - 1], part[row + 1, column] - part[row - 1, column]]
    jacobian = np.stack(slopes, axis=1) / 2
    if abs(np.linalg.det(jacobian)) < 1e-6:
        return None
    step = np.clip(np.linalg.solve(jacobian, centre - part[row, column]), -1, 1)
    return np.array([here[1].start + column, here[0].start + row], np.float64) + step


def _inwards(
    ring: Float32[np.ndarray, "16 3"], here: tuple[slice, slice]
) -> Float32[np.ndarray, "rows columns"]:
    """Distance from an eye's outline, positive in the opening, 0 outside; pixels of the grid."""
    finer = 4
    size = [here[1].stop - here[1].start, here[0].stop - here[0].start]
    outline = (ring[:, :2] - [here[1].start, here[0].start] + 0.5) * finer - 0.5
    drawn = np.zeros((size[1] * finer, size[0] * finer), np.uint8)
    cv2.fillPoly(drawn, [np.round(outline * 16).astype(np.int32)], (1,), shift=4)
    inside = cv2.distanceTransform(drawn, cv2.DIST_L2, 5) / finer
    return np.asarray(cv2.resize(inside, tuple(size), interpolation=cv2.INTER_AREA), np.float32)


def _box(ring: Float32[np.ndarray, "16 3"], side: int) -> tuple[slice, slice]:
    more = 3 * side / CROP_SIDE
    low = np.clip(np.floor(ring[:, :2].min(axis=0) - more), 0, side - 2).astype(int)
    high = np.clip(np.ceil(ring[:, :2].max(axis=0) + more) + 1, low + 2, side).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
