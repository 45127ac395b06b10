"""What a source's expression leaves around its mouth, levelled: smile lines and dark corners [ours].

The mesh moves a smile to a mouth at rest, but its shading is in the photograph: folds beside the mouth, the dark gap behind
its corners. Folds and corners are narrow and dark. They are filled up to what lies around them, as far as the target does
less of what made them. All of it is light added, found on the small grid: pores and hairs stay, and a face has the same at
every side. A fold's edge is finer than that grid, and would stay as a hairline. So where one was filled, what is alike along
it goes at the crop's own pixels.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.blendshapes import NAMES
from aotface.face.mesh import INNER_LIPS, OUTER_LIPS, opening
from aotface.face.texture import LUMA, alike_along, line_ways
from aotface.masked import grown, risen, rising
from aotface.reenact.expression import expression
from aotface.types import CROP_SIDE, Landmarks, Mask, Part

SMILES = NAMES.index("mouthSmileRight"), NAMES.index("mouthSmileLeft")
"""Of the person's right and left side."""

FOLDS = (129, 203, 206, 216, 212, 202), (358, 423, 426, 436, 432, 422)
"""Vertices along the fold from the nose past the mouth's corner, right and left."""

NOSE = [129, 102, 48, 64, 98, 97, 2, 326, 327, 294, 278, 331, 358, 1]
"""Vertices of the nose's tip and wings: nostrils are dark, and stay."""

WINGS = [129, 358]
"""Vertices where the nose's wings meet the cheek."""

CORNERS = (61, 291)
"""Corners of the mouth, right and left."""

FALLS = (0.1, 0.4)
"""By how much a smile must fall from source to target for its lines to begin to go, and to go."""

SHUTS = (0.01, 0.06)
"""The same of the mouth's opening, for its corners."""

NEAR_FOLD, NEAR_CORNER = (11.0, 22.0), (5.0, 12.0)
"""Pixels at 256 from a fold or corner up to which it is filled, and from which on nothing is."""

NEAR_NOSE, NEAR_HOLE = (2.0, 6.0), (1.0, 3.0)
"""The same pixels from the nose up to which nothing is filled, and from which on all is: of a fold, and of a hole."""

HOLE = (0.15, 0.35)
"""Share of light that a place lacks at which it begins to be a hole, and is: a fold's end beside a wing may be one. Less
deep ones stay there, as the face's own."""

ABOVE = 0.3
"""How far above the nose's wings holes are filled, in widths of the mouth: folds begin there."""

VALLEY, NARROW, FINE = 19, 13, 0.8
"""Width of what is filled, at most: of a fold and the shade beside it, and of a hole; and standard deviation of the blur
under which detail stays: the same pixels."""

LINE, WAYS, BY_CHANCE, SURE = 7, 12, 0.5, 0.02
"""Length of a line in the same pixels, along how many directions it is looked for, how dark the darkest of them is by
chance where there are only pores, in standard deviations of what is fine; and the share of light that a sure line lacks."""

EDGE, SHARP, WAY = (0.01, 0.04), 2.5, 2.0
"""How much light a fold was filled with where its edge begins to go, and goes; what an edge is finer than, and over what its
direction is told: standard deviations of blurs, pixels at 256."""

LENGTH = 10.0
"""Length along a fold over which its edge is alike, in the same pixels."""

FILLED, CORNER_FILLED = 0.9, 0.5
"""Share of a fold's depth that is filled at most, and of a corner's."""

Pixels = Float32[np.ndarray, "rows columns 3"]


@dataclass(frozen=True)
class Fallen:
    """How far a target does less than the source: its smile, on the person's right and left, and its open mouth; 0..1."""

    smile: tuple[float, float]
    mouth: float

    @property
    def any(self) -> bool:
        """Whether it does less of anything."""
        return max(*self.smile, self.mouth) > 0


def fallen(source: Landmarks, target: Landmarks) -> Fallen:
    """How far a target does less than the source.

    Args:
        source: 468 x 3, any similarity that keeps the face about upright.
        target: likewise.
    """
    before, after = (expression(one)[list(SMILES)] for one in (source, target))
    right, left = (risen(float(a - b), FALLS) for a, b in zip(before, after, strict=True))
    return Fallen((right, left), risen(opening(source, INNER_LIPS) - opening(target, INNER_LIPS), SHUTS))


def mouth_box(points: Landmarks, grid: int, above: float = 0.0) -> Part:
    """Rows and columns of the grid around the mouth, from the wings of the nose to the chin.

    Args:
        points: 468 x 3, pixels of the grid.
        grid: its side.
        above: how far above the wings it begins, in widths of the mouth.
    """
    low, high = points[OUTER_LIPS, :2].min(axis=0), points[OUTER_LIPS, :2].max(axis=0)
    wide = float(high[0] - low[0])
    top = min(float(points[WINGS, 1].min()) - above * wide, float(low[1]) - 0.4 * wide)
    first, last = (low[0] - 0.6 * wide, top), (high[0] + 0.6 * wide, high[1] + 0.5 * wide)
    columns, rows = (
        slice(start, int(np.clip(np.ceil(stop), start + 2, grid)))
        for start, stop in zip((int(np.clip(np.floor(v), 0, grid - 2)) for v in first), last, strict=True)
    )
    return rows, columns


def lip_mask(points: Landmarks, shape: tuple[int, ...], unit: float) -> Mask:
    """Lips and what is between them, soft."""
    drawn = np.zeros(shape, np.float32)
    cv2.fillPoly(drawn, [np.round(points[OUTER_LIPS, :2] * 16).astype(np.int32)], (1.0,), shift=4)
    return cv2.GaussianBlur(drawn, (0, 0), unit)


def mouth_shading(face: Pixels, points: Landmarks, less: Fallen, unit: float) -> Pixels:
    """The light that levels the new face around its mouth.

    Args:
        face: X_r in a box of the grid.
        points: 468 x 3, of the new face, pixels of the box.
        less: what the target does less than the source.
        unit: pixels of the grid in one at 256.
    """
    if not less.any:
        return np.zeros_like(face)
    return np.asarray(
        _filled(face, points, less, unit) * inside_box(face.shape[:2], unit)[..., None], np.float32
    )


class Edges(NamedTuple):
    """What is left of folds in a box of the grid. ``way``: their direction, cosine and sine of twice its angle. ``weight``:
    how much of them goes."""

    way: Float32[np.ndarray, "rows columns 2"]
    weight: Mask


def fold_edges(face: Pixels, light: Pixels, points: Landmarks, less: Fallen, unit: float) -> Edges:
    """Where folds were filled, and which way they run.

    Args:
        face: X_r in a box of the grid, before that.
        light: what filled them.
        points: 468 x 3, of the new face, pixels of the box.
        less: what the target does less than the source.
        unit: pixels of the grid in one at 256.
    """
    luma = cv2.GaussianBlur(np.ascontiguousarray(face @ LUMA[0]), (0, 0), FINE * unit)
    filled = grown(rising(light @ LUMA[0], EDGE), WAY * unit)
    near = np.zeros_like(luma)
    for smile, fold in zip(less.smile, FOLDS, strict=True):
        near = np.maximum(near, near_line(points[list(fold), :2], near.shape, NEAR_FOLD, unit) * smile)
    weight = cv2.GaussianBlur(filled, (0, 0), unit) * near * beside_features(points, near.shape, unit)
    return Edges(line_ways(luma, WAY * unit), np.asarray(weight * inside_box(near.shape, unit), np.float32))


def without_edges(face: Pixels, edges: Edges, unit: float) -> None:
    """Take off what is alike along folds, in place: pores and hairs beside each other are not.

    Args:
        face: X_r in a box of the crop.
        edges: in the same pixels.
        unit: of them in one at 256.
    """
    fine = face - cv2.GaussianBlur(face, (0, 0), SHARP * unit)
    face -= alike_along(fine, edges.way, LENGTH * unit) * edges.weight[..., None]


def inside_box(shape: tuple[int, ...], unit: float) -> Mask:
    """0 at a box's border, 1 within."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) / (4 * unit) for n in shape)
    return (np.clip(rows, 0, 1)[:, None] * np.clip(columns, 0, 1)).astype(np.float32)


def level_mouth(
    face: Pixels, box: Part, source: Landmarks, side: int, points: Landmarks, theirs: Landmarks, grid: int
) -> Float32[np.ndarray, "grid grid 3"]:
    """Level what the source's expression leaves around the mouth, in place.

    Args:
        face: X_r in a box of the crop, before the line between its lips is drawn.
        box: rows and columns.
        source: 468 x 3, in its picture.
        side: of the crop.
        points: 468 x 3, of the new face, pixels of the grid.
        theirs: of the target, likewise.
        grid: its side.

    Returns:
        Light that was added.
    """
    here, zoom = mouth_box(points, grid, ABOVE), side / grid
    corner = np.array([here[1].start, here[0].start, 0], np.float32)
    own = cut_box(face, here, zoom, (int(box[1].start), int(box[0].start)))
    less, unit = fallen(source, theirs), grid / CROP_SIDE
    light = mouth_shading(own, points - corner, less, unit)
    edges = fold_edges(own, light, points - corner, less, unit) if max(less.smile) > 0 else None
    return lay_light(face, box, light, here, edges, side, grid)


def lay_light(
    face: Pixels,
    box: Part,
    light: Float32[np.ndarray, "height width 3"],
    here: Part,
    edges: Edges | None,
    side: int,
    grid: int,
) -> Float32[np.ndarray, "grid grid 3"]:
    """Lay light that was found on the grid, and take off what is left of lines, in place.

    Args:
        face: X_r in a box of the crop.
        box: rows and columns.
        light: in a box of the grid.
        here: its rows and columns.
        edges: likewise; None: none.
        side: of the crop.
        grid: its side.

    Returns:
        The light on the whole grid.
    """
    shading, zoom = np.zeros((grid, grid, 3), np.float32), side / grid
    shading[here] = light
    rows, columns = (
        slice(
            max(int(whole.start), int(part.start * zoom)),
            min(int(whole.stop), int(np.ceil(part.stop * zoom))),
        )
        for part, whole in zip(here, box, strict=True)
    )
    inner = face[
        tuple(slice(p.start - w.start, p.stop - w.start) for p, w in zip((rows, columns), box, strict=True))
    ]
    if inner.size:
        inner += cut_box(shading, (rows, columns), 1 / zoom, (0, 0))
        if edges is not None:
            first = int(here[1].start), int(here[0].start)
            finer = Edges(*(cut_box(one, (rows, columns), 1 / zoom, first) for one in edges))
            without_edges(inner, finer, side / CROP_SIDE)
    return shading


def cut_box(picture: np.ndarray, here: Part, zoom: float, first: tuple[int, int]) -> np.ndarray:
    """A box of a grid out of a picture that is ``zoom`` times finer and begins at ``first``, x and y."""
    eased = cv2.GaussianBlur(picture, (0, 0), 0.4 * zoom) if zoom > 1.25 else picture
    shift = [(part.start + 0.5) * zoom - 0.5 - start for part, start in zip(here[::-1], first, strict=True)]
    back = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    size = here[1].stop - here[1].start, here[0].stop - here[0].start
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(eased, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _filled(face: Pixels, points: Landmarks, less: Fallen, unit: float) -> Pixels:
    """Light that fills narrow dark places."""
    low = cv2.GaussianBlur(face, (0, 0), FINE * unit)
    fine = face - low
    closed, narrow = (_closed(low, width * unit) for width in (VALLEY, NARROW))
    thin = fine * _lines(fine, narrow, unit)[..., None]
    hole = rising((narrow - low).max(axis=2) / np.maximum(narrow.max(axis=2), 1 / 255), HOLE)
    rows = np.arange(len(face), dtype=np.float32)[:, None] - np.float32(points[WINGS, 1].min())
    beside = beside_features(points, face.shape[:2], unit) * np.clip(rows / np.float32(4 * unit), 0, 1)
    beside = np.maximum(beside, hole * beside_features(points, face.shape[:2], unit, NEAR_HOLE))
    folds, corners = np.zeros((2, *face.shape[:2]), np.float32)
    for smile, fold, corner in zip(less.smile, FOLDS, CORNERS, strict=True):
        near = near_line(points[list(fold), :2], folds.shape, NEAR_FOLD, unit)
        folds = np.maximum(folds, near * beside * np.float32(FILLED * smile))
        about = near_line(points[[corner], :2], corners.shape, NEAR_CORNER, unit)
        corners = np.maximum(corners, about * np.float32(CORNER_FILLED * max(smile, less.mouth)))
    wide, deep = (
        (one - low - thin) * weight[..., None] for one, weight in ((closed, folds), (narrow, corners))
    )
    return cv2.GaussianBlur(np.maximum(wide, deep), (0, 0), FINE * unit / 2)


def _closed(low: Pixels, width: float) -> Pixels:
    """Without dark places up to a width in pixels."""
    size = round(width) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(low, cv2.MORPH_CLOSE, disc)


def beside_features(
    points: Landmarks, shape: tuple[int, ...], unit: float, near: tuple[float, float] = NEAR_NOSE
) -> Mask:
    """1 beside the lips and the nose, ``near`` which it falls to 0."""
    nose = cv2.convexHull(points[NOSE, :2].astype(np.float32))[:, 0]
    return np.minimum(1 - lip_mask(points, shape, unit), 1 - near_line(nose, shape, near, unit))


def _lines(fine: Pixels, light: Pixels, unit: float) -> Mask:
    """Where thin dark lines are: what is dark over a length in some direction is no pore and no hair."""
    luma = fine @ LUMA[0]
    reach = int(np.ceil(LINE * unit / 2))
    middle, darkest = 16 * reach, np.zeros(luma.shape, np.float32)
    for way in np.arange(WAYS) * (np.pi / WAYS):
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
        off = np.round(8 * LINE * unit * np.array([np.cos(way), np.sin(way)])).astype(
            int
        )  # 16ths, half its length
        cv2.line(kernel, (middle - off).tolist(), (middle + off).tolist(), (255,), 1, cv2.LINE_AA, 4)
        darkest = np.minimum(darkest, cv2.filter2D(luma, cv2.CV_32F, kernel / np.float32(kernel.sum())))
    chance = BY_CHANCE * 1.4826 * float(np.median(np.abs(luma)))
    sure = np.clip(-(darkest + chance) / (SURE * np.maximum(light @ LUMA[0], 1 / 255)), 0, 1)
    wide = cv2.dilate(sure.astype(np.float32), np.ones((3, 3)))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 0.7 * unit), np.float32)


def near_line(
    line: Float32[np.ndarray, "points 2"], shape: tuple[int, ...], bounds: tuple[float, float], unit: float
) -> Mask:
    """1 near a line, 0 far from it."""
    drawn = np.full(shape, 255, np.uint8)
    places = np.round(line).astype(np.int32)
    if len(places) > 8:
        cv2.fillPoly(drawn, [places], (0,))
    cv2.polylines(drawn, [np.concatenate([places, places[-1:]])], False, (0,))
    if drawn.all():
        return np.zeros(shape, np.float32)
    far = cv2.distanceTransform(drawn, cv2.DIST_L2, 5) / unit
    return np.clip((bounds[1] - far) / (bounds[1] - bounds[0]), 0, 1).astype(np.float32)
