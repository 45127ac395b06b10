"""Faces larger than the largest crop, at the frame's own pixels: nothing of the source's detail is lost [ours]."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from aotface.compose.adjust import adjust
from aotface.compose.face_step import FaceInProgress
from aotface.options import DEFAULTS, Options
from aotface.reenact.reading import Box, Reading
from aotface.transfer.base import InFrame
from aotface.types import Matrix


@dataclass(frozen=True)
class FullResolutionFace:
    """X_r or Y at the frame's own pixels.

    ``reading``: see there, drawn fine. ``change``: what is applied to X_r; None: nothing. ``matrix``: frame points to points
    of a crop of ``side`` pixels. ``options``: how much of the change is wanted.
    """

    reading: Reading
    change: InFrame | None
    matrix: Matrix
    side: int
    options: Options = DEFAULTS

    def __call__(
        self, strip: Box
    ) -> tuple[Float32[np.ndarray, "rows columns 3"], Float32[np.ndarray, "rows columns"]]:
        """Y (or X_r) in a box of the frame, xyxy, and how much of it is the source's: what `blend` asks for."""
        face, shown = self.reading.read(self.matrix, self.side, strip)
        if self.change is None:
            return face, shown
        return adjust(face, self.change(face, strip), self.options), shown


def full_resolution_faces(
    face: FaceInProgress,
) -> tuple[FullResolutionFace | None, FullResolutionFace | None]:
    """X_r and Y of one face at the frame's own pixels; None and None where its crop holds it all."""
    reading, matrix, side = face.reenacted.reading, face.target.matrix, len(face.target.crop)
    change = face.change.in_frame(matrix, side) if face.full_resolution else None
    if change is None or reading is None:
        return None, None
    finer = reading.finer()
    return FullResolutionFace(finer, None, matrix, side), FullResolutionFace(
        finer, change, matrix, side, face.options
    )
