"""X_r from a picture: a face that some other tool has already put into the target's pose."""

from dataclasses import dataclass

import numpy as np

from aotface.errors import InputError, NoFaceError
from aotface.face.align import invert, sample, scale_of
from aotface.face.detect import detect
from aotface.face.template import similarity_between
from aotface.reenact.base import Reenacted
from aotface.reenact.edge import edge_mask
from aotface.types import AlignedFace, Frame, Mask, Matrix


@dataclass(frozen=True)
class GivenSwap:
    """A picture in which another tool has put the face into the target's pose: the prepared source of ``refine``.

    A picture of the target frame's own size is that frame after the swap, and is read through the target's matrix.
    A square of another size is an aligned crop, in whatever alignment its maker has: its face is found and laid over
    the target's, landmark on landmark.

    ``frame``: the whole frame or the square crop, uint8 or uint16, RGB. ``height``, ``width``: of the target frame.
    ``mask``: of a whole frame, where the swap shows, 0..1; None: it is found.
    """

    frame: Frame
    height: int
    width: int
    mask: Mask | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole frame."""
        return self.frame.shape[:2] == (self.height, self.width)

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
        rows, columns = self.frame.shape[:2]
        if (rows, columns) == (self.height, self.width):
            matrix = target.matrix
        elif rows == columns:
            matrix = _over_the_target(self.frame, target)
        else:
            raise InputError(
                f"the swapped picture is {columns} x {rows}, its target {self.width} x {self.height}: "
                "give the whole frame at the target's size, or an aligned square crop"
            )
        return _read(self.frame, matrix, target)


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
