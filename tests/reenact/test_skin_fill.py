"""Filled skin has the tone of skin around and grain as strong as its pores, without its lines."""

import cv2
import numpy as np

from aotface.reenact.skin_fill import apart_from, bare_skin, laid
from aotface.types import Crop, Mask

SIDE = 256


def skin(strength: float) -> Crop:
    grain = 1 + strength * np.random.default_rng(3).standard_normal((SIDE, SIDE, 1))
    return np.clip(np.float32((0.7, 0.55, 0.45)) * grain, 0, 1).astype(np.float32)


def hole() -> Mask:
    known = np.ones((SIDE, SIDE), np.float32)
    known[100:150, 100:150] = 0
    return known


def test_a_hole_gets_the_tone_around_it() -> None:
    crop, known = skin(0.02), hole()
    crop[known == 0] = 0
    filled = bare_skin(crop, known, known)[known == 0]
    np.testing.assert_allclose(filled.mean(axis=0), (0.7, 0.55, 0.45), atol=0.02)


def test_grain_is_as_strong_as_pores() -> None:
    known = hole()
    weak, strong = (bare_skin(skin(s), known, known)[110:140, 110:140, 1].std() for s in (0.005, 0.03))
    assert 3 < strong / weak < 9
    assert 0.5 < strong / skin(0.03)[110:140, 110:140, 1].std() < 1.3


def test_lines_of_the_cheek_are_not_copied() -> None:
    crop, known = skin(0.0), hole()
    for x in range(20, 90, 10):
        cv2.line(crop, (x, 20), (x, 240), (0.4, 0.3, 0.25), 1)
    filled = bare_skin(crop, known, known)[110:140, 110:140]
    assert filled.std(axis=(0, 1)).max() < 0.01


def test_no_known_pores_give_no_grain() -> None:
    filled = bare_skin(skin(0.03), hole(), np.zeros((SIDE, SIDE), np.float32))
    assert filled[120:130, 120:130].std(axis=(0, 1)).max() < 0.01


def test_how_far_a_pixel_is_and_how_far_in_colour() -> None:
    tone = skin(0.0)
    darker, redder = tone * np.float32(0.6), tone * np.float32((1.3, 1, 1))
    apart, hue = apart_from(darker, tone, 1.0)
    assert apart.min() > 0.4 and hue.max() < 0.03
    assert apart_from(redder, tone, 1.0)[1].min() > 0.2


def test_the_same_frame_where_nothing_is_laid() -> None:
    frame = np.full((300, 300, 3), 90, np.uint8)
    matrix = np.eye(2, 3)
    assert laid(frame, skin(0.0), np.zeros((SIDE, SIDE), np.float32), matrix) is frame
    soft = np.zeros((SIDE, SIDE), np.float32)
    soft[50:60, 50:60] = 1
    done = laid(frame, skin(0.0), soft, matrix)
    assert done[55, 55].tolist() == [178, 140, 115] and done[80, 80].tolist() == [90, 90, 90]
