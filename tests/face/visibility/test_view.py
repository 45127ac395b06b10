import numpy as np
import pytest

from aotface.face.align import align, scale_of, transform_points
from aotface.face.visibility.view import ZOOM, compose, cut, view_matrix, view_of_crop
from aotface.types import AlignedFace, Face, Frame


def test_the_view_is_the_canonical_crop_a_little_nearer(portrait: Frame, face: Face) -> None:
    canonical = align(portrait, face, 256)
    through_crop = compose(view_of_crop(256), canonical.matrix)
    assert np.allclose(through_crop, view_matrix(face.landmarks), atol=1e-9)
    assert scale_of(through_crop) == pytest.approx(ZOOM * scale_of(canonical.matrix))


@pytest.mark.parametrize("side", [128, 512])
def test_crops_of_any_side_have_the_same_view(face: Face, portrait: Frame, side: int) -> None:
    other = compose(view_of_crop(side), align(portrait, face, side).matrix)
    assert np.allclose(other, view_matrix(face.landmarks), atol=1e-6)


def test_the_whole_face_is_in_the_view(face: Face, portrait: Frame) -> None:
    matrix = view_matrix(face.landmarks)
    points = transform_points(face.landmarks[:, :2].astype(np.float64), matrix)
    assert points.min() > 5 and points.max() < 250
    assert points[10, 1] > 30  # room for the hairline
    assert cut(portrait, matrix).shape == (256, 256, 3)


def test_the_view_of_a_crop_shows_the_same(aligned: AlignedFace, portrait: Frame, face: Face) -> None:
    matrix = view_of_crop(256)
    frame = (aligned.crop * 255).astype(np.uint8)
    assert np.abs(cut(frame, matrix) - cut(portrait, view_matrix(face.landmarks))).mean() < 0.02
