"""Steps of tone and texture across the face's edge: what they are in closed form, and where they do not count."""

import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb
from aotface.errors import InputError
from aotface.metrics.edge import edge_texture, edge_tone

SIDE = 128
Y, X = np.mgrid[:SIDE, :SIDE]
MASK = ((X - 64) ** 2 + (Y - 64) ** 2 < 40**2).astype(np.float32)


def crop_of(lightness: np.ndarray | float) -> np.ndarray:
    lab = np.zeros((SIDE, SIDE, 3))
    lab[..., 0] = lightness
    return lab_to_srgb(lab).astype(np.float32)


def noise(strength: float, seed: int = 0) -> np.ndarray:
    return strength * np.random.default_rng(seed).standard_normal((SIDE, SIDE))


@pytest.mark.parametrize("step", [2.0, 8.0])
def test_a_step_of_tone_is_its_height(step: float) -> None:
    target = crop_of(50)
    assert edge_tone(target, target, MASK) == 0
    assert edge_tone(crop_of(50 + step * MASK), target, MASK) == pytest.approx(step, rel=0.02)


def test_a_step_is_seen_where_skin_goes_on_and_not_before_another_background() -> None:
    half = np.where(X < 64, 50.0, 50.0 + 45 * (MASK == 0))  # on the right the face ends before a bright wall
    left, right = (crop_of(half + 8 * MASK * side) for side in (X < 64, X >= 64))
    assert edge_tone(left, crop_of(half), MASK) > 5 * edge_tone(right, crop_of(half), MASK)


def test_tone_that_goes_on_across_the_edge_is_no_step() -> None:
    far = np.hypot(X - 64, Y - 64) - 40
    carried = crop_of(50 + 8 * np.clip(1 - far / 60, 0, 1))
    assert edge_tone(carried, crop_of(50), MASK) < 0.3 * edge_tone(crop_of(50 + 8 * MASK), crop_of(50), MASK)


def test_a_change_deep_inside_is_no_step() -> None:
    deep = ((X - 64) ** 2 + (Y - 64) ** 2 < 20**2).astype(np.float32)
    assert edge_tone(crop_of(50 + 20 * deep), crop_of(50), MASK) < 0.1


def test_texture_of_half_the_strength_is_a_step_of_its_logarithm() -> None:
    target = crop_of(50 + noise(4))
    half = crop_of(50 + noise(2, 1) * MASK + noise(4) * (1 - MASK))
    assert edge_texture(target, target, MASK) == 0
    assert edge_texture(half, target, MASK) == pytest.approx(np.log(2), rel=0.15)
    like = crop_of(50 + noise(4, 1) * MASK + noise(4) * (1 - MASK))
    assert edge_texture(like, target, MASK) < 0.15  # the twin: other noise of one strength is no step


def test_what_has_no_edge_is_refused() -> None:
    with pytest.raises(InputError, match="edge"):
        edge_tone(crop_of(50), crop_of(50), np.ones((SIDE, SIDE), np.float32))
