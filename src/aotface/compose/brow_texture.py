"""Brows with hairs, and skin beside them with its texture, where a source shows less of both than its target [ours].

Camera match spares brows: a gain of skin is none of hairs, and the target's own octaves would draw its brows into new ones.
So brows of a soft source were blurs in a ring of smooth skin. Here each gets noise along the direction in which hairs grow,
octave by octave, as far as hairs stand out less than the target's, in parts of how dark they are: it keeps the source's
shape and tone, and splits its soft edge into strands. Skin between the hairs and the outlines gets what other skin got.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.camera import Match, scaled
from aotface.compose.eyes import EyePoints
from aotface.compose.grain import draw
from aotface.compose.skin_texture import Pixels, Plane, Seen
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import LUMA, brow_outlines, distance_from
from aotface.masked import carried_far, rising
from aotface.types import Landmarks, Mask

BOTH = np.concatenate([LEFT_BROW, RIGHT_BROW])
"""Landmarks of both brows."""

MARGIN = 16.0
"""Pixels around brows, of a 256 px crop or of the frame, that are looked at: skin beside them is."""

AROUND, BESIDE, LEAST = 9.0, 14.0, 0.01
"""Standard deviation of the neighbourhood whose skin a brow is compared with; how far beside brows it lies, pixels at 256;
and the weight that all of it has everywhere."""

FLOOR = np.float32(0.02)
"""Display value added before a logarithm."""

HAIR, DIM, EVEN = (0.25, 0.65), 0.25, 0.7
"""How much darker than skin around, in parts of how dark the brow's hairs are, a place is where hair begins, and is all; the
least of these, a logarithm of display values; and by which standard deviation, in pixels at 256, that is evened."""

GROWN, SOFT, LIDS = 2.0, 1.5, 2.5
"""By how much brows are grown, how softly that ends, and by how much eyes are. Pixels at 256."""

FINEST, WIDEST = 0.7, 2.0
"""Blur below which the first octave lies, in pixels of the frame; each reaches twice as far as the one before, the last one
up to that many pixels at 256: what is wider is a brow's form."""

USUAL, SKIN = (0.185, 0.147, 0.12), 0.015
"""How far octaves of hairs stand out, root mean square, in parts of how dark hairs are: medians of 72 faces of ``train``,
the third and all wider ones of larger faces; and the same of skin's finest octave there, in parts of its luma."""

SHARPNESS, UNUSUAL = (0.1, 2.0), (0.4, 1.2)
"""Least and greatest sharpness of a target's skin beside that; and how far its hairs may differ from what that lets expect,
as factors."""

FEWEST, DEEP, CLEAR = 40, 75, 0.15
"""Pixels of hair without which nothing is measured; the percentile of how dark a brow is that stands for its hairs; and how
dark they must be to tell how hairs of the target look."""

SHARE = 0.33
"""How much of what is missing is made: half of it looks drawn already, like a comb."""

LENGTH, SHORTEST, THICK = 3.0, 3.0, (0.45, 0.35)
"""Length of a strand in pixels at 256, twice a standard deviation, and the least one in pixels of the frame; its thickness
in the frame's, a standard deviation, and from which size at 256 on it grows."""

WILD, PATCH, CLUMPED, CLUMP = 0.5, 2.0, 0.3, 2.5
"""How far strands turn from their direction, radians; over which part of their length that is the same; by how much they
stand out more in one place than in another, as a logarithm; and how wide such places are, pixels at 256."""

ALONG = (0.0, 0.3, 0.7, 1.0)
LOWER, UPPER = np.deg2rad((85, 60, 25, 5)), np.deg2rad((70, 30, -10, -15))
"""Places from a brow's inner end to its outer one, and the angle there between hairs and the brow: upwards at the inner end,
along it at the outer one, downwards at the upper edge."""

THIN = 0.25
"""Strength of an octave of strands, in parts of the strongest, from which on it is made as strong as is missing."""

SPLIT = 0.18
"""How much strands stand out at a brow's soft edge, in parts of how dark the brow is."""

BRIGHTEST, DARKEST = 0.6, 0.5
"""How far a strand comes to the tone of skin, and how much darker it is than the brow, as a logarithm, at most."""

SEED = 20301
"""Of strands."""


@dataclass(frozen=True)
class BrowTexture:
    """``gain``: by which pixels are multiplied; ``more``: luma, 0..1, that is added then. ``place``: x and y of their first
    pixel in the frame."""

    gain: Plane
    more: Plane
    place: tuple[int, int]

    def lay(self, picture: Pixels, place: tuple[int, int]) -> None:
        """Lay it on a strip of the face, in place; ``place``: of its first pixel."""
        x, y = self.place[0] - place[0], self.place[1] - place[1]
        rows, columns = self.gain.shape
        top, left = max(0, -y), max(0, -x)
        bottom, right = min(rows, picture.shape[0] - y), min(columns, picture.shape[1] - x)
        if top < bottom and left < right:
            part, here = picture[y + top : y + bottom, x + left : x + right], np.s_[top:bottom, left:right]
            part *= self.gain[here][..., None]
            part += self.more[here][..., None]


@dataclass(frozen=True)
class BrowView:
    """Brows of a face and of its target at the same pixels of the frame, after the camera's match.

    ``weight``: of the face, 0..1, without what is the target's own. ``features``: eyes, brows and lips of both.
    ``points``: landmarks of both, in these pixels. ``unit``: pixels for one of a 256-pixel crop. ``place``: x and y of the
    first pixel in the frame.
    """

    face: Pixels
    target: Pixels
    weight: Mask
    features: Mask
    points: EyePoints
    unit: float
    place: tuple[int, int]

    def texture(self, match: Match, seed: tuple[int, ...]) -> BrowTexture | None:
        """What is laid on them; None where too little of skin beside them shows.

        Args:
            match: what other skin got.
            seed: of the grain.
        """
        shape, outlines = self.weight.shape, [brow_outlines(one) for one in self.points]
        own, theirs = (distance_from(shape, *one) for one in outlines)
        brows = np.minimum(own, theirs)
        known = (self.features < 0.2) & (self.weight > 0.9) & (brows < BESIDE * self.unit)
        if known.sum() < FEWEST:
            return None
        skin = known.astype(np.float32)
        eyes = distance_from(shape, *(one[eye] for one in self.points for eye in (LEFT_EYE, RIGHT_EYE)))
        off_eyes = self.weight * (1 - self._soft(eyes, LIDS, 1.0))
        mine, other = (self._beside_skin(picture, skin) for picture in (self.face, self.target))
        inside = mine.even[own == 0]
        depth = float(np.percentile(inside, DEEP)) if inside.size else 0.0
        bounds = HAIR[0] * max(depth, DIM), HAIR[1] * max(depth, DIM)
        hair = rising(mine.even, bounds) * self._soft(own, GROWN, SOFT) * off_eyes
        hairs = (hair > 0.5) & (own == 0)
        gain = np.ones_like(hair)
        if hairs.sum() >= FEWEST:
            shown = (theirs == 0) & (off_eyes > 0.9)
            wanted = self._wanted(other, shown, skin, match)
            gain = self._strands(mine, hair, hairs, wanted)
        ring = self.features * off_eyes * self._soft(brows, GROWN, SOFT) * (1 - hair)
        seen = Seen(self.face)
        more = scaled(seen, match) + draw(match.stand_in * np.sqrt(match.texture[0]), hair.shape, seed, 3)
        more = ring * more + np.maximum(gain - 1, 0) * seen.luma  # brighter is skin, which is paler than hair
        return BrowTexture(np.minimum(gain, 1), np.asarray(more / np.float32(255), np.float32), self.place)

    def _soft(self, distance: Plane, reach: float, soft: float) -> Mask:
        """A mask of what is near, with a soft edge."""
        wide = (distance <= reach * self.unit).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(wide, (0, 0), max(soft * self.unit, 0.3)), np.float32)

    def _beside_skin(self, picture: Pixels, skin: Mask) -> "_Dark":
        """How dark a picture is beside skin."""
        light = np.log(np.maximum(cv2.transform(picture, LUMA), 0) + FLOOR)
        dark = carried_far(light[..., None], skin, AROUND * self.unit, LEAST)[..., 0] - light
        return _Dark(light, dark, cv2.GaussianBlur(dark, (0, 0), max(EVEN * self.unit, 0.5)))

    def _wanted(self, other: "_Dark", brows: np.ndarray, skin: Mask, match: Match) -> np.ndarray:
        """How far octaves of hairs should stand out: as the target's do, about as its skin lets expect."""
        count = max(2, 1 + int(np.floor(np.log2(max(WIDEST * self.unit / FINEST, 1)))))
        luma = float(np.average(cv2.transform(self.target, LUMA), weights=skin))
        sharp = np.sqrt(float(match.texture[0, 0])) / 255 / max(luma, 0.05) / SKIN
        usual = np.array([USUAL[min(n, len(USUAL) - 1)] for n in range(count)])
        usual *= np.sqrt(np.clip(sharp, *SHARPNESS))
        hairs = brows & (other.even > CLEAR)
        if hairs.sum() < FEWEST or np.percentile(other.even[brows], DEEP) < CLEAR:
            return usual
        return np.clip(other.standing_out(hairs, count), UNUSUAL[0] * usual, UNUSUAL[1] * usual)

    def _strands(self, mine: "_Dark", hair: Mask, hairs: np.ndarray, wanted: np.ndarray) -> Plane:
        """By what pixels are multiplied so that hairs stand out as far; tone and form of the brow stay."""
        lack = np.sqrt(np.maximum(wanted**2 - mine.standing_out(hairs, len(wanted)) ** 2, 0))
        bands = _octaves(strands(self.points.own, hair.shape, self.unit), len(wanted))
        noise = np.zeros_like(hair)
        strengths = [float(np.sqrt(np.mean(band[hairs] ** 2))) for band in bands]
        for band, share, strength in zip(bands, SHARE * lack, strengths, strict=True):
            noise += np.float32(share / max(strength, THIN * max(strengths))) * band
        noise *= np.exp(np.float32(CLUMPED) * _wide_noise(hair.shape, CLUMP * self.unit, 1))
        deep = np.float32(max(float(np.percentile(mine.even[hairs], 90)), CLEAR))
        part = np.clip(mine.even / deep, 0, 1)
        noise *= np.maximum(mine.even, 0) + SPLIT * deep * np.sqrt(part * (1 - part))
        gain = np.exp(hair * np.clip(noise, -DARKEST, BRIGHTEST * np.maximum(mine.dark, 0)))
        light = np.exp(mine.light)
        before, after = (cv2.GaussianBlur(one, (0, 0), CLUMP * self.unit) for one in (light, light * gain))
        return np.asarray(1 + hair * (gain * before / after - 1), np.float32)


@dataclass(frozen=True)
class _Dark:
    """A picture's light, as a logarithm; how much darker than skin around it is; and that, evened."""

    light: Plane
    dark: Plane
    even: Plane

    def standing_out(self, hairs: np.ndarray, count: int) -> np.ndarray:
        """Of so many octaves, in parts of how dark hairs are: root mean square."""
        depth = np.maximum(self.even[hairs], CLEAR)
        return np.array(
            [np.sqrt(np.mean((band[hairs] / depth) ** 2)) for band in _octaves(self.light, count)]
        )


def strands(points: Landmarks, shape: tuple[int, int], unit: float) -> Float32[np.ndarray, "rows columns"]:
    """Noise along the direction in which hairs of both brows grow.

    Args:
        points: of the face, in these pixels.
        shape: rows and columns.
        unit: pixels for one of a 256-pixel crop.

    Source: line integral convolution, Cabral and Leedom, SIGGRAPH 1993, along straight lines.
    """
    length = max(LENGTH * unit, SHORTEST)
    angle = _directions(points, shape) + np.float32(WILD) * _wide_noise(shape, PATCH * length, 2)
    step = max(1.0, THICK[1] * unit)
    white = np.random.default_rng(SEED).standard_normal(shape).astype(np.float32)
    white = np.asarray(cv2.GaussianBlur(white, (0, 0), THICK[0] * step), np.float32)
    rows, columns = (plane.astype(np.float32) for plane in np.indices(shape, np.float32))
    down, right = np.sin(angle), np.cos(angle)
    total, reach = np.zeros(shape, np.float32), int(np.ceil(1.5 * length / step))
    for way in step * np.arange(-reach, reach + 1):
        at = columns + np.float32(way) * right, rows + np.float32(way) * down
        share = np.float32(np.exp(-0.5 * (2 * way / length) ** 2))
        total += share * cv2.remap(white, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return total


def _directions(points: Landmarks, shape: tuple[int, int]) -> Plane:
    """Of hairs at each place, by the nearer brow; radians from the right downwards."""
    rows, columns = (plane.astype(np.float32) for plane in np.indices(shape, np.float32))
    up = points[10, :2] - points[152, :2]
    up = up / max(float(np.hypot(*up)), 1e-6)
    best, found = np.full(shape, np.inf, np.float32), np.zeros(shape, np.float32)
    for ring in (RIGHT_BROW, LEFT_BROW):
        low, high = points[ring[:5], :2][::-1], points[ring[5:], :2]  # from the inner end
        middle, half = (low + high) / 2, max(float(np.hypot(*(high - low).T).mean()) / 2, 1.0)
        axis = middle[-1] - middle[0]
        length = max(float(np.hypot(*axis)), 1.0)
        axis = axis / length
        along = ((columns - middle[0, 0]) * axis[0] + (rows - middle[0, 1]) * axis[1]) / length
        order = np.argsort(places := (middle - middle[0]) @ axis / length)
        height = columns * up[0] + rows * up[1] - np.interp(along, places[order], (middle @ up)[order])
        above = (np.clip(height / half, -1, 1) + 1) / 2
        lower, upper = (np.interp(along, ALONG, angles) for angles in (LOWER, UPPER))
        angle = lower + (upper - lower) * above
        across, down = (np.cos(angle) * axis[k] + np.sin(angle) * up[k] for k in (0, 1))
        far = (columns - middle[:, 0].mean()) ** 2 + (rows - middle[:, 1].mean()) ** 2
        found = np.where(far < best, np.arctan2(down, across).astype(np.float32), found)
        best = np.minimum(best, far)
    return found.astype(np.float32)


def _octaves(values: Plane, count: int) -> Sequence[Plane]:
    """So many octaves, finest first."""
    stages = [values, *(cv2.GaussianBlur(values, (0, 0), FINEST * 2**n) for n in range(count))]
    return [fine - coarse for fine, coarse in zip(stages, stages[1:], strict=False)]


def _wide_noise(shape: tuple[int, int], sigma: float, plane: int) -> Plane:
    """Smooth noise of standard deviation 1."""
    times = max(1.0, sigma / WIDEST)
    small = [max(2, round(size / times)) for size in shape]
    white = np.random.default_rng((SEED, plane)).standard_normal(small).astype(np.float32)
    smooth = cv2.resize(
        cv2.GaussianBlur(white, (0, 0), sigma / times), shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(smooth / np.float32(max(float(smooth.std()), 1e-6)), np.float32)
