"""Soft edges of a picture that was swapped elsewhere."""

import numpy as np
import pytest
from skimage.data import astronaut

from aotface.errors import InputError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.reenact.given import edge_mask, given
from aotface.types import AlignedFace


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def target(photo: np.ndarray) -> AlignedFace:
    return align(photo, detect(photo)[0])


def test_the_whole_frame_is_read_through_the_matrix_of_the_target(
    photo: np.ndarray, target: AlignedFace
) -> None:
    result = given(photo, target, *photo.shape[:2])
    np.testing.assert_array_equal(result.crop, target.crop)
    assert result.mask.max() > 0.99 and result.from_target.max() == 0
    np.testing.assert_array_equal(given(photo // 2, target, *photo.shape[:2]).mask, result.mask)


def test_sixteen_bits_say_the_same(photo: np.ndarray, target: AlignedFace) -> None:
    deep = given(photo.astype(np.uint16) * 257, target, *photo.shape[:2])
    np.testing.assert_allclose(deep.crop, target.crop, atol=1e-5)


def test_the_mask_ends_before_the_picture_does(target: AlignedFace) -> None:
    everywhere = np.ones((256, 256), bool)
    whole = edge_mask(target.landmarks, everywhere)
    half = everywhere.copy()
    half[:, 128:] = False
    cut = edge_mask(target.landmarks, half)
    assert whole[:, 128:].max() > 0.99 and cut[:, 128:].max() == 0
    assert (np.abs(np.diff(cut, axis=1)) < 0.35).all()  # soft, not cut off
    np.testing.assert_allclose(cut[:, :100], whole[:, :100], atol=1e-3)


def test_a_larger_side_gives_the_same_mask(photo: np.ndarray, target: AlignedFace) -> None:
    large = align(photo, target.face, 512)
    mask = edge_mask(large.landmarks, np.ones((512, 512), bool))
    small = edge_mask(target.landmarks, np.ones((256, 256), bool))
    assert np.abs(mask.reshape(256, 2, 256, 2).mean(axis=(1, 3)) - small).max() < 0.1


def test_neither_frame_nor_square(photo: np.ndarray, target: AlignedFace) -> None:
    with pytest.raises(InputError, match="is 100 x 200, its target 512 x 512"):
        given(np.zeros((200, 100, 3), np.uint8), target, 512, 512)
