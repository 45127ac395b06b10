"""Smooth maps from pixels of the new face to places in a picture, and reading through them [ours]."""

import cv2
import numpy as np

from aotface.face.align import region_of, sample
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.render import Raster
from aotface.masked import resized
from aotface.types import CROP_SIDE, Crop, Frame, Landmarks, Mask

Jump = tuple[Mask, np.ndarray, tuple[slice, slice]]
"""Of `jumped`: ``below``, ``jump`` and ``box``."""

SMOOTHING = 2.0
"""Sigma in pixels at 256 of the blur on the dense map: hides the creases along triangle edges."""

EVERY = 4
"""Distance of the grid pixels, in each direction, by which a map's steepness is judged."""

TREND = 8
"""Of so many pixels of the face, row by row, one tells a map's affine trend."""

WHOLE = slice(None), slice(None)
"""All of a crop."""

LIDS = (2.0, 1.5)
"""How far around an eye's opening the map is not blurred, and how softly that ends, in pixels at 256: under the blur a
closed eye's lids would let through what lies behind them."""


def plane_at(values: Mask, places: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> Mask:
    """A plane's values at places, rows x columns x 2: x and y; ``border``: of OpenCV, what lies beside it."""
    x, y = (np.ascontiguousarray(places[..., k], np.float32) for k in (0, 1))
    return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=border)


def dense_map(raster: Raster, places: np.ndarray, crisp: Mask | None = None) -> np.ndarray:
    """Smooth map from grid pixels to ``places`` (468 x n), defined beyond the mesh by its affine trend.

    ``crisp``: where it may bend as sharply as the mesh does.
    """
    side = raster.depth.shape[0]
    covered = raster.covered
    y, x = np.nonzero(covered)
    values = raster.shares(places.astype(np.float32))
    design = np.stack([x, y, np.ones_like(x)])[:, ::TREND].astype(np.float64)
    trend, *_ = np.linalg.lstsq(design @ design.T, design @ values[::TREND].astype(np.float64), rcond=None)
    along = np.arange(side)[:, None]
    plane = (along * trend[0] + (along * trend[1] + trend[2])[:, None]).astype(np.float32)
    residual = raster.spread(values - plane[y, x])
    near = fill(residual, covered)
    eased: np.ndarray = cv2.GaussianBlur(near, (0, 0), SMOOTHING * side / CROP_SIDE)
    if crisp is not None:
        eased += crisp[..., None] * (near - eased)
    return np.asarray(plane + eased, np.float32)


def lids(points: Landmarks, side: int) -> Mask:
    """1 at the edges of the eyes' openings and in them."""
    drawn, unit = np.zeros((side, side), np.float32), side / CROP_SIDE
    for ring in (LEFT_EYE, RIGHT_EYE):
        outline = np.round(points[ring, :2] * 16).astype(np.int32)
        cv2.fillPoly(drawn, [outline], (1.0,), shift=4)
        cv2.polylines(drawn, [outline], True, (1.0,), max(1, round(2 * LIDS[0] * unit)), shift=4)
    return np.clip(1.5 * cv2.GaussianBlur(drawn, (0, 0), LIDS[1] * unit), 0, 1).astype(np.float32)


def fill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue values beyond where they are known: the nearest known one, then eased; found at half the side."""
    rows, columns = known.shape
    size = max(1, columns // 2), max(1, rows // 2)
    counted = known.astype(np.float32)
    share = cv2.resize(counted, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * counted[..., None], size, interpolation=cv2.INTER_AREA)
    half = total.reshape(*share.shape, -1) / np.maximum(share, np.float32(1e-6))[..., None]
    there = share > 0
    _, labels = cv2.distanceTransformWithLabels(
        (~there).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    first = np.zeros(labels.max() + 1, np.int64)
    first[labels[there]] = np.flatnonzero(there)
    half = half.reshape(-1, half.shape[2]).take(first[labels].ravel(), axis=0).reshape(half.shape)
    half = cv2.GaussianBlur(half, (0, 0), 2.0 * rows / CROP_SIDE)
    eased = cv2.resize(half, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None], values, eased.reshape(values.shape))


def both_maps(maps: np.ndarray) -> list[np.ndarray]:
    """The map of the face itself, and that of its mirrored side, of `aotface.reenact.reading.Reading`."""
    planes = cv2.split(maps)
    return [np.asarray(cv2.merge(planes[k : k + 2])) for k in (0, 2)]


def read_crop(
    frame: Frame, dense: np.ndarray, side: int, box: tuple[slice, slice], jump: Jump | None = None
) -> Crop:
    """The frame seen through a dense map, at the crop's side; only the rows and columns of ``box``.

    ``jump``: where the map is torn, and by how much.
    """
    spread = _steepness(dense) * dense.shape[0] / side
    region = None
    if spread < 2 and side > len(dense):  # nothing is averaged: no pixel depends on the whole
        large = _enlarge_map(dense, side, box)
        if jump is not None and large.size:
            large = jumped(large, *jump, side, (box[0].start or 0, box[1].start or 0))
    else:
        large = enlarge(dense, side)
        if jump is not None:
            large = jumped(large.copy() if large is dense else large, *jump, side)
        region, large = region_of(frame, large[..., 0], large[..., 1]), large[box]
    x, y = cv2.split(large) if large.size else (large[..., 0], large[..., 1])
    if not x.size:
        return np.zeros((*x.shape, 3), np.float32)
    return sample(frame, x, y, 1 / max(spread, 1e-6), region)


def jumped(
    large: np.ndarray,
    below: Mask,
    jump: np.ndarray,
    box: tuple[slice, slice],
    side: int,
    first: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """A map at any side, torn: ``jump`` is added where ``below`` is above 0; both on a smaller grid, in ``box`` of it.

    ``large``: of the map at ``side``, what begins at the row and column ``first``.
    """
    zoom = len(below) / side
    rows, columns = (
        slice(max(start, int(part.start / zoom) - 2), min(start + size, int(part.stop / zoom) + 3))
        for part, start, size in zip(box, first, large.shape[:2], strict=True)
    )
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return large
    back = np.array(
        [
            [zoom, 0, (columns.start + 0.5) * zoom - 0.5],
            [0, zoom, (rows.start + 0.5) * zoom - 0.5],
        ]
    )
    size, flags = (
        (columns.stop - columns.start, rows.stop - rows.start),
        cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    where, step = (
        cv2.warpAffine(plane, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for plane in (below, jump)
    )
    here = large[
        rows.start - first[0] : rows.stop - first[0], columns.start - first[1] : columns.stop - first[1]
    ]
    here += step * (where > 0)[..., None]
    return large


def _steepness(dense: np.ndarray) -> float:
    """How many frame pixels the map moves per grid pixel, typically."""
    some = slice(1, -1, EVERY)
    down = (dense[2::EVERY, some] - dense[:-2:EVERY, some]) / 2
    across = (dense[some, 2::EVERY] - dense[some, :-2:EVERY]) / 2
    total = (down**2 + across**2) @ np.ones(2, np.float32)
    return float(np.median(np.sqrt(total))) / np.sqrt(2)


def read_mask(mask: Mask, matrix: np.ndarray, dense: np.ndarray) -> Mask:
    """A mask seen through a dense map; ``matrix`` leads from the map's places to the mask's pixels."""
    x = matrix[0, 0] * dense[..., 0] + matrix[0, 1] * dense[..., 1] + matrix[0, 2]
    y = matrix[1, 0] * dense[..., 0] + matrix[1, 1] * dense[..., 1] + matrix[1, 2]
    return cv2.remap(
        mask, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def enlarge(values: np.ndarray, side: int) -> np.ndarray:
    """Resample a grid map to the crop's side, pixel centre on pixel centre."""
    if values.ndim == 3 and values.shape[2] == 2 and side > values.shape[0]:
        return _enlarge_map(values, side)
    return resized(values, side)  # keeps an affine map affine away from the border


def _enlarge_map(dense: np.ndarray, side: int, box: tuple[slice, slice] = WHOLE) -> np.ndarray:
    """Like a resize, but exact at the border too: the map is continued linearly by one pixel first. ``box``: rows and
    columns that are wanted."""
    padded = np.pad(dense, ((1, 1), (1, 1), (0, 0)), mode="reflect", reflect_type="odd")
    scale = dense.shape[0] / side
    place = ((np.arange(side) + 0.5) * scale - 0.5 + 1).astype(np.float32)
    x, y = np.meshgrid(place[box[1]], place[box[0]])
    if not x.size:
        return np.zeros((*x.shape, 2), np.float32)
    return cv2.remap(padded, x, y, cv2.INTER_LINEAR)


def soften(values: np.ndarray, covered: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of the covered pixels alone; ``sigma`` in pixels."""
    known = covered.astype(np.float32)
    blurred = cv2.GaussianBlur(values * known, (0, 0), sigma)
    return blurred / np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)
