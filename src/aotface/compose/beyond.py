"""Beyond the mesh: the new face goes on to hairline, ears, jaw and neck without a step of tone or texture [ours].

Three things. The source's forehead is shown up to the target's hairline where both pictures show skin (`forehead`). The
target's own skin around the face gets the face's tone: the ratio of the two is taken within the edge, continued outward
and fades. And it loses the creases that the new face has not: they are taken out as far as the face is smoother.

Everything is found in a small crop and is smooth, so the target's own pixels stay as sharp as they are.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.compose.blend import carry, face_box, frame_mask
from aotface.compose.forehead import Forehead, find_forehead, read_forehead, reads_beside
from aotface.face.align import invert, resize_matrix, sample, scale_of
from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.skin_light import shine_of
from aotface.face.texture import LUMA, brow_outlines, features_mask, hull_mask
from aotface.masked import continued, local_mean, resized, times
from aotface.reenact.base import Reenacted
from aotface.types import CROP_SIDE, Crop, Frame, Landmarks, Mask, Matrix

GRID = 128
"""Side at which all but the forehead's detail is found."""

WIDE, LEAST = 3.5, 1e-4
"""Standard deviation, in pixels of the grid, of the neighbourhoods whose tones are compared; and the least weight of one."""

FLOOR, MOST = 0.02, 0.15
"""Display light added before a logarithm, and the greatest change of tone beside the face, as a logarithm."""

SHARE = 0.6
"""How much of the face's tone its surroundings get; the rest is eased within the face, by `blend`."""

DOWN, UP = 22.0, 45.0
"""Pixels of the grid from the face's edge in which its tone fades: on ears and neck, and on the forehead."""

BANDS = (0.4, 1.0, 2.5)
"""Standard deviations, in the same pixels, between which creases of a forehead lie."""

PLAIN, DEEPEST, SMOOTHER = 1e-5, 0.08, 0.3
"""Energy of a band below which there is no crease, the greatest depth that is taken out, and what is left at least."""

VARIED = 0.2
"""How much a place of the source's forehead may at most be brighter or darker than its surroundings: what differs by more is
the edge of a shadow."""

RAISED = 0.7, 1.0
"""Mean change at which the source's forehead begins to fade, and is gone: so much light makes blotches of its pores."""

HAIR = (0.3, 0.55)
"""How much darker than its forehead within the mesh a place of the source may be, and from where on it is taken for hair; as
logarithms."""

STRAND = (0.12, 0.25)
"""The same beside its surroundings: a strand of hair is darker than a crease."""

TOUCHED = 0.25
"""Value in masks of skin that keeps its pixels and gets another tone."""

THICK = 11
"""Thickest brow that is closed, in pixels of a crop of 128."""

OUTLINE = 3, 1.0
"""How far around a brow's outline that is done, and how softly it ends; likewise."""

CLOSED = 0.3
"""Greatest change, as a logarithm: more turns hairs into red specks."""

BORDER = 4
"""Pixels of the grid at the crop's border in which everything fades."""


@dataclass(frozen=True)
class Beyond:
    """One face with what lies beside its mesh.

    ``reenacted``, ``swapped``, ``mask``: X_r, Y and where Y shows, with the forehead if it is taken; at the crop's side.
    ``tone``: by what the target's own skin is multiplied, display values. ``crease``: what is taken off it. ``weight``:
    where that is so, 0..1. ``closed``: what of ``tone`` lightens the target's brows, from 1 on. All four at the side `GRID`.
    ``forehead``: see `Forehead.verdict`.
    """

    reenacted: Crop
    swapped: Crop
    mask: Mask
    tone: Float32[np.ndarray, "128 128 3"]
    crease: Float32[np.ndarray, "128 128"]
    weight: Mask
    closed: Mask
    forehead: str

    def with_filled(self, share: Mask) -> "Beyond":
        """The same where so much of each pixel, 0..1, is no brow of the target's any more: that is not lightened twice."""
        left = self.closed ** -resized(share, GRID)
        return replace(self, tone=times(self.tone, np.asarray(left, np.float32)), closed=self.closed * left)

    def lay(self, frame: Frame, matrix: Matrix) -> Frame:
        """The target with its own skin in the face's tone; the same bytes wherever ``weight`` is 0.

        Args:
            frame: uint8 or uint16.
            matrix: its points to points of the crop.
        """
        small = resize_matrix(matrix, len(self.mask), GRID)
        box = face_box(self.weight, small, *frame.shape[:2])
        if box is None:
            return frame
        x0, y0, x1, y1 = box
        whole, white = frame.copy(), np.float32(np.iinfo(frame.dtype).max)
        tone = carry(self.tone, small, box, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        depth = cv2.CV_8U if frame.dtype == np.uint8 else cv2.CV_16U
        part = cv2.multiply(frame[y0:y1, x0:x1], tone, dtype=cv2.CV_32F if self.crease.any() else depth)
        if self.crease.any():
            crease = carry(self.crease * white, small, box, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
            part = cv2.subtract(part, cv2.merge([crease] * 3), dtype=depth)
        whole[y0:y1, x0:x1] = part
        return whole

    def changed(self, matrix: Matrix, height: int, width: int) -> Mask:
        """How much of each pixel of the frame `lay` may change, 0..`TOUCHED`; see there."""
        small = resize_matrix(matrix, len(self.mask), GRID)
        return frame_mask(self.around, small, height, width)

    @property
    def around(self) -> Mask:
        """For masks: where the target's own skin is changed; less than 0.5, because it is still its own."""
        return np.float32(TOUCHED) * self.weight


def go_beyond(
    frame: Frame,
    matrix: Matrix,
    points: Landmarks,
    reenacted: Reenacted,
    swapped: Crop,
    mask: Mask,
    visible: Mask,
    verdict: str | None = None,
) -> Beyond | None:
    """What lies beside one face's mesh.

    Args:
        frame: the target.
        matrix: its points to points of the crop.
        points: landmarks of the target in the crop.
        reenacted: X_r.
        swapped: Y.
        mask: where Y shows.
        visible: of the target, 256 px: the visible face; beside the mesh, skin.
        verdict: of the forehead, where it was found over more than this frame.

    Returns:
        All that changes; None where the reenactor reads nothing beside the mesh.
    """
    if not reads_beside(reenacted):
        return None
    forehead = None if verdict == "target's" else find_forehead(reenacted, visible)
    verdict = verdict or (forehead.verdict if forehead is not None else "target's")
    seen = _look(frame, matrix, points, reenacted, swapped, mask)
    upper, visible = _brow_weight(seen.points), resized(visible, GRID)
    fall = _fall(seen.core, upper)
    weight = visible * fall * _inside_crop()
    if verdict == "target's":
        weight = weight * (1 - upper)
    weight = np.where(seen.core > 0.5, _skin_beside(weight, seen.core), weight).astype(np.float32)
    tone = cv2.GaussianBlur(continued(_ratio(seen), seen.known), (0, 0), 1.5)
    before, after, shown, share = reenacted.crop, swapped, mask, 0.0
    if verdict == "taken" and forehead is not None:
        light = tone * fall[..., None]
        skin = cv2.erode(visible, np.ones((3, 3)))
        before, after, shown, share = _with_forehead(
            forehead, seen, skin, light, reenacted.crop, swapped, mask
        )
        verdict = "taken" if share >= 0.5 else "blended"
    crease = np.zeros_like(weight)
    if verdict != "target's" and share < 1:
        crease = _crease(seen, visible) * (weight * upper * np.float32(1 - share))
    gain = np.exp(np.clip(tone, -MOST, MOST) * np.float32(SHARE) * weight[..., None])
    closed = np.ones_like(weight)
    if reenacted.brows is None:  # otherwise they stay
        closed = closed_brows(seen.target, seen.points, visible * _inside_crop())
    gain = (gain * closed[..., None]).astype(np.float32)
    return Beyond(before, after, shown, gain, crease, weight, closed, verdict)


@dataclass(frozen=True)
class _Seen:
    """Target, Y, where Y shows, the same without eyes, brows and lips, and the target's landmarks: on the grid."""

    target: Crop
    done: Crop
    core: Mask
    known: Mask
    points: Landmarks


def _look(
    frame: Frame, matrix: Matrix, points: Landmarks, reenacted: Reenacted, swapped: Crop, mask: Mask
) -> _Seen:
    zoom = np.float32(GRID / len(mask))
    features = features_mask((GRID, GRID), points * zoom, reenacted.landmarks * zoom, unit=0.5)
    core = resized(mask, GRID)
    target = _cut(frame, resize_matrix(matrix, len(mask), GRID))
    return _Seen(target, resized(swapped, GRID), core, core * (core > 0.5) * (1 - features), points * zoom)


def _with_forehead(
    forehead: Forehead,
    seen: _Seen,
    skin: Mask,
    tone: Float32[np.ndarray, "128 128 3"],
    x_r: Crop,
    swapped: Crop,
    mask: Mask,
) -> tuple[Crop, Crop, Mask, float]:
    """X_r, Y and mask with the source's forehead, and how much of it is taken: its detail, in the target's light."""
    before, shown = read_forehead(forehead, x_r)
    side, small, upper = len(mask), resized(before, GRID), resized(forehead.reading.shown, GRID)
    bright = _bright_enough(small, seen.known * upper)
    counted = np.maximum(seen.known, upper * bright * skin)
    both = local_mean(np.dstack([small, seen.target]), counted, WIDE, LEAST) + np.float32(FLOOR)
    near = cv2.GaussianBlur(counted, (0, 0), WIDE, borderType=cv2.BORDER_CONSTANT)
    both = continued(both, np.clip(4 * near, 0, 1))
    light = (np.log(both[..., 3:] / both[..., :3]) + tone).mean(axis=2)
    raised = float(np.average(light, weights=upper + np.float32(1e-6)))
    share = float(np.clip((RAISED[1] - raised) / (RAISED[1] - RAISED[0]), 0, 1))
    own, after = resized(forehead.inner, side), swapped.copy()
    here = slice(int(np.flatnonzero((own < 1).any(axis=1)).max(initial=0)) + 1)
    wanted = (both[..., 3:] - np.float32(FLOOR)) * np.exp(tone) + _shine(seen.target, counted)
    around = np.asarray(cv2.transform(both[..., :3], LUMA), np.float32)
    lit = _lit(before[here], *(resized(one, side)[here] for one in (wanted, around, bright)))
    after[here] = lit + (swapped[here] - lit) * own[here][..., None]
    return before, after, np.maximum(mask, shown * np.float32(share)), share


def _shine(target: Crop, skin: Mask) -> Float32[np.ndarray, "128 128 3"]:
    """What hard shine of the target a blur of its light has lost: display values."""
    light = srgb_to_linear(target)
    shine = shine_of(light, skin, GRID / CROP_SIDE)
    if not shine.any():
        return np.zeros_like(target)
    plain = np.asarray(linear_to_srgb(np.maximum(light - shine[..., None], 0)), np.float32)
    return (target - plain) - local_mean(target - plain, skin, WIDE, LEAST)


def _lit(
    before: Float32[np.ndarray, "rows columns 3"],
    wanted: Float32[np.ndarray, "rows columns 3"],
    around: Float32[np.ndarray, "rows columns"],
    bright: Float32[np.ndarray, "rows columns"],
) -> Float32[np.ndarray, "rows columns 3"]:
    """The source's forehead in the colour of the target's: only how its brightness varies is its own.

    No gain makes skin of a dark shadow, and its colours become streaks. Where there is hair, nothing varies.

    Args:
        before: X_r.
        wanted: colour.
        around: brightness of X_r around, with `FLOOR`.
        bright: 1 where it is not hair.
    """
    varied = (np.asarray(cv2.transform(before, LUMA), np.float32) + np.float32(FLOOR)) / around
    varied -= 1
    varied = 1 + varied / np.sqrt(1 + (varied / np.float32(VARIED)) ** 2) * bright
    return np.clip(times(wanted, varied), 0, 1)


def _bright_enough(before: Crop, forehead: Mask) -> Mask:
    """0 where X_r above the mesh is as dark as hair, beside its forehead within the mesh, or dark as a strand."""
    luma = np.log(cv2.GaussianBlur(cv2.transform(before, LUMA), (0, 0), 0.5) + np.float32(FLOOR))
    usual = np.average(luma, weights=forehead + np.float32(1e-6))
    dark = np.clip((luma - usual + HAIR[1]) / (HAIR[1] - HAIR[0]), 0, 1)
    strand = np.clip((luma - cv2.GaussianBlur(luma, (0, 0), 2.5) + STRAND[1]) / (STRAND[1] - STRAND[0]), 0, 1)
    return cv2.GaussianBlur(cv2.erode((dark * strand).astype(np.float32), np.ones((3, 3))), (0, 0), 0.8)


def _cut(frame: Frame, matrix: Matrix) -> Crop:
    """The target on the grid."""
    back = invert(matrix)
    y, x = np.mgrid[:GRID, :GRID].astype(np.float32)
    map_x, map_y = ((back[k, 0] * x + back[k, 1] * y + back[k, 2]).astype(np.float32) for k in (0, 1))
    return sample(frame, map_x, map_y, scale_of(matrix))


def _ratio(seen: _Seen) -> Float32[np.ndarray, "128 128 3"]:
    """Logarithm of Y over X_t."""
    both = local_mean(np.dstack([seen.target, seen.done]), seen.known, WIDE, LEAST)
    return np.log((both[..., 3:] + FLOOR) / (both[..., :3] + FLOOR)).astype(np.float32)


def _fall(core: Mask, upper: Float32[np.ndarray, "128 1"]) -> Mask:
    """1 in the face, falling to 0 over ears and neck, more slowly over the forehead."""
    far = cv2.distanceTransform((core <= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    reach = DOWN + (UP - DOWN) * upper
    t = np.clip(1 - far / reach, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _skin_beside(weight: Mask, core: Mask) -> Mask:
    """Within the face: how much of what lies beside it nearby is skin that gets its tone."""
    beside = (core <= 0.5).astype(np.float32)
    return continued(local_mean(weight[..., None], beside, WIDE, LEAST), np.clip(beside, 0, 1))[..., 0]


def _brow_weight(points: Landmarks) -> Float32[np.ndarray, "128 1"]:
    """1 above the brows, 0 below."""
    brows = points[np.concatenate([LEFT_BROW, RIGHT_BROW]), 1].mean()
    return np.clip((brows - np.arange(GRID, dtype=np.float32)) / 10, 0, 1)[:, None]


def _inside_crop() -> Mask:
    """0 at the crop's border."""
    at = np.arange(GRID)
    near = np.clip(np.minimum(at, GRID - 1 - at) / BORDER, 0, 1).astype(np.float32)
    return near[:, None] * near


def _crease(seen: _Seen, visible: Mask) -> Mask:
    """What of the target's creases the new face has not."""
    total = np.zeros((GRID, GRID), np.float32)
    lumas = [np.asarray(cv2.transform(one, LUMA), np.float32) for one in (seen.target, seen.done)]
    stages = [[local_mean(luma, visible, sigma, LEAST) for sigma in BANDS] for luma in lumas]
    for fine, coarse in ((0, 1), (1, 2)):
        bands = [one[fine] - one[coarse] for one in stages]
        energy = local_mean(np.dstack([band * band for band in bands]), seen.known, 2 * WIDE, LEAST) + PLAIN
        left = np.clip(np.sqrt(energy[..., 1] / energy[..., 0]), SMOOTHER, 1)
        left = continued(left[..., None].astype(np.float32), seen.known)[..., 0]
        total += (1 - left) * np.clip(bands[0], -DEEPEST, DEEPEST)
    return total


def closed_brows(target: Crop, points: Landmarks, skin: Mask) -> Float32[np.ndarray, "_side _side"]:
    """By what the target's brows are multiplied to be as bright as the skin around them.

    Args:
        target: a small crop.
        points: 468 x 3, its pixels.
        skin: where it shows bare skin or a brow, 0..1.

    Returns:
        1 and more.
    """
    unit = len(target) / 128
    size = round(THICK * unit) | 1
    luma = np.asarray(cv2.transform(target, LUMA), np.float32)
    known = np.where(skin > 0.5, luma, 0).astype(np.float32)  # what is bright beside the face closes nothing
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.erode(cv2.dilate(cv2.GaussianBlur(known, (0, 0), unit), disc), disc)
    near = hull_mask(luma.shape, *brow_outlines(points))
    reach = 2 * round(OUTLINE[0] * unit) + 1
    outlined = cv2.GaussianBlur(cv2.dilate(near, np.ones((reach, reach))), (0, 0), OUTLINE[1] * unit)
    more = np.log(np.maximum(closed, luma) + FLOOR) - np.log(luma + FLOOR)
    return np.exp(np.clip(more, 0, CLOSED) * outlined * skin).astype(np.float32)
