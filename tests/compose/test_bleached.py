"""A beard that was lifted to the tone of skin is found; one that stays dark, and lifted skin without hairs, are not."""

import cv2
import numpy as np
import pytest

from aotface.compose.bleached import below_nose, bleached_beard
from aotface.face.mesh import MEAN
from aotface.types import Landmarks

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
MASK = (((COLUMNS - 128) / 70) ** 2 + ((ROWS - 128) / 90) ** 2 < 1).astype(np.float32)
CHIN = (POINTS[17, 1] < ROWS) & (POINTS[152, 1] - 5 > ROWS) & (np.abs(COLUMNS - 128) < 25)
FEATURES = np.zeros((SIDE, SIDE), np.float32)


def found(hairs: float, lifted: bool) -> float:
    """How surely the chin is found, dark and with so strong hairs before."""
    noise = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    soft = cv2.GaussianBlur(CHIN.astype(np.float32), (0, 0), 4.0)
    before = 0.6 * np.exp(0.02 * noise * (1 - soft) + (hairs * noise - 0.6) * soft)
    after = before * np.exp(0.6 * soft) if lifted else before
    pictures = (np.repeat(np.clip(one, 0, 1)[..., None], 3, axis=2) for one in (before, after))
    return float(bleached_beard(*pictures, MASK, POINTS, FEATURES)[CHIN].mean())


@pytest.mark.parametrize(
    ("hairs", "lifted", "sure"), [(0.25, True, True), (0.25, False, False), (0.02, True, False)]
)
def test_a_bleached_beard_is_found(hairs: float, lifted: bool, sure: bool) -> None:
    assert (found(hairs, lifted) > 0.8) if sure else (found(hairs, lifted) < 0.1)


def test_below_the_nose_counts_at_any_side() -> None:
    row = int(POINTS[2, 1])
    for side in (256, 1024):
        lower = below_nose(((POINTS + 0.5) * (side / 256) - 0.5).astype(np.float32), side)
        assert lower[row - 3].max() == 0 and lower[row + 6].min() == 1
