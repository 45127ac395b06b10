"""The source's lips, as far open as the target's [ours]: they show under a target's moustache, and beside its mouth.

A smooth map from the new face to the source's picture squeezes what lies between open lips into the line between shut ones,
and its blur makes that line wide: teeth show where the target's mouth is shut. So each lip gets a map of its own, which
knows nothing of the other, and a pixel is read through one or the other. The source's inner mouth is left out. Over all of
it the target's own mouth is laid, see `aotface.reenact.target_mouth`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from aotface.face.mesh import INNER_LIPS, OUTER_LIPS, TRIANGLES, opening
from aotface.face.render import Raster
from aotface.face.texture import LUMA, hull_mask
from aotface.reenact.dense_map import fill
from aotface.types import CROP_SIDE, AlignedFace, Landmarks, Mask, Part

SHUT = 0.015
"""Opening (see `opening`) under which a mouth is shut."""

VISIBLE = (0.008, 0.02)
"""Opening from which the line between lips fades, and is gone."""

PULL = (0.45, 0.65)
"""How far into the lower and upper lip its inner edge is read, as a share of the lip: landmarks of a smile lie on the
teeth."""

ROOM, GROWN, SOFT = 14, 7, 1.5
"""Pixels at 256 around the lips that are looked at, that get a map of their own, and in which that fades."""

CORNER = 0.06
"""Part of the mouth's width over which the parting fades at each corner."""

EASED = 1.5
"""Standard deviation of the blur on a lip's map, in the same pixels."""

STREAKS, ACROSS = (1.5, 3.0), 3.0
"""How many times higher than wide a pixel of the source is drawn where streaks begin, and are certain; and the standard
deviation of the blur along the mouth that takes them away, in pixels at 256."""

LINE, BESIDE, DARK = (1.0, 1.5), (2.5, 5.0), (0.32, 0.6)
"""The dark line between shut lips: its standard deviations, up and down; between which distances from it their brightness
is taken (pixels at 256); and how much of the light it takes at least and at most."""

_LOWER, _UPPER = INNER_LIPS[1:10], INNER_LIPS[:10:-1]


"""Rows and columns."""


@dataclass(frozen=True)
class Parting:
    """Two maps instead of one: where ``below`` is above 0, ``jump`` is added to the places.

    ``below``: signed distance from the line between the lips, in pixels of the grid. ``jump``: from the upper lip's map to
    the lower one's. ``shade``: what is left of the light in the line between the lips, 0..1.
    """

    below: Mask
    jump: Float32[np.ndarray, "grid grid 4"]
    shade: Mask

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns in which there is a jump."""
        found = self.jump != 0  # its last axis is short: the others first, which are many times as quick
        rows, columns = (
            np.flatnonzero(one.any(axis=1)) for one in (found.reshape(len(found), -1), found.any(axis=0))
        )
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def part_lips(
    maps: Float32[np.ndarray, "grid grid 4"],
    source: Landmarks,
    places: Float32[np.ndarray, "468 4"],
    points: Landmarks,
    raster: Raster,
    target: AlignedFace,
) -> tuple[Float32[np.ndarray, "grid grid 4"], Parting | None]:
    """Give each lip a map of its own.

    Args:
        maps: from the grid to the source's picture, twice (see `aotface.reenact.reading.Reading`).
        source: 468 x 3, in its picture.
        places: of the vertices, as read by ``maps``.
        points: 468 x 3, of the new face, grid pixels.
        raster: its drawn mesh.
        target: whose shut mouth says how dark the line between the lips is.

    Returns:
        The maps with the upper lip's, and what leads to the lower one's; the very same and None where both mouths are shut.
    """
    gaps = opening(source, INNER_LIPS), opening(points, INNER_LIPS)
    if max(gaps) < SHUT:
        return maps, None
    here, weight = _around(points, raster)
    below, along = _across(points, here)
    moved = places.copy()
    if gaps[0] > gaps[1]:
        inwards = places[OUTER_LIPS] - places[INNER_LIPS]
        moved[INNER_LIPS[:11]] += PULL[0] * inwards[:11]
        moved[INNER_LIPS[11:]] += PULL[1] * inwards[11:]
    values = _interpolated(raster, here, moved.astype(np.float32))
    lips = raster.covered[here] & ~_inner(points, here)
    between = np.clip((0.5 - np.abs(along - 0.5)) / CORNER + 0.5, 0, 1)
    share = (weight * between)[..., None]
    sigma = EASED * len(maps) / CROP_SIDE
    halves = [_continued(values, lips & part, maps[here], sigma) for part in (below <= 0, below > 0)]
    upper = maps.copy()
    upper[here] += share * (halves[0] - maps[here])
    planes = np.zeros(maps.shape[:2], np.float32), np.zeros_like(maps), np.ones(maps.shape[:2], np.float32)
    shade = _line_shade(below, along, points, target, len(maps) / CROP_SIDE)
    for plane, part in zip(planes, (below, share * (halves[1] - halves[0]), shade), strict=True):
        plane[here] = part
    return upper, Parting(*planes)


def _interpolated(raster: Raster, here: Part, attributes: Float32[np.ndarray, "468 4"]) -> np.ndarray:
    """Per-vertex values over the pixels of a box; anything outside the mesh."""
    corners, weights = TRIANGLES[raster.triangle[here]], raster.weights[here]
    parts = [attributes[corners[..., k]] * weights[..., k : k + 1] for k in range(3)]
    return np.asarray(parts[0] + parts[1] + parts[2], np.float32)


def without_streaks(
    face: Float32[np.ndarray, "rows columns 3"],
    maps: Float32[np.ndarray, "grid grid 2"],
    parting: Parting,
    box: Part,
    side: int,
) -> None:
    """Lips without streaks, in place: where a thin lip is drawn thick, each of its pixels becomes a line.

    Args:
        face: the ``box`` of a crop of this side.
        maps: the places read, of the upper lip.
        parting: what leads to the lower one's.
        box: of the crop.
        side: of the crop.
    """
    here, unit = parting.box, side / len(maps)
    if here[0].stop - here[0].start < 4 or here[1].stop - here[1].start < 4:
        return
    upper = maps[here]
    halves = [_streaky(part) for part in (upper, upper + parting.jump[(*here, slice(0, 2))])]
    streaky = np.where(parting.below[here] > 0, halves[1], halves[0])
    if not streaky.any():
        return
    eased = cv2.GaussianBlur(streaky, (0, 0), EASED * len(maps) / CROP_SIDE, borderType=cv2.BORDER_CONSTANT)
    rows, columns = (
        slice(max(int(part.start * unit), whole.start), min(int(np.ceil(part.stop * unit)), whole.stop))
        for part, whole in zip(here, box, strict=True)
    )
    inside = tuple(
        slice(p.start - b.start, p.stop - b.start) for p, b in zip((rows, columns), box, strict=True)
    )
    if min(part.stop - part.start for part in inside) < 2:
        return
    weight = cv2.resize(eased, face[inside].shape[1::-1], interpolation=cv2.INTER_LINEAR)
    sigma = ACROSS * side / CROP_SIDE
    blurred = cv2.GaussianBlur(face[inside], (0, 0), sigmaX=sigma, sigmaY=0.01)
    face[inside] += (blurred - face[inside]) * weight[..., None]


def _streaky(places: Float32[np.ndarray, "rows columns 2"]) -> Float32[np.ndarray, "rows columns"]:
    """How surely streaks show, 0..1, by how far neighbours are read from each other."""
    down, along = (np.linalg.norm(np.gradient(places, axis=axis), axis=2) for axis in (0, 1))
    times = along / np.maximum(down, 1e-3)
    return np.clip((times - STREAKS[0]) / (STREAKS[1] - STREAKS[0]), 0, 1).astype(np.float32)


def _around(points: Landmarks, raster: Raster) -> tuple[Part, Mask]:
    """A box around the lips; and how much of the lips' own map counts in it."""
    side, outline = len(raster.depth), points[OUTER_LIPS, :2]
    unit = side / CROP_SIDE
    low = np.clip(np.floor(outline.min(axis=0) - ROOM * unit), 0, side - 1).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0) + ROOM * unit) + 1, low + 1, side).astype(int)
    drawn = hull_mask(tuple((high - low)[::-1].tolist()), outline - low)
    grown = cv2.dilate(drawn, np.ones((round(GROWN * unit) | 1,) * 2))
    return (slice(low[1], high[1]), slice(low[0], high[0])), cv2.GaussianBlur(grown, (0, 0), SOFT * unit)


def _line(points: Landmarks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The line midway between the lips, 11 x 2, corner to corner; and the mouth's own right and down."""
    middle = (points[_LOWER, :2] + points[_UPPER, :2]) / 2
    line = np.concatenate([points[INNER_LIPS[:1], :2], middle, points[INNER_LIPS[10:11], :2]])
    across = (line[-1] - line[0]).astype(np.float64)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    return line.astype(np.float64), across, np.array([-across[1], across[0]])


def _across(points: Landmarks, here: Part) -> tuple[Mask, Mask]:
    """Signed distance from the line between the lips, positive below it; and the place along it, 0..1 by corners."""
    line, across, down = _line(points)
    along, height = line @ across, line @ down
    order = np.argsort(along)
    y, x = np.mgrid[here].astype(np.float32)
    place = x * across[0] + y * across[1]
    below = x * down[0] + y * down[1] - np.interp(place, along[order], height[order])
    part = (place - along[0]) / max(float(along[-1] - along[0]), 1e-6)
    return below.astype(np.float32), part.astype(np.float32)


def _line_shade(below: Mask, along: Mask, points: Landmarks, target: AlignedFace, unit: float) -> Mask:
    """The line between shut lips, as dark as the target's."""
    opened = opening(points, INNER_LIPS)
    shut = float(np.clip((VISIBLE[1] - opened) / (VISIBLE[1] - VISIBLE[0]), 0, 1))
    if shut == 0:
        return np.ones_like(below)
    depth = np.interp(along, np.linspace(0, 1, 11), _darkness(target) * shut, left=0, right=0)
    wide = np.where(below > 0, LINE[1], LINE[0]) * unit
    return (1 - depth * np.exp(-((below / wide) ** 2) / 2)).astype(np.float32)


def _darkness(target: AlignedFace) -> Float64[np.ndarray, " 11"]:
    """How much darker the line between the target's lips is than they are, at 11 places from corner to corner."""
    line, across, down = _line(target.landmarks)
    unit = len(target.crop) / CROP_SIDE
    reach = np.arange(-BESIDE[1], BESIDE[1] + 0.25, 0.5)
    rows = np.linspace(0, 1, 41)
    middle = np.stack([np.interp(rows, np.linspace(0, 1, 11), line[:, k]) for k in (0, 1)], axis=1)
    places = (middle[:, None] + reach[None, :, None] * unit * down).astype(np.float32)
    grey = cv2.remap(target.crop, places[..., 0], places[..., 1], cv2.INTER_LINEAR) @ LUMA[0]
    near = np.abs(reach) <= BESIDE[0]
    depth = 1 - grey[:, near].min(axis=1) / np.maximum(grey[:, ~near].mean(axis=1), 1e-3)
    eased = np.convolve(np.pad(depth, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")
    ends = np.minimum(1, 4 * np.minimum(rows, 1 - rows) + 0.3)
    return (np.clip(eased, *DARK) * ends)[::4].astype(np.float64)


def _inner(points: Landmarks, here: Part) -> Bool[np.ndarray, "rows columns"]:
    rows, columns = here
    drawn = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    outline = points[INNER_LIPS, :2] - [columns.start, rows.start]
    cv2.fillPoly(drawn, [np.round(outline * 16).astype(np.int32)], (1,), shift=4)
    return drawn > 0


def _continued(
    values: Float32[np.ndarray, "rows columns 4"],
    known: Bool[np.ndarray, "rows columns"],
    otherwise: Float32[np.ndarray, "rows columns 4"],
    sigma: float,
) -> Float32[np.ndarray, "rows columns 4"]:
    """One lip's places, eased; beyond it those of its edge, so that nothing behind the lip is read."""
    if known.sum() < 16:
        return otherwise
    return np.asarray(
        cv2.GaussianBlur(fill(np.where(known[..., None], values, 0), known), (0, 0), sigma), np.float32
    )
