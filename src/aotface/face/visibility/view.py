"""The square that the visibility network is shown: the face alone, with hairline and chin."""

import numpy as np

from aotface.face.align import crop_matrix, places_of, sample, scale_of
from aotface.types import CROP_SIDE, Crop, Frame, Landmarks, Matrix

VIEW_SIDE = 256
"""Side of the view in pixels."""

ZOOM = 1.1
"""How much larger the face is than in the canonical crop: 0.73 of the side, not 0.66."""

CENTRE = 0.5, 0.485
"""The point of the canonical crop, in sides, that lies in the middle of the view."""


def view_of_crop(crop_side: int = CROP_SIDE, side: int = VIEW_SIDE, zoom: float = ZOOM) -> Matrix:
    """The matrix from a canonical crop to the view; the same for every face.

    Args:
        crop_side: of the canonical crop, in pixels.
        side: of the view, in pixels.
        zoom: how much larger the face is than in the canonical crop.
    """
    scale = zoom * side / crop_side
    centre = np.array(CENTRE) * crop_side - 0.5
    shift = (side - 1) / 2 - scale * centre
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def view_matrix(landmarks: Landmarks, side: int = VIEW_SIDE, zoom: float = ZOOM) -> Matrix:
    """The matrix from frame to view.

    Args:
        landmarks: 468 x 3, frame pixels.
        side: of the view, in pixels.
        zoom: how much larger the face is than in the canonical crop.
    """
    return compose(view_of_crop(CROP_SIDE, side, zoom), crop_matrix(landmarks, CROP_SIDE))


def compose(after: Matrix, first: Matrix) -> Matrix:
    """The matrix that does ``first``, then ``after``."""
    linear = after[:, :2] @ first[:, :2]
    return np.concatenate([linear, (after[:, :2] @ first[:, 2] + after[:, 2])[:, None]], axis=1)


def cut(frame: Frame, matrix: Matrix, side: int = VIEW_SIDE) -> Crop:
    """Read the view out of a frame: neither aliased nor blurred, the edge repeated beyond it.

    Args:
        frame: uint8 or uint16, RGB.
        matrix: from frame to view.
        side: of the view, in pixels.
    """
    return sample(frame, *places_of(matrix, side), scale_of(matrix))
