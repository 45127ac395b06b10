"""Where a face sits in its frame, as plain values; and its mask as a picture."""

from typing import NamedTuple

import numpy as np

from aotface.types import AlignedFace, Frame, Mask, Matrix


class Place(NamedTuple):
    """Where a face sits. ``side``: of its crop in pixels. ``matrix``: from frame points to crop points.

    ``box``: of its landmarks, in frame pixels, xyxy.
    """

    side: int
    matrix: Matrix
    box: tuple[float, float, float, float]


def place_of(target: AlignedFace) -> Place:
    """Where an aligned face sits."""
    return Place(len(target.crop), target.matrix, target.face.box)


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
