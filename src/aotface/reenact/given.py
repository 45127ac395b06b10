"""X_r from a picture: a face that some other tool has already put into the target's pose."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.errors import InputError, NoFaceError
from aotface.face.align import invert, resize_matrix, sample, scale_of, transform_landmarks
from aotface.face.detect import detect
from aotface.face.render import rasterize
from aotface.face.template import similarity_between
from aotface.reenact.base import Reenacted
from aotface.reenact.mesh import inner_mask
from aotface.types import CROP_SIDE, AlignedFace, Frame, Landmarks, Matrix


@dataclass(frozen=True)
class GivenSwap:
    """Somebody else's swap of a frame. ``frame``: see `given`. ``height``, ``width``: of the target frame, pixels."""

    frame: Frame
    height: int
    width: int

    def reenact(self, target: AlignedFace) -> Reenacted:
        """X_r, read out of that picture."""
        return given(self.frame, target, self.height, self.width)


def given(swapped: Frame, target: AlignedFace, height: int, width: int) -> Reenacted:
    """Read the reenacted face out of a picture.

    A picture of the target frame's own size is that frame after the swap, and is read through the target's
    matrix.
    A square of another size is an aligned crop, in whatever alignment its maker has: its face is found and
    laid over the target's, landmark on landmark.

    Args:
        swapped: frame or square crop, uint8 or uint16, RGB.
        target: the aligned target face; its crop's side is the side of the result.
        height: of the target frame, pixels.
        width: of the target frame, pixels.

    Returns:
        The reenacted face; its mask is 0 where the picture does not reach.

    Raises:
        InputError: the picture is neither of the target's size nor square.
        NoFaceError: no face in the crop.
    """
    rows, columns = swapped.shape[:2]
    if (rows, columns) == (height, width):
        matrix = target.matrix
    elif rows == columns:
        matrix = _over_the_target(swapped, target)
    else:
        raise InputError(
            f"the swapped picture is {columns} x {rows}, its target {width} x {height}: "
            "give the whole frame at the target's size, or an aligned square crop"
        )
    return _read(swapped, matrix, target)


def _over_the_target(crop: Frame, target: AlignedFace) -> Matrix:
    """From the picture's pixels to the target's crop, by the landmarks of both faces."""
    faces = detect(crop)
    if not faces:
        raise NoFaceError("no face in the swapped crop: give the whole frame at the target's size instead")
    here, there = (points[:, :2].astype(np.float64) for points in (faces[0].landmarks, target.landmarks))
    return similarity_between(here, there)


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


def edge_mask(
    landmarks: Landmarks, reached: Bool[np.ndarray, "side side"]
) -> Float32[np.ndarray, "side side"]:
    """Soft mask of the mesh for pictures that end somewhere: 0 before the mesh's edge and before the
    picture's.

    Args:
        landmarks: 468 x 3, crop pixels.
        reached: side x side, where the picture has pixels.

    Returns:
        side x side, 0..1.
    """
    side = len(reached)
    points = transform_landmarks(landmarks, resize_matrix(np.eye(2, 3), side, CROP_SIDE))
    edge = inner_mask(points, rasterize(points, CROP_SIDE))
    if not reached.all():
        small = cv2.resize(reached.astype(np.float32), (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
        edge = edge * np.clip(2 * cv2.GaussianBlur(np.floor(small), (0, 0), 3.0) - 1, 0, 1)
    return cv2.resize(edge.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
