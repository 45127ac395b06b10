"""A made face in a made light, as a transfer gets it."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.render import render
from aotface.transfer.base import FacePair
from aotface.types import Landmarks


def mean_landmarks(side: int, right: float = 0.0) -> Landmarks:
    zoom = 0.66 * side / (MEAN[:, 1].max() - MEAN[:, 1].min())
    return (MEAN * zoom + np.array([(side - 1) / 2 + right, side * 0.55, 0.0])).astype(np.float32)


def make_pair(side: int = 256, seed: int = 0) -> FacePair:
    """X_r in even light, X_t of another grain under a ramp, half as bright."""
    random = np.random.default_rng(seed)
    grains = (cv2.GaussianBlur(random.random((side, side)), (0, 0), side / 64) for _ in range(2))
    tones = np.array([0.7, 0.55, 0.45]), np.linspace(0.2, 0.5, side)[None, :, None] * np.array([1, 0.8, 0.7])
    x_r, x_t = (
        np.clip(tone * (0.5 + grain[..., None]), 0, 1).astype(np.float32)
        for tone, grain in zip(tones, grains, strict=True)
    )
    landmarks = mean_landmarks(side)
    mask = np.asarray(cv2.GaussianBlur(render(landmarks, side).mask, (0, 0), side / 128), np.float32)
    return FacePair(x_r, x_t, mask, landmarks, mean_landmarks(side, right=side / 128))


@pytest.fixture
def pair() -> Callable[..., FacePair]:
    return make_pair
