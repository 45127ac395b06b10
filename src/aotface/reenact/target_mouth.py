"""The mouth of a new face: the target's own, in the source's lip colour [ours].

A photograph shows a mouth in one expression. Moved into another it smears: a smile has thin lips, stretched skin and a dark
gap in its corners. The target's mouth is the only one that was photographed with this opening, in this light. So its lips,
what lies between them, and a little skin around are laid into the new face: at the new mouth's place, in the tone of the
skin around it. Where the target has a moustache, the upper lip is the source's; hair of one is not mixed with the other's
skin. Where both mouths of a picture do the same, the source's lips fit, and only what lies between them is the target's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import INNER_LIPS, OUTER_LIPS
from aotface.face.template import similarity_between
from aotface.face.texture import LUMA
from aotface.masked import carried, falling, resized, rising
from aotface.reenact.lip_colour import (
    BESIDE,
    FEWEST,
    FURTHEST,
    PIGMENT,
    Inside,
    LipColour,
    Outline,
    Pixels,
    Plane,
    calmed,
    colour_of,
    logarithm,
    mouth_box,
    outline_of,
    recoloured,
    traits,
    typical,
)
from aotface.types import AlignedFace, Crop, Landmarks, Part

EDGE, RING = (0.0, 1.5), (0.5, 5.0)
"""Distance from the lips, in pixels at 256, over which they end where skin around them stays; and over which the target's
skin ends."""

TONE, TINT, LEAST = 5.0, 2.0, 0.02
"""Standard deviations in pixels at 256 of what light and colour of skin are matched by, and the weight that their mean has
everywhere."""

TINTED = (1.5, 16.0)
"""Distance from the lips, in the same pixels, in which colour is compared; light is where skin beside them is."""

ON_LIPS = 0.4
"""Share of `PIGMENT` that lips get; light lies on all of the mouth."""

GREY = (0.03, 0.15)
"""How much less red than skin a place is where hair begins, and is sure."""

DARK, ROUGH = (0.25, 0.6), (0.05, 0.11)
"""How much darker than skin, and how rough, as logarithms: the same; hair is both."""

STRIP, MOUSTACHE = (1.0, 8.0), (0.34, 0.44)
"""Distance from a lip in which a moustache is looked for; and the share of hair there from which on it is one."""

PALE, VIOLET, LIFTED = -0.12, 0.06, 0.35
"""How bright and how blue the source's lips may be beside its skin, and how much darker than the target's its skin, as
logarithms, for its lips to show: beyond that, what brings its skin to the target's tone turns them white or violet."""

BESIDE_FACE = np.ones((7, 7), np.uint8)
"""So far, in pixels, within what the network sees of the target's face does it end: no background comes along."""

WHITE = 0.78
"""Brightness up to which lips and teeth are made brighter."""

LIPS = np.concatenate([OUTER_LIPS, INNER_LIPS])


class Hair(NamedTuple):
    """Around a mouth. ``shown``: how surely a place is hair, or belongs to a half that is. ``moustache``: 0..1."""

    shown: Plane
    moustache: float


@dataclass(frozen=True)
class TargetMouth:
    """What is laid into a new face.

    ``here``: rows and columns of the crop. ``pixels``: the target's mouth there, in the new lips' colour. ``outline``,
    ``covered``, where the mesh is, and ``seen``, where nothing hides the target's face: in the same box, at 256 px.
    ``skin``: logarithm of its colour. ``lips``: None: the target's are laid, too; else only what lies between them, and the
    source's lips keep this colour.
    """

    here: Part
    pixels: Pixels
    outline: Outline
    covered: Bool[np.ndarray, "small_rows small_columns"]
    seen: Float32[np.ndarray, "small_rows small_columns"]
    skin: Float32[np.ndarray, " 3"]
    lips: LipColour | None = None

    @property
    def weight(self) -> Plane:
        """With which it shows, at most; in ``here``."""
        between = (self.outline.inner > 0).astype(np.float32)
        return self._large(self._ring if self.lips is None else cv2.GaussianBlur(between, (0, 0), 0.7))

    def lay(self, face: Crop) -> None:
        """Lay it into a new face, in place.

        Args:
            face: X_r or Y, whole crops.
        """
        own, size = face[self.here], self.outline.off.shape[::-1]
        if self.lips is not None:
            self._restore(own)
        mine, theirs = logarithm(resized(own, size)), self._theirs
        hair, their_hair = self._hair(mine), self._their_hair
        free = (1 - hair.shown) * (1 - their_hair.shown)
        lips = self.seen * falling(self.outline.off, EDGE) * (1 - their_hair.moustache * self.outline.above)
        between = self.outline.inner > 0
        around = np.maximum(lips, self._ring * free) if self.lips is None else np.float32(0)
        weight = self._large(cv2.GaussianBlur(np.maximum(around, between), (0, 0), 0.7))
        tone = self._tone(mine - theirs, free)
        burnt = tone @ LUMA[0] - np.maximum(np.float32(np.log(WHITE)) - theirs @ LUMA[0], 0)
        tone -= (np.maximum(burnt, 0) * (self.outline.off == 0))[..., None]
        laid = self.pixels * self._large(np.exp(tone))
        own += (np.clip(laid, 0, 1) - own) * weight[..., None]
        beside = self.outline.beside & self.covered & (self.seen > 0.5)
        own *= self._large(np.exp(calmed(logarithm(resized(own, size)), theirs, self.outline, beside)))

    def _restore(self, face: Pixels) -> None:
        """Give the source's lips their own colour, as far as lips have it by nature, in place."""
        log = logarithm(resized(face, self.outline.off.shape[::-1]))
        own = colour_of(log, self.outline, self.covered)
        if own is not None and self.lips is not None:
            face *= self._large(np.exp(recoloured(log, self.outline, own, self.lips)))

    @cached_property
    def _theirs(self) -> Pixels:
        """Logarithm of the target's mouth, at 256 px."""
        return logarithm(resized(self.pixels, self.outline.off.shape[::-1]))

    @cached_property
    def _their_hair(self) -> Hair:
        return self._hair(self._theirs)

    @cached_property
    def _ring(self) -> Plane:
        share = falling(self.outline.off, RING)
        inside = cv2.erode(self.covered.astype(np.float32), np.ones((5, 5)))
        return share * share * (3 - 2 * share) * np.maximum(inside, self.outline.off == 0) * self.seen

    def _hair(self, log: Pixels) -> Hair:
        off, inner, above = self.outline
        beside = self.outline.beside & self.covered
        skin = typical(log[beside]) if beside.sum() >= FEWEST[1] else self.skin
        found = hair_of(log - skin, inner > 0)
        strip = (off > STRIP[0]) & (off < STRIP[1]) & self.covered
        halves = [strip & part for part in (above > 0.5, above < 0.5)]
        shares = np.array([found[half].mean() if half.any() else 0.0 for half in halves], np.float32)
        upper, lower = rising(shares, MOUSTACHE).tolist()
        return Hair(np.maximum(found, upper * above + lower * (1 - above)), upper)

    def _tone(self, apart: Pixels, free: Plane) -> Pixels:
        """What carries the target's skin to the new face's, continued over the lips; logarithms.

        Args:
            apart: the new face's less the target's.
            free: where neither shows hair.
        """
        free = free * self.covered * self.seen
        light = (apart @ LUMA[0])[..., None]
        found = self._continued(light, free, BESIDE, TONE) + self._continued(
            apart - light, free, TINTED, TINT
        )
        share = ON_LIPS + (1 - ON_LIPS) * rising(self.outline.off, (0.0, 1.2))
        share *= np.clip(1 - self.outline.inner, 0, 1)
        found = np.clip(found, -FURTHEST, FURTHEST)
        pigment = np.clip(found, -PIGMENT, PIGMENT)
        return found - pigment + pigment * share[..., None]

    def _continued(
        self, values: np.ndarray, free: Plane, span: tuple[float, float], sigma: float
    ) -> np.ndarray:
        """Values of the skin within a span of the lips, eased and carried on."""
        off = self.outline.off
        known = (free * (off > span[0]) * (off < span[1])).astype(np.float32)
        return carried(values, known, sigma, LEAST)

    def _large(self, plane: np.ndarray) -> np.ndarray:
        return resized(plane.astype(np.float32), self.pixels.shape[1::-1])


def target_mouth(
    target: AlignedFace,
    points: Landmarks,
    covered: Bool[np.ndarray, "grid grid"],
    source: LipColour | None,
    alike: bool = False,
) -> TargetMouth | None:
    """The target's mouth at the new one's place.

    Args:
        target: see there.
        points: 468 x 3, of the new face, pixels of a grid that is no finer than the crop.
        covered: where the mesh is, on that grid.
        source: whose lips' colour is wanted; None: it stays.
        alike: both mouths do the same, and the source's lips may show, see `fits`.

    Returns:
        None where it lies beside the crop.
    """
    zoom = len(target.crop) / len(covered)
    box = mouth_box(points, len(covered))
    if box is None:
        return None
    rows, columns = here = tuple(slice(round(part.start * zoom), round(part.stop * zoom)) for part in box)
    places = (points[LIPS, :2].astype(np.float64) + 0.5) * zoom - 0.5 - [columns.start, rows.start]
    back = similarity_between(places, target.landmarks[LIPS, :2].astype(np.float64))
    size = columns.stop - columns.start, rows.stop - rows.start
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(target.crop, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    outline = outline_of(points, box)
    log = logarithm(resized(pixels, outline.off.shape[::-1]))
    own, skin = colour_of(log, outline, covered[box]), typical(log.reshape(-1, 3))
    if own is not None and source is not None:
        pixels = pixels * np.exp(resized(recoloured(log, outline, own, source), size))
    skin = skin if own is None else own.skin
    lips = source if alike and source is not None and fits(source, skin) else None
    seen: Plane = np.ones_like(outline.off)
    if target.visible is not None:
        whole = resized(target.visible, target.crop.shape[1::-1])
        seen = cv2.warpAffine(whole, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        seen = cv2.erode(resized(seen, outline.off.shape[::-1]), BESIDE_FACE)
    return TargetMouth((here[0], here[1]), np.clip(pixels, 0, 1), outline, covered[box], seen, skin, lips)


def fits(source: LipColour, skin: Float32[np.ndarray, " 3"]) -> bool:
    """Whether lips of the source look natural when they are moved together with its skin.

    Args:
        source: their colour.
        skin: logarithm of the target's.
    """
    light, _, blue = source.lips.tolist()
    return light < PALE and blue < VIOLET and float((skin - source.skin) @ LUMA[0]) < LIFTED


def hair_of(beside: Pixels, between: Inside) -> Plane:
    """How surely a place is hair: greyer than skin, or darker and rough.

    Args:
        beside: logarithms over skin's.
        between: the lips, where none is.
    """
    light, red, _ = np.moveaxis(traits(cv2.GaussianBlur(beside, (0, 0), 1.2)), -1, 0)
    luma, free = beside @ LUMA[0], (~between).astype(np.float32)
    fine = (luma - cv2.GaussianBlur(luma, (0, 0), 1.5)) * free
    energy, mass = (cv2.GaussianBlur(part, (0, 0), 2.5) for part in (fine * fine, free))
    rough = rising(np.sqrt(energy / (mass + np.float32(0.01))), ROUGH)
    return np.maximum(rising(-red, GREY), rising(-light, DARK) * rough) * free
