import cv2
import numpy as np

from aotface.face.landmarks import Located, Window, locate, to_uint8, window_of_landmarks
from aotface.types import Face, Frame


def near(portrait: Frame, face: Face) -> Located:
    return locate(portrait, window_of_landmarks(face.landmarks))


def test_upper_byte_is_kept() -> None:
    deep = np.array([[[0, 255, 256], [65535, 32768, 257]]], np.uint16)
    assert to_uint8(deep).tolist() == [[[0, 0, 1], [255, 128, 1]]]
    shallow = np.zeros((1, 1, 3), np.uint8)
    assert to_uint8(shallow) is shallow


def test_landmarks_move_with_the_picture(portrait: Frame, face: Face) -> None:
    window = window_of_landmarks(face.landmarks)
    moved = window._replace(centre=(window.centre[0] - 11, window.centre[1] + 7))
    there, found = locate(portrait, window), locate(np.roll(portrait, (7, -11), axis=(0, 1)), moved)
    np.testing.assert_allclose(found.landmarks[:, :2], there.landmarks[:, :2] + [-11, 7], atol=0.05)
    np.testing.assert_allclose(found.iris[:, :2], there.iris[:, :2] + [-11, 7], atol=0.05)


def test_landmarks_grow_with_the_picture(portrait: Frame, face: Face) -> None:
    """Pixel edges scale, centres do not: a factor of 2 takes x to 2x + 0.5."""
    small = near(portrait, face)
    centre, side, turn = window_of_landmarks(face.landmarks)
    double = portrait.repeat(2, axis=0).repeat(2, axis=1)
    large = locate(double, Window((2 * centre[0] + 0.5, 2 * centre[1] + 0.5), 2 * side, turn))
    assert np.abs(large.landmarks[:, :2] - (2 * small.landmarks[:, :2] + 0.5)).mean() < 1.0
    assert np.abs(large.landmarks[:, 2] - 2 * small.landmarks[:, 2]).mean() < 2.0
    assert np.abs(large.landmarks[:, :2] - small.landmarks[:, :2]).mean() > 50, (
        "the failing twin: sizes do differ"
    )


def test_landmarks_turn_with_the_picture(portrait: Frame, face: Face) -> None:
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), 75, 1.0)
    turned = cv2.warpAffine(portrait, matrix, (512, 512))
    expected = face.landmarks.copy()
    expected[:, :2] = expected[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    found = locate(turned, window_of_landmarks(expected))
    assert np.linalg.norm((found.landmarks - expected)[:, :2], axis=1).mean() < 1.0


def test_a_large_picture_is_averaged_and_cut_alike(portrait: Frame, face: Face) -> None:
    """Only the window is read: what lies beside it changes nothing."""
    large = cv2.resize(portrait, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    points = face.landmarks * 8 + np.array([3.5, 3.5, 0], np.float32)
    found = locate(large, window_of_landmarks(points.astype(np.float32)))
    assert np.linalg.norm((found.landmarks - points)[:, :2], axis=1).mean() < 8
    other = large.copy()
    other[:200], other[-800:] = 0, 255
    assert (
        locate(other, window_of_landmarks(points.astype(np.float32))).landmarks.tobytes()
        == found.landmarks.tobytes()
    )


def test_the_nose_is_nearer_than_the_ears(face: Face) -> None:
    z = face.landmarks[:, 2]
    assert z[4] < z[234] - 20
    assert z[4] < z[454] - 20


def test_irises_lie_in_their_eyes(face: Face) -> None:
    assert face.iris is not None
    for centre, corners in ((face.iris[0], (33, 133)), (face.iris[5], (362, 263))):
        low, high = sorted(face.landmarks[corner, 0] for corner in corners)
        assert low < centre[0] < high


def test_certainty_tells_faces_from_other_things_and_which_way_up(portrait: Frame, face: Face) -> None:
    upright = near(portrait, face)
    window = window_of_landmarks(face.landmarks)
    assert upright.certainty > 15
    assert locate(portrait, window._replace(turn=np.pi)).certainty < 10
    assert locate(portrait, Window((400.0, 400.0), 120.0, 0.0)).certainty < 4
