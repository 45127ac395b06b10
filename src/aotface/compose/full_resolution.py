"""Faces larger than the largest crop, at the frame's own pixels: nothing of the source's detail is lost [ours]."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.adjust import adjust
from aotface.compose.face_step import FaceInProgress
from aotface.face.align import chained, invert, transform_points
from aotface.options import DEFAULTS, Options
from aotface.reenact.reading import Reading
from aotface.reenact.target_eyes import TargetEye
from aotface.transfer.base import InFrame
from aotface.types import Box, Crop, Frame, Matrix

MOST, FLOOR = 2.0, np.float32(0.01)
"""By how much a pixel of an eye is multiplied at most; and what is added before that is found."""


@dataclass(frozen=True)
class FineEye:
    """An eye of the target. What a crop holds of it was laid there, in its colours; what is finer is multiplied on: the
    target's frame over its crop, both read where the eye was taken from.

    ``frame``, ``crop``: the target's. ``matrix``: between them. ``made``: X_r or Y, a whole crop.
    """

    frame: Frame
    crop: Crop
    matrix: Matrix
    made: Crop
    eye: TargetEye

    def lay(
        self,
        face: Float32[np.ndarray, "rows columns 3"],
        shown: Float32[np.ndarray, "rows columns"],
        strip: Box,
    ) -> None:
        """Lay it into a strip of the frame, in place.

        Args:
            face: the source's, in the strip.
            shown: how much of it is wanted; then how much of both.
            strip: xyxy, frame pixels.
        """
        rows, columns = self.eye.here
        corners = np.array([(x, y) for x in (columns.start, columns.stop) for y in (rows.start, rows.stop)])
        corners = transform_points(corners.astype(np.float64), invert(self.matrix))
        x0, y0 = np.maximum(np.floor(corners.min(axis=0)), strip[:2]).astype(int).tolist()
        x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, strip[2:]).astype(int).tolist()
        if x0 >= x1 or y0 >= y1:
            return
        size, moved = (x1 - x0, y1 - y0), np.array([[1, 0, x0], [0, 1, y0]], np.float64)
        whole = chained(moved, self.matrix)
        place = chained(whole, np.array([[1, 0, -columns.start], [0, 1, -rows.start]], np.float64))
        there = chained(place, self.eye.back)
        fine = _carried(self.frame, chained(there, invert(self.matrix)), size).astype(np.float32)
        fine /= np.float32(np.iinfo(self.frame.dtype).max)
        gain = (fine + FLOOR) / (np.maximum(_carried(self.crop, there, size), 0) + FLOOR)
        pixels = _carried(self.made, whole, size) * np.clip(gain, 1 / MOST, MOST)
        weight = cv2.warpAffine(self.eye.weight, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        here = slice(y0 - strip[1], y1 - strip[1]), slice(x0 - strip[0], x1 - strip[0])
        both = weight + shown[here]
        face[here] += (pixels - face[here]) * (weight / np.maximum(both, np.float32(1e-6)))[..., None]
        shown[here] = np.minimum(both, 1)


@dataclass(frozen=True)
class FullResolutionFace:
    """X_r or Y at the frame's own pixels.

    ``reading``: see there, drawn fine. ``change``: what is applied to X_r; None: nothing. ``matrix``: frame points to points
    of a crop of ``side`` pixels. ``eyes``: the target's. ``options``: how much of the change is wanted.
    """

    reading: Reading
    change: InFrame | None
    matrix: Matrix
    side: int
    eyes: tuple[FineEye, ...] = ()
    options: Options = DEFAULTS

    def __call__(
        self, strip: Box
    ) -> tuple[Float32[np.ndarray, "rows columns 3"], Float32[np.ndarray, "rows columns"]]:
        """Y (or X_r) in a box of the frame, xyxy, and how much of it is read there: what `blend` asks for."""
        face, shown = self.reading.read(self.matrix, self.side, strip)
        if self.change is not None:
            face = adjust(face, self.change(face, strip), self.options)
        for eye in self.eyes:
            eye.lay(face, shown, strip)
        return face, shown


def full_resolution_faces(
    face: FaceInProgress, frame: Frame
) -> tuple[FullResolutionFace | None, FullResolutionFace | None]:
    """X_r and Y of one face of a frame at its own pixels; None and None where its crop holds it all."""
    reading, target = face.reenacted.reading, face.target
    matrix, side = target.matrix, len(target.crop)
    change = face.change.in_frame(matrix, side) if face.full_resolution else None
    if change is None or reading is None:
        return None, None
    finer = reading.finer()
    before, after = (
        tuple(FineEye(frame, target.crop, matrix, made, eye) for eye in face.reenacted.eyes)
        for made in (face.reenacted.crop, face.swapped)
    )
    return FullResolutionFace(finer, None, matrix, side, before), FullResolutionFace(
        finer, change, matrix, side, after, face.options
    )


def _carried(values: np.ndarray, matrix: Matrix, size: tuple[int, int]) -> np.ndarray:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
