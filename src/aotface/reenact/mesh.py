"""Source identity in the target's pose and expression, by the 3-D mesh alone [ours]; no weights.

The new shape is the target's own (pose, expression, outline) moved towards the source's in the regions that
carry identity. Its texture is the source photograph, read through a smooth dense map; what the photograph does not
show comes from the face's mirrored side, and the inner mouth (or an eye) comes from the target when it is closed in the
source.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from aotface.face.align import align, region_of, sample, transform_landmarks
from aotface.face.mesh import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    MEAN,
    MIRROR,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    TRIANGLES,
    to_vertices,
    triangle_areas,
)
from aotface.face.parse import usable_texture
from aotface.face.pose import fit_pose
from aotface.face.render import Raster, rasterize, render
from aotface.reenact.base import Reenacted
from aotface.reenact.edge import inner_mask
from aotface.reenact.outline import inside
from aotface.reenact.reading import Reading
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Landmarks, Mask, Matrix

SMOOTHING = 2.0
"""Sigma in pixels at 256 of the blur on the dense map: hides the creases along triangle edges."""

LIDS = (2.0, 1.5)
"""How far around an eye's opening the map is not blurred, and how softly that ends, in pixels at 256: under the blur a
closed eye's lids would let through what lies behind them."""


@dataclass(frozen=True)
class MeshSource:
    """A source, aligned and looked at once. ``texture``: 0..1, its usable skin in its crop of 256 px."""

    frame: Frame
    face: Face
    aligned: AlignedFace
    texture: Mask

    def reenact(self, target: AlignedFace) -> Reenacted:
        """X_r by the mesh."""
        return reenact(self.frame, self.face, target, self.texture, self.aligned.matrix)


class MeshReenactor:
    """Reenacts by the 3-D mesh; what covers the source's face is not carried over."""

    name = "mesh"
    files: tuple[Path, ...] = ()

    def prepare(self, source: Frame, face: Face) -> MeshSource:
        """Align the source, and find its usable skin."""
        aligned = align(source, face)
        texture = usable_texture(aligned.crop, aligned.landmarks, render(aligned.landmarks, CROP_SIDE))
        return MeshSource(source, face, aligned, texture)


def reenact(
    source_frame: Frame,
    source: Face,
    target: AlignedFace,
    source_visible: Mask | None = None,
    source_matrix: Matrix | None = None,
    identity_strength: float = 1.0,
) -> Reenacted:
    """Put the source's face into the target's pose and expression.

    Args:
        source_frame: the picture of the source, uint8 or uint16 RGB.
        source: the face in it.
        target: the aligned target face; its crop's side is the side of the result.
        source_visible: optional 0..1 mask of the source's visible skin; covered places show the mirrored side, or
            else the target.
        source_matrix: frame-to-crop matrix of ``source_visible``; left out, the mask is on the frame's own pixels.
        identity_strength: 0 keeps the target's shape, 1 takes the source's where identity lives.

    Returns:
        The reenacted face.

    Source: [ours]; the mesh is the 468-point one.
    """
    side = target.crop.shape[0]
    grid = min(side, CROP_SIDE)
    unit = grid / CROP_SIDE
    shrink = grid / side
    matrix = np.array([[shrink, 0, (shrink - 1) / 2], [0, shrink, (shrink - 1) / 2]])
    target_points = transform_landmarks(target.landmarks, matrix)
    points = identity_shape(source.landmarks, target_points, identity_strength, target.face.rest)
    raster = rasterize(points, grid)

    direct = inside(source.landmarks[:, :2])
    mirrored = direct[MIRROR]
    shown = to_vertices(_visibility(source.landmarks, points)) * _uncovered(source.landmarks, points)
    weight = _soften(raster.interpolate(shown[:, None])[..., 0], raster.covered, 4.0 * unit)
    visible = np.ones((grid, grid), np.float32)
    both = _dense_map(raster, np.concatenate([direct, mirrored], axis=1), _lids(points, grid))
    maps = [np.ascontiguousarray(both[..., k : k + 2]) for k in (0, 2)]
    if source_visible is not None:
        to_mask = np.eye(2, 3) if source_matrix is None else source_matrix
        seen = [_read_mask(source_visible, to_mask, m) for m in maps]
        reachable = weight * seen[0]
        weight = reachable / np.maximum(reachable + (1 - reachable) * seen[1], 1e-3) * (reachable > 1e-3)
        weight = _soften(weight.astype(np.float32), raster.covered, 1.5 * unit)
        visible = np.clip(np.maximum(reachable, seen[1]), 0, 1)

    edge = inner_mask(points, raster, target_points)
    own = _native(source.landmarks, target_points, points, raster)
    native = _enlarge(own, side)
    shown_large = np.clip(_enlarge(raster.covered.astype(np.float32), side) * 4 - 1.5, 0, 1)
    reading = Reading(source_frame, both, weight, (cv2.erode(edge, np.ones((3, 3))) > 0) * (1 - own))
    box = _box(shown_large > 0)  # elsewhere the crop is the target's
    crops = [_read_crop(source_frame, m, side, box) for m in maps]
    face = crops[1] + (crops[0] - crops[1]) * _enlarge(weight, side)[box][..., None]
    if native.any():
        target_seen = _through_target(target.crop, raster, target_points, side)[box]
        face += (target_seen - face) * native[box][..., None]
    mask = _enlarge(np.clip(edge * visible, 0, 1), side)
    whole = target.crop.copy()
    face -= whole[box]
    face *= shown_large[box][..., None]
    face += whole[box]
    whole[box] = np.clip(face, 0, 1, out=face)
    return Reenacted(whole, mask, native, points_at(points, shrink), reading)


def _box(shown: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that show something."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def points_at(points: Landmarks, shrink: float) -> Landmarks:
    """Landmarks of the 256-px grid in the crop's own pixels."""
    back = 1 / shrink
    return transform_landmarks(points, np.array([[back, 0, (back - 1) / 2], [0, back, (back - 1) / 2]]))


def identity_shape(
    source: Landmarks, target: Landmarks, strength: float = 1.0, rest: Landmarks | None = None
) -> Landmarks:
    """The target's shape with the source's identity in it.

    Both shapes are brought to the mean face's pose; their difference is taken whole on nose, cheeks and forehead, as one
    rigid shift per part on eyes, brows and mouth (their inner shape is expression), and not at all on the outline, so
    that the new face fills the target's head.

    Args:
        source: 468 x 3, any similarity.
        target: 468 x 3, the pixels of the result.
        strength: 0..1.
        rest: the target's shape at rest, in the mean face's pose: what it does (raised brows, drawn cheeks) then comes
            along whole. Left out, the shape of this picture stands for it, and where a part lies is the source's.

    Returns:
        468 x 3 in the target's pixels. Equal to ``target`` when both shapes are the same.
    """
    mean = MEAN.astype(np.float64)
    target_pose = fit_pose(mean, target.astype(np.float64))
    source_shape = fit_pose(mean, source.astype(np.float64)).undo(source.astype(np.float64))
    target_shape = target_pose.undo(target.astype(np.float64))
    difference = source_shape - (target_shape if rest is None else rest.astype(np.float64))
    for part in _parts():
        difference[part] = difference[part].mean(axis=0)
    moved = target_shape + strength * _identity_weight()[:, None] * _smooth_over_mesh(difference)
    return target_pose.apply(moved).astype(np.float32)


@lru_cache(maxsize=1)
def _parts() -> list[np.ndarray]:
    """Vertices that move together: everything within a short distance of each eye and brow, and of the lips."""
    parts = []
    for ring, reach in (
        (LEFT_EYE, 0.14),
        (RIGHT_EYE, 0.14),
        (LEFT_BROW, 0.08),
        (RIGHT_BROW, 0.08),
        (OUTER_LIPS, 0.12),
    ):
        distance = np.linalg.norm(MEAN[:, None] - MEAN[ring][None], axis=2).min(axis=1)
        parts.append(np.flatnonzero(distance < reach))
    return parts


@lru_cache(maxsize=1)
def _identity_weight() -> np.ndarray:
    """0 on the outline, 1 from 0.45 mean-face units inwards, smooth between."""
    distance = np.linalg.norm(MEAN[:, None] - MEAN[OVAL][None], axis=2).min(axis=1)
    t = np.clip(distance / 0.45, 0, 1)
    return t * t * (3 - 2 * t)


def _smooth_over_mesh(values: np.ndarray, rounds: int = 4) -> np.ndarray:
    """Average each vertex with its neighbours, so that parts which move together join the rest without a fold."""
    return _neighbourhood(rounds) @ values


@lru_cache(maxsize=4)
def _neighbourhood(rounds: int) -> np.ndarray:
    """468 x 468: each vertex half itself and half the mean of its neighbours, ``rounds`` times."""
    beside = np.zeros((len(MEAN), len(MEAN)))
    pairs = np.concatenate([TRIANGLES[:, [0, 1]], TRIANGLES[:, [1, 2]], TRIANGLES[:, [2, 0]]])
    for a, b in ((0, 1), (1, 0)):
        np.add.at(beside, (pairs[:, a], pairs[:, b]), 1)
    once = (np.eye(len(MEAN)) + beside / beside.sum(axis=1, keepdims=True)) / 2
    return np.linalg.matrix_power(once, rounds)


def _visibility(source: Landmarks, points: Landmarks) -> np.ndarray:
    """Per triangle: 1 where the source shows about as much of it as the target asks for, 0 where it is turned away."""
    source_scale = fit_pose(MEAN.astype(np.float64), source.astype(np.float64)).scale
    scale = fit_pose(MEAN.astype(np.float64), points.astype(np.float64)).scale
    available = triangle_areas(source) / source_scale**2
    wanted = np.maximum(triangle_areas(points) / scale**2, 1e-5)
    t = np.clip((available / wanted - 0.12) / (0.4 - 0.12), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _uncovered(source: Landmarks, points: Landmarks) -> np.ndarray:
    """Per vertex: 0 where the source's own nose or brow hides it from the camera while the target shows it."""
    hidden = _kept_behind(source.tobytes()) * (1 - _behind(points))
    return (1 - _smooth_over_mesh(hidden[:, None], rounds=1)[:, 0]).astype(np.float32)


@lru_cache(maxsize=8)
def _kept_behind(landmarks: bytes) -> np.ndarray:
    """`_behind` of a source: a video asks for the same one at every frame."""
    return _behind(np.frombuffer(landmarks, np.float32).reshape(-1, 3))


def _behind(landmarks: Landmarks) -> np.ndarray:
    """Per vertex: 1 where another part of the mesh lies in front of it, by a z-buffer of 96 px."""
    side = 96
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    scale = (side - 3) / max(float((high - low)[:2].max()), 1e-6)
    small = ((landmarks - low) * scale + 1).astype(np.float32)
    raster = rasterize(small, side)
    x, y = (np.clip(np.round(small[:, k]).astype(int), 0, side - 1) for k in (0, 1))
    in_front = raster.depth[y, x] + small[:, 2]  # depth is minus z
    return (raster.covered[y, x] & (in_front > 0.04 * side)).astype(np.float64)


def _lids(points: Landmarks, side: int) -> Mask:
    """1 at the edges of the eyes' openings and in them."""
    drawn, unit = np.zeros((side, side), np.float32), side / CROP_SIDE
    for ring in (LEFT_EYE, RIGHT_EYE):
        outline = np.round(points[ring, :2] * 16).astype(np.int32)
        cv2.fillPoly(drawn, [outline], (1.0,), shift=4)
        cv2.polylines(drawn, [outline], True, (1.0,), max(1, round(2 * LIDS[0] * unit)), shift=4)
    return np.clip(1.5 * cv2.GaussianBlur(drawn, (0, 0), LIDS[1] * unit), 0, 1).astype(np.float32)


def _dense_map(raster: Raster, places: np.ndarray, crisp: Mask | None = None) -> np.ndarray:
    """Smooth map from grid pixels to ``places`` (468 x n), defined beyond the mesh by its affine trend.

    ``crisp``: where it may bend as sharply as the mesh does.
    """
    side = raster.depth.shape[0]
    covered = raster.covered
    y, x = np.nonzero(covered)
    values = raster.shares(places.astype(np.float32))
    design = np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float64)
    trend, *_ = np.linalg.lstsq(design, values.astype(np.float64), rcond=None)
    along = np.arange(side)[:, None]
    plane = along * trend[0] + (along * trend[1] + trend[2])[:, None]
    residual = raster.spread((values - plane[covered]).astype(np.float32))
    near = _fill(residual, covered)
    eased: np.ndarray = cv2.GaussianBlur(near, (0, 0), SMOOTHING * side / CROP_SIDE)
    if crisp is not None:
        eased += crisp[..., None] * (near - eased)
    return (plane + eased).astype(np.float32)


def _fill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue values beyond where they are known: the nearest known one, then eased."""
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    first = np.zeros(labels.max() + 1, np.int64)
    first[labels[known]] = np.flatnonzero(known.ravel())
    filled = values.reshape(-1, values.shape[-1])[first[labels].ravel()].reshape(values.shape)
    eased = cv2.GaussianBlur(filled, (0, 0), 4.0 * len(known) / CROP_SIDE)
    return np.where(known[..., None], values, eased)


def _read_crop(frame: Frame, dense: np.ndarray, side: int, box: tuple[slice, slice]) -> Crop:
    """The frame seen through a dense map, at the crop's side; only the rows and columns of ``box``."""
    large = _enlarge(dense, side)
    region = region_of(frame, large[..., 0], large[..., 1])
    spread = _steepness(dense) * dense.shape[0] / side
    x, y = (np.ascontiguousarray(large[(*box, k)]) for k in (0, 1))
    if not x.size:
        return np.zeros((*x.shape, 3), np.float32)
    return sample(frame, x, y, 1 / max(spread, 1e-6), region)


def _steepness(dense: np.ndarray) -> float:
    """How many frame pixels the map moves per grid pixel, typically."""
    total = np.zeros(dense.shape[:2], np.float32)
    for axis in (0, 1):
        total += (np.asarray(np.gradient(dense, axis=axis)) ** 2) @ np.ones(2, np.float32)
    return float(np.median(np.sqrt(total))) / np.sqrt(2)


def _read_mask(mask: Mask, matrix: np.ndarray, dense: np.ndarray) -> Mask:
    x = matrix[0, 0] * dense[..., 0] + matrix[0, 1] * dense[..., 1] + matrix[0, 2]
    y = matrix[1, 0] * dense[..., 0] + matrix[1, 1] * dense[..., 1] + matrix[1, 2]
    return cv2.remap(
        mask, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _enlarge(values: np.ndarray, side: int) -> np.ndarray:
    """Resample a grid map to the crop's side, pixel centre on pixel centre."""
    if values.shape[0] == side:
        return values
    # Area when shrinking, bilinear when growing: both keep an affine map affine away from the border.
    flags = cv2.INTER_AREA if side < values.shape[0] else cv2.INTER_LINEAR
    if values.ndim == 3 and values.shape[2] == 2 and side > values.shape[0]:
        return _enlarge_map(values, side)
    return cv2.resize(values, (side, side), interpolation=flags)


def _enlarge_map(dense: np.ndarray, side: int) -> np.ndarray:
    """Like a resize, but exact at the border too: the map is continued linearly by one pixel first."""
    padded = np.pad(dense, ((1, 1), (1, 1), (0, 0)), mode="reflect", reflect_type="odd")
    scale = dense.shape[0] / side
    place = ((np.arange(side) + 0.5) * scale - 0.5 + 1).astype(np.float32)
    x, y = np.meshgrid(place, place)
    return cv2.remap(padded, x, y, cv2.INTER_LINEAR)


def _soften(values: np.ndarray, covered: np.ndarray, sigma: float) -> np.ndarray:
    known = covered.astype(np.float32)
    blurred = cv2.GaussianBlur(values * known, (0, 0), sigma)
    return blurred / np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)


def _native(source: Landmarks, target: Landmarks, points: Landmarks, raster: Raster) -> Mask:
    """Where the target's own inner mouth or eye shows, because the source's is closed and the target's open."""
    side = raster.depth.shape[0]
    native = np.zeros((side, side), np.float32)
    for ring, open_at in ((INNER_LIPS, 0.05), (LEFT_EYE, 0.12), (RIGHT_EYE, 0.12)):
        gap_source, gap_target = opening(source, ring), opening(target, ring)
        closed = np.clip((open_at - gap_source) / (0.4 * open_at), 0, 1)
        wanted = np.clip((gap_target - open_at) / (0.4 * open_at), 0, 1)
        if closed * wanted > 0:
            polygon = np.round(points[ring, :2] * 16).astype(np.int32)
            hole = np.zeros((side, side), np.uint8)
            cv2.fillPoly(hole, [polygon], (255,), lineType=cv2.LINE_AA, shift=4)
            soft = cv2.GaussianBlur(hole.astype(np.float32) / 255, (0, 0), side / CROP_SIDE)
            native = np.maximum(native, float(closed * wanted) * soft)
    return native


def opening(landmarks: Landmarks, ring: np.ndarray) -> float:
    """How far a ring of lids or lips is open: area over squared width, 0 when closed."""
    x, y = landmarks[ring, 0].astype(np.float64), landmarks[ring, 1].astype(np.float64)
    area = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    half = len(ring) // 2  # rings start at one corner and pass the other half-way
    width = np.hypot(x[half] - x[0], y[half] - y[0])
    return float(area / max(width, 1e-6) ** 2)


def _through_target(crop: Crop, raster: Raster, target: Landmarks, side: int) -> Crop:
    """The target's crop under the new shape: mouth and eyes follow the parts that were shifted."""
    large = _enlarge(_dense_map(raster, target[:, :2]), side)
    zoom = side / raster.depth.shape[0]
    large = (large + 0.5) * zoom - 0.5
    return cv2.remap(
        crop,
        large[..., 0].astype(np.float32),
        large[..., 1].astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
