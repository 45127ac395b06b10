"""Lay a swapped crop back into its frame: soft-edged, multi-band, at the frame's own resolution."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.brow_texture import BOTH as BOTH_BROWS
from aotface.compose.brow_texture import MARGIN as BROW_MARGIN
from aotface.compose.brow_texture import BrowTexture, BrowView
from aotface.compose.camera import Camera, Match, View, around_of, lay, match_view
from aotface.compose.contrast import eyes_of, nostrils_of, place_of
from aotface.compose.eye_stretch import Laid, stretch_eyes
from aotface.compose.low_bands import (
    BAND_REACHES,
    BANDS_SIDE,
    Bands,
    box_of,
    local_mean_of,
    low_band_shift,
    share_lowered,
    where,
)
from aotface.compose.skin_texture import Seen, TextureArray, measure_texture, skin_of
from aotface.face.align import invert, resize_matrix, scale_of, transform_points
from aotface.face.texture import LUMA
from aotface.masked import times
from aotface.types import CROP_SIDE, Box, Crop, Frame, Mask, Matrix

STRIP_ROWS = 512
"""Rows composed at a time: memory follows the strip, not the face."""

MEASURED_ROWS = 768
"""Rows in which the camera is measured."""

BLOCK_ROWS = 32
"""Rows of a face that are carried to the frame at a time: a face is round, and its blocks are as wide as it is there."""

HALO = 16
"""Rows beside a strip that its blurs may read."""

Finer = Callable[[Box], tuple[np.ndarray, np.ndarray]]


def blend(
    target: Frame,
    swapped: Crop,
    mask: Float32[np.ndarray, "side side"],
    matrix: Matrix,
    ease: bool = True,
    finer: Finer | None = None,
    camera: Camera | None = None,
    features: Mask | None = None,
) -> Frame:
    """Compose ``target + m (swapped + c - target)`` inside the face's box, and nothing anywhere else.

    Fine detail changes over at the mask's own edge, the two low bands further inside, so that a difference of
    tone between face and neck leaves no line. ``c`` is that shift of the low bands: it is smooth, hence found
    once, at `BANDS_SIDE`. Its means are weighted by the mask: no background, of crop or frame, reaches into them.
    Features that are darker than skin around get less: haze would make hairs grey.

    Args:
        target: uint8 or uint16, height x width x 3.
        swapped: float32, side x side x 3, 0..1; only what lies under the mask is read.
        mask: float32, side x side, 0..1: where the swapped face shows.
        matrix: 2 x 3, frame points to crop points.
        ease: shift the low bands; without it (``c = 0``) every swapped pixel shows with just its mask.
        finer: the swapped face at the frame's own pixels, for a crop that is too small to hold it: of a box (xyxy), the
            pixels, and how much of each is taken from there.
        camera: the target's grain and texture are laid on the face; None: they are not.
        features: of both faces, as for `Camera`: a brow that is darker than the target's skin tells nothing of tone.

    Returns:
        A new frame of the target's size and type, bit-identical to it wherever `frame_mask` is 0.

    Source: Burt and Adelson, "A multiresolution spline", ACM TOG 1983; one-sided, weighted bands [ours].
    """
    frame = target.copy()
    box = face_box(mask, matrix, *target.shape[:2])
    if box is None:
        return frame
    brows = None if camera is None else camera.brows
    bands = low_band_shift(target, swapped, mask, matrix, features, brows) if ease else None
    face = _Face(target, *_sharpened(swapped, mask, matrix), mask, matrix, bands, finer, camera)
    stretches: list[Laid] = []
    if camera is not None and camera.eyes is not None:
        stretches += eyes_of(face, camera.eyes, box)
        if camera.texture is None:  # not in videos: frames might differ
            stretches += nostrils_of(face, camera.eyes, box)
    middle, halo = _middle(box), 0 if camera is None else HALO
    kept = {} if camera is None else {middle: face.view(middle, stretches)}
    match = None if camera is None else match_view(kept[middle], camera)
    hairs = None if match is None or camera is None else _hairs(face, camera, match, box)
    at_once = middle in kept and middle == box  # all of it was measured
    for strip in [box] if at_once else _strips(box, stretches):
        x0, y0, x1, y1 = strip
        wide = x0, max(box[1], y0 - halo), x1, min(box[3], y1 + halo)
        here = kept.pop(wide) if wide in kept else face.view(wide, stretches)
        if match is not None and camera is not None:
            lay(here, match, (*camera.seed, wide[1] - box[1]))
        if hairs is not None:
            hairs.lay(here.face.picture, wide[:2])
        inner = slice(y0 - wide[1], y1 - wide[1])
        weight, above = here.weight[inner], here.face.picture[inner]
        below = face.pixels(strip)
        below += times(above - below, weight)
        part = np.ascontiguousarray(frame[y0:y1, x0:x1])
        frame[y0:y1, x0:x1] = cv2.copyTo(rounded(below, target.dtype), where(weight), part)
    return frame


def _sharpened(
    swapped: Crop, mask: Float32[np.ndarray, "side side"], matrix: Matrix
) -> tuple[Float32[np.ndarray, "_rows _columns 3"], Matrix]:
    """What the frame's pixels under a mask are made of, beyond it carried on; and their points to its own."""
    scale = scale_of(matrix)
    rows, columns = _reached(mask, scale)  # the rest of the crop is read by no pixel that shows
    face = local_mean_of(swapped, mask, BAND_REACHES[-1] * len(mask) / CROP_SIDE)[rows, columns]
    face = cv2.copyTo(swapped[rows, columns], where(mask[rows, columns]), np.ascontiguousarray(face))
    return _low_pass(face, scale), matrix - np.array([[0, 0, columns.start], [0, 0, rows.start]])


@dataclass(frozen=True)
class _Face:
    """A face at its place in a frame; see `blend`. ``crop``, ``corner``: see `_sharpened`."""

    target: Frame
    crop: Float32[np.ndarray, "_rows _columns 3"]
    corner: Matrix
    mask: Mask
    matrix: Matrix
    bands: Bands | None
    finer: Finer | None
    camera: Camera | None

    @cached_property
    def luma(self) -> Float32[np.ndarray, "_rows _columns"]:
        """Of the crop."""
        return np.asarray(cv2.transform(self.crop, LUMA), np.float32)

    @cached_property
    def soft(self) -> Mask:
        """The mask as it shows."""
        return _soften(self.mask, scale_of(self.matrix))

    @cached_property
    def small(self) -> Matrix:
        """The frame's points to points of the crop at 256 px."""
        return resize_matrix(self.matrix, len(self.mask), CROP_SIDE)

    def pixels(self, strip: Box) -> Float32[np.ndarray, "rows columns 3"]:
        """The target's."""
        part = self.target[strip[1] : strip[3], strip[0] : strip[2]].astype(np.float32)
        part /= np.float32(np.iinfo(self.target.dtype).max)
        return part

    def made(self, strip: Box) -> tuple[np.ndarray, np.ndarray]:
        """The weight of the face at the frame's pixels, and the face."""
        weight = carry(self.soft, self.matrix, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
        above = _carry_face(self.crop, self.luma, self.corner, strip, weight)
        if self.finer is not None:
            fine, share = self.finer(strip)
            fine -= above
            fine *= share[..., None]
            above += fine
        if self.bands is not None:
            coarse = resize_matrix(self.matrix, len(self.mask), BANDS_SIDE)
            tone = carry(self.bands.shift, coarse, strip, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
            above += times(tone[..., :3], np.clip(cv2.transform(above, LUMA) * tone[..., 3], 0, 1))
            if self.bands.ceiling is not None:
                _lower(above, self.bands.ceiling, coarse, strip)
        return weight, above

    def view(self, strip: Box, stretches: Sequence[Laid] = ()) -> View:
        """The face and its target."""
        weight, above = self.made(strip)
        shown, kept, hard = np.zeros_like(weight), None, None
        if self.camera is not None:
            how = self.small, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT
            shown, given = carry(self.camera.features, *how), (self.camera.kept, self.camera.hard)
            kept, hard = (None if one is None else carry(one, *how) for one in given)
            if kept is not None:
                shown = np.maximum(shown, kept)
            if self.camera.blur > 0:
                soft = cv2.GaussianBlur(above, (0, 0), self.camera.blur)
                above = soft if kept is None else soft + (above - soft) * kept[..., None]
            stretch_eyes(above, stretches, strip[:2])
        return View(Seen(above), Seen(self.pixels(strip)), weight, shown, kept, hard)


def _lower(above: np.ndarray, ceiling: Float32[np.ndarray, "128 128 3"], matrix: Matrix, strip: Box) -> None:
    """Take what is brighter than a ceiling most of the way to it, in a strip of the frame, in place.

    A map of 128 pixels cannot do that: a glint between hairs is one or two pixels of the frame wide.

    Args:
        above: the face in the strip.
        ceiling: see `Bands`.
        matrix: frame points to points of the ceiling.
        strip: xyxy, frame pixels.
    """
    box = face_box((ceiling.min(axis=2) < 1).astype(np.float32), matrix, strip[3], strip[2])
    if box is None or box[2] <= strip[0] or box[3] <= strip[1]:
        return
    here = max(box[0], strip[0]), max(box[1], strip[1]), box[2], box[3]
    part = above[here[1] - strip[1] : here[3] - strip[1], here[0] - strip[0] : here[2] - strip[0]]
    most = carry(ceiling, matrix, here, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    part += times(most - part, share_lowered(part, most))


def _hairs(face: _Face, camera: Camera, match: Match, box: Box) -> BrowTexture | None:
    """What brows of a picture's face within a box of the frame lack of hairs; None: nothing is laid on them."""
    if camera.brows is None or camera.eyes is None or camera.texture is not None:
        return None
    place = place_of(face, camera.eyes, box, BROW_MARGIN, BOTH_BROWS)
    if place is None:
        return None
    at, moved, unit = place
    seen = face.view(at)
    lay(seen, match, (*camera.seed, at[1] - box[1]))
    shown = carry(camera.features, face.small, at, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    pixels = seen.face.picture, seen.target.picture
    return BrowView(*pixels, seen.own_weight, shown, moved, unit, at[:2]).texture(match, camera.seed)


def target_texture(
    target: Frame, mask: Float32[np.ndarray, "side side"], matrix: Matrix, features: Mask
) -> TextureArray | None:
    """Texture and grain of the target where a face will show: what `Camera` holds of several frames.

    Args:
        target: uint8 or uint16.
        mask: of the face, in its crop.
        matrix: frame points to crop points.
        features: see `Camera`.
    """
    box = face_box(mask, matrix, *target.shape[:2])
    if box is None:
        return None
    x0, y0, x1, y1 = strip = _middle(box)
    weight = carry(_soften(mask, scale_of(matrix)), matrix, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    small = resize_matrix(matrix, len(mask), CROP_SIDE)
    shown = carry(features, small, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    pixels = target[y0:y1, x0:x1].astype(np.float32) / np.float32(np.iinfo(target.dtype).max)
    return measure_texture(Seen(pixels), skin_of(weight, shown), around_of(weight))


def _middle(box: Box) -> Box:
    """The middle of a box, of at most `MEASURED_ROWS` rows: there the camera is measured."""
    x0, y0, x1, y1 = box
    top = max(y0, (y0 + y1 - MEASURED_ROWS) // 2)
    return x0, top, x1, min(y1, top + MEASURED_ROWS)


def frame_mask(
    mask: Float32[np.ndarray, "side side"], matrix: Matrix, height: int, width: int
) -> Float32[np.ndarray, "rows columns"]:
    """The crop's mask in the frame: exactly the weight with which `blend` shows the swapped face.

    Args:
        mask: float32, side x side, 0..1.
        matrix: 2 x 3, frame points to crop points.
        height: of the frame, pixels.
        width: of the frame, pixels.

    Returns:
        float32, height x width, 0..1.
    """
    whole = np.zeros((height, width), np.float32)
    box = face_box(mask, matrix, height, width)
    if box is not None:
        soft = _soften(mask, scale_of(matrix))
        for strip in _strips(box):
            x0, y0, x1, y1 = strip
            whole[y0:y1, x0:x1] = carry(soft, matrix, strip, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    return whole


def face_box(mask: Mask, matrix: Matrix, height: int, width: int) -> Box | None:
    """The frame pixels that the mask can reach, or None when there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    margin = 2 + 3 * scale_of(matrix)
    left, right = columns[0] - margin, columns[-1] + margin
    top, bottom = rows[0] - margin, rows[-1] + margin
    corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)])
    corners = transform_points(corners, invert(matrix))
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def _low_pass(
    values: Float32[np.ndarray, "_rows _columns 3"], scale: float
) -> Float32[np.ndarray, "_rows _columns 3"]:
    """Remove what a frame ``scale`` times coarser cannot show (windowed sinc: the rest stays)."""
    if scale <= 1:
        return values
    reach = int(np.ceil(3 * scale))
    t = np.arange(-reach, reach + 1) / scale
    kernel = np.sinc(t) * np.sinc(t / 3) * (np.abs(t) < 3)
    kernel /= kernel.sum()
    return cv2.sepFilter2D(values, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)


def _soften(mask: Mask, scale: float) -> Mask:
    """The mask's own low-pass: without negative lobes, so that it never leaves 0..1."""
    return (
        mask if scale <= 1 else cv2.GaussianBlur(mask, (0, 0), 0.5 * scale, borderType=cv2.BORDER_REPLICATE)
    )


def _carry_face(
    face: Float32[np.ndarray, "_rows _columns 3"],
    luma: Float32[np.ndarray, "_rows _columns"],
    matrix: Matrix,
    strip: Box,
    weight: Mask,
) -> Float32[np.ndarray, "rows columns 3"]:
    """The face at the frame pixels of a strip: its luma by the sharpest filter, which is slow, where it shows; colour, and
    what does not show, linearly."""
    x0, y0 = strip[:2]
    above = carry(face, matrix, strip, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    for top in range(0, len(weight), BLOCK_ROWS):
        columns = np.flatnonzero(weight[top : top + BLOCK_ROWS].any(axis=0))
        if len(columns):
            left, right, bottom = int(columns[0]), int(columns[-1]) + 1, min(top + BLOCK_ROWS, len(weight))
            block = x0 + left, y0 + top, x0 + right, y0 + bottom
            sharp = carry(luma, matrix, block, cv2.INTER_LANCZOS4, cv2.BORDER_REPLICATE)
            part = above[top:bottom, left:right]
            sharp -= cv2.transform(part, LUMA)
            part += cv2.merge([sharp] * 3)
    return above


def rounded(values: Float32[np.ndarray, "rows columns 3"], kind: np.dtype) -> Frame:
    """Values 0..1 as a frame of a type, in one go."""
    white, depth = np.iinfo(kind).max, cv2.CV_8U if kind == np.uint8 else cv2.CV_16U
    return np.asarray(cv2.addWeighted(values, white, values, 0, 0, dtype=depth))


def carry(values: np.ndarray, matrix: Matrix, strip: Box, interpolation: int, border: int) -> np.ndarray:
    """Crop values at the frame pixels of a strip."""
    x0, y0, x1, y1 = strip
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (x0, y0)
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, shifted, (x1 - x0, y1 - y0), flags=flags, borderMode=border)


def _reached(mask: Mask, scale: float) -> tuple[slice, slice]:
    """Rows and columns of the crop that the frame's pixels under the mask are made of."""
    margin = int(np.ceil(6 * max(scale, 1))) + 6  # mask and face are low-passed, then read by eight taps
    rows, columns = (slice(max(0, at.start - margin), at.stop + margin) for at in box_of(mask))
    return rows, columns


def _strips(box: Box, uncut: Sequence[Laid] = ()) -> Iterator[Box]:
    """A box in strips; none ends within an eye or a nose: what is done there depends on all of it."""
    x0, top, x1, y1 = box
    while top < y1:
        end = top + STRIP_ROWS
        for first, rows in sorted((one.place[1], len(one.mask)) for one in uncut):
            if first < end < first + rows:
                end = first + rows
        yield x0, top, x1, min(end, y1)
        top = end
