"""Brows of X_r made whole: hairs that one lacks, as the other one has them [ours].

Where hard light, a fringe or a poor photograph wipes out a part of a brow, it stops bluntly, or both are unlike. So its
hairs become as dark there as the other brow's are at the same place, mirrored, in parts of how dark either is. What there
is of a brow stays. The target's hairs would make a second arc: its brows run otherwise. In pictures alone.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.mesh import MIRROR
from aotface.face.render import Raster
from aotface.face.texture import LUMA, brow_outlines
from aotface.masked import falling, risen, rising
from aotface.reenact.brow_profile import (
    BESIDE,
    BINS,
    EVEN,
    FLOOR,
    SEEN,
    Brow,
    beside_skin,
    both_brows,
    off_eyes,
)
from aotface.reenact.dense_map import dense_map, plane_at
from aotface.types import CROP_SIDE, Landmarks, Mask, Part

STRONG = 80
"""Percentile of all places along a brow that stands for how dark it is."""

LACKING = (0.35, 0.65)
"""How dark a place is, in parts of what the other brow lets expect, up to which all is drawn, and from which nothing is."""

CLEAR, WEAK = (0.12, 0.2), (0.06, 0.12)
"""How dark brows are, a logarithm of display light, where they begin to tell anything, and do; and a place of the one that
is drawn from."""

INNER = (0.15, 0.35)
"""Share of a brow, from its inner end, up to which nothing is drawn, and from which all is: inner ends are often unlike."""

TIMES = (0.5, 1.2)
"""Least and most of how dark what is drawn is, in parts of what it is drawn from."""

LARGE = 0.7
"""Size of the other brow over that of the one that is drawn from which it tells: turned away, it shows too little."""

EDGE, LIDS = (1.0, 4.0), (1.0, 5.0)
"""Distance from a brow over which what is drawn ends; and from an eye, over which it begins. Pixels at 256."""

LITTLE = 0.02
"""How much darker, a logarithm, is not to be seen."""

TINT = (0.6, 1.5)
"""Least and most of how dark hairs are in one colour, in parts of luma."""


def whole_brows(
    face: Float32[np.ndarray, "grid grid 3"], points: Landmarks, raster: Raster, visible: Mask
) -> Float32[np.ndarray, "grid grid 3"] | None:
    """Light to add to X_r for the hairs that one of its brows lacks; None where none does.

    Args:
        face: X_r.
        points: 468 x 3, of it, pixels of the grid.
        raster: of it.
        visible: where it shows the source's skin, 0..1.

    Source: [ours].
    """
    unit = len(face) / CROP_SIDE
    here = _box(points, raster, unit)
    if here is None:
        return None
    corner, covered = np.array([here[1].start, here[0].start, 0], np.float32), raster.covered[here]
    shape, own, shown = covered.shape, points - corner, visible[here]
    brows, eyes = both_brows((shape[0], shape[1]), own, unit), off_eyes((shape[0], shape[1]), own, unit)
    inner = cv2.erode(covered.astype(np.float32), np.ones((5, 5)))
    stands = beside_skin(face[here], brows, eyes, shown * inner, unit)
    if stands is None:
        return None
    dark, opposite = stands @ LUMA[0], dense_map(raster, points[MIRROR, :2])[here] - corner[:2]
    edges = [cv2.GaussianBlur(falling(brow.off, EDGE), (0, 0), unit) * rising(eyes, LIDS) for brow in brows]
    other, sure = plane_at(dark, opposite), rising(plane_at(shown * inner, opposite), SEEN) * inner
    more = np.zeros_like(dark)
    sizes = [int(brow.inside.sum()) for brow in brows]
    for brow, edge, size, size_of_other in zip(brows, edges, sizes, sizes[::-1], strict=True):
        if size_of_other >= LARGE * size:
            more += _lacking(dark, other, brow) * edge * sure
    if more.max() <= LITTLE:
        return None
    hairs = np.maximum(dark, 0) * np.maximum(*edges)
    tint = (stands * hairs[..., None]).sum(axis=(0, 1)) / max(float((dark * hairs).sum()), 1e-6)
    light = np.zeros_like(face)
    light[here] = (face[here] + FLOOR) * np.expm1(-more[..., None] * np.clip(tint, *TINT).astype(np.float32))
    return np.maximum(light, -face)


def _lacking(own: Mask, other: Mask, brow: Brow) -> Mask:
    """How much darker places of a brow must become, a logarithm.

    Args:
        own: how dark X_r is beside skin.
        other: how dark what it is drawn from is, at the same places.
        brow: one.
    """
    mine, theirs = brow.profile(own), brow.profile(other)
    strong = [float(np.percentile(one, STRONG)) for one in (mine, theirs)]
    clear = risen(strong[0], CLEAR) * risen(strong[1], CLEAR)
    if clear == 0:
        return np.zeros_like(own)
    expected = np.maximum(theirs * np.float32(strong[0] / strong[1]), np.float32(1e-3))
    share = falling(mine / expected, LACKING) * rising(theirs, WEAK)
    share = cv2.GaussianBlur(share[None], (0, 0), EVEN, borderType=cv2.BORDER_REPLICATE)[0]
    share *= rising(np.linspace(0, 1, BINS), INNER)
    times = np.float32(clear) * np.interp(brow.along, np.arange(BINS), share).astype(np.float32)
    scale = np.float32(np.clip(strong[0] / strong[1], *TIMES))
    return times * np.maximum(scale * np.maximum(other, 0) - np.maximum(own, 0), 0)


def _box(points: Landmarks, raster: Raster, unit: float) -> Part | None:
    """Rows and columns around both brows; None where they lie beside the grid."""
    every, margin = np.concatenate(brow_outlines(points)), BESIDE[1] * unit
    size = np.array(raster.covered.shape[::-1])
    low, high = (
        np.clip(at, 0, size).astype(int) for at in (every.min(0) - margin, every.max(0) + margin + 1)
    )
    if (high - low).min() < 2 * margin:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
