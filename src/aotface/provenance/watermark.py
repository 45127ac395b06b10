"""An invisible watermark of our own: the pixels say "aotface made this", and outlive the metadata.

The mark is one fixed, seamless noise tile of 128 x 128 cells whose Fourier phases are drawn from a public
key. It is laid over the whole picture, weaker where the picture is smooth, and added equally to R, G and B.
It carries no message: nothing about the user, the person or the time, only that this tool made the picture.

Reading it back needs no original. The picture is flattened, cut into tiles and averaged (*folded*), and the
phases of the fold are compared with those of the key at every shift, so a crop does not matter; a search
over the size of a cell takes care of resizing. Because only phases are compared, the chance of a false
alarm is bounded for any picture whatever (see :func:`false_alarm`), not merely estimated on some.

It is a label against loss of context, not a lock: who reads this file can remove it or forge it.
Source: [ours]; the parts are known: spread spectrum (Cox et al. 1997), tiling for crops (Kutter 1998),
symmetric phase-only matched filter (Chen et al. 1994).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import scipy.fft
from jaxtyping import Complex64, Float32

from aotface.colour_space import LUMINANCE
from aotface.errors import TooLargeError
from aotface.types import Frame

VERSION = 1
"""Version of the mark: a change of key, tile or band is a new version."""

KEY = 0x0A07FACE
"""Seed of the tile. Public: a secret in open code would be none."""

TILE = 128
"""Side of the tile in cells."""

BAND = (8.0, 30.0)
"""Wave numbers that carry the mark, in periods per tile: waves of 16 to 4 cells."""

SHORT_SIDE = 1024
"""A cell is one pixel up to this short side in pixels; in larger pictures it grows with them."""

SMALL, FINE = 208, 0.75
"""Below this short side in pixels a cell is so many pixels."""

MIN_SIDE = 96
"""Pictures with a shorter side are not marked: they hold less than one tile. Half of it can still be read."""

THRESHOLD = 7.8
"""A score above this is a mark."""

LONGEST = 32_000
"""Longer sides in pixels are refused: the image library counts them with 16 bits."""

Plane = Float32[np.ndarray, "_rows _columns"]


@dataclass(frozen=True)
class Watermark:
    """What was found in the pixels.

    ``score``: standard deviations above chance. ``false_alarm``: upper bound of the chance that an unmarked
    picture scores this high. ``cell``: pixels per cell of the best fit (1 = not resized). ``too_small``:
    the picture is too small to hold a mark. ``version``: the version of the mark, 0 if none was found.
    """

    found: bool
    score: float
    false_alarm: float
    cell: float
    version: int
    too_small: bool = False


def embed(frame: Frame, key: int = KEY) -> Frame:
    """Mark a picture invisibly.

    Args:
        frame: height x width x 3, uint8 or uint16, RGB, display-encoded.
        key: seed of the tile.

    Returns:
        A new frame of the same shape and depth; grey stays grey. Shorter than :data:`MIN_SIDE`: an
        unchanged copy.

    Raises:
        TooLargeError: a side is longer than :data:`LONGEST`.

    Source: [ours]
    """
    if not _is_marked(frame):
        return frame.copy()
    height, width = frame.shape[:2]
    reduced = _luma(frame)
    strength = _strength(reduced)
    cell, shrink = _cell(height, width), height / len(reduced)
    depth = np.iinfo(frame.dtype).max
    kind = cv2.CV_8U if frame.dtype == np.uint8 else cv2.CV_16U
    marked = np.empty_like(frame)
    size = BAND_ROWS if cell == 1 else 512  # where maps are enlarged, every band costs some work
    for top in range(0, height, size):  # bands: no full-size float picture
        band = frame[top : top + size]
        change = _grow(_tile(key), cell, top, band.shape, cv2.BORDER_WRAP)
        change *= _grow(strength, shrink, top, band.shape, cv2.BORDER_REPLICATE) * np.float32(depth / 255)
        if cell > 1:  # broad cells would show as patches with sharp rims, one level high
            change += _grow(_grain(), 1.0, top, band.shape, cv2.BORDER_WRAP)
        # The same in R, G and B: grey stays grey.
        marked[top : top + size] = cv2.add(np.ascontiguousarray(band), cv2.merge([change] * 3), dtype=kind)
    return marked


def change_of(frame: Frame, key: int = KEY) -> Plane:
    """What `embed` adds to R, G and B alike, in levels of 255; for frames, of which many have the same size."""
    if not _is_marked(frame):
        return np.zeros(frame.shape[:2], np.float32)
    reduced = _luma(frame)
    strength = _grow(_strength(reduced), len(frame) / len(reduced), 0, frame.shape, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.multiply(_whole_tile(key, *frame.shape[:2]), strength, dst=strength))


def _is_marked(frame: Frame) -> bool:
    """Whether a picture is large enough; see `embed`."""
    height, width = frame.shape[:2]
    if max(height, width) > LONGEST and min(height, width) >= MIN_SIDE:
        raise TooLargeError(
            f"expected sides up to {LONGEST} px to mark, got {width} x {height}; make it smaller"
        )
    return min(height, width) >= MIN_SIDE


def detect(frame: Frame, key: int = KEY) -> Watermark:
    """Look for the mark; no original is needed.

    Args:
        frame: height x width x 3, uint8 or uint16, RGB, display-encoded; any size, possibly cropped or
        resized. key: seed of the tile.

    Returns:
        What was found; the first fit above :data:`THRESHOLD`, else the best one.

    Raises:
        TooLargeError: a side is longer than :data:`LONGEST`.

    Source: [ours]
    """
    if min(frame.shape[:2]) < MIN_SIDE // 2:
        return Watermark(False, 0.0, 1.0, 0.0, 0, too_small=True)
    if max(frame.shape[:2]) > LONGEST:
        height, width = frame.shape[:2]
        raise TooLargeError(
            f"expected sides up to {LONGEST} px to read, got {width} x {height}; cut it in pieces"
        )
    luma = _luma(frame)
    best, best_cell = 0.0, 1.0
    for part, cell in _hypotheses(luma):
        score = _match(part, cell, key)
        if score > best:
            best, best_cell = score, cell
        if best > THRESHOLD:
            break
    found = best > THRESHOLD
    shrink = frame.shape[0] / len(luma)
    return Watermark(found, best, false_alarm(best), best_cell * shrink, VERSION if found else 0)


def false_alarm(score: float) -> float:
    """Bound the chance that a picture made without the key scores this high anywhere in the search.

    For one shift and cell size the score is a sum of n cosines over sqrt(n / 2). The key's phases are
    uniform and independent of the picture, so E exp(t cos) = I0(t) <= exp(t^2 / 4) and P(score > z) <=
    exp(-z^2 / 2) (Chernoff), whatever the picture shows. The union bound over all shifts, windows and cell
    sizes gives the rest.

    Args:
        score: standard deviations above chance.

    Returns:
        Upper bound of the probability, 0..1.

    Source: [ours]
    """
    tried = TILE * TILE * (2 * (len(_EXACT) + 1) + len(_WINDOWS) * len(_CELLS))
    return min(1.0, tried * math.exp(-0.5 * max(score, 0.0) ** 2))


# --- the tile -------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _bins() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and radii of the wave numbers in the band; one of each conjugate pair, none in column
    0."""
    rows, columns = np.mgrid[-TILE // 2 : TILE // 2, 1 : TILE // 2]
    radius = np.hypot(rows, columns)
    inside = (radius >= BAND[0]) & (radius <= BAND[1])
    return rows[inside], columns[inside], radius[inside]


@lru_cache(maxsize=8)
def _phasors(key: int) -> Complex64[np.ndarray, " bins"]:
    """Unit phasors of the key, one per wave number of the band."""
    turns = np.random.default_rng(key).random(len(_bins()[0]))
    return np.exp(2j * np.pi * turns).astype(np.complex64)


@lru_cache(maxsize=8)
def _tile(key: int) -> Plane:
    """The noise tile, seamless, of unit variance."""
    rows, columns, _ = _bins()
    spectrum = np.zeros((TILE, TILE // 2 + 1), np.complex64)
    spectrum[rows % TILE, columns] = _phasors(key)
    tile = np.fft.irfft2(spectrum, (TILE, TILE))
    return (tile / tile.std()).astype(np.float32)


@lru_cache(maxsize=1)
def _whole_tile(key: int, height: int, width: int) -> Plane:
    """The tile all over a frame."""
    return _grow(_tile(key), _cell(height, width), 0, (height, width), cv2.BORDER_WRAP)


@lru_cache(maxsize=1)
def _grain() -> Plane:
    """Noise of less than half a level: rounds to nothing where there is no mark, and dithers it where there
    is."""
    return np.random.default_rng(KEY).random((TILE, TILE), np.float32) * np.float32(0.998) - np.float32(0.499)


def _cell(height: int, width: int) -> float:
    """Pixels per cell: finer in a small picture, which needs all the room it has; coarser in a large one."""
    short = min(height, width)
    return FINE if short < SMALL else max(1.0, short / SHORT_SIDE)


# --- embedding ------------------------------------------------------------------------------------

FLAT, GAIN, PEAK = 0.6, 0.7, 3.0
"""Strength of the mark in levels of 255: in a flat area, per level of texture, and at most."""

LOUDEST = 1.85
"""Largest rms of the strength in levels of 255: 42.8 dB PSNR."""

QUIET_SIDE = 256
"""From this short side on the mark gets weaker with the cube root of the side: it is repeated more often."""


def _strength(luma: Plane) -> Plane:
    """How strong the mark may be at each pixel, in levels of 255: texture hides it, smooth skin and sky do
    not."""
    height, width = luma.shape
    fine = cv2.absdiff(luma, cv2.GaussianBlur(luma, (0, 0), 1.2))
    # What follows is so smooth that half the side holds it.
    half = cv2.resize(fine, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    half = cv2.erode(cv2.GaussianBlur(half, (0, 0), 1.5), np.ones((7, 7)))  # no halo beside a sharp edge
    half = np.minimum(cv2.GaussianBlur(half, (0, 0), 1.5) * np.float32(GAIN) + np.float32(FLAT), PEAK)
    strength = np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    if min(luma.min(), 255 - luma.max()) < 4:  # pure black and white stay pure
        for top in range(0, height, BAND_ROWS):
            rows = luma[top : top + BAND_ROWS]
            room = np.minimum(rows, 255 - rows)
            strength[top : top + BAND_ROWS] *= np.clip(room / 4, 0, 1, out=room)
    rms = cv2.norm(strength) / math.sqrt(strength.size)
    loudness = min(1.0, LOUDEST / max(rms, 1e-9)) * min(1.0, math.cbrt(QUIET_SIDE / min(luma.shape)))
    strength *= np.float32(loudness)
    return strength


def _grow(small: Plane, scale: float, top: int, size: tuple[int, ...], border: int) -> Plane:
    """Enlarge a map ``scale`` times and cut out a band of the picture that begins at row ``top``; ``size``: height, width.

    Row by row and column by column, each pixel from four: so it takes a quarter of the time of a general warp, whose
    values these are, up to rounding.
    """
    height, width = size[:2]
    if scale == 1 and top + height <= len(small) and small.shape[1] == width:
        return small[top : top + height].copy()
    mode: Literal["wrap", "clip"] = "wrap" if border == cv2.BORDER_WRAP else "clip"
    if scale == 1:  # nothing lies between pixels
        rows = small.take(np.arange(top, top + height), axis=0, mode=mode)
        return rows if rows.shape[1] == width else rows.take(np.arange(width), axis=1, mode=mode)
    step, offset = (
        1 / scale,
        0.5 / scale - 0.5,
    )  # pixel centres at integers: small = (large + 0.5) / scale - 0.5
    across = _taps(np.rint(np.arange(width) * step * 1024) + np.rint(offset * 1024))
    down = _taps(np.rint((np.arange(height) * step + (top * step + offset)) * 1024))
    if mode == "clip":  # only the rows that the band needs
        first, last = max(0, down[0][0].min()), min(len(small), down[-1][0].max() + 1)
        small, down = small[first:last], [(place - first, weight) for place, weight in down]
    wide = sum(small.take(place, axis=1, mode=mode) * weight for place, weight in across)
    grown = np.zeros((height, width), np.float32)
    for place, weight in down:
        rows = wide.take(place, axis=0, mode=mode)
        rows *= weight[:, None]
        grown += rows
    return grown


def _taps(places: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The four neighbours of each place (in steps of 1/1024), and their weights: cubic convolution, -0.75.

    Weights change in steps of 1/32, as in the image library.
    """
    steps = (places.astype(np.int64) + 16) >> 5
    t = ((steps & 31) / 32).astype(np.float32)
    near = [((1.25 * x - 2.25) * x * x + 1).astype(np.float32) for x in (t, 1 - t)]
    far = -0.75 * t * (1 - t) ** 2
    weights = (far, near[0], near[1], 1 - far - near[0] - near[1])
    return [((steps >> 5) + k - 1, weight.astype(np.float32)) for k, weight in enumerate(weights)]


# --- reading --------------------------------------------------------------------------------------

_EXACT = (1.0, 0.5, 0.75, 2 / 3, 0.25, 1 / 3, 1.5, 2.0)
"""Cell sizes tried on the whole picture, where the size must be right to a quarter of a per cent."""

_CELLS = tuple(0.3 * 1.025**step for step in range(89))
"""Cell sizes tried on windows of two tiles, where two per cent are near enough: 0.3 to 2.64."""

BAND_ROWS = 64
"""Rows that are worked on at a time: so many stay near the processor."""

_WINDOWS = ((0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75))
"""Where the windows lie: fractions of the free height and width."""


def _luma(frame: Frame) -> Plane:
    """Luma 0..255, of a picture of at most :data:`SHORT_SIDE`."""
    height, width = frame.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        frame = cv2.resize(np.ascontiguousarray(frame), size, interpolation=cv2.INTER_AREA)
    weights = np.array(LUMINANCE, np.float32) * np.float32(255 / np.iinfo(frame.dtype).max)
    luma = np.empty(frame.shape[:2], np.float32)
    for top in range(0, len(frame), BAND_ROWS):
        rows = frame[top : top + BAND_ROWS].astype(np.float32)
        luma[top : top + BAND_ROWS] = cv2.transform(rows, weights[None])
    return luma


def _flatten(luma: Plane) -> Plane:
    """Take away what is slow, and give every neighbourhood the same weight."""
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 2)
    power = cv2.GaussianBlur(fine * fine, (0, 0), 2)
    return fine / np.sqrt(power + 0.25)


def _hypotheses(luma: Plane) -> Iterator[tuple[Plane, float]]:
    """Parts of the flattened picture with the cell size to try on each, the likeliest first."""
    flat = _flatten(luma)
    whole = min(luma.shape) / SHORT_SIDE  # a large picture that was reduced but not cropped
    for view in (flat, np.ascontiguousarray(flat[:, ::-1])):  # a mirrored picture is common, and cheap to try
        for cell in (*_EXACT, max(whole, _CELLS[0])):
            yield view, cell
    for cell in _CELLS:
        side = round(2 * TILE * cell)
        seen = set()
        for down, right in _WINDOWS:
            top = round(down * max(0, flat.shape[0] - side))
            left = round(right * max(0, flat.shape[1] - side))
            if (top, left) not in seen:
                seen.add((top, left))
                yield flat[top : top + side, left : left + side], cell


def _match(part: Plane, cell: float, key: int) -> float:
    """Score of the best shift of the key's tile over a part of the picture."""
    tile = min(TILE, math.ceil(TILE * cell))
    fold = _fold(part, tile / (TILE * cell), tile)
    rows, columns, radius = _bins()
    known = radius < 0.47 * tile  # nothing beyond the fold's own band
    wave = scipy.fft.rfft2(fold)[rows[known] % tile, columns[known]]
    spectrum = np.zeros((TILE, TILE // 2 + 1), np.complex64)
    spectrum[rows[known] % TILE, columns[known]] = wave / (np.abs(wave) + 1e-9) * _phasors(key)[known].conj()
    agreement = scipy.fft.irfft2(spectrum, (TILE, TILE)).max() * TILE * TILE / 2  # the sum of the cosines
    return float(agreement / math.sqrt(np.count_nonzero(known) / 2))


def _fold(part: Plane, scale: float, tile: int) -> Plane:
    """Average all tiles of a part, after bringing it to ``tile`` samples per tile."""
    if scale != 1:
        size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
        part = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    rows, columns = (-(-side // tile) * tile for side in part.shape)
    padded = np.zeros((rows, columns), np.float32)
    padded[: part.shape[0], : part.shape[1]] = part
    return padded.reshape(rows // tile, tile, columns // tile, tile).sum(axis=(0, 2))
