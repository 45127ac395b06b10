import numpy as np

from aotface.face.landmarks import find_boxes, locate, to_uint8
from aotface.types import Face, Frame


def test_upper_byte_is_kept() -> None:
    deep = np.array([[[0, 255, 256], [65535, 32768, 257]]], np.uint16)
    assert to_uint8(deep).tolist() == [[[0, 0, 1], [255, 128, 1]]]
    shallow = np.zeros((1, 1, 3), np.uint8)
    assert to_uint8(shallow) is shallow


def test_landmarks_move_with_the_picture(portrait: Frame, face: Face) -> None:
    there = locate(portrait, face.box)
    moved = locate(np.roll(portrait, (7, -11), axis=(0, 1)), tuple(np.array(face.box) + [-11, 7, -11, 7]))
    assert there is not None and moved is not None
    np.testing.assert_allclose(moved[:, :2], there[:, :2] + [-11, 7], atol=0.05)


def test_landmarks_grow_with_the_picture(portrait: Frame, face: Face) -> None:
    """Pixel edges scale, centres do not: a factor of 2 takes x to 2x + 0.5."""
    double = portrait.repeat(2, axis=0).repeat(2, axis=1)
    small = locate(portrait, face.box)
    large = locate(double, tuple(2 * np.array(face.box) + 0.5))
    assert small is not None and large is not None
    assert np.abs(large[:, :2] - (2 * small[:, :2] + 0.5)).mean() < 1.0
    assert np.abs(large[:, 2] - 2 * small[:, 2]).mean() < 2.0
    assert np.abs(large[:, :2] - small[:, :2]).mean() > 50, "the failing twin: sizes do differ"


def test_the_nose_is_nearer_than_the_ears(face: Face) -> None:
    z = face.landmarks[:, 2]
    assert z[4] < z[234] - 20
    assert z[4] < z[454] - 20


def test_no_face_no_landmarks() -> None:
    even = np.full((80, 80, 3), 100, np.uint8)
    assert locate(even, (10.0, 10.0, 60.0, 60.0)) is None
    assert find_boxes(even, full_range=False) == []
