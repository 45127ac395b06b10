"""The target's nostrils, where the source's picture shows none [ours].

A source that is looked at from above, or is lit from below, shows no nostrils, and X_r has none in a pose that must show
them: a nose of wax, or a grey smear once the map has laid the target's shade there. So X_r gets how dark the target's are,
under its own shape, where its own are hardly to be seen. Colour and depth are bounded: it is darkness that is carried over,
no skin. A broad shadow under the target's nose fills the place of a nostril; it is none, and stays behind.

Where a smile or a lamp shows one nostril as a hook and the other not at all, one laid in beside the hook does not match it.
So where one is lacking both become the target's, and what is darker than it in their places is filled.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import LEFT_NOSTRIL, RIGHT_NOSTRIL
from aotface.face.render import Raster
from aotface.face.texture import LUMA, features_mask
from aotface.masked import resized, risen, rising
from aotface.reenact.dense_map import dense_map, plane_at
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask, Part

NOSTRILS = RIGHT_NOSTRIL, LEFT_NOSTRIL

VALLEY, FINE, RIM = 11, 0.6, 1.2
"""Width of what counts as a nostril, at most; and standard deviations of blurs, of what is dark and of what is around it:
pixels at 256."""

FLOOR = np.float32(0.01)
"""Display light added before a logarithm."""

WIDE, CORE, AROUND = 0.7, 0.5, 1.5
"""How far around its landmarks a nostril is replaced, is looked for in the target, and in X_r: units of `features_mask`."""

DEEP, OWN = 92, 99
"""Percentiles of how dark the places of a nostril are that tell how dark it is: of the target's, and of X_r's."""

SHOWN = (0.4, 0.55)
"""How much darker than skin, a logarithm of display light, X_r's own is where it begins to be enough, and is."""

DEEPER, LONE = (0.05, 0.15), (0.1, 0.3)
"""By how much the target's must be deeper before both begin to be replaced, and are; and before one alone begins to be, and
is: beside another it shows more."""

SHADE, MUCH = (0.38, 0.5), 0.6
"""Share of a nostril's place that is as dark as ``MUCH`` of its depth, from which it begins to be a shadow, and is."""

SHADES = (0.36, 0.42)
"""The same share, of the worse of both, where both are replaced."""

CLEAR = (0.7, 0.9)
"""Depth of X_r's deeper one, a logarithm, from which it begins to stay beside one that is lacking, and stays."""

AS_DEEP, SMALL, SHARED = (0.8, 0.95), (0.22, 0.27), (0.45, 0.6)
"""Where X_r's nostrils lie elsewhere, the target's are taken. Depth of these, in parts of its own, from which they begin to
be, and are; share of their place up to which they are small ones for sure, and from which not; and share of them that X_r
has at the same places, up to which it has others, and from which it has the same."""

MOST = 0.85
"""Depth that a nostril has at most."""

TINT = np.array([0.84, 1.06, 1.16], np.float32)
"""Depth of red, green and blue, in parts of that of luma: light that has entered comes back red."""

LEAST, FILLED = 0.02, (0.05, 0.2)
"""Darkness that is a nostril's, not a pore's, at least; and of what is filled, from which what is fine begins to go with
it, and goes: logarithms."""

Pixels = Float32[np.ndarray, "rows columns 3"]


class _Look(NamedTuple):
    """A nose's base in a box of the grid. ``here``: the box. ``dark``: how much darker than around, a logarithm. ``points``:
    468 x 3, its pixels."""

    here: Part
    dark: Mask
    points: Landmarks


class _Pair(NamedTuple):
    """A nostril of both. ``depth``: the target's. ``mine``: the deepest near X_r's. ``shade``: share of its place
    that the target's fills."""

    depth: float
    mine: float
    shade: float


class Nostrils(NamedTuple):
    """``light``: to add to X_r, grid x grid x 3. ``filled``: where what is fine goes with it, 0..1."""

    light: Float32[np.ndarray, "grid grid 3"]
    filled: Mask

    def lay(self, crop: Crop) -> None:
        """Lay them into X_r, in place; its side is any."""
        side, grid = len(crop), len(self.filled)
        crop += resized(self.light, side)
        rows, columns = (np.flatnonzero(self.filled.any(axis=axis)) for axis in (1, 0))
        if len(rows) and side > grid:
            zoom, margin = side / grid, 2
            here = tuple(
                slice(int(max(at[0] - margin, 0) * zoom), int(np.ceil(min(at[-1] + margin, grid) * zoom)))
                for at in (rows, columns)
            )
            face = crop[here]
            eased = cv2.GaussianBlur(face, (0, 0), FINE * zoom * grid / CROP_SIDE)
            face += (eased - face) * resized(self.filled, side)[here][..., None]
        np.clip(crop, 0, 1, out=crop)


def target_nostrils(
    face: Float32[np.ndarray, "grid grid 3"],
    target: Float32[np.ndarray, "grid grid 3"],
    points: Landmarks,
    theirs: Landmarks,
    raster: Raster,
    seen: Mask | None = None,
) -> Nostrils | None:
    """What X_r needs for the nostrils that it lacks; None where it lacks none.

    Args:
        face: X_r.
        target: its crop, at the same side.
        points: 468 x 3, of X_r, pixels of the grid.
        theirs: of the target, likewise.
        raster: of X_r.
        seen: where the target's skin shows, 0..1; None: everywhere.
    """
    unit = len(face) / CROP_SIDE
    own, other = _look(face, points, unit), _look(target, theirs, unit)
    if own is None or other is None:
        return None
    pairs = [_compared(own, other, nostril, unit) for nostril in NOSTRILS]
    shares = _lacking(pairs)
    apart = _clearer(pairs) if min(shares) < 1 else 0.0
    if max(*shares, apart) <= 0:
        return None
    corner = np.array([other.here[1].start, other.here[0].start], np.float32)
    places = dense_map(raster, theirs[:, :2])[own.here]
    shown = np.asarray(_bounded(plane_at(other.dark, places - corner, cv2.BORDER_CONSTANT)), np.float32)
    marks = [_place(own, nostril, WIDE * unit) for nostril in NOSTRILS]
    if apart > 0:
        apart *= 1 - risen(_shared(own.dark, shown, np.maximum(*marks)), SHARED)
    weight = np.maximum(
        *(mark * np.float32(max(share, apart)) for mark, share in zip(marks, shares, strict=True))
    )
    if seen is not None:
        weight *= plane_at(seen, places)
    if not weight.any():
        return None
    over = np.clip((own.dark - shown) / np.maximum(own.dark, np.float32(LEAST)), 0, 1) * weight
    more = np.maximum(shown - own.dark, 0) * weight
    mine, even = face[own.here], over * rising(own.dark, FILLED)
    fine, around = _levels(mine, unit)
    level = mine + (around - fine) * over[..., None] + (fine - mine) * even[..., None]
    light, filled = np.zeros_like(face), np.zeros(face.shape[:2], np.float32)
    light[own.here] = level * np.exp(-more[..., None] * TINT) - mine
    filled[own.here] = even
    return Nostrils(light, filled)


def _look(face: Float32[np.ndarray, "grid grid 3"], points: Landmarks, unit: float) -> _Look | None:
    """How dark the base of a nose is; None where it lies beyond the grid."""
    corners = points[np.concatenate(NOSTRILS), :2]
    margin = 2 * VALLEY * unit
    low, high = (
        np.clip(at, 0, len(face)).astype(int) for at in (corners.min(0) - margin, corners.max(0) + margin)
    )
    if (high - low).min() < margin:
        return None
    here = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    fine, around = _levels(np.ascontiguousarray(face[here] @ LUMA[0]), unit)
    dark = np.log((around + FLOOR) / (fine + FLOOR))
    return _Look(here, dark, points - np.array([low[0], low[1], 0], np.float32))


def _levels(light: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Light without what is fine, and how much of it is around what is narrow and dark."""
    size = round(VALLEY * unit) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    around = cv2.morphologyEx(cv2.GaussianBlur(light, (0, 0), RIM * unit), cv2.MORPH_CLOSE, disc)
    fine = cv2.GaussianBlur(light, (0, 0), FINE * unit)
    return fine, np.maximum(around, fine)


def _place(look: _Look, nostril: np.ndarray, unit: float) -> Mask:
    """Where a nostril is, 0..1."""
    height, width = look.dark.shape
    return features_mask((height, width), look.points, unit=unit, parts=(nostril,))


def _compared(own: _Look, other: _Look, nostril: np.ndarray, unit: float) -> _Pair:
    """How deep a nostril is; of no depth where it is too small to tell."""
    there = other.dark[_place(other, nostril, CORE * unit) > 0.5]
    here = own.dark[_place(own, nostril, AROUND * unit) > 0.5]
    if not len(there) or not len(here):
        return _Pair(0.0, 0.0, 1.0)
    depth = float(np.percentile(there, DEEP))
    mine = float(np.percentile(here, OWN))
    return _Pair(depth, mine, float((there > MUCH * depth).mean()))


def _lacking(pairs: list[_Pair]) -> list[float]:
    """How far each of X_r's nostrils is to become the target's, 0..1: one that is lacking, and the other one with it."""
    deeper = [float(_bounded(one.depth)) - one.mine for one in pairs]
    hidden = [1 - risen(one.mine, SHOWN) for one in pairs]
    both = max(risen(more, DEEPER) * share for more, share in zip(deeper, hidden, strict=True))
    both *= 1 - risen(max(one.shade for one in pairs), SHADES)
    both *= 1 - risen(max(one.mine for one in pairs), CLEAR)
    lone = [
        risen(more, LONE) * share * (1 - risen(one.shade, SHADE))
        for more, share, one in zip(deeper, hidden, pairs, strict=True)
    ]
    return [max(share, both) for share in lone]


def _clearer(pairs: list[_Pair]) -> float:
    """How far the target's nostrils are small ones, and about as deep as X_r's or deeper, 0..1."""
    ratio = min(one.depth / max(one.mine, LEAST) for one in pairs)
    return risen(ratio, AS_DEEP) * (1 - risen(max(one.shade for one in pairs), SMALL))


def _shared(own: Mask, theirs: Mask, weight: Mask) -> float:
    """Share of the target's that is as dark in X_r at the same places."""
    both = float((np.minimum(own, theirs) * weight).sum())
    return both / max(float((theirs * weight).sum()), LEAST)


def _bounded(depth: Mask | float) -> Mask | float:
    """At most `MOST`, gently."""
    return depth / (1 + (depth / MOST) ** 4) ** 0.25
