"""A mouth's outline in a box around it, the colour of its lips beside their skin, and lips brought towards another [ours].

Lips go towards the source's, within what lips look like by nature, and never far: a gain for skin turns lips violet or lets
them glow. Lipstick fades place by place, so that neither its edge nor what is left of it stands out.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from aotface.face.mesh import INNER_LIPS, OUTER_LIPS, opening
from aotface.face.texture import LUMA, hull_mask
from aotface.masked import falling, rising
from aotface.types import AlignedFace, Landmarks, Part

BESIDE = (3.0, 16.0)
"""Distance from the lips, in pixels at 256, in which skin beside them lies."""

OPEN = 0.008
"""Opening (see `opening`) from which something shows between the lips."""

FINER = 4
"""How many times larger outlines are drawn."""

NATURAL = (-0.5, -0.2), (0.14, 0.36), (-0.12, 0.04)
"""Lips beside their skin: how bright, red and blue they are, as logarithms: the middle four fifths of portraits, about."""

MOST = (0.1, 0.07, 0.04)
"""How far lips are moved at most."""

VIVID = 0.2
"""How red skin is, as a logarithm, where lips may be as red as that."""

ABOVE, SQUEEZED, LIGHTER = (0.1, 0.06), 0.6, 0.2
"""Lipstick: how much redder and bluer than wanted a place may be, the share of the rest that goes, and by how much of it the
place becomes lighter."""

GLOSS = (-0.15, 0.05)
"""How much brighter than skin a place on lips is, as a logarithm, where its colour begins to stay, and stays: it shines."""

SHINE, BURNT = (float(np.log(0.6)), float(np.log(0.9))), (float(np.log(0.9)), float(np.log(0.98)))
"""Brightness over which lips become no lighter; and that of the darkest channel over which they tell no colour, and keep
theirs."""

STANDS_OUT, AROUND, CALMED = (0.1, 0.36, 0.05), np.ones((5, 5), np.uint8), (6.0, 12.0)
"""How bright, red and blue a mouth is beside its skin at most, as logarithms, where the target's is no more so around a
place; and the distance from the lips, in pixels at 256, over which that ends."""

GREY, GREYER = 0.06, 3.0
"""How much less red than skin what is around a mouth is at most, where the target's is no less so; and how much bluer it may
be for each part that it is less red: what is grey is not violet."""

FEWEST = 12, 64
"""Pixels of lips and of skin at 256 that tell a colour."""

FURTHEST, PIGMENT = 2.5, 0.35
"""How far what is laid into a new face is moved at most to its tone, as a logarithm; and what of that may be the skin's own
colour. What is beyond is light (a transfer that left the source's, or none)."""

Pixels = Float32[np.ndarray, "rows columns 3"]

Plane = Float32[np.ndarray, "rows columns"]
Inside = Bool[np.ndarray, "rows columns"]


class Outline(NamedTuple):
    """A mouth at 256 px. ``off``: distance from the lips. ``inner``: how deep between them, 0 on and beyond them.
    ``above``: 1 above the line between them."""

    off: Plane
    inner: Plane
    above: Plane

    @property
    def lips(self) -> Inside:
        """Where lips are."""
        return np.asarray((self.off == 0) & (self.inner == 0))

    @property
    def beside(self) -> Inside:
        """Where skin beside them is."""
        return np.asarray((self.off > BESIDE[0]) & (self.off < BESIDE[1]))


class LipColour(NamedTuple):
    """Logarithms: ``skin``: colour beside the lips. ``lips``: how bright, red and blue lips are beside it."""

    skin: Float32[np.ndarray, " 3"]
    lips: Float32[np.ndarray, " 3"]


def mouth_box(points: Landmarks, side: int) -> Part | None:
    """Rows and columns around a mouth in a crop of about 256 px; None where it lies beside the crop."""
    lips, reach = points[OUTER_LIPS, :2], BESIDE[1] + 2
    low = np.clip(np.floor(lips.min(axis=0) - reach), 0, side).astype(int)
    high = np.clip(np.ceil(lips.max(axis=0) + reach) + 1, 0, side).astype(int)
    if (high - low).min() < 8:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def outline_of(points: Landmarks, box: Part) -> Outline:
    """A mouth in a box of a crop.

    Args:
        points: 468 x 3, pixels of the crop.
        box: rows and columns.
    """
    rows, columns = box
    size = columns.stop - columns.start, rows.stop - rows.start
    moved = points[:, :2] - [columns.start, rows.start]
    off, inner = off_of(points[OUTER_LIPS], box), deep_of(points[INNER_LIPS], box)
    middle = (moved[INNER_LIPS[1:10]] + moved[INNER_LIPS[:10:-1]]) / 2
    line = np.concatenate([moved[INNER_LIPS[:1]], middle, moved[INNER_LIPS[10:11]]])
    line = line[np.argsort(line[:, 0])]
    height = np.interp(np.arange(size[0]), line[:, 0], line[:, 1])
    above = np.clip(height - np.arange(size[1])[:, None] + 0.5, 0, 1).astype(np.float32)
    return Outline(off, inner * np.float32(opening(points, INNER_LIPS) > OPEN), above)


def off_of(ring: Float[np.ndarray, "points axes"], box: Part) -> Plane:
    """How far pixels of a box are from a ring of landmarks; 0 in it."""
    return _distance(1 - _finer(ring, box), box)


def deep_of(ring: Float[np.ndarray, "points axes"], box: Part) -> Plane:
    """How deep pixels of a box lie in a ring of landmarks; 0 on and beyond it."""
    return _distance(_finer(ring, box), box)


def _finer(ring: Float[np.ndarray, "points axes"], box: Part) -> np.ndarray:
    """The inside of a ring, drawn `FINER` than the box."""
    rows, columns = box
    plane = np.zeros(((rows.stop - rows.start) * FINER, (columns.stop - columns.start) * FINER), np.uint8)
    moved = ring[:, :2] - [columns.start, rows.start]
    outline = np.round(((moved + 0.5) * FINER - 0.5) * 16).astype(np.int32)
    return np.asarray(cv2.fillPoly(plane, [outline], (1,), shift=4))


def _distance(plane: np.ndarray, box: Part) -> Plane:
    """From pixels to where such a plane is 0."""
    size = box[1].stop - box[1].start, box[0].stop - box[0].start
    far = cv2.distanceTransform(plane, cv2.DIST_L2, 5)
    return np.asarray(cv2.resize(far, size, interpolation=cv2.INTER_AREA) / FINER)


def lip_colour(face: AlignedFace) -> LipColour | None:
    """Of a face in a crop of 256 px; None where its mouth cannot be seen."""
    box = mouth_box(face.landmarks, len(face.crop))
    if box is None:
        return None
    covered = hull_mask(face.crop.shape[:2], face.landmarks) > 0
    return colour_of(logarithm(face.crop[box]), outline_of(face.landmarks, box), covered[box])


def colour_of(log: Pixels, outline: Outline, covered: Inside) -> LipColour | None:
    """Colour of skin and lips in a box around a mouth; None where too little of them shows.

    Args:
        log: see `logarithm`.
        outline: of the mouth.
        covered: where the face is.
    """
    skin = outline.beside & covered
    lips = cv2.erode(outline.lips.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if lips.sum() < FEWEST[0] or skin.sum() < FEWEST[1]:
        return None
    colour = typical(log[skin])
    found = traits(log[lips] - colour)
    reddest = found[:, 1] >= np.percentile(found[:, 1], 30)  # landmarks of a smile lie on its teeth as well
    return LipColour(colour, found[reddest].mean(axis=0))


def recoloured(log: Pixels, outline: Outline, own: LipColour, wanted: LipColour) -> Pixels:
    """What is added to the logarithm of lips.

    Args:
        log: of a box around them.
        outline: of the mouth.
        own: its colour.
        wanted: towards which it goes.
    """
    aim = np.clip(wanted.lips, *np.array(NATURAL, np.float32).T)
    here = traits(cv2.GaussianBlur(log, (0, 0), 0.5) - own.skin)
    over = here[..., 1:] - np.maximum(aim[1:], 0) - np.array(ABOVE, np.float32)
    over = SQUEEZED * np.maximum(over, 0)
    near = falling(outline.off, (0.5, 2.5)) * np.clip(1 - outline.inner, 0, 1)
    change = np.dstack([LIGHTER * over[..., :1], -over]) * near[..., None]
    reached = own.lips + change[outline.lips].mean(axis=0)
    change = cv2.GaussianBlur(change.astype(np.float32), (0, 0), 0.5)
    change += _moved(outline, own, aim - reached)
    shine = rising(log @ LUMA[0], SHINE)
    change[..., 0] -= shine * np.maximum(change[..., 0], 0)
    change[..., 1:] *= 1 - _gloss(here, outline)
    return from_traits(change * (1 - rising(log.min(axis=-1), BURNT))[..., None])


def calmed(log: Pixels, theirs: Pixels, outline: Outline, beside: Inside) -> Pixels:
    """What is added to the logarithm of a finished mouth, so that it stands out from its skin no further than the target's
    does there and any mouth does: no rim of light, no red, violet or grey blot.

    Args:
        log: of the new mouth.
        theirs: of the target's.
        outline: of the mouth.
        beside: skin of both.
    """
    if beside.sum() < FEWEST[1]:
        return np.zeros_like(log)
    skins = [typical(one[beside]) for one in (log, theirs)]
    mine, other = (
        traits(cv2.GaussianBlur(one, (0, 0), 0.7) - skin)
        for one, skin in zip((log, theirs), skins, strict=True)
    )
    most = np.maximum(cv2.dilate(other, AROUND), np.array(STANDS_OUT, np.float32))
    around = rising(outline.off, (0.0, 1.0))
    grey = np.minimum(cv2.erode(other[..., 1], AROUND), 0) - np.float32(GREY)
    redder = np.maximum(grey - mine[..., 1], 0) * around
    _, red, blue = traits(skins[0]).tolist()
    share = np.float32(np.clip(-blue / max(red, 0.05), 0, GREYER))
    most[..., 2] += share * np.maximum(-mine[..., 1] - redder, 0)
    change = np.minimum(most - mine, 0)
    change[..., 0] *= around  # lips may shine
    change[..., 1] += redder
    change[..., 1:] *= 1 - _gloss(mine, outline)
    share = falling(outline.off, CALMED) * (outline.inner == 0)
    change *= cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7)[..., None]
    return from_traits(cv2.GaussianBlur(change, (0, 0), 0.5))


def _gloss(found: Pixels, outline: Outline) -> np.ndarray:
    """Where lips shine; ``found``: how bright, red and blue they are beside their skin."""
    return rising(found[..., :1], GLOSS) * outline.lips[..., None]


def _moved(outline: Outline, own: LipColour, wanted: Float32[np.ndarray, " 3"]) -> Pixels:
    """A change of lips' brightness, red and blue, bounded."""
    vivid = np.clip((own.skin[0] - own.skin[1]) / VIVID, 0, 1)  # a grey picture stays grey
    most = np.array(MOST) * [1, vivid, vivid]
    soft = cv2.GaussianBlur(outline.lips.astype(np.float32), (0, 0), 0.8)
    return np.asarray(soft[..., None] * np.clip(wanted, -most, most).astype(np.float32))


def traits(log: np.ndarray) -> np.ndarray:
    """How bright, red and blue colours are."""
    red, green, blue = (log[..., k] for k in range(3))
    return np.stack([log @ LUMA[0], red - green, blue - (red + green) / 2], axis=-1)


def from_traits(found: np.ndarray) -> np.ndarray:
    """Colours of such traits, logarithms."""
    light, red, blue = (found[..., k] for k in range(3))
    green = light - (LUMA[0, 0] + LUMA[0, 2] / 2) * red - LUMA[0, 2] * blue
    return np.stack([green + red, green, green + red / 2 + blue], axis=-1).astype(np.float32)


def typical(log: Float32[np.ndarray, "pixels 3"]) -> Float32[np.ndarray, " 3"]:
    """Mean colour of skin that is neither in shadow nor shines."""
    return mean_between(log, log @ LUMA[0], 0.4, 0.85)


def mean_between(
    colours: Float32[np.ndarray, "pixels 3"], light: Float32[np.ndarray, " pixels"], low: float, high: float
) -> Float32[np.ndarray, " 3"]:
    """Mean of the colours whose light lies between two of its quantiles, 0..1."""
    last = len(light) - 1
    first, second = int(low * last), int(np.ceil(high * last))  # a pixel's own, so that some lie between
    darkest, brightest = np.partition(light, (first, second))[[first, second]]
    within = ((light >= darkest) & (light <= brightest)).view(np.uint8)
    return np.array(cv2.mean(colours[None], within[None])[:3], np.float32)


def logarithm(picture: Pixels) -> Pixels:
    """Of pixels, 0..1."""
    return np.log(np.maximum(picture, 0) + np.float32(0.01))
