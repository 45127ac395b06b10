"""Where a face sits in its frame, as plain values; and its mask as a picture."""

from typing import NamedTuple

import numpy as np

from aotface.face.align import invert, transform_points
from aotface.media.pixel_aspect import to_display
from aotface.types import AlignedFace, Frame, Mask, Matrix


class Place(NamedTuple):
    """Where a face sits. ``side``: of its crop in pixels. ``matrix``: from frame points to crop points.

    ``box``: of its landmarks, in frame pixels (as stored), xyxy.
    """

    side: int
    matrix: Matrix
    box: tuple[float, float, float, float]


def place_of(target: AlignedFace) -> Place:
    """Where an aligned face sits."""
    corners = np.array(target.face.box).reshape(2, 2)  # in display pixels
    x0, y0, x1, y1 = transform_points(corners, invert(to_display(target.face.pixel_aspect))).ravel().tolist()
    return Place(len(target.crop), target.matrix, (x0, y0, x1, y1))


def face_row(place: Place, **more: int) -> dict[str, object]:
    """Where a face sits, as plain values.

    Args:
        place: of the face.
        more: put first.

    Returns:
        ``side``: of the crop in pixels. ``matrix``: 2 x 3, from frame points to crop points; pixel centres are whole
        numbers. ``box``: of the landmarks in the frame, x0, y0, x1, y1.
    """
    box = [round(float(edge), 3) for edge in place.box]
    return {**more, "side": place.side, "matrix": place.matrix.tolist(), "box": box}


def grey(mask: Mask) -> Frame:
    """A mask of 0..1 as a grey picture."""
    return np.repeat(np.rint(mask * 255).astype(np.uint8)[..., None], 3, axis=2)
