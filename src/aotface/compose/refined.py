"""Refining: another tool's face in the target's light and tone, over all that the tool changed, in its own pixels [ours].

The transfer looks at visible skin inside the mesh only. What it does there is a gain of light for each place, which is
smooth and is continued over the whole changed region: forehead, temples, chin. It multiplies the other tool's own pixels,
read in the frame and not in a crop: nothing is softened, and nothing of the region becomes the target.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.compose.adjust import adjust
from aotface.compose.blend import Box, carry
from aotface.compose.changed import changed_region, given_region
from aotface.compose.face_step import work_side
from aotface.face.align import align, resize_matrix
from aotface.face.parse import visible_at
from aotface.options import DEFAULTS, Options
from aotface.reenact.edge import edge_mask
from aotface.transfer.base import FacePair, Transfer, shrunk
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Mask, Matrix

FLOOR = 2e-3
"""Linear light added before a logarithm."""

NEAR, FARTHER = 2.0, (6.0, 16.0, 48.0)
"""Standard deviations, in pixels at 256, of the neighbourhood in which a gain is taken, and of those that continue it."""

COARSE = 2.5
"""Standard deviation, in the same pixels, of the blur on what a gain cannot say."""

RIM = (8.0, 26.0)
"""Pixels at 256 inside the changed region up to which, and from which no longer, the other tool may fade into the target."""

FADE = (2.0, 6.0)
"""Standard deviations, in the same pixels, at which a fading difference is taken, and eased."""

HEAD = (0.5, 0.47, 0.44, 0.5)
"""Where a swap is looked for: an ellipse's middle and radii, in sides of the crop."""


@dataclass(frozen=True)
class RefinedInFrame:
    """Another tool's face at the frame's own pixels, with or without what is done to it; what `blend` asks for.

    ``frame``: after the swap. ``gain``: of linear light, 256 px. ``rest``: what a gain cannot say, at the crop's side.
    ``matrix``: frame points to points of the crop.
    """

    frame: Frame
    gain: Float32[np.ndarray, "256 256 3"] | None
    rest: Crop
    matrix: Matrix

    def __call__(
        self, strip: Box
    ) -> tuple[Float32[np.ndarray, "rows columns 3"], Float32[np.ndarray, "rows columns"]]:
        """The pixels of a box of the frame, xyxy; all of them are from here."""
        x0, y0, x1, y1 = strip
        face = self.frame[y0:y1, x0:x1].astype(np.float32) / np.float32(np.iinfo(self.frame.dtype).max)
        if self.gain is not None:
            small = resize_matrix(self.matrix, len(self.rest), CROP_SIDE)
            gain = carry(self.gain, small, strip, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
            face = linear_to_srgb(srgb_to_linear(face) * gain).astype(np.float32)
            face += carry(self.rest, self.matrix, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
        return face, np.ones(face.shape[:2], np.float32)


@dataclass(frozen=True)
class Refined:
    """One refined face: ``target`` aligned, the other tool's crop and the refined one, their mask, and both in the frame."""

    target: AlignedFace
    given: Crop
    refined: Crop
    mask: Mask
    before: RefinedInFrame
    after: RefinedInFrame


def refine_face(
    target: Frame,
    swapped: Frame,
    face: Face,
    transfer: Transfer,
    options: Options = DEFAULTS,
    mask: Mask | None = None,
) -> Refined | None:
    """Refine one face of a whole frame.

    Args:
        target: uint8 or uint16, RGB.
        swapped: the same frame after another tool's swap.
        face: of the target.
        transfer: see there.
        options: seed of its random numbers, and how much of its change is wanted.
        mask: where the swap shows, 0..1, of the frame's size; found from the difference when left out.

    Returns:
        The face; None where it is the target's own.
    """
    side = work_side(face)
    aligned, given = align(target, face, side), align(swapped, face, side).crop
    region = _region(aligned, given, mask)
    if region is None:
        return None
    looked_at = visible_at(target, face) * region
    core = edge_mask(aligned.landmarks, np.ones((side, side), bool)) * _large(looked_at, side)
    pair = FacePair(given, aligned.crop, core, aligned.landmarks, aligned.landmarks, options.seed)
    moved = adjust(given, transfer.find(pair).apply(given), options)
    inside = _share(region, shrunk(given), shrunk(aligned.crop))
    whole = _gain(shrunk(given), shrunk(moved), shrunk(core))
    gain = np.exp(whole * inside[..., None]).astype(np.float32)
    lit = linear_to_srgb(srgb_to_linear(given) * _large(np.exp(whole).astype(np.float32), side))
    rest = _smooth((moved - lit) * (core * _large(inside, side))[..., None])
    refined = linear_to_srgb(srgb_to_linear(given) * _large(gain, side)) + rest
    frames = (RefinedInFrame(swapped, one, rest, aligned.matrix) for one in (None, gain))
    shown = _large(region, side)
    return Refined(aligned, given, np.clip(refined, 0, 1).astype(np.float32), shown, *frames)


def head() -> Float32[np.ndarray, "256 256"]:
    """Where in the crop, at 256 px, a swap is looked for: 1 inside, soft, 0 before the crop's edge."""
    x, y = np.meshgrid(*((np.arange(CROP_SIDE) + 0.5,) * 2))
    far = np.hypot(*((v / CROP_SIDE - m) / r for v, m, r in zip((x, y), HEAD[:2], HEAD[2:], strict=True)))
    return np.clip((1 - far) * 16, 0, 1).astype(np.float32)


def _region(aligned: AlignedFace, given: Crop, mask: Mask | None) -> Float32[np.ndarray, "256 256"] | None:
    if mask is None:
        found = changed_region(shrunk(given), shrunk(aligned.crop), head())
        return None if found is None else (found * head()).astype(np.float32)
    return given_region(mask, resize_matrix(aligned.matrix, len(given), CROP_SIDE))


def _share(region: Mask, given: Crop, target: Crop) -> Mask:
    """How much of each pixel is the other tool's face: 1 well inside; at the rim, how far it is from the target there."""
    distance = cv2.distanceTransform((region > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    deep = np.clip((distance - RIM[0]) / (RIM[1] - RIM[0]), 0, 1).astype(np.float32)
    apart = np.sqrt((cv2.GaussianBlur(given - target, (0, 0), FADE[0]) ** 2).sum(axis=2))
    weight = deep + np.float32(1e-3) * (region > 0.5)
    mass = cv2.GaussianBlur(weight, (0, 0), 2 * FADE[1])
    whole = cv2.GaussianBlur(apart * weight, (0, 0), 2 * FADE[1]) / np.maximum(mass, 1e-6)
    faded = np.clip(apart / np.maximum(whole, 1e-3), 0, 1) * (distance > 0)
    faded = np.minimum(faded, np.clip(distance / 4, 0, 1))
    deep = deep * deep * (3 - 2 * deep)
    return np.asarray(cv2.GaussianBlur(deep + (1 - deep) * faded, (0, 0), FADE[0]) * (region > 0), np.float32)


def _gain(before: Crop, after: Crop, weight: Mask) -> Float32[np.ndarray, "256 256 3"]:
    """Log of the gain of linear light, smooth; continued to where nothing is known.

    Source: normalised convolution, Knutsson and Westin, CVPR 1993.
    """
    light, moved = srgb_to_linear(before), srgb_to_linear(after)

    def mean(values: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        mass = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)[..., None]
        total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        return total / np.maximum(mass, 1e-6), mass

    sums, mass = mean(np.concatenate([light, moved], axis=2), NEAR)
    own = np.log((sums[..., 3:] + FLOOR) / (sums[..., :3] + FLOOR))
    overall = (own * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
    found = np.broadcast_to(overall, own.shape)
    for sigma in FARTHER[::-1]:
        around, near = mean(own, sigma)
        found = found + np.clip(3 * near, 0, 1) * (around - found)
    return (found + np.clip(2 * mass - 0.5, 0, 1) * (own - found)).astype(np.float32)


def _smooth(rest: Crop) -> Crop:
    """Only what is coarse of it: fine detail is the other tool's, and all of it."""
    return np.asarray(
        cv2.GaussianBlur(rest.astype(np.float32), (0, 0), COARSE * len(rest) / CROP_SIDE), np.float32
    )


def _large(values: np.ndarray, side: int) -> np.ndarray:
    """A map of 256 px at the crop's side."""
    if len(values) == side:
        return values
    return cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR)
