"""A source's brows without sand: dots beside hairs that are no strands [ours].

Sharpening and compression leave hard dots in brows of small photographs, bright and dark ones, often orange. Lifted with the
skin around, or beside smooth skin, they are the first thing seen. A hair, and skin between two hairs, is a line: what is
left of a brow where no short line fits is dots, and these become faint. Done once for each source.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.colour_space import linear_to_srgb, luminance_of_linear, srgb_to_linear
from aotface.face.align import crop_matrix, scale_of
from aotface.face.texture import brow_outlines, hull_mask
from aotface.masked import grown, risen
from aotface.types import Face, Frame, Mask

LINE, ANGLES, SHORTEST = 2.0, 8, 5
"""Length of a line, in pixels at 256; in how many directions it is tried; and its least length, in pixels of the picture."""

SANDY = (0.12, 0.18)
"""How much stands out from lines in brows, root mean square of logarithms, where sand begins, and where all is. Of 140 faces
of ``train`` half have less than .05, and a tenth more than .11 (docs/log/2026-11-30-brow-dots.md)."""

BRIGHT, DARK = 0.1, 0.2
"""How much brighter or darker than a line through it a dot may be, as a logarithm: softly, and then hardly more."""

SMALL, SPECK, HOLE = (1.5, 3.5), (0.45, 0.9), 0.6
"""Sizes, in pixels at 256, of bright places among hairs, whatever their form; how much brighter than those around they may
be; and the same of dark ones of the first size."""

EVEN = 1.5
"""Standard deviation, in pixels at 256, of the neighbourhood whose colour a place gets."""

GROWN, SOFT, MARGIN = 2.0, 1.5, 12.0
"""By how much brows are grown, how softly that ends, and what around is looked at. Pixels at 256."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm."""

Kernel = UInt8[np.ndarray, "_side _side"]

Plane = Float32[np.ndarray, "_rows _columns"]

Pixels = Float32[np.ndarray, "_rows _columns 3"]


def without_sand(frame: Frame, face: Face) -> Frame:
    """A source's picture without sand in its brows.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.

    Returns:
        The picture, changed in both brows; the very same where the picture shows none.

    Source: [ours]; openings by lines: Soille, "Morphological Image Analysis", 2003.
    """
    unit = 1 / scale_of(crop_matrix(face.landmarks))
    outlines = brow_outlines(face.landmarks)
    every, margin = np.concatenate(outlines), MARGIN * unit
    height, width = frame.shape[:2]
    x0, y0 = np.clip(np.floor(every.min(axis=0) - margin), 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(every.max(axis=0) + margin) + 1, 0, (width, height)).astype(int).tolist()
    if x1 - x0 < SHORTEST or y1 - y0 < SHORTEST:
        return frame
    here, white = (slice(y0, y1), slice(x0, x1)), np.float32(np.iinfo(frame.dtype).max)
    brows = hull_mask((y1 - y0, x1 - x0), *(one - np.array([x0, y0], np.float32) for one in outlines))
    weight = cv2.GaussianBlur(grown(brows, GROWN * unit), (0, 0), SOFT * unit)[..., None]
    light = np.log(srgb_to_linear(frame[here].astype(np.float32) / white) + FLOOR)
    luma = np.log(luminance_of_linear(np.exp(light)))
    colour = light - luma[..., None]
    change = (_calmed(luma, unit, brows) - luma)[..., None] + _even(colour, np.exp(luma), unit) - colour
    calm = light + weight * change
    result = frame.copy()
    result[here] = np.rint(np.clip(linear_to_srgb(np.exp(calm) - FLOOR), 0, 1) * white).astype(frame.dtype)
    return result


def _even(colour: Pixels, light: Plane, unit: float) -> Pixels:
    """Colour without dots; what is dark tells less of it."""
    total = cv2.GaussianBlur(light, (0, 0), EVEN * unit)[..., None]
    return np.asarray(cv2.GaussianBlur(colour * light[..., None], (0, 0), EVEN * unit) / total, np.float32)


def _calmed(light: Plane, unit: float, brows: Mask) -> Plane:
    """Brightness, a logarithm, in which no dot stands out by more than it may; nor what is as small, where there is sand."""
    lines, discs = _lines(_odd(LINE * unit, SHORTEST)), [_disc(_odd(size * unit, 3)) for size in SMALL]
    bright, dark = _opened(light, lines), _closed(light, lines)
    share = risen(float(np.sqrt(np.mean((dark - bright)[brows > 0] ** 2))), SANDY)
    calm = bright + _bounded(light - bright, BRIGHT)
    dark = _closed(calm, lines)
    calm = even = dark - _bounded(dark - calm, DARK)
    if share == 0:
        return calm
    for disc, most in zip(discs, SPECK, strict=True):
        base = _opened(even, (disc,))
        even = base + _bounded(even - base, most)
    base = _closed(even, discs[:1])
    even = base - _bounded(base - even, HOLE)
    return np.asarray(calm + np.float32(share) * (even - calm), np.float32)


def _opened(light: Plane, kernels: Sequence[Kernel]) -> Plane:
    """Without what is bright and holds none of these."""
    return np.maximum.reduce([cv2.morphologyEx(light, cv2.MORPH_OPEN, kernel) for kernel in kernels])


def _closed(light: Plane, kernels: Sequence[Kernel]) -> Plane:
    """The same of what is dark."""
    return np.minimum.reduce([cv2.morphologyEx(light, cv2.MORPH_CLOSE, kernel) for kernel in kernels])


def _bounded(values: Plane, most: float) -> Plane:
    """Values from 0 that come no further than a bound; little ones stay."""
    return np.asarray(values / np.sqrt(1 + (values / np.float32(most)) ** 2), np.float32)


def _odd(size: float, least: int) -> int:
    """Nearest odd number of pixels."""
    return max(least, 2 * round((size - 1) / 2) + 1)


def _disc(size: int) -> Kernel:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


@lru_cache(maxsize=8)
def _lines(size: int) -> tuple[Kernel, ...]:
    """Lines through the middle of a square of so many pixels, each the same when turned by half a turn."""
    steps, found = np.arange(size // 2 + 1), []
    for angle in np.pi * np.arange(ANGLES) / ANGLES:
        along = np.array([np.sin(angle), np.cos(angle)])
        reached = np.rint(steps[:, None] * along / np.abs(along).max()).astype(int)
        kernel = np.zeros((size, size), np.uint8)
        for rows, columns in (size // 2 + reached.T, size // 2 - reached.T):
            kernel[rows, columns] = 1
        found.append(kernel)
    return tuple(found)
