"""The eyes of a new face: the target's own, in the source's iris colour [ours].

A photograph shows an eye with one gaze, one opening and one light. Moved into others it shows white spots, dark rings and
lids that end in its whites. The target's eye is the only one that was photographed with this gaze in this light. So all that
lies between the lids, and their rim with its lashes, is laid into the new face at the new eye's place; skin beside
the rim gets the tone around it. Irises get the source's colour. Lids, creases, brows, and where eyes lie, are the source's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.gaze import gaze_at
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE, opening
from aotface.face.template import similarity_between
from aotface.face.texture import LUMA
from aotface.masked import carried, falling, resized, rising
from aotface.reenact.iris_colour import IrisColour, distance, iris_colour, recoloured_iris
from aotface.reenact.lip_colour import (
    FURTHEST,
    PIGMENT,
    VIVID,
    Pixels,
    Plane,
    logarithm,
    off_of,
    traits,
    typical,
)
from aotface.types import AlignedFace, Crop, Landmarks, Matrix, Part

RIM, WIDE = (0.2, 1.8), (1.5, 6.0)
"""Distance from an eye's opening, in pixels at 256, over which the target's lids end: where the source's rim is like theirs,
and where it is not."""

NARROW, LIDS = (0.05, 0.12), (2.0, 7.0)
"""Opening (see `opening`) at which all of an eye's lids are the target's, and at which no more than its rim: a lid that
squints has folds and a shadow that a wide one does not show. The distance over which they end then."""

DARKER, BRIGHTER, COLOURED = (0.35, 0.8), (0.1, 0.25), (0.12, 0.3)
"""How much darker than the target's a rim is, as a logarithm, that is like it, and is not: an iris outside of the opening, a
shadow, a liner, a frame. The same for one that is brighter than the target's, and than skin beside it: a white. And for
another colour: a red corner, a violet lid."""

GLOW = 0.04
"""How much brighter than the new face's, and than skin beside the eye, the target's rim becomes at most, as a logarithm."""

BESIDE, REACH = (1.5, 7.0), 10
"""Distance in which the tone of both lids is compared; and how far around an eye is worked on; the same pixels."""

LIKE = (0.4, 0.8)
"""How far from what is usual around an eye a place is, as a logarithm, that counts less for tone, and not: it is no skin."""

TONE, LEAST = 3.0, 0.02
"""Standard deviation in pixels at 256 of what tone is matched by, and the weight that its mean has everywhere."""

RINGS = RIGHT_EYE, LEFT_EYE

SmallPlane = Float32[np.ndarray, "small_rows small_columns"]
"""At 256 px, beside pixels of the crop."""


@dataclass(frozen=True)
class TargetEye:
    """What is laid into a new face.

    ``here``: rows and columns of the crop. ``pixels``: the target's eye there, with the new iris. ``off``: distance from the
    opening; ``free``: where the mesh is and nothing covers the target's lids, 0..1; ``shown``: with which weight it shows;
    all at 256 px. ``back``: pixels of ``pixels`` to points of the target's crop.
    """

    here: Part
    pixels: Pixels
    off: SmallPlane
    free: SmallPlane
    shown: SmallPlane
    back: Matrix

    @property
    def weight(self) -> Plane:
        """With which it shows, in ``here``."""
        return self._large(self.shown)

    def lay(self, face: Crop) -> None:
        """Lay it into a new face, in place.

        Args:
            face: X_r or Y, whole crops.
        """
        own = face[self.here]
        mine, theirs = (logarithm(resized(one, self.off.shape[::-1])) for one in (own, self.pixels))
        tone = _tone(mine - theirs, self.off, self.free)
        tone -= _glow(mine, theirs + tone, self.off)[..., None]
        laid = np.clip(self.pixels * self._large(np.exp(tone)), 0, 1)
        own += (laid - own) * self.weight[..., None]

    def _large(self, plane: np.ndarray) -> np.ndarray:
        return resized(plane.astype(np.float32), self.pixels.shape[1::-1])


def target_eyes(
    target: AlignedFace,
    face: Crop,
    points: Landmarks,
    covered: Bool[np.ndarray, "grid grid"],
    source: IrisColour | None,
    shares: tuple[float, float],
) -> Iterator[TargetEye]:
    """The target's eyes at the new ones' places.

    Args:
        target: see there.
        face: X_r, a whole crop.
        points: 468 x 3, of the new face, pixels of a grid that is no finer than the crop.
        covered: where the mesh is, on that grid.
        source: whose irises' colour is wanted; None: it stays.
        shares: how much of the person's right and left eye shows.

    Yields:
        Those that lie in the crop.
    """
    zoom = len(target.crop) / len(covered)
    gaze, own = gaze_at(target.face), None
    if gaze is not None and source is not None:
        small = target.small
        if small is None or small.shape[:2] != covered.shape:
            small = cv2.resize(target.crop, covered.shape, interpolation=cv2.INTER_AREA)
        own = iris_colour(small, target.landmarks / np.float32(zoom), gaze)
    for eye, (ring, share) in enumerate(zip(RINGS, shares, strict=True)):
        box = _around(points[ring], len(covered))
        if share <= 0 or box is None:
            continue
        here = tuple(slice(round(part.start * zoom), round(part.stop * zoom)) for part in box)
        size = here[1].stop - here[1].start, here[0].stop - here[0].start
        off = off_of(points[ring], box)
        there = (points[ring, :2].astype(np.float64) + 0.5) * zoom - 0.5 - [here[1].start, here[0].start]
        back = similarity_between(there, target.landmarks[ring, :2].astype(np.float64))
        pixels = _carried(target.crop, back, size, cv2.INTER_CUBIC)
        free = covered[box].astype(np.float32)
        if target.visible is not None:
            seen = resized(target.visible, target.crop.shape[1::-1])
            free = free * resized(_carried(seen, back, size, cv2.INTER_LINEAR), off.shape[::-1])
        if own is not None and source is not None and gaze is not None:
            far = distance(points, eye, gaze, box)
            pixels = _with_iris(pixels, off, far, own, source)
        pixels = np.clip(pixels, 0, 1)
        mine, theirs = (logarithm(resized(one, off.shape[::-1])) for one in (face[here], pixels))
        rim = _rim(opening(points, ring))
        shown = _shown(mine, mine - theirs, off, free, rim) * np.float32(share)
        yield TargetEye((here[0], here[1]), pixels, off, free, shown, back)


def _rim(opened: float) -> tuple[float, float]:
    """Distance from an opening over which the target's lids end."""
    squints = float(falling(np.array([opened]), NARROW)[0])
    near, far = (one + squints * (other - one) for one, other in zip(RIM, LIDS, strict=True))
    return near, far


def _shown(face: Pixels, apart: Pixels, off: Plane, free: Plane, rim: tuple[float, float]) -> Plane:
    """With which weight the target's eye shows: between the lids, on their rim, and further where the source's is unlike it.

    Args:
        face: X_r, logarithms.
        apart: see `_tone`.
        off: see `TargetEye`.
        free: see there.
        rim: see `_rim`.
    """
    found = traits(cv2.GaussianBlur(apart - _tone(apart, off, free), (0, 0), 0.7))
    white = np.minimum(found[..., 0], _above_skin(face, off))
    colour = np.hypot(found[..., 1], found[..., 2])
    unlike = np.maximum(rising(-found[..., 0], DARKER), rising(white, BRIGHTER))
    unlike = cv2.GaussianBlur(np.maximum(unlike, rising(colour, COLOURED)), (0, 0), 1.0) * free
    shown = np.maximum(falling(off, rim), falling(off, WIDE) * np.clip(2 * unlike, 0, 1))
    return np.asarray(cv2.GaussianBlur(shown * shown * (3 - 2 * shown), (0, 0), 0.5))


def _above_skin(face: Pixels, off: Plane) -> Plane:
    """How much brighter than most of the skin beside an eye a place is; logarithms."""
    luma, beside = cv2.GaussianBlur(face @ LUMA[0], (0, 0), 0.7), (off > BESIDE[0]) & (off < BESIDE[1])
    return luma - np.float32(np.median(luma[beside]) if beside.any() else 0)


def _glow(face: Pixels, laid: Pixels, off: Plane) -> Plane:
    """How much too bright the target's rim would be: brighter than the new face's own, and than skin; logarithms."""
    above = _above_skin(face, off)
    luma = cv2.GaussianBlur(face @ LUMA[0], (0, 0), 0.7)
    most = luma + np.maximum(-above, 0) + np.float32(GLOW)
    return np.maximum(laid @ LUMA[0] - most, 0) * rising(off, (0.0, 1.0))


def _tone(apart: Pixels, off: Plane, free: Plane) -> Pixels:
    """What carries the target's lids to the new face's, logarithms. Eyes get what is light of it, and no `PIGMENT`.

    Args:
        apart: the new face's less the target's.
        off: see `TargetEye`.
        free: see there.
    """
    beside, luma = free * (off > BESIDE[0]) * (off < BESIDE[1]), apart @ LUMA[0]
    usual = np.float32(np.median(luma[beside > 0.5])) if (beside > 0.5).any() else np.float32(0)
    known = (beside * falling(np.abs(luma - usual), LIKE)).astype(np.float32)
    mean = (apart * known[..., None]).sum(axis=(0, 1)) / max(float(known.sum()), 1e-3)
    found = np.clip(carried(apart, known, TONE, LEAST), -FURTHEST, FURTHEST)
    light = np.clip(mean - np.clip(mean, -PIGMENT, PIGMENT), -FURTHEST, FURTHEST)
    return np.asarray(light + (found - light) * rising(off, (0.0, 2.0))[..., None])


def _with_iris(
    pixels: Pixels, off: SmallPlane, far: SmallPlane, own: IrisColour, source: IrisColour
) -> Pixels:
    """An eye whose iris has the source's colour."""
    log = logarithm(resized(pixels, off.shape[::-1]))
    skin = typical(log[off > BESIDE[0]])
    vivid = float(np.clip((skin[0] - skin[1]) / VIVID, 0, 1))
    added = recoloured_iris(log, far, own, source, vivid) * falling(off, (0.0, 1.0))[..., None]
    return pixels * np.exp(resized(added.astype(np.float32), pixels.shape[1::-1]))


def _around(ring: Float32[np.ndarray, "16 3"], side: int) -> Part | None:
    """Rows and columns around an eye; None where it lies beside the crop."""
    low = np.clip(np.floor(ring[:, :2].min(axis=0) - REACH), 0, side).astype(int)
    high = np.clip(np.ceil(ring[:, :2].max(axis=0) + REACH) + 1, 0, side).astype(int)
    if (high - low).min() < REACH:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _carried(values: np.ndarray, back: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    return cv2.warpAffine(
        values, back, size, flags=how | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
