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
from aotface.compose.changed import changed_region, given_region
from aotface.compose.face_step import work_side
from aotface.compose.refined_frame import (
    FINE,
    RefinedInFrame,
    RefineMaps,
    fine_detail,
    refined,
    refined_crop,
)
from aotface.face.align import align, resize_matrix, scale_of
from aotface.face.parse import visible_at
from aotface.masked import resized
from aotface.options import DEFAULTS, Options
from aotface.reenact.edge import edge_mask
from aotface.transfer.base import FacePair, Transfer, shrunk
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Mask

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

MOST_LEFT, LEAST_LEFT = 0.15, 0.02
"""How much log light of the mean tone is made up for at most, and how much may stay."""

MOST_RAISED, MOST_ADDED = 0.2, 0.35
"""Log of the greatest factor of fine detail: another tool's colour cast may hold much of it in one channel; and of that of
what is finest: a soft face has little of it."""

NEXT_TO, DIFFERS = 6, 0.04
"""Pixels at 256 from a crop's border that are next to it; and difference from which they are another picture's."""

HEAD = (0.5, 0.47, 0.44, 0.5)
"""Where a swap is looked for: an ellipse's middle and radii, in sides of the crop."""


@dataclass(frozen=True)
class Refinement:
    """What is done to one face of another tool's.

    ``target``: aligned. ``given``: the other tool's face in that crop. ``region``: where it shows, 256 px, soft. ``maps``:
    see `aotface.compose.refined_frame`; of all of the face, before `with_share`. ``apart``: see `difference`.
    """

    target: AlignedFace
    given: Crop
    region: Mask
    maps: RefineMaps
    apart: Mask

    @property
    def shown(self) -> Float32[np.ndarray, "side side"]:
        """The region at the crop's side."""
        return resized(self.region, len(self.given))


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
    reached: Mask | None = None,
) -> Refined | None:
    """Refine one face of a whole frame; see `find_refinement`."""
    found = find_refinement(target, swapped, face, transfer, options, mask, reached)
    if found is None:
        return None
    matrix, side = found.target.matrix, len(found.given)
    made = with_share(found.maps, found.region, found.apart)
    before, after = (RefinedInFrame(swapped, maps, matrix, side) for maps in (None, made))
    crop = refined_crop(found.given, made)
    return Refined(found.target, found.given, crop, found.shown, before, after)


def find_refinement(
    target: Frame,
    swapped: Frame,
    face: Face,
    transfer: Transfer,
    options: Options = DEFAULTS,
    mask: Mask | None = None,
    reached: Mask | None = None,
) -> Refinement | None:
    """Find what refines one face.

    Args:
        target: uint8 or uint16, RGB.
        swapped: the same frame after another tool's swap.
        face: of the target.
        transfer: see there.
        options: seed of its random numbers, and how much of its change is wanted.
        mask: where the swap shows, 0..1, of the frame's size; found from the difference when left out.
        reached: where a crop, laid into the frame, has pixels; all of the frame when left out.

    Returns:
        What is done; None where the face is the target's own.
    """
    side = work_side(face)
    aligned, given = align(target, face, side), align(swapped, face, side).crop
    region = _region(aligned, given, mask, reached)
    if region is None:
        return None
    looked_at = visible_at(target, face) * region
    core = edge_mask(aligned.landmarks, np.ones((side, side), bool)) * resized(looked_at, side)
    pair = FacePair(given, aligned.crop, core, aligned.landmarks, aligned.landmarks, options.seed)
    moved = _finished_tone(given, transfer.find(pair).apply(given), aligned.crop, core)
    moved = adjust(given, moved, options)
    whole = _gain(shrunk(given), shrunk(moved), shrunk(core))
    lit = refined(given, resized(whole, side), np.zeros_like(given))
    rest = shrunk(_smooth((moved - lit) * core[..., None]))
    lost = _lost_detail(given, lit, resized(region, side), scale_of(aligned.matrix))
    more = np.full((CROP_SIDE, CROP_SIDE, 1), lost, np.float32)
    maps = np.concatenate([whole, rest, more], axis=2).astype(np.float32)
    return Refinement(aligned, given, region, maps, difference(shrunk(given), shrunk(aligned.crop)))


def _finished_tone(given: Crop, moved: Crop, target: Crop, weight: Mask) -> Crop:
    """What the transfer has begun, finished: the mean colour of visible skin becomes the target's, within bounds.

    A transfer that moves nothing stays one that moves nothing.
    """
    small = [shrunk(one) for one in (given, moved, target)]
    counted = shrunk(weight)[..., None]
    total = max(float(counted.sum()), 1e-6)
    means = [
        (one * counted).sum(axis=(0, 1)) / total for one in small
    ]  # display values: even steps for the eye
    before, after, wanted = (np.log(srgb_to_linear(mean) + FLOOR) for mean in means)
    bound = np.minimum(np.abs(after - before), MOST_LEFT)
    left = np.clip(wanted - after, -bound, bound)
    left = (np.sign(left) * np.maximum(np.abs(left) - LEAST_LEFT, 0)).astype(np.float32)
    if not left.any():
        return moved
    return np.clip(linear_to_srgb(srgb_to_linear(moved) * np.exp(left)), 0, 1).astype(np.float32)


def _lost_detail(given: Crop, lit: Crop, region: Mask, scale: float) -> float:
    """Natural log of what gives fine detail of a lit face the strength that it had, 0 at least: darker skin has less.

    What is added to give it back is fine detail of it, of which that measure sees a part again: hence a square equation.
    """
    where, sigma = region > 0.5, FINE * max(scale, 1.0)
    had, has = (fine_detail(one, sigma) for one in (given, lit))
    added = (has - cv2.GaussianBlur(has, (0, 0), sigma))[where]
    before, after, both, square = (
        float((one * other).mean()) + 1e-9
        for one, other in ((had[where],) * 2, (has[where],) * 2, (has[where], added), (added, added))
    )
    wanted = min(before, after * np.exp(2 * MOST_RAISED))
    if wanted <= after:
        return 0.0
    added_share = (np.sqrt(both**2 + square * (wanted - after)) - both) / square
    return min(float(np.log1p(added_share)), MOST_ADDED)


def head() -> Float32[np.ndarray, "256 256"]:
    """Where in the crop, at 256 px, a swap is looked for: 1 inside, soft, 0 before the crop's edge."""
    x, y = np.meshgrid(*((np.arange(CROP_SIDE) + 0.5,) * 2))
    far = np.hypot(*((v / CROP_SIDE - m) / r for v, m, r in zip((x, y), HEAD[:2], HEAD[2:], strict=True)))
    return np.clip((1 - far) * 16, 0, 1).astype(np.float32)


def _region(
    aligned: AlignedFace, given: Crop, mask: Mask | None, reached: Mask | None
) -> Float32[np.ndarray, "256 256"] | None:
    matrix = resize_matrix(aligned.matrix, len(given), CROP_SIDE)
    if mask is not None:
        return given_region(mask, matrix)
    within, small = head(), (shrunk(given), shrunk(aligned.crop))
    laid = None if reached is None else given_region(reached, matrix)
    if laid is not None and _foreign(*small, laid):
        inner = resized((laid > 0.99).astype(np.float32), len(given)) > 0.5
        return shrunk(edge_mask(aligned.landmarks, inner))
    within = within if laid is None else within * laid
    found = changed_region(*small, within)
    return None if found is None else (found * within).astype(np.float32)


def _foreign(given: Crop, target: Crop, laid: Mask) -> bool:
    """Whether the background of a crop is not the target's: most of what lies next to the crop's border differs."""
    inner = (laid > 0.99).astype(np.uint8)
    rim = (inner > 0) & (cv2.erode(inner, np.ones((2 * NEXT_TO + 1,) * 2), borderValue=0) == 0)
    apart = np.abs(cv2.GaussianBlur(given - target, (0, 0), FADE[0])).max(axis=2)
    return bool(rim.any()) and float((apart[rim] > DIFFERS).mean()) > 0.5


def difference(given: Crop, target: Crop) -> Float32[np.ndarray, "256 256"]:
    """How far another tool's face is from the target, place by place; both at 256 px."""
    return np.sqrt((cv2.GaussianBlur(given - target, (0, 0), FADE[0]) ** 2).sum(axis=2))


def with_share(maps: RefineMaps, region: Mask, apart: Mask) -> RefineMaps:
    """Maps as far as each pixel is the other tool's face: 1 well inside; at the rim, how far it is from the target there.

    Args:
        maps: of the whole face, at any side.
        region: where it shows, 256 px.
        apart: of this very frame, see `difference`: an edge that moves has the gain move with it.
    """
    distance = cv2.distanceTransform((region > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    deep = np.clip((distance - RIM[0]) / (RIM[1] - RIM[0]), 0, 1).astype(np.float32)
    weight = deep + np.float32(1e-3) * (region > 0.5)
    mass = cv2.GaussianBlur(weight, (0, 0), 2 * FADE[1])
    whole = cv2.GaussianBlur(apart * weight, (0, 0), 2 * FADE[1]) / np.maximum(mass, 1e-6)
    faded = np.clip(apart / np.maximum(whole, 1e-3), 0, 1) * (distance > 0)
    faded = np.minimum(faded, np.clip(distance / 4, 0, 1))
    deep = deep * deep * (3 - 2 * deep)
    share = cv2.GaussianBlur(deep + (1 - deep) * faded, (0, 0), FADE[0]) * (region > 0)
    made = resized(maps, CROP_SIDE).copy()
    made[..., :6] *= share[..., None]
    return np.asarray(made, np.float32)


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
