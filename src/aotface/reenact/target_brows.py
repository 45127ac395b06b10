"""Whose brows a new face has: the source's, one of them twice, or the target's, where the source's are hidden [ours].

Under a frame or a fringe there is no brow to read. What is filled in there is a smear, and half a brow beside half of the
target's is no better. So a hidden one comes from the face's other side, mirrored. Where both are hidden the target's own
are laid in, whole, in the tone of the skin around them. The new shape leaves them in their place. In pictures the
same is done where the source has hardly any brows, or stumps, or soft ones, which would become smears, and the target's
are whole.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.align import align, resize_matrix, transform_landmarks
from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import LUMA, brow_outlines, distance_from
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import carried, falling, resized, rising
from aotface.reenact.brow_profile import SEEN, Brow, beside_skin, both_brows, off_eyes
from aotface.reenact.lip_colour import FURTHEST, PIGMENT, Pixels, Plane, logarithm
from aotface.types import CROP_SIDE, AlignedFace, Crop, Frame, Landmarks, Mask, Part

HIDDEN, SOUND = 0.435, 0.25
"""Share of a brow from which it is hidden; and up to which the other one stands in for it: of 48 wearers of ``train`` the
filled brows look whole up to .44, and none from .55 on (docs/log/2026-11-29-brows.md). Less is filled since then: at this
bound the same are hidden of 77 wearers as were at .45 (docs/log/2026-11-30-smudges.md)."""

RIM = 0.69
"""Share of both for a wearer, of whose lenses only rims are filled: of 152, 138 show their brows, or do not, as when all
was filled (docs/log/2026-11-30-eye-and-nose-patches.md)."""

FILLED = 0.03
"""Change of display light from which a pixel was filled."""

BEYOND, FRINGE, SOUND_FRINGE = 5.0, 0.65, 0.5
"""Distance from a brow, in pixels at 256, from which a likely brow is none but a fringe; how much of it there must be, in
sizes of the brow, for that brow to be hidden; and up to what the other one stands in for it."""

LARGE = 0.7
"""Size of the other brow over the hidden one's from which it does: of a head that is turned away it shows too little."""

AROUND = 4.0, 9.0
"""Distance from a hidden brow, in pixels at 256, up to which nothing is read, and from which all is."""

EDGE, LIDS = (2.0, 8.0), (1.0, 5.0)
"""Distance from a brow, in pixels at 256, over which the target's skin ends; and from an eye, over which it begins."""

BESIDE = (4.0, 15.0)
"""Distance from a brow, in the same pixels, in which skin is compared."""

TONE, LEAST = 6.0, 0.01
"""Standard deviation, in the same pixels, of what skins are matched by; and the weight that their mean has everywhere."""

ON_HAIRS = 0.5
"""Share of `PIGMENT` that hairs get; light lies on hairs as well."""

UNEVEN, UNUSUAL, SURE = 0.5, (0.4, 0.8), 0.5
"""How far that differs from its mean; how far beside their median, as logarithms, skins begin to tell nothing, and do; and
from which share on they count for it."""

HAIRS = (0.1, 0.4)
"""How much darker or brighter than skin, as a logarithm, a place is where hairs begin, and are all."""

DISPLAY, FLOOR = 2.2, np.float32(2e-3)
"""Exponent of display values, about, and light added before a logarithm."""

SKIN, OFF_EYES = (3, 11), 4
"""Distance from a brow from and up to which skin beside it lies; and that from eyes. Whole pixels at 256."""

DEEP = 75
"""Percentile of how dark a brow is that stands for its hairs."""

PLACES, PALEST = slice(2, 21), 20
"""Places along a brow that are asked, of 24: its ends fade out; and the percentile of them that stands for the palest."""

EDGES, OFF_BROW, OFF_LIDS = 85, 3.0, 3.0
"""Percentile of the change of darkness from row to row that stands for a brow's edges; how far from its outline it is read,
at most; and from eyes, at least. Pixels at 256."""

SMOOTH, ENOUGH = 1.0, 30
"""Standard deviation of what it is read from, in the same pixels; and how many of them must be seen."""

TOLD = 0.5
"""Share of a brow that must be visible for it to stand for both."""

BARE, STUMPS = 0.35, 0.14
"""Depth below which a source shows no brows to speak of; and the one where they are palest below which it shows stumps. A
limit that judges liked better took the target's in a third of pairs, and .08 of the cosine to the source; these take them in
a tenth of pairs (docs/log/2026-11-30-brows.md, docs/log/2026-11-30-brows-whole.md)."""

BLURRED, BESIDE_TARGET = 0.06, 0.5
"""Edges below which a source's brows are soft, and the same in parts of the target's: both must hold. They take
2 % of pairs (docs/log/2026-11-30-brows-doubled.md)."""

SHOWN, CLEAR, EVEN, WHOLE = 0.88, 0.5, 0.45, 0.25
"""How much of the target's brows must be visible; how deep they must be, and the paler one beside the other; or how deep
the less whole one must be where it is palest."""


FRONT = 0.62
"""Visible share of the target's brows below which they stay in front themselves, taken for rims: with the source's there
would be two arcs (docs/log/2026-11-30-brows-whole.md, docs/log/2026-12-01-brows-behind-rims.md)."""


class BrowLook(NamedTuple):
    """Of both brows. ``deep``: how dark hairs are beside skin, logarithm of linear light. ``even``: depth of the paler brow,
    in parts of the other's. ``shown``: visible share. ``whole``: depth of the brow that is more whole at the places along it
    where it is palest, a logarithm of display light; ``broken``: the same of the other one. ``crisp``: how strong the edges
    are of the brow whose are weaker, of those that are seen, the same logarithm for each pixel at 256."""

    deep: float
    even: float
    shown: float
    whole: float
    broken: float
    crisp: float


def brow_look(crop: Crop, points: Landmarks, visible: Mask | None = None) -> BrowLook | None:
    """How the brows of a face look.

    Args:
        crop: of any side.
        points: 468 x 3, its pixels.
        visible: what nothing covers, of any side; None: all.

    Returns:
        None where a brow or the skin beside it lies outside.
    """
    if len(crop) != CROP_SIDE:
        points = transform_landmarks(points, resize_matrix(np.eye(2, 3), len(crop), CROP_SIDE))
        crop = cv2.resize(crop, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
    shape = CROP_SIDE, CROP_SIDE
    seen = np.ones(shape, np.float32) if visible is None else resized(visible, CROP_SIDE)
    light = np.log(np.maximum(cv2.transform(crop, LUMA), 0) ** np.float32(DISPLAY) + FLOOR)
    brows, eyes = both_brows(shape, points, 1.0), off_eyes(shape, points, 1.0)
    depths, away = [], _grown(eyes == 0, OFF_EYES) == 0
    for brow in (one.inside for one in brows):
        near = (_grown(brow, SKIN[1]) > _grown(brow, SKIN[0])) & away
        if not brow.any() or not near.any():
            return None
        deep = float(np.median(light[near])) - float(np.percentile(light[brow], 100 - DEEP))
        depths.append(deep)
    dark = beside_skin(crop, brows, eyes, seen, 1.0)
    palest, edges = [0.0, 0.0], [0.0, 0.0]
    if dark is not None:
        hairs = np.asarray(dark @ LUMA[0], np.float32)
        palest = [float(np.percentile(one.profile(hairs)[PLACES], PALEST)) for one in brows]
        edges = [_edges(hairs, one, eyes, seen) for one in brows]
    shares = [float(seen[one.inside].mean()) for one in brows]
    told = [n for n, share in enumerate(shares) if share >= TOLD] or [0, 1]
    pale, strong = sorted(max(one, 0.0) for one in depths)
    even = pale / max(strong, 1e-3)
    whole, crisp = max(palest[n] for n in told), min(edges[n] for n in told)
    return BrowLook(sum(depths) / 2, even, sum(shares) / 2, whole, min(palest), crisp)


def _edges(dark: Mask, brow: Brow, eyes: Mask, seen: Mask) -> float:
    """How strong those of a brow are, see ``crisp`` of `BrowLook`; 0 where too little is seen."""
    rows = np.abs(cv2.Sobel(cv2.GaussianBlur(dark, (0, 0), SMOOTH), cv2.CV_32F, 0, 1, scale=1 / 8))
    read = rows[(brow.off < OFF_BROW) & (eyes > OFF_LIDS) & (seen > SEEN[0])]
    return float(np.percentile(read, EDGES)) if len(read) >= ENOUGH else 0.0


def better_kept(source: BrowLook, target: BrowLook) -> bool:
    """Whether the target's brows are whole, and the source has hardly any, or stumps, or much softer ones: a smear of them
    is worse. Or whether most of the target's stay in any case.

    Args:
        source: of its photograph.
        target: of the picture.
    """
    bare = source.deep < BARE or source.whole < STUMPS
    bare |= source.crisp < min(BLURRED, BESIDE_TARGET * target.crisp)
    good = (target.deep >= CLEAR and target.even >= EVEN) or target.broken >= WHOLE
    return target.shown < FRONT or (bare and good and target.shown >= SHOWN)


def _grown(plane: np.ndarray, reach: int) -> np.ndarray:
    return cv2.dilate(plane.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))


def without_hidden_brows(
    source: Frame, bare: Frame, aligned: AlignedFace, texture: Mask, seen: Visibility
) -> tuple[Mask, bool]:
    """Where a source's picture may be read, without a brow that is hidden; and whether it shows any.

    Args:
        source: its picture.
        bare: the same without the frame of spectacles; may be the very same.
        aligned: its face, 256 x 256, of ``source``.
        texture: where it may be read so far, 256 x 256, 0..1.
        seen: what ``source`` shows of the face.
    """
    gone, hidden, sound = texture < 0.5, HIDDEN, SOUND
    if bare is not source:
        hidden, sound = RIM * HIDDEN, RIM * SOUND
        gone |= np.abs(align(bare, aligned.face).crop - aligned.crop).max(axis=2) > FILLED
    far = [distance_from((CROP_SIDE, CROP_SIDE), aligned.landmarks[ring]) for ring in (RIGHT_BROW, LEFT_BROW)]
    sizes = [max(int((off == 0).sum()), 1) for off in far]
    shares = [float(gone[off == 0].mean()) if (off == 0).any() else 1.0 for off in far]
    brow = seen.in_crop(seen.of(Surface.BROW), CROP_SIDE)
    beyond = [brow * ((off > BEYOND) & (off < other)) for off, other in zip(far, far[::-1], strict=True)]
    fringes = [float(one.sum()) / size for one, size in zip(beyond, sizes, strict=True)]
    worse = int(
        np.argmax(
            [max(share, fringe - FRINGE + hidden) for share, fringe in zip(shares, fringes, strict=True)]
        )
    )
    other = 1 - worse
    if shares[worse] < hidden and fringes[worse] < FRINGE:
        return texture, True
    if shares[other] > sound or fringes[other] > SOUND_FRINGE or sizes[other] < LARGE * sizes[worse]:
        return texture, shares[worse] < hidden
    hair = cv2.GaussianBlur(cv2.dilate(beyond[worse], np.ones((5, 5))), (0, 0), 2.0)
    return texture * rising(far[worse], AROUND) * falling(hair, (0.1, 0.5)), True


@dataclass(frozen=True)
class TargetBrows:
    """What is laid into a new face.

    ``here``: rows and columns of the crop. ``pixels``: the target's brows there. ``small``: in the same box at 256 px: with
    which weight they show, at most. ``known``: there, skin that may be compared.
    """

    here: Part
    pixels: Pixels
    small: Float32[np.ndarray, "small_rows small_columns"]
    known: Float32[np.ndarray, "small_rows small_columns"]

    @property
    def weight(self) -> Plane:
        """With which they show; in ``here``."""
        return resized(self.small, self.pixels.shape[1::-1])

    def lay(self, face: Crop) -> None:
        """Lay them into a new face, in place.

        Args:
            face: X_r or Y, whole crops.
        """
        own, size = face[self.here], self.small.shape[::-1]
        mine, theirs = (logarithm(resized(picture, size)) for picture in (own, self.pixels))
        known = self._like_skin(mine) * self._like_skin(theirs)
        mean = ((mine - theirs) * known[..., None]).sum(axis=(0, 1)) / max(float(known.sum()), 1e-3)
        tone = carried(mine - theirs, known, TONE, LEAST)
        tone = np.clip(mean + np.clip(tone - mean, -UNEVEN, UNEVEN), -FURTHEST, FURTHEST)
        stands = np.abs((theirs - carried(theirs, known, TONE, LEAST)) @ LUMA[0])
        pigment = np.clip(tone, -PIGMENT, PIGMENT)
        tone -= (1 - ON_HAIRS) * pigment * rising(stands, HAIRS)[..., None]
        laid = self.pixels * np.exp(resized(tone.astype(np.float32), self.pixels.shape[1::-1]))
        own += (np.clip(laid, 0, 1) - own) * self.weight[..., None]

    def _like_skin(self, picture: Pixels) -> Plane:
        """What of ``known`` is about as bright as most of it: hair at its edge, and its shadow, tell no tone."""
        bright = picture @ LUMA[0]
        sure = bright[self.known > SURE]
        usual = float(np.median(sure)) if len(sure) else 0.0
        return np.asarray(self.known * falling(np.abs(bright - usual), UNUSUAL), np.float32)


def target_brows(
    target: Crop, points: Landmarks, covered: Bool[np.ndarray, "grid grid"], seen: Mask
) -> TargetBrows | None:
    """The target's brows at the new ones' place.

    Args:
        target: its crop, under the new shape.
        points: 468 x 3, of the new face, pixels of a grid that is no finer than the crop.
        covered: where the mesh is, on that grid.
        seen: how far both pictures show their skin there, 0..1.

    Returns:
        None where they lie beside the crop.
    """
    zoom = len(target) / len(covered)
    brow = distance_from(covered.shape, *brow_outlines(points))
    eye = distance_from(covered.shape, points[LEFT_EYE], points[RIGHT_EYE])
    weight = falling(brow, EDGE) * rising(eye, LIDS) * covered
    rows, columns = (np.flatnonzero((brow < BESIDE[1]).any(axis=axis)) for axis in (1, 0))
    if min(len(rows), len(columns)) < 8:
        return None
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    inside = cv2.erode(covered.astype(np.float32), np.ones((5, 5)))
    bare = rising(
        cv2.erode(seen, np.ones((5, 5))), (0.6, 0.95)
    )  # dark pixels at the edge of hair are no skin
    known = inside * bare * rising(eye, (LIDS[0], 3.0)) * rising(brow, (BESIDE[0] - 1, BESIDE[0]))
    known *= falling(brow, (BESIDE[1] - 1, BESIDE[1]))
    here = tuple(slice(round(part.start * zoom), round(part.stop * zoom)) for part in box)
    soft = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), 1.0) * inside
    return TargetBrows(
        (here[0], here[1]), np.clip(target[here], 0, 1), soft[box], known[box].astype(np.float32)
    )
