"""The source's forehead: thin hair before it goes, its wrinkles and its pores stay."""

import numpy as np

from aotface.compose.forehead import without_strands


def skin() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.5 + 0.01 * rng.standard_normal((60, 80, 1)) * np.ones(3)).astype(np.float32)


def depth(plain: np.ndarray, drawn: np.ndarray) -> float:
    """By how much the drawn pixels are darker than the plain picture's."""
    return float((plain - drawn).mean())


def test_strands_go_and_wrinkles_stay() -> None:
    plain = skin()
    cleaned = without_strands(plain, 1.0)
    strand, wrinkle = plain.copy(), plain.copy()
    strand[10:50, 40] *= 0.85
    wrinkle[30:32, 15:65] *= 0.85
    left = depth(cleaned[15:45, 40], without_strands(strand, 1.0)[15:45, 40])
    assert left < 0.35 * depth(plain[15:45, 40], strand[15:45, 40])
    stays = depth(cleaned[30:32, 20:60], without_strands(wrinkle, 1.0)[30:32, 20:60])
    assert stays > 0.8 * depth(plain[30:32, 20:60], wrinkle[30:32, 20:60])  # the twin


def test_bare_skin_keeps_its_pores() -> None:
    plain = skin()
    assert np.std(without_strands(plain, 1.0)) > 0.85 * np.std(plain)
