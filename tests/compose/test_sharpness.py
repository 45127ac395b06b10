"""A face gets as soft as its footage, never sharper, whatever its contrast."""

import cv2
import numpy as np
import pytest

from aotface.compose.sharpness import PARTS, TRIED, features, soften, soften_reach, softness
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.types import AlignedFace

SIDE = 512


@pytest.fixture(scope="module")
def face() -> AlignedFace:
    frame = read_image(sample("source_light_man")).frame
    return align(frame, detect(frame)[0], SIDE)


def blurred(crop: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.float32) if sigma else crop


def luma(crop: np.ndarray) -> np.ndarray:
    return crop @ np.float32([0.299, 0.587, 0.114])


def between(face: AlignedFace, reenacted: np.ndarray, target: np.ndarray) -> float:
    whole = np.ones((SIDE, SIDE), np.float32)
    return softness(reenacted, target, face.landmarks, face.landmarks, whole, 1.0)


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.2])
def test_the_softness_of_a_target_is_found(face: AlignedFace, sigma: float) -> None:
    assert abs(between(face, face.crop, blurred(face.crop, sigma)) - sigma) < 0.1


def test_contrast_does_not_matter(face: AlignedFace) -> None:
    pale = 0.5 + 0.3 * (blurred(face.crop, 0.8) - 0.5)
    assert abs(between(face, face.crop, pale) - 0.8) < 0.1


def test_nothing_is_sharpened_and_nothing_softened_without_end(face: AlignedFace) -> None:
    soft = blurred(face.crop, 1.0)
    assert between(face, soft, face.crop) == 0.0
    assert between(face, face.crop, blurred(face.crop, 4.0)) == TRIED[-1]
    grain = face.crop + np.random.default_rng(0).normal(0, 0.02, face.crop.shape).astype(np.float32)
    assert between(face, face.crop, np.clip(grain, 0, 1)) == 0.0  # a noisy target is not a soft one


def test_softened_it_is_as_soft_as_the_target(face: AlignedFace) -> None:
    target = blurred(face.crop, 0.9)
    made = soften(face.crop, between(face, face.crop, target), 1.0)
    apart = [float(np.abs(luma(crop) - luma(target)).mean()) for crop in (face.crop, made)]
    assert apart[1] < 0.15 * apart[0]


def test_luma_is_left_alone_where_nothing_is_softer(face: AlignedFace) -> None:
    made = soften(face.crop, 0.0, 1.0)
    assert np.abs(luma(face.crop) - luma(made)).mean() < 5e-4 and np.abs(made - face.crop).max() > 0.005


def test_features_are_the_blur_of_their_hulls(face: AlignedFace) -> None:
    drawn = np.zeros((SIDE, SIDE), np.float32)
    for part in PARTS:
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(face.landmarks[part, :2]).astype(np.int32)), (1.0,))
    np.testing.assert_allclose(features(face.landmarks, SIDE), blurred(drawn, 6.0), atol=1e-4)


def test_nothing_beyond_its_reach_softens_a_pixel() -> None:
    crop = np.full((64, 64, 3), 0.5, np.float32)
    other, reach = crop.copy(), int(np.ceil(soften_reach(1.2)))
    other[:, 32 + reach + 1 :] = (1.0, 0.0, 0.0)
    same = soften(crop, 1.2, 1.0)[:, :33] == soften(other, 1.2, 1.0)[:, :33]
    assert same.all()
    assert not np.array_equal(soften(crop, 1.2, 1.0)[:, 34], soften(other, 1.2, 1.0)[:, 34])  # the twin
