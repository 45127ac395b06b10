"""Light of the lamp on skin is told from light in the skin's own colour; a harder lamp from an even one."""

import numpy as np

from aotface.face.skin_light import harder_light, shine_of

SIDE = 128
SKIN = np.array([0.3, 0.15, 0.1], np.float32)
ALL = np.ones((SIDE, SIDE), np.float32)


def spot(strength: float = 1.0, wide: float = 5.0) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    made = strength * np.exp(-((x - 64) ** 2 + (y - 64) ** 2) / (2 * wide**2))
    return made.astype(np.float32)[..., None]


def test_what_has_the_lamps_colour_is_shine_and_what_has_the_skins_is_not() -> None:
    shiny, lit, red = SKIN + spot(0.2), SKIN * (1 + spot(1.5)), SKIN * (1 + spot() * [1.5, 0, 0])
    found = shine_of(shiny.astype(np.float32), ALL, 0.5)
    assert 0.1 < found[64, 64] < 0.2 and found[:20].max() == 0
    for other in (lit, red, np.broadcast_to(SKIN, (SIDE, SIDE, 3))):
        assert shine_of(other.astype(np.float32), ALL, 0.5).max() < 0.01


def test_on_a_grey_face_nothing_is_told_apart() -> None:
    assert not shine_of(np.repeat(0.2 + spot(0.3), 3, axis=2), ALL, 0.5).any()


def test_what_is_no_skin_does_not_shine() -> None:
    beside = ALL.copy()
    beside[40:90, 40:90] = 0
    assert not shine_of((SKIN + spot(0.2)).astype(np.float32), beside, 0.5)[40:90, 40:90].any()


def test_a_harder_lamp_is_known_by_its_contrast() -> None:
    even, hard = (np.asarray(SKIN * (1 + spot(one, 8.0)), np.float32) for one in (0.2, 1.0))
    assert harder_light(hard, even, ALL) == 1
    assert harder_light(even, hard, ALL) == 0 and harder_light(hard, hard, ALL) == 0
