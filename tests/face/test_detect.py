import numpy as np
import pytest

from aotface.face.detect import _overlap, _turn_back, detect
from aotface.types import Face, Frame


def eye_line(face: Face) -> np.ndarray:
    """From the person's right eye to the left one."""
    return face.landmarks[263, :2] - face.landmarks[33, :2]


def test_finds_the_astronaut(face: Face) -> None:
    x0, y0, x1, y1 = face.box
    assert face.index == 0
    assert 0.4 < face.score <= 1
    assert 150 < x0 < 224 < x1 < 300
    assert 40 < y0 < 120 < y1 < 220
    assert eye_line(face)[0] > 20
    assert abs(eye_line(face)[1]) < 15


def test_same_frame_same_bytes(portrait: Frame, face: Face) -> None:
    again = detect(portrait)[0]
    assert again.landmarks.tobytes() == face.landmarks.tobytes()
    assert again.box == face.box


def test_sixteen_bits_see_what_eight_see(portrait: Frame, face: Face) -> None:
    deep = portrait.astype(np.uint16) * 257
    np.testing.assert_array_equal(detect(deep)[0].landmarks, face.landmarks)


def test_nothing_in_noise_or_in_an_even_frame() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert detect(noise) == []
    assert detect(np.full((64, 200, 3), 90, np.uint8)) == []


def test_faces_come_largest_first_whatever_their_place(portrait: Frame) -> None:
    near = portrait[:256, 96:352]
    far = near[::2, ::2]
    frame = np.full((256, 400, 3), 128, np.uint8)
    frame[64:192, :128], frame[:, 144:] = far, near
    sizes = [f.box[2] - f.box[0] for f in detect(frame)]
    boxes = [f.box[0] for f in detect(frame)]
    assert len(sizes) == 2
    assert sizes[0] > 1.5 * sizes[1]
    assert boxes[0] > boxes[1]
    assert [f.index for f in detect(frame)] == [0, 1]


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_turned_photograph_is_still_found(portrait: Frame, face: Face, quarter_turns: int) -> None:
    turned = detect(np.ascontiguousarray(np.rot90(portrait, quarter_turns)))[0]
    right = eye_line(turned) / np.linalg.norm(eye_line(turned))
    expected = {1: (0, -1), 2: (-1, 0), 3: (0, 1)}[quarter_turns]
    assert right @ np.array(expected) > 0.95


def test_a_dark_photograph_is_still_found(portrait: Frame, face: Face) -> None:
    dark = detect((portrait // 16).astype(np.uint8))
    assert len(dark) == 1
    assert np.abs(dark[0].landmarks[:, :2] - face.landmarks[:, :2]).mean() < 6


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turning_back_is_the_inverse_of_turning(quarter_turns: int) -> None:
    frame = np.zeros((5, 9), np.uint8)
    frame[1, 7] = 1
    y, x = np.argwhere(np.rot90(frame, quarter_turns))[0]
    points = np.tile(np.array([x, y, 3], np.float32), (468, 1))
    np.testing.assert_array_equal(_turn_back(points, quarter_turns, (5, 9))[0], [7, 1, 3])


def test_turning_back_by_the_wrong_amount_is_seen() -> None:
    frame = np.zeros((5, 9), np.uint8)
    frame[1, 7] = 1
    y, x = np.argwhere(np.rot90(frame, 1))[0]
    points = np.tile(np.array([x, y, 3], np.float32), (468, 1))
    assert _turn_back(points, 3, (5, 9))[0].tolist() != [7, 1, 3]


def test_overlap_of_boxes_by_hand() -> None:
    assert _overlap((0.0, 0.0, 4.0, 4.0), (2.0, 2.0, 6.0, 6.0)) == pytest.approx(4 / 16)
    assert _overlap((0.0, 0.0, 9.0, 9.0), (2.0, 2.0, 4.0, 4.0)) == 1
    assert _overlap((0.0, 0.0, 1.0, 1.0), (5.0, 5.0, 6.0, 6.0)) == 0
