"""Noise of a source goes, its edges and a clean picture stay."""

import numpy as np

from aotface.compose.source_noise import without_noise
from aotface.face.mesh import MEAN
from aotface.types import Face

SIDE = 192
FACE = Face(0, (40.0, 40.0, 150.0, 150.0), 1.0, (MEAN * 28 + 96).astype(np.float32))


def picture(noise: float) -> np.ndarray:
    frame = np.full((SIDE, SIDE, 3), 120.0)
    frame[:, 96:] = 170
    frame += noise * np.random.default_rng(0).standard_normal(frame.shape)
    return np.rint(np.clip(frame, 0, 255)).astype(np.uint8)


def test_noise_goes_and_the_edge_stays() -> None:
    noisy, clean = picture(6), without_noise(picture(6), FACE)
    flat = slice(70, 120), slice(60, 90)
    assert clean[flat].std() < 0.5 * noisy[flat].std()
    step = clean[70:120, 98:101].mean() - clean[70:120, 91:94].mean()
    assert abs(step - 50) < 4


def test_a_clean_picture_is_the_very_same() -> None:
    frame = picture(0)
    assert without_noise(frame, FACE) is frame


def test_sixteen_bits_and_what_is_far_away_stay() -> None:
    deep = picture(6).astype(np.uint16) * 257
    clean = without_noise(deep, FACE)
    assert clean.dtype == np.uint16 and np.array_equal(clean[:4], deep[:4])
