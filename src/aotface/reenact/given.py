"""X_r from a picture: a face that some other tool has already put into the target's pose."""

from dataclasses import dataclass

import cv2
import numpy as np

from aotface.errors import InputError, NoFaceError
from aotface.face.align import chained, invert, resize_matrix, sample, scale_of, transform_points
from aotface.face.detect import detect
from aotface.face.template import similarity_between
from aotface.face.texture import hull_mask
from aotface.reenact.base import Reenacted
from aotface.reenact.edge import edge_mask
from aotface.types import CROP_SIDE, AlignedFace, Frame, Mask, Matrix

RIM = 0.02
"""Width of a crop's soft border, in its sides."""

LEAST_BACKGROUND = 0.05
"""Share of the target's crop that must show a crop's background for it to tell the place."""

ALIKE, FARTHEST = 0.97, 12.0
"""Least correlation of two backgrounds that are the same, and how far a crop is moved at most, pixels at 256."""


@dataclass(frozen=True)
class GivenSwap:
    """A picture in which another tool has put the face into the target's pose: the prepared source of ``refine``.

    A picture of the target frame's own size is that frame after the swap, and is read through the target's matrix.
    A square of another size is an aligned crop, in whatever alignment its maker has: its face is found and laid over
    the target's, landmark on landmark.

    ``frame``: the whole frame or the square crop, uint8 or uint16, RGB. ``height``, ``width``: of the target frame.
    ``mask``: of the same size as ``frame``, where the swap shows, 0..1; None: it is found.
    """

    frame: Frame
    height: int
    width: int
    mask: Mask | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole frame."""
        return self.frame.shape[:2] == (self.height, self.width)

    def laid(self, target: AlignedFace, frame: Frame) -> tuple[Frame, Mask | None, Mask]:
        """An aligned crop at its place in the frame, sampled once.

        Args:
            target: the face that it replaces.
            frame: of the target.

        Returns:
            The frame with the crop laid over it, uint16; the mask in the frame, if there is one; and where the crop reaches,
            0..1, soft at its border.

        Raises:
            InputError: the picture is neither of the target's size nor square.
            NoFaceError: no face in the crop.
        """
        self._check_size()
        onto = _registered(self.frame, _over_the_target(self.frame, target), target)
        matrix = chained(target.matrix, invert(onto))
        return _laid(self.frame, matrix, frame, self.mask)

    def _check_size(self) -> None:
        """Refuse what is neither the whole frame nor a square."""
        rows, columns = self.frame.shape[:2]
        if not self.whole and rows != columns:
            raise InputError(
                f"the swapped picture is {columns} x {rows}, its target {self.width} x {self.height}: "
                "give the whole frame at the target's size, or an aligned square crop"
            )

    def reenact(self, target: AlignedFace) -> Reenacted:
        """Read the reenacted face out of the picture.

        Args:
            target: the aligned target face; its crop's side is the side of the result.

        Returns:
            The reenacted face; its mask is 0 where the picture does not reach.

        Raises:
            InputError: the picture is neither of the target's size nor square.
            NoFaceError: no face in the crop.
        """
        self._check_size()
        matrix = target.matrix if self.whole else _over_the_target(self.frame, target)
        return _read(self.frame, matrix, target)


def _laid(crop: Frame, matrix: Matrix, frame: Frame, mask: Mask | None) -> tuple[Frame, Mask | None, Mask]:
    """See `GivenSwap.laid`; ``matrix``: from the frame to the crop."""
    side, (height, width) = len(crop), frame.shape[:2]
    edge = side - 0.5
    corners = np.array([(-0.5, -0.5), (edge, -0.5), (-0.5, edge), (edge, edge)])
    corners = transform_points(corners, invert(matrix))
    x0, y0 = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, (width, height)).astype(int)
    x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
    map_x, map_y = ((row[0] * x + row[1] * y + row[2]).astype(np.float32) for row in matrix)
    whole = (frame.astype(np.uint16) * 257) if frame.dtype == np.uint8 else frame.copy()
    reached = np.zeros((height, width), np.float32)
    shown = None if mask is None else np.zeros_like(reached)
    if map_x.size:
        here = slice(y0, y1), slice(x0, x1)
        inwards = np.minimum.reduce([map_x, map_y, side - 1 - map_x, side - 1 - map_y]) + 0.5
        reached[here] = np.clip(inwards / (RIM * side), 0, 1)
        pixels = np.rint(sample(crop, map_x, map_y, 1 / scale_of(matrix)) * 65535).astype(np.uint16)
        np.copyto(whole[here], pixels, where=(inwards > 0)[..., None])
        if mask is not None and shown is not None:
            seen = cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            shown[here] = seen * reached[here]
    return whole, shown, reached


def _over_the_target(crop: Frame, target: AlignedFace) -> Matrix:
    """From the picture's pixels to the target's crop, by the landmarks of both faces."""
    faces = detect(crop)
    if not faces:
        raise NoFaceError("no face in the swapped crop: give the whole frame at the target's size instead")
    here, there = (points[:, :2].astype(np.float64) for points in (faces[0].landmarks, target.landmarks))
    return similarity_between(here, there)


def _registered(crop: Frame, onto: Matrix, target: AlignedFace) -> Matrix:
    """Where the crop's background is the target's, the matrix that lays one upon the other; else as it is.

    The new face's landmarks are not the old one's, so they tell the place only within a few pixels.

    Args:
        crop: the picture.
        onto: from its pixels to those of the target's crop, by landmarks.
        target: see there.

    Source: Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization",
        PAMI 2008.
    """
    small = resize_matrix(onto, len(target.crop), CROP_SIDE)
    size, kept = (CROP_SIDE, CROP_SIDE), crop.astype(np.float32) / np.float32(np.iinfo(crop.dtype).max)
    seen = cv2.warpAffine(kept, small, size, flags=cv2.INTER_AREA)
    reached = cv2.warpAffine(np.ones(crop.shape[:2], np.float32), small, size) > 0.99
    theirs = cv2.resize(target.crop, size, interpolation=cv2.INTER_AREA)
    face = hull_mask(size, target.landmarks * CROP_SIDE / len(target.crop))
    grown = cv2.dilate(face, np.ones((25, 25)))
    background = (reached & (grown == 0)).astype(np.uint8)
    if background.mean() < LEAST_BACKGROUND:
        return onto
    greys = [np.rint(255 * cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)).astype(np.uint8) for one in (theirs, seen)]
    steps = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5
    try:
        alike, moved = cv2.findTransformECC(
            greys[0], greys[1], np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, steps, background, 5
        )
    except cv2.error:  # nothing to hold on to, or too far apart
        return onto
    shift = float(np.abs(moved - np.eye(2, 3))[:, 2].max())
    if alike < ALIKE or shift > FARTHEST:
        return onto
    better = chained(small, invert(np.asarray(moved, np.float64)))
    return resize_matrix(better, CROP_SIDE, len(target.crop))


def _read(picture: Frame, matrix: Matrix, target: AlignedFace) -> Reenacted:
    side = len(target.crop)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    back = invert(matrix)
    map_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]).astype(np.float32)
    map_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]).astype(np.float32)
    crop = sample(picture, map_x, map_y, scale_of(matrix))
    rows, columns = picture.shape[:2]
    reached = (map_x > -0.5) & (map_y > -0.5) & (map_x < columns - 0.5) & (map_y < rows - 0.5)
    nothing = np.zeros((side, side), np.float32)
    return Reenacted(crop, edge_mask(target.landmarks, reached), nothing, target.landmarks)
