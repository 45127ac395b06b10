"""A made-up face in a made-up light: triples without pictures of anybody."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb
from aotface.datasets.portraits import Seen
from aotface.evaluation.triple import Facts, Triple
from aotface.face.mesh import MEAN
from aotface.face.render import render
from aotface.types import AlignedFace, Crop, Face, Landmarks

SIDE = 64


def mean_landmarks(side: int) -> Landmarks:
    zoom = 0.66 * side / (MEAN[:, 1].max() - MEAN[:, 1].min())
    middle = np.array([(side - 1) / 2, side * 0.55, 0.0])
    return (MEAN * zoom + middle).astype(np.float32)


def skin(side: int, seed: int, colour: tuple[float, float, float] = (0.45, 0.28, 0.2)) -> Crop:
    """Linear skin with grain of one person's own."""
    grain = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((side, side)), (0, 0), 1.0)
    return (np.exp(0.25 * grain / grain.std())[..., None] * np.array(colour)).astype(np.float32)


def make_seen(seed: int, side: int = 256, colour: tuple[float, float, float] = (0.45, 0.28, 0.2)) -> Seen:
    landmarks = mean_landmarks(side)
    crop = np.clip(linear_to_srgb(skin(side, seed, colour)), 0, 1).astype(np.float32)
    frame = np.rint(crop * 255).astype(np.uint8)
    box = (0.0, 0.0, float(side), float(side))
    made = Seen(frame, AlignedFace(Face(0, box, 1.0, landmarks), crop, np.eye(2, 3), landmarks))
    vars(made)["visible"] = np.ones((256, 256), np.float32)  # grain is no face: no network is asked
    return made


def make_triple(number: int, truth: bool = True) -> Triple:
    """X_r and X_t of two grains; the light is a ramp, so the answer is X_r's grain under that ramp."""
    geometry = render(mean_landmarks(SIDE), SIDE)
    ramp = np.linspace(0.3, 1.2, SIDE, dtype=np.float32)[None, :, None]
    person, other = skin(SIDE, 2 * number), skin(SIDE, 2 * number + 1)
    x_r, x_t, answer = (
        np.clip(linear_to_srgb(part), 0, 1).astype(np.float32)
        for part in (person * 1.4, other * ramp, person * ramp)
    )
    mask = cv2.GaussianBlur(geometry.mask, (0, 0), 1.0) * geometry.mask
    facts = Facts("folder", f"a{number}", f"b{number}", "light", "tan", 10.0 + 40 * (number % 2))
    return Triple(
        f"folder-{number:04d}",
        x_r,
        x_t,
        answer if truth else None,
        mask,
        geometry,
        mean_landmarks(SIDE),
        mean_landmarks(SIDE),
        x_r,
        mean_landmarks(SIDE),
        facts,
    )


@pytest.fixture
def triple() -> Callable[..., Triple]:
    return make_triple


@pytest.fixture
def seen() -> Callable[..., Seen]:
    return make_seen
