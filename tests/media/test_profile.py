import imagecodecs
import numpy as np
import pytest
from corpus import raw

from aotface import errors
from aotface.media import profile

STEPS = np.arange(0, 256, 15).astype(np.uint8)
LATTICE = np.stack(np.meshgrid(STEPS, STEPS, STEPS), axis=-1).reshape(-1, len(STEPS), 3)


def deep(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.uint16) * np.uint16(257)


def test_adobe_rgb_agrees_with_its_formula() -> None:
    converted = profile.convert(deep(LATTICE), profile.srgb(), raw.ADOBE_RGB) / 257
    expected = raw.in_adobe_rgb(LATTICE)
    # near 0 the curve is so steep that the fifth digit of the primaries counts: there light is compared
    assert np.abs(converted - expected)[expected > 16].max() < 0.1
    assert np.abs((converted / 255) ** 2.2 - (expected / 255) ** 2.2).max() < 1e-4


def test_p3_agrees_with_its_formula() -> None:
    converted = profile.convert(deep(LATTICE), profile.srgb(), raw.P3_GAMMA_22) / 257
    expected = raw.in_p3(LATTICE)
    assert np.abs(converted - expected)[expected > 16].max() < 0.1
    assert np.abs((converted / 255) ** 2.2 - (expected / 255) ** 2.2).max() < 1e-4


def test_there_and_back_stays_below_a_tenth_of_a_step() -> None:
    for other in (raw.ADOBE_RGB, raw.P3_GAMMA_22):
        there = profile.convert(deep(LATTICE), profile.srgb(), other)
        back = profile.convert(there, other, profile.srgb())
        assert np.abs(back.astype(int) - deep(LATTICE)).max() < 0.1 * 257


def test_twin_the_optimised_engine_is_several_steps_off() -> None:
    """Why `convert` forbids optimisation: with it the same way there and back fails the test above."""
    options = {"colorspace": "rgb", "outcolorspace": "rgb", "intent": 1}
    there = imagecodecs.cms_transform(deep(LATTICE), profile.srgb(), raw.ADOBE_RGB, **options)
    back = imagecodecs.cms_transform(there, raw.ADOBE_RGB, profile.srgb(), **options)
    assert np.abs(back.astype(int) - deep(LATTICE)).max() > 257


def test_large_pictures_are_converted_in_parts_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = profile.convert(LATTICE, profile.srgb(), raw.ADOBE_RGB)
    monkeypatch.setattr(profile, "_ROWS_AT_ONCE", 100)
    assert np.array_equal(profile.convert(LATTICE, profile.srgb(), raw.ADOBE_RGB), whole)


def test_grey_follows_its_gamma_and_comes_back() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    shown = profile.convert(ramp, raw.GREY_GAMMA_18, profile.srgb())
    light = (ramp[..., 0] / 255) ** 1.8
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(shown - expected[..., None]).max() < 0.75
    back = profile.convert(deep(shown), profile.srgb(), raw.GREY_GAMMA_18)
    assert np.abs(back[..., 0] / 257 - ramp[..., 0]).max() < 2


def test_the_kind_of_a_profile_is_told() -> None:
    kinds = [profile.space(p) for p in (raw.SRGB, raw.ADOBE_RGB, raw.GREY_GAMMA_18, raw.cmyk_profile())]
    assert kinds == ["rgb", "rgb", "gray", "cmyk"]


@pytest.mark.parametrize(
    "damaged",
    [b"", b"junk", bytes(200), raw.SRGB[:200], raw.SRGB[:128] + bytes(460), raw.cmyk_profile()[:-40]],
)
def test_damaged_profiles_are_none(damaged: bytes) -> None:
    assert profile.space(damaged) is None


def test_only_profiles_that_move_nothing_are_srgb() -> None:
    assert profile.is_srgb(raw.SRGB)
    assert not profile.is_srgb(raw.ADOBE_RGB) and not profile.is_srgb(raw.P3_GAMMA_22)


def test_profiles_of_one_direction_are_told() -> None:
    assert profile.reversible(raw.ADOBE_RGB) and not profile.reversible(raw.cmyk_profile())


def test_bombs_are_not_unpacked() -> None:
    with pytest.raises(errors.TooLargeError):
        profile.inflate(raw.zeros_packed(64 << 20))
    assert profile.inflate(raw.zlib.compress(raw.SRGB)) == raw.SRGB
    assert profile.inflate(b"junk") == b""
