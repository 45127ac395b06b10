"""The mouth of a new face: the target's own, in the source's lip colour [ours].

A photograph shows a mouth in one expression. Moved into another it smears: a smile has thin lips, stretched skin and a dark
gap in its corners. The target's mouth is the only one that was photographed with this opening, in this light. So its lips,
what lies between them, and a little skin around are laid into the new face: at the new mouth's place, in the tone of the
skin that surrounds them there. Lips go towards the source's colour beside its skin, within what lips look like by nature.
Where the target has a moustache, the source's lips stay; hair of either is not mixed with the other's skin.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import INNER_LIPS, OUTER_LIPS, opening
from aotface.face.template import similarity_between
from aotface.face.texture import LUMA
from aotface.types import CROP_SIDE, AlignedFace, Crop, Landmarks, Mask

EDGE, RING = (0.0, 1.5), (0.5, 8.0)
"""Distance from the lips, in pixels at 256, over which they end where skin around them stays; and over which the target's
skin ends."""

BESIDE = (3.0, 16.0)
"""The same distance at which skin is compared."""

FINER = 4
"""How many times larger outlines are drawn."""

NATURAL = (-0.5, -0.2), (0.14, 0.36), (-0.12, 0.04)
"""Lips beside their skin: how bright, red and blue they are, as logarithms; the middle four fifths of 150 portraits."""

MOST = (0.1, 0.07, 0.04)
"""How far the target's lips are moved at most."""

ABOVE, SQUEEZED, LIGHTER = (0.1, 0.06), 0.6, 0.2
"""Lipstick: how much redder and bluer than wanted a place may be, the share of the rest that goes, and by how much of it the
place becomes lighter."""

TONE, TINT, LEAST = 5.0, 2.0, 0.02
"""Standard deviations in pixels at 256 of what light and colour of skin are matched by, and the weight that their mean has
everywhere."""

FURTHEST, ON_LIPS = 0.7, 0.4
"""How far the target's skin is moved at most, as a logarithm, and the share of it that its lips get."""

GREY = (0.03, 0.15)
"""How much less red than skin a place is where hair begins, and is sure."""

DARK, ROUGH = (0.25, 0.6), (0.05, 0.11)
"""How much darker than skin, and how rough, as logarithms: the same; hair is both."""

MOUSTACHE = (0.34, 0.44)
"""Share of hair above the upper lip from which on that lip is the source's."""

FEWEST = 12, 64
"""Pixels of lips and of skin at 256 that tell a colour."""

LIPS = np.concatenate([OUTER_LIPS, INNER_LIPS])

Box = tuple[slice, slice]
Pixels = Float32[np.ndarray, "rows columns 3"]
Plane = Float32[np.ndarray, "rows columns"]


class Outline(NamedTuple):
    """A mouth at 256 px. ``off``: distance from the lips. ``inner``: how deep between them, 0 on and beyond them.
    ``above``: 1 above the line between them."""

    off: Plane
    inner: Plane
    above: Plane


class LipColour(NamedTuple):
    """Logarithms: ``skin``: colour beside the lips. ``lips``: how bright, red and blue lips are beside it."""

    skin: Float32[np.ndarray, " 3"]
    lips: Float32[np.ndarray, " 3"]


class _Hair(NamedTuple):
    """``shown``: how surely a place is, or lies in, hair. ``moustache``: how much of one there is."""

    shown: Plane
    moustache: float


@dataclass(frozen=True)
class TargetMouth:
    """What is laid into a new face.

    ``here``: rows and columns of the crop. ``pixels``: the target's mouth there, in the new lips' colour. ``outline``: in the
    same box. ``skin``: the logarithm of its colour. ``covered``: where the mesh is. ``size``: of these planes at 256 px.
    """

    here: Box
    pixels: Pixels
    outline: Outline
    skin: Float32[np.ndarray, " 3"]
    covered: Bool[np.ndarray, "rows columns"]

    @property
    def weight(self) -> Plane:
        """With which it shows, at most; in ``here``."""
        return self._large(_ring(self.outline.off))

    def lay(self, face: Crop) -> None:
        """Lay it into the crop of a new face, in place."""
        own = face[self.here]
        size = self.outline.off.shape[::-1]
        logs = [_log(_resized(picture, size)) for picture in (own, self.pixels)]
        off, inner, above = self.outline
        mine, theirs = (self._hair(log) for log in logs)
        lips = _falling(off, EDGE) * (1 - theirs.moustache * above)
        free = (1 - mine.shown) * (1 - theirs.shown)
        weight = np.maximum(np.maximum(lips, inner > 0), _ring(off) * free)
        weight = cv2.GaussianBlur(weight, (0, 0), 0.7)
        gain = np.exp(self._tone(logs, free))
        laid = self.pixels * self._large(gain)
        own += (np.clip(laid, 0, 1) - own) * self._large(weight)[..., None]

    def _hair(self, log: Pixels) -> _Hair:
        """Hair around a mouth."""
        off, inner, above = self.outline
        found = _hair(log - self._skin_of(log), inner > 0)
        strip = (off > 1) & (off < 8) & self.covered
        halves = [strip & (above > 0.5), strip & (above < 0.5)]
        shares = [_begun(float(found[half].mean()) if half.any() else 0.0, MOUSTACHE) for half in halves]
        import os
        if os.environ.get("M_PRINT"): print([round(float(found[half].mean()),2) for half in halves])
        return _Hair(np.maximum(found, shares[0] * above + shares[1] * (1 - above)), shares[0])

    def _skin_of(self, log: Pixels) -> Float32[np.ndarray, " 3"]:
        beside = (self.outline.off > BESIDE[0]) & (self.outline.off < BESIDE[1]) & self.covered
        return _typical(log[beside]) if beside.sum() >= FEWEST[1] else self.skin

    def _tone(self, logs: list[Pixels], free: Plane) -> Pixels:
        """What carries the target's skin to the new face's, continued over the lips."""
        off, inner, _ = self.outline
        apart = logs[0] - logs[1]
        luma = apart @ LUMA[0]
        parts = []
        for values, first, sigma, most in (
            (luma[..., None], BESIDE[0], TONE, FURTHEST),
            (apart - luma[..., None], 1.5, TINT, FURTHEST / 2),
        ):
            known = ((off > first) * (off < BESIDE[1]) * self.covered * free)[..., None]
            mean = (values * known).sum(axis=(0, 1)) / max(float(known.sum()), 1.0)
            mass = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)[..., None] + np.float32(LEAST)
            near = cv2.GaussianBlur(((values - mean) * known).astype(np.float32), (0, 0), sigma)
            near = near.reshape(*off.shape, -1) / mass
            parts.append(np.clip(mean + near, -most, most))
        much = ON_LIPS + (1 - ON_LIPS) * _rising(off, (0.0, 1.2))
        much *= np.clip(1 - inner, 0, 1)
        return ((parts[0] + parts[1]) * much[..., None]).astype(np.float32)

    def _large(self, plane: np.ndarray) -> np.ndarray:
        return _resized(plane.astype(np.float32), self.pixels.shape[1::-1])


def target_mouth(
    target: AlignedFace, points: Landmarks, covered: Bool[np.ndarray, "grid grid"], source: LipColour | None
) -> TargetMouth | None:
    """The target's mouth at the new one's place.

    Args:
        target: see there.
        points: 468 x 3, of the new face, pixels of the crop.
        covered: where the mesh is, at a smaller side.
        source: whose lips' colour is wanted; None: it stays.

    Returns:
        None where the mouth lies outside the crop.
    """
    side, grid = len(target.crop), len(covered)
    unit = side / grid
    small = (points[:, :2] + 0.5) / unit - 0.5
    here = _around(small, grid)
    if here is None:
        return None
    rows, columns = here
    large = tuple(slice(round(part.start * unit), round(part.stop * unit)) for part in here)
    corner = np.array([large[1].start, large[0].start])
    back = similarity_between(
        (points[LIPS, :2] - corner).astype(np.float64), target.landmarks[LIPS, :2].astype(np.float64)
    )
    size = large[1].stop - large[1].start, large[0].stop - large[0].start
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(target.crop, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    shape = rows.stop - rows.start, columns.stop - columns.start
    outline = outline_of(small - [columns.start, rows.start], shape, opening(points, INNER_LIPS))
    log = _log(_resized(pixels, shape[::-1]))
    own = colour_of(log, outline, covered[here])
    if own is None:
        return TargetMouth(large, np.clip(pixels, 0, 1), outline, np.zeros(3, np.float32), covered[here])
    if source is not None:
        change = _recoloured(log, outline, own, source)
        pixels = pixels * np.exp(_resized(change, size))
    return TargetMouth(large, np.clip(pixels, 0, 1).astype(np.float32), outline, own.skin, covered[here])


def lip_colour(target: AlignedFace) -> LipColour | None:
    """Of a face in a crop of 256 px; None where its mouth cannot be seen."""
    points = target.landmarks[:, :2]
    here = _around(points, len(target.crop))
    if here is None:
        return None
    rows, columns = here
    shape = rows.stop - rows.start, columns.stop - columns.start
    moved = points - [columns.start, rows.start]
    outline = outline_of(moved, shape, opening(target.landmarks, INNER_LIPS))
    hull = cv2.convexHull(np.round(moved).astype(np.int32))
    covered = cv2.fillConvexPoly(np.zeros(shape, np.uint8), hull, (1,)) > 0
    return colour_of(_log(target.crop[here]), outline, covered)


def colour_of(log: Pixels, outline: Outline, covered: Bool[np.ndarray, "rows columns"]) -> LipColour | None:
    """Colour of skin and lips in a box around a mouth; None where too little of them shows."""
    skin = (outline.off > BESIDE[0]) & (outline.off < BESIDE[1]) & covered
    lips = (outline.off == 0) & (outline.inner == 0)
    lips = cv2.erode(lips.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if lips.sum() < FEWEST[0] or skin.sum() < FEWEST[1]:
        return None
    colour = _typical(log[skin])
    found = _traits(log[lips] - colour)
    found = found[
        found[:, 1] >= np.percentile(found[:, 1], 30)
    ]  # landmarks of a smile lie on its teeth as well
    return LipColour(colour, found.mean(axis=0))


def _recoloured(log: Pixels, outline: Outline, own: LipColour, source: LipColour) -> Pixels:
    """What is added to the logarithm of the target's lips."""
    low, high = np.array(NATURAL, np.float32).T
    wanted = np.clip(source.lips, low, high)
    traits = _traits(cv2.GaussianBlur(log, (0, 0), 0.5) - own.skin)
    over = [
        np.maximum(traits[..., k] - (max(float(wanted[k]), 0.0) + most), 0)
        for k, most in zip((1, 2), ABOVE, strict=True)
    ]
    change = np.stack([LIGHTER * over[0], -over[0], -over[1]], axis=-1) * np.float32(SQUEEZED)
    near = _falling(outline.off, (0.5, 2.5)) * np.clip(1 - outline.inner, 0, 1)
    change *= near[..., None]
    lips = (outline.off == 0) & (outline.inner == 0)
    reached = own.lips + (change[lips].mean(axis=0) if lips.any() else 0)
    shift = np.clip(wanted - reached, -np.array(MOST), MOST).astype(np.float32)
    soft = cv2.GaussianBlur(lips.astype(np.float32), (0, 0), 0.8)
    change = cv2.GaussianBlur(change, (0, 0), 0.5) + soft[..., None] * shift
    light, red, blue = (change[..., k] for k in range(3))
    green = light - (LUMA[0, 0] + LUMA[0, 2] / 2) * red - LUMA[0, 2] * blue
    return np.stack([green + red, green, green + red / 2 + blue], axis=-1).astype(np.float32)


def outline_of(points: Float32[np.ndarray, "468 2"], shape: tuple[int, int], opened: float) -> Outline:
    """A mouth in a box.

    Args:
        points: pixels of the box.
        shape: rows and columns.
        opened: see `opening`.
    """
    size = shape[1] * FINER, shape[0] * FINER
    drawn = []
    for ring in (OUTER_LIPS, INNER_LIPS):
        plane = np.zeros(size[::-1], np.uint8)
        cv2.fillPoly(
            plane, [np.round(((points[ring] + 0.5) * FINER - 0.5) * 16).astype(np.int32)], (1,), shift=4
        )
        drawn.append(plane)
    far = [cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (1 - drawn[0], drawn[1])]
    off, inner = (cv2.resize(part, shape[::-1], interpolation=cv2.INTER_AREA) / FINER for part in far)
    line = (points[INNER_LIPS[1:10]] + points[INNER_LIPS[:10:-1]]) / 2
    ends = np.concatenate([points[INNER_LIPS[:1]], line, points[INNER_LIPS[10:11]]])
    order = np.argsort(ends[:, 0])
    height = np.interp(np.arange(shape[1]), ends[order, 0], ends[order, 1])
    above = np.clip(height - np.arange(shape[0])[:, None] + 0.5, 0, 1)
    inner = inner if opened > 0.008 else np.zeros_like(inner)
    return Outline(off.astype(np.float32), inner.astype(np.float32), above.astype(np.float32))


def _around(points: Float32[np.ndarray, "468 2"], side: int) -> Box | None:
    """Rows and columns around a mouth at 256 px; None where it lies beside the picture."""
    reach = BESIDE[1] + 2
    low = np.clip(np.floor(points[OUTER_LIPS].min(axis=0) - reach), 0, side).astype(int)
    high = np.clip(np.ceil(points[OUTER_LIPS].max(axis=0) + reach) + 1, 0, side).astype(int)
    if (high - low).min() < 8:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _hair(beside: Pixels, inner: Bool[np.ndarray, "rows columns"]) -> Plane:
    """How surely a place is hair: greyer than skin, or darker and rough. ``beside``: logarithms over skin's."""
    eased = cv2.GaussianBlur(beside, (0, 0), 1.2)
    light, red, _ = np.moveaxis(_traits(eased), -1, 0)
    luma = beside @ LUMA[0]
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 1.5)
    free = (~inner).astype(np.float32)
    energy = cv2.GaussianBlur(fine * fine * free, (0, 0), 2.5) / (cv2.GaussianBlur(free, (0, 0), 2.5) + 0.01)
    grey = _rising(-red, GREY)
    dark = _rising(-light, DARK) * _rising(np.sqrt(energy), ROUGH)
    return np.maximum(grey, dark) * free


def _traits(log: np.ndarray) -> np.ndarray:
    """How bright, red and blue colours are."""
    red, green, blue = (log[..., k] for k in range(3))
    return np.stack([log @ LUMA[0], red - green, blue - (red + green) / 2], axis=-1)


def _typical(log: Float32[np.ndarray, "pixels 3"]) -> Float32[np.ndarray, " 3"]:
    """Mean colour of skin that is neither in shadow nor shines."""
    luma = log @ LUMA[0]
    low, high = np.percentile(luma, (40, 85))
    return log[(luma >= low) & (luma <= high)].mean(axis=0)


def _log(picture: Pixels) -> Pixels:
    return np.log(np.maximum(picture, 0) + np.float32(0.01))


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[1::-1] == size:
        return picture
    shrinks = size[0] < picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _ring(off: Plane) -> Plane:
    share = _falling(off, RING)
    return share * share * (3 - 2 * share)


def _falling(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    return 1 - _rising(values, bounds)


def _rising(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    return np.clip((values - bounds[0]) / (bounds[1] - bounds[0]), 0, 1).astype(np.float32)


def _begun(value: float, bounds: tuple[float, float]) -> float:
    return float(np.clip((value - bounds[0]) / (bounds[1] - bounds[0]), 0, 1))
