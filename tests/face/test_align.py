from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.face.align import (
    FACE_HEIGHT,
    align,
    chained,
    crop_matrix,
    invert,
    region_of,
    resize_matrix,
    sample,
    scale_of,
    transform_landmarks,
    transform_points,
)
from aotface.types import AlignedFace, Face, Frame, Landmarks


def rotated(landmarks: Landmarks, degrees: float, zoom: float = 1.0) -> Landmarks:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return (zoom * landmarks @ turn.T + [40, -9, 5]).astype(np.float32)


def test_there_and_back() -> None:
    matrix = np.array([[1.3, -0.4, 7.0], [0.4, 1.3, -2.0]])
    points = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(
        transform_points(transform_points(points, matrix), invert(matrix)), points, atol=1e-12
    )
    assert scale_of(matrix) * scale_of(invert(matrix)) == pytest.approx(1)


def test_scale_by_hand() -> None:
    assert scale_of(np.array([[3.0, 0, 5], [0, 3.0, 6]])) == pytest.approx(3)


@pytest.mark.parametrize(("degrees", "zoom"), [(0, 1), (30, 1), (-75, 2.5), (180, 0.5)])
def test_crop_landmarks_do_not_depend_on_where_the_face_lay(
    mean_landmarks: Landmarks, degrees: float, zoom: float
) -> None:
    moved = rotated(mean_landmarks, degrees, zoom)
    here = transform_landmarks(mean_landmarks, crop_matrix(mean_landmarks))
    there = transform_landmarks(moved, crop_matrix(moved))
    np.testing.assert_allclose(there[:, :2], here[:, :2], atol=0.02)


def test_mean_face_has_its_promised_height(mean_landmarks: Landmarks) -> None:
    y = transform_landmarks(mean_landmarks, crop_matrix(mean_landmarks))[:, 1]
    assert np.ptp(y) == pytest.approx(FACE_HEIGHT * 256, rel=1e-4)


def test_an_open_jaw_does_not_resize_the_crop(mean_landmarks: Landmarks) -> None:
    jaw = mean_landmarks.copy()
    low = jaw[:, 1] > jaw[13, 1]
    jaw[low, 1] += 25
    assert scale_of(crop_matrix(jaw)) == pytest.approx(scale_of(crop_matrix(mean_landmarks)), rel=0.12)
    by_height = np.ptp(mean_landmarks[:, 1]) / np.ptp(jaw[:, 1])
    assert by_height < 0.9, "the failing twin: a crop by the face's height would shrink"


def test_resized_matrix_agrees_with_a_resized_crop(mean_landmarks: Landmarks) -> None:
    """Pixel edges scale: the corner of the crop, at -0.5, stays the corner."""
    matrix = crop_matrix(mean_landmarks, 256)
    double = resize_matrix(matrix, 256, 512)
    corner = transform_points(np.array([[-0.5, -0.5]]), invert(matrix))
    np.testing.assert_allclose(transform_points(corner, double), [[-0.5, -0.5]], atol=1e-9)
    np.testing.assert_allclose(double, crop_matrix(mean_landmarks, 512), atol=1e-6)


def test_identity_sampling_returns_the_frame() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (20, 24, 3), np.uint8)
    x, y = np.meshgrid(np.arange(24, dtype=np.float32), np.arange(20, dtype=np.float32))
    np.testing.assert_allclose(sample(frame, x, y, 1.0) * 255, frame, atol=1e-3)
    deep = frame.astype(np.uint16) * 257
    np.testing.assert_allclose(sample(deep, x, y, 1.0), sample(frame, x, y, 1.0), atol=1e-6)


def test_sampling_half_a_pixel_aside_is_seen() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (20, 24, 3), np.uint8)
    x, y = np.meshgrid(np.arange(24, dtype=np.float32), np.arange(20, dtype=np.float32))
    assert np.abs(sample(frame, x + 0.5, y, 1.0) * 255 - frame).mean() > 5


def test_shrinking_does_not_alias() -> None:
    """A one-pixel chequerboard becomes even grey; taking every eighth pixel would make it black or white."""
    board = np.indices((160, 160)).sum(axis=0) % 2 * 255
    frame = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    x, y = np.meshgrid(*(np.arange(4, 156, 8, dtype=np.float32),) * 2)
    assert np.abs(sample(frame, x, y, 1 / 8) - 0.5).max() < 0.02
    assert np.abs(sample(frame, x, y, 1.0) - 0.5).max() > 0.4


def test_beyond_the_frame_its_edge_is_repeated() -> None:
    frame = np.zeros((10, 10, 3), np.uint8)
    frame[:, 0] = 200
    x, y = np.full((3, 3), -50, np.float32), np.full((3, 3), 5, np.float32)
    np.testing.assert_allclose(sample(frame, x, y, 1.0), 200 / 255, atol=1e-4)


def test_the_astronaut_stands_upright_in_the_middle(aligned: AlignedFace) -> None:
    eyes = aligned.landmarks[263, :2] - aligned.landmarks[33, :2]
    assert abs(eyes[1]) < 0.12 * eyes[0]
    centre = aligned.landmarks[:, :2].mean(axis=0)
    assert np.abs(centre - [128, 140]).max() < 16
    assert aligned.crop.min() >= 0 and aligned.crop.max() <= 1


def test_turning_the_frame_hardly_changes_the_crop(portrait: Frame, face: Face, aligned: AlignedFace) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait))
    x, y, z = face.landmarks.T
    moved = np.stack([y, portrait.shape[1] - 1 - x, z], axis=1).astype(np.float32)
    crop = align(turned, Face(0, face.box, face.score, moved), 256).crop
    inner = slice(30, 226)
    assert np.abs(crop - aligned.crop)[inner, inner].mean() < 0.005


@pytest.mark.parametrize("scale", [1.0, 0.4, 0.2])
def test_a_piece_is_read_as_in_the_whole(scale: float) -> None:
    random = np.random.default_rng(3)
    frame = random.integers(0, 256, (150, 170, 3), np.uint8)
    map_y, map_x = np.mgrid[0:20, 0:20].astype(np.float32) / np.float32(scale) + np.float32(17.3)
    whole = sample(frame, map_x, map_y, scale)
    piece = (slice(7, 15), slice(5, 16))
    read = sample(frame, map_x[piece], map_y[piece], scale, region_of(frame, map_x, map_y))
    np.testing.assert_array_equal(read, whole[piece])
    if scale < 0.5:  # the twin: averaged from another corner on, a piece would differ
        assert np.abs(sample(frame, map_x[piece], map_y[piece], scale) - whole[piece]).max() > 1e-3


def test_pixels_that_are_not_square_make_the_same_crop(portrait: Frame, face: Face) -> None:
    """Seen in display pixels, a frame stored narrow gives the crop of the whole frame."""
    narrow = cv2.resize(portrait, None, fx=0.75, fy=1, interpolation=cv2.INTER_AREA)
    flagged = align(narrow, replace(face, pixel_aspect=4 / 3), 128)
    square = align(portrait, face, 128)
    np.testing.assert_array_equal(flagged.landmarks, square.landmarks)
    assert np.abs(flagged.crop - square.crop).mean() < 0.01
    ignored = replace(face, landmarks=(face.landmarks * [0.75, 1, 1]).astype(np.float32))  # twin
    assert np.abs(align(narrow, ignored, 128).crop - square.crop).mean() > 0.03


def test_a_chain_of_matrices_does_one_after_the_other() -> None:
    first, then = np.array([[1.3, -0.4, 7.0], [0.4, 1.3, -2.0]]), np.array([[2.0, 0, 1], [0, 0.5, -3]])
    points = np.random.default_rng(0).normal(size=(20, 2))
    wanted = transform_points(transform_points(points, first), then)
    np.testing.assert_allclose(transform_points(points, chained(first, then)), wanted, atol=1e-12)
    np.testing.assert_array_equal(chained(np.eye(2, 3), first), first)  # to the bit
    assert np.abs(transform_points(points, chained(then, first)) - wanted).max() > 1
