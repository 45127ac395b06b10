import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from aotface.errors import InputError, TooLargeError
from aotface.face.boxes import Found
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


def mark_in(frame: np.ndarray) -> Found:
    """A box of one point, where the frame is 1."""
    y, x = np.argwhere(frame)[0].astype(float).tolist()
    return Found((x, y, x, y), np.array([[x, y]], np.float32), 1.0)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turning_back_is_the_inverse_of_turning(quarter_turns: int) -> None:
    frame = np.zeros((5, 9), np.uint8)
    frame[1, 7] = 1
    there = mark_in(np.rot90(frame, quarter_turns))
    back = _turn_back(there, quarter_turns, (5, 9))
    assert back.box == (7, 1, 7, 1) and back.points.tolist() == [[7, 1]]
    assert _turn_back(there, quarter_turns % 3 + 1, (5, 9)).box != (7, 1, 7, 1)  # the twin


@pytest.mark.parametrize("degrees", range(0, 360, 30))
def test_heads_at_every_angle_are_the_right_way_up(portrait: Frame, face: Face, degrees: int) -> None:
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), degrees, 1.0)
    matrix[:, 2] += 106
    turned = cv2.warpAffine(
        portrait, matrix, (724, 724), borderMode=cv2.BORDER_CONSTANT, borderValue=(90, 90, 90)
    )
    expected = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    apart = np.linalg.norm(detect(turned)[0].landmarks[:, :2] - expected, axis=1).mean()
    assert apart < 0.1 * np.linalg.norm(eye_line(face))
    upside_down = expected.mean(axis=0) - (expected - expected.mean(axis=0))
    wrong = np.linalg.norm(detect(turned)[0].landmarks[:, :2] - upside_down, axis=1).mean()
    assert wrong > np.linalg.norm(eye_line(face)) / 2  # the twin: the measure sees an inverted face


def test_an_empty_frame_is_refused_and_nothing_is_poisoned(portrait: Frame, face: Face) -> None:
    with pytest.raises(InputError, match="got an empty one of 512 x 0"):
        detect(portrait[:0])
    with pytest.raises(TooLargeError, match="32767 x 24: no side may have more than 32,766"):
        detect(np.zeros((24, 32_767, 3), np.uint8))  # OpenCV would refuse to move it
    np.testing.assert_array_equal(detect(portrait)[0].landmarks, face.landmarks)


def test_many_threads_give_the_bytes_of_one(portrait: Frame, face: Face) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: detect(portrait)[0], range(16)))
    assert {one.landmarks.tobytes() for one in found} == {face.landmarks.tobytes()}


def _boxes_of(frame: Frame) -> list[tuple[float, ...]]:
    return [face.box for face in detect(frame)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_finds_the_same(portrait: Frame, face: Face) -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map_async(_boxes_of, [portrait]).get(timeout=60) == [[face.box]]


def test_nothing_is_said_on_the_error_stream() -> None:
    code = (
        "from skimage import data; from aotface.face.detect import detect; "
        "import numpy as np; print(len(detect(data.astronaut())), len(detect(np.zeros((40, 40, 3), np.uint8))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (run.stdout.split(), run.stderr) == (["1", "0"], "")


def test_overlap_of_boxes_by_hand() -> None:
    assert _overlap((0.0, 0.0, 4.0, 4.0), (2.0, 2.0, 6.0, 6.0)) == pytest.approx(4 / 16)
    assert _overlap((0.0, 0.0, 9.0, 9.0), (2.0, 2.0, 4.0, 4.0)) == 1
    assert _overlap((0.0, 0.0, 1.0, 1.0), (5.0, 5.0, 6.0, 6.0)) == 0
