"""The two low bands of a blend: what a face loses of its tone towards its edge, so that it meets the target's there; and how
bright brows may be beside that tone."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Shaped

from aotface.face.align import places_of, region_of, resize_matrix, sample, scale_of
from aotface.face.texture import LUMA
from aotface.masked import times
from aotface.types import CROP_SIDE, Crop, Frame, Mask, Matrix

BAND_REACHES = (2.5, 8.0)
"""Width of the two low bands (standard deviations) in pixels of the 256 px crop."""

DIM = 0.05
"""Luma, display values, below which any place counts as dark; features do below that of the skin around."""

GLINT, TEXTURE, LOWERED, OFF = 0.02, 0.015, 0.02, 1.0
"""How much brighter than skin around, in parts of it, a place in a brow may be where the target's is no brighter; how much
brighter, in display values, pixels may be beside that; how much too bright is what goes half the way to skin; and how much
further the bound lies beside brows, in display values: nothing reaches it there."""

BANDS_SIDE = CROP_SIDE // 2
"""Side at which they are blurred: it holds them."""


class Bands(NamedTuple):
    """``shift``: see `low_band_shift`. ``ceiling``: skin, RGB, display values, whose luma nothing in a brow should exceed;
    None: there is no such bound."""

    shift: Float32[np.ndarray, "128 128 4"]
    ceiling: Float32[np.ndarray, "128 128 3"] | None


def low_band_shift(
    target: Frame,
    swapped: Crop,
    mask: Float32[np.ndarray, "side side"],
    matrix: Matrix,
    features: Mask | None = None,
    brows: Mask | None = None,
) -> Bands:
    """What the low bands of the swapped crop lose towards the mask's edge, at `BANDS_SIDE`; and 1 over the luma from which
    on a place gets all of that.

    With D = swapped - target, its weighted local means P1, P2 and one-sided weights i1, i2 (1 well inside,
    0 at the edge), the bands D - P1, P1 - P2, P2 count 1, i1, i2: together D + (i1 - 1) P1 + (i2 - i1) P2.

    Args:
        target: the frame.
        swapped: Y, side x side x 3, 0..1.
        mask: where it shows, 0..1.
        matrix: frame points to points of the crop.
        features: eyes, brows and lips at 256 px, 0..1, which tell no tone; None: all of the face tells it.
        brows: of the swapped face, at 256 px, 0..1; they count where features are known. None: no ceiling.

    Source: Burt and Adelson, ACM TOG 1983; one-sided, weighted bands [ours].
    """
    small = resize_matrix(matrix, len(mask), CROP_SIDE)
    map_x, map_y = places_of(small, CROP_SIDE)
    height, width = target.shape[:2]
    seen = (map_x > -0.5) & (map_y > -0.5) & (map_x < width - 0.5) & (map_y < height - 0.5)
    weight = cv2.resize(mask, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
    face: np.ndarray = cv2.resize(
        cv2.copyTo(swapped, where(mask), np.zeros_like(swapped)),
        (CROP_SIDE, CROP_SIDE),
        interpolation=cv2.INTER_AREA,
    )
    share = cv2.resize((mask > 0).astype(np.float32), (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
    here = box_of(weight)  # elsewhere nothing is read
    difference, region = np.zeros_like(face), region_of(target, map_x, map_y)
    face = face[here] / np.maximum(share[here], 1e-6)[..., None]
    difference[here] = face - sample(target, map_x[here], map_y[here], scale_of(small), region)
    size = BANDS_SIDE, BANDS_SIDE
    known = weight * seen if features is None else weight * seen * (1 - features)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    weighted = cv2.resize(times(difference, known), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    shift = np.zeros_like(weighted)
    inner_before: np.ndarray = np.ones_like(share)
    mean = shift
    for reach in (band * BANDS_SIDE / CROP_SIDE for band in BAND_REACHES):
        inner = np.clip(2 * cv2.GaussianBlur(np.minimum(2 * share, 1), (0, 0), reach) - 1, 0, 1)
        mean = _mean_of_weighted(weighted, total, reach)
        shift += times(mean, inner - inner_before)
        inner_before = inner
    usual = np.full(size, DIM, np.float32)
    ceiling: np.ndarray | None = None
    if features is not None:
        skin = np.zeros_like(difference)
        skin[here] = face
        skin = cv2.resize(times(skin, known), size, interpolation=cv2.INTER_AREA)
        around = _mean_of_weighted(skin, total, reach)
        luma = cv2.transform(around, LUMA)
        usual += cv2.resize(features, size, interpolation=cv2.INTER_AREA) * np.maximum(luma - usual, 0)
        if brows is not None:
            theirs = np.zeros(weight.shape, np.float32)
            theirs[here] = cv2.transform(face - difference[here], LUMA)
            shown = cv2.resize(theirs, size, interpolation=cv2.INTER_AREA)
            brighter = cv2.dilate(shown - (luma - cv2.transform(mean, LUMA)), np.ones((3, 3), np.uint8))
            more = np.maximum(brighter, 0) + np.float32(OFF) * (
                1 - cv2.resize(brows, size, interpolation=cv2.INTER_AREA)
            )
            most = around * np.float32(1 + GLINT) + shift + more[..., None]
            made = np.zeros_like(difference)
            made[here] = face
            made = cv2.resize(made, size, interpolation=cv2.INTER_AREA) + shift
            shift += times(most - made, share_lowered(made, most))  # broad light, without the skin's texture
            ceiling = most + np.float32(TEXTURE)
    return Bands(np.dstack([shift, 1 / usual]).astype(np.float32), ceiling)


def share_lowered(
    made: Float32[np.ndarray, "_rows _columns 3"], most: Float32[np.ndarray, "_rows _columns 3"]
) -> Float32[np.ndarray, "_rows _columns"]:
    """How far places of a face go to the colour they should not be brighter than: 0 where they are not."""
    over = np.maximum(cv2.transform(made - most, LUMA), 0)
    return np.asarray(over / (over + np.float32(LOWERED)), np.float32)


def local_mean_of(
    values: Float32[np.ndarray, "_rows _columns 3"],
    weight: Float32[np.ndarray, "_rows _columns"],
    reach: float,
) -> Float32[np.ndarray, "_rows _columns 3"]:
    """Weighted Gaussian mean (standard deviation ``reach`` pixels), carried on to where the weight is 0."""
    side = len(weight)
    small = max(1, round(side / max(1.0, reach / 2)))
    weighted = cv2.resize(times(values, weight), (small, small), interpolation=cv2.INTER_AREA)
    total = cv2.resize(weight, (small, small), interpolation=cv2.INTER_AREA)
    mean = _mean_of_weighted(weighted, total, reach * small / side)
    return cv2.resize(mean, (side, side), interpolation=cv2.INTER_LINEAR)


def _mean_of_weighted(
    weighted: Float32[np.ndarray, "_rows _columns 3"],
    total: Float32[np.ndarray, "_rows _columns"],
    sigma: float,
) -> Float32[np.ndarray, "_rows _columns 3"]:
    """The same of values times their weight, and their weight; ``sigma``: the standard deviation."""
    overall = weighted.sum(axis=(0, 1)) / max(float(total.sum()), 1e-6)
    weighted = cv2.GaussianBlur(weighted, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    near = cv2.GaussianBlur(total, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)[..., None]
    mean = np.where(near > 1e-4, weighted / np.maximum(near, 1e-4), overall)
    return mean.astype(np.float32)


def where(mask: Mask) -> Shaped[np.ndarray, "_height _width"]:
    """A mask as OpenCV wants it."""
    return (mask > 0).view(np.uint8)


def box_of(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns that show something; a mask that shows nothing has none."""
    found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(int(at[0]), int(at[-1]) + 1) for at in found)
    return rows, columns
