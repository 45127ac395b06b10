"""Edges beside a nose that hard light drew on one side of the source's photograph alone [ours].

A lamp from the side draws a rim along one wing, or the edge of a shadow. The map evens the broad light, and such an edge
then stands alone, like a second wing. The other side, mirrored, and the target at the same place tell how strong an octave
may be there: what is stronger than both is brought down to them. Nothing is drawn, and the weaker side stays. In even light
a nose's two sides differ by its own shape alone, and nothing is changed.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import LEFT_NOSTRIL, MIRROR, RIGHT_NOSTRIL
from aotface.face.render import Raster
from aotface.face.texture import LUMA, distance_from, features_mask
from aotface.masked import falling, risen, rising
from aotface.reenact.dark_side import as_large
from aotface.reenact.dense_map import dense_map, plane_at
from aotface.types import CROP_SIDE, Landmarks, Mask, Part

BLURS = (0.35, 0.7, 1.4, 2.8, 5.6)
"""Standard deviations between which octaves lie, pixels at 256. With one more, up to 11, shadows beside the nose went too,
but identity fell nearly twice as far."""

NOSE = [6, 122, 351, 129, 358, 98, 327, 2, 64, 294, 4]
"""Vertices whose hull is the nose, from between the eyes to its base."""

NEAR, MARGIN = (8.0, 16.0), 24.0
"""Pixels at 256 from the nose up to which edges are compared, and from which on nothing is; and how much of the picture
around that is read."""

APART = 1.5
"""How far from its mirrored place the same edge may lie, in the same pixels."""

BESIDE = (1.0, 3.0)
"""How far a place must be from its mirrored one for an octave to begin to be compared, and to be, in parts of its coarser
blur. In the middle of the nose both are one edge: with nothing kept there, a line down its bridge was left."""

EXCESS = (0.005, 0.02)
"""By how much more than the other side and the target, a logarithm, an octave is where it begins to go, and goes."""

BROAD, HARD = 6.0, (0.1, 0.18)
"""Blur under which a nose's two sides are compared, in the same pixels, and their difference (a logarithm of display light,
root mean square) from which the light begins to count as one-sided, and counts. Of 64 pairs 26 have up to .1."""

SMOOTH, NOSTRIL = 0.7, 0.5
"""Blur of how much goes, in the same pixels; and how far around its landmarks a nostril stays, in units of
`features_mask`."""

FLOOR = np.float32(0.02)
"""Display light added before a logarithm."""

Pixels = Float32[np.ndarray, "grid grid 3"]


class _Sides(NamedTuple):
    """A nose in a box of the grid. ``own``: logarithms of its light. ``grey``, ``other``, ``lamp``: the same of luma: its
    own, the other side's, the target's. ``kept``: its nostrils and theirs. ``far``: how far apart a
    place and its mirrored one are, pixels."""

    own: Float32[np.ndarray, "rows columns 3"]
    grey: Mask
    other: Mask
    lamp: Mask
    kept: Mask
    far: Mask


def without_one_sided_edges(
    face: Pixels,
    target: Pixels,
    points: Landmarks,
    theirs: Landmarks,
    raster: Raster,
    seen: Mask | None = None,
) -> Pixels | None:
    """Light to add to X_r so that edges of hard light beside its nose go; None in even light.

    Args:
        face: X_r.
        target: its crop, at the same side.
        points: 468 x 3, of X_r, pixels of the grid.
        theirs: of the target, likewise.
        raster: of X_r.
        seen: where X_r shows the source's skin, 0..1; None: everywhere.

    Source: [ours].
    """
    unit = len(face) / CROP_SIDE
    where = _where(points, raster, unit)
    here = _box(where, MARGIN * unit)
    mirrored, shown = (dense_map(raster, one)[here] for one in (points[MIRROR, :2], theirs[:, :2]))
    where = where[here]
    if seen is not None:
        where = where * seen[here] * plane_at(seen, mirrored)
    logs, light = np.log(face + FLOOR), np.log(target + FLOOR)
    grey = cv2.transform(logs, LUMA)
    other = plane_at(grey, mirrored)
    hard = risen(_apart(grey[here] - other, where, BROAD * unit), HARD)
    if hard <= 0:
        return None
    nostrils = features_mask(
        raster.covered.shape, points, unit=NOSTRIL * unit, parts=(RIGHT_NOSTRIL, LEFT_NOSTRIL)
    )
    kept = np.maximum(nostrils[here], plane_at(nostrils, mirrored))
    far = np.linalg.norm(mirrored - _grid(here), axis=2)
    lamp = plane_at(cv2.transform(light, LUMA), shown)
    less = _excess(_Sides(logs[here], grey[here], other, lamp, kept, far), where, unit)
    added = np.zeros_like(face)
    added[here] = (face[here] + FLOOR) * np.expm1(-np.float32(hard) * less)
    return added


def _excess(sides: _Sides, where: Mask, unit: float) -> Float32[np.ndarray, "rows columns 3"]:
    """What is taken out, a logarithm: of each octave the share by which it is stronger than both others."""
    less = np.zeros_like(sides.own)
    free = 1 - sides.kept
    found = [_octaves(one, unit) for one in (sides.own, sides.grey, sides.other, sides.lamp)]
    for own, mine, other, lamp, width in zip(*found, BLURS[1:], strict=True):
        calm, lit = (_range(one * free, unit) for one in (other, lamp))
        over = np.maximum(mine - np.maximum(calm[1], lit[1]), np.minimum(calm[0], lit[0]) - mine)
        over = np.maximum(over, 0)
        share = np.minimum(over / np.maximum(np.abs(mine), np.float32(1e-4)), 1) * rising(over, EXCESS)
        share *= rising(sides.far / np.float32(width * unit), BESIDE)
        less += own * (cv2.GaussianBlur(share, (0, 0), SMOOTH * unit) * where * free)[..., None]
    return less


def _apart(difference: Mask, where: Mask, sigma: float) -> float:
    """How far both sides are apart, broadly."""
    broad = cv2.GaussianBlur(difference, (0, 0), sigma)
    return float(np.sqrt((broad**2 * where).sum() / max(float(where.sum()), 1e-6)))


def _octaves(logs: np.ndarray, unit: float) -> list[np.ndarray]:
    """What lies between the blurs, finest first."""
    stages = [cv2.GaussianBlur(logs, (0, 0), sigma * unit) for sigma in BLURS]
    return [fine - coarse for fine, coarse in zip(stages, stages[1:], strict=False)]


def _range(octave: Mask, unit: float) -> tuple[Mask, Mask]:
    """Least and most of an octave near each place, at most and at least 0."""
    size = 2 * round(APART * unit) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.erode(np.minimum(octave, 0), disc), cv2.dilate(np.maximum(octave, 0), disc)


def _where(points: Landmarks, raster: Raster, unit: float) -> Mask:
    """Where edges are compared, 0..1."""
    shape = raster.covered.shape
    near = falling(distance_from(shape, points[NOSE]) / unit, NEAR)
    features = features_mask(shape, points, unit=unit)
    return np.asarray(near * (1 - features) * as_large(points, raster) * raster.covered, np.float32)


def _box(where: Mask, margin: float) -> Part:
    """Rows and columns around it."""
    ends = []
    for axis in (1, 0):
        found = np.flatnonzero(where.any(axis=axis))
        first, last = (found[0], found[-1] + 1) if len(found) else (0, 1)
        ends.append(
            slice(max(int(first - margin), 0), min(int(np.ceil(last + margin)), where.shape[1 - axis]))
        )
    return ends[0], ends[1]


def _grid(here: Part) -> Float32[np.ndarray, "rows columns 2"]:
    """Places of a box: x and y."""
    rows, columns = (np.arange(one.start, one.stop, dtype=np.float32) for one in here)
    return np.stack(np.meshgrid(columns, rows), axis=2)
