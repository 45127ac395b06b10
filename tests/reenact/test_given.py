"""Soft edges of a picture that was swapped elsewhere."""

import numpy as np
import pytest
from skimage.data import astronaut

from aotface.errors import InputError, NoFaceError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.reenact.base import PreparedSource
from aotface.reenact.given import GivenSwap
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
    result = GivenSwap(photo, *photo.shape[:2]).reenact(target)
    np.testing.assert_array_equal(result.crop, target.crop)
    assert result.mask.max() > 0.99 and result.from_target.max() == 0
    np.testing.assert_array_equal(GivenSwap(photo // 2, *photo.shape[:2]).reenact(target).mask, result.mask)


def test_sixteen_bits_say_the_same(photo: np.ndarray, target: AlignedFace) -> None:
    deep = GivenSwap(photo.astype(np.uint16) * 257, *photo.shape[:2]).reenact(target)
    np.testing.assert_allclose(deep.crop, target.crop, atol=1e-5)


def test_neither_frame_nor_square(photo: np.ndarray, target: AlignedFace) -> None:
    with pytest.raises(InputError, match="is 100 x 200, its target 512 x 512"):
        GivenSwap(np.zeros((200, 100, 3), np.uint8), 512, 512).reenact(target)


def test_an_aligned_crop_is_laid_over_the_targets_face(photo: np.ndarray, target: AlignedFace) -> None:
    crop = np.ascontiguousarray(photo[40:220, 130:310])  # a square of some other alignment
    made = GivenSwap(crop, *photo.shape[:2]).reenact(target)
    inside = made.mask > 0.9
    assert inside.mean() > 0.1 and np.abs(made.crop - target.crop)[inside].mean() < 0.05
    mirrored = GivenSwap(np.ascontiguousarray(crop[:, ::-1]), *photo.shape[:2]).reenact(target)
    assert np.abs(mirrored.crop - target.crop)[inside].mean() > 0.05  # the twin
    with pytest.raises(NoFaceError, match="no face in the swapped crop"):
        GivenSwap(np.zeros((200, 200, 3), np.uint8), *photo.shape[:2]).reenact(target)


def test_it_is_a_prepared_source(photo: np.ndarray) -> None:
    assert isinstance(GivenSwap(photo, *photo.shape[:2]), PreparedSource)
