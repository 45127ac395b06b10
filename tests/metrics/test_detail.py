import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from aotface.colour_space import linear_to_srgb, luminance, srgb_to_linear
from aotface.metrics import detail as module
from aotface.metrics.detail import detail, detail_retention, leakage_floor, target_leakage

SIDE = 128


def face(seed, level=0.25):
    """Skin-like texture: features of several sizes, linear luminance around the level."""
    rng = np.random.default_rng(seed)
    relief = sum(gaussian_filter(rng.standard_normal((SIDE, SIDE)), s) * s for s in (1, 2, 4))
    return linear_to_srgb(level * np.exp(0.3 * relief)[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)


def under(light, crop):
    return linear_to_srgb(srgb_to_linear(crop) * np.asarray(light)).astype(np.float32)


def oval():
    y, x = np.mgrid[:SIDE, :SIDE]
    return (((x - 64) / 44) ** 2 + ((y - 64) / 54) ** 2 < 1).astype(np.float32)


def side_light(low=0.3, high=1.2):
    return np.linspace(low, high, SIDE)[None, :, None]


@pytest.mark.parametrize("light", [0.4, 1.5, [0.5, 0.5, 0.5]])
def test_a_constant_light_keeps_all_detail(light):
    assert detail_retention(under(light, face(0)), face(0), oval()) == pytest.approx(1, abs=1e-5)


def test_a_smooth_light_keeps_nearly_all_detail():
    assert detail_retention(under(side_light(), face(0)), face(0), oval()) >= 0.995


def test_without_the_logarithm_a_smooth_light_would_look_like_damage():
    mask = oval()
    high = []
    for crop in (under(side_light(), face(0)), face(0)):
        grey = luminance(crop)
        smooth = gaussian_filter(grey * mask, 4) / np.maximum(gaussian_filter(mask, 4), 1e-9)
        high.append((grey - smooth)[mask > 0])
    assert np.corrcoef(high)[0, 1] < 0.985


def test_blur_costs_detail():
    blurred = gaussian_filter(face(0), (2, 2, 0))
    assert detail_retention(blurred, face(0), oval()) < 0.9


def test_a_copy_of_the_target_leaks_all_and_strangers_leak_nothing():
    assert target_leakage(face(1), face(1), oval()) == pytest.approx(1, abs=1e-6)
    assert abs(target_leakage(face(0), face(1), oval())) < 0.15


def test_a_mixture_leaks_in_between():
    mixture = (face(0) + face(1)) / 2
    assert leakage_floor(face(0), face(1), oval()) + 0.3 < target_leakage(mixture, face(1), oval()) < 0.9


def test_the_floor_is_the_leak_of_the_untouched_face():
    assert leakage_floor(face(0), face(1), oval()) == target_leakage(face(0), face(1), oval())


def test_a_blur_that_lets_black_in_makes_strangers_alike():
    mask = oval()
    high = []
    for crop in (face(0), face(1)):
        grey = luminance(crop) * mask
        high.append((grey - gaussian_filter(grey, 4))[mask > 0])
    assert np.corrcoef(high)[0, 1] > 0.15 + abs(target_leakage(face(0), face(1), mask))


def test_noise_in_black_does_not_rule(monkeypatch):
    rng = np.random.default_rng(5)

    def with_black_half(seed):
        crop = face(seed)
        crop[:, : SIDE // 2] = 0.01 * rng.random((SIDE, SIDE // 2, 3), np.float32)
        return crop

    first, second = with_black_half(0), with_black_half(0)
    assert detail_retention(first, second, oval()) > 0.99
    monkeypatch.setattr(module, "LUMINANCE_FLOOR", 1e-6)
    assert detail_retention(first, second, oval()) < 0.9


def test_a_flat_picture_has_no_detail_to_keep():
    flat = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    assert detail_retention(flat, face(0), oval()) == 0
    assert detail_retention(flat, flat, oval()) == 0


def test_detail_of_a_faint_large_wave_is_small():
    wave = np.tile(np.exp(0.2 * np.sin(np.arange(SIDE) / SIDE * 2 * np.pi)), (SIDE, 1))
    crop = linear_to_srgb(0.2 * wave[..., None] * np.ones(3)).astype(np.float32)
    high, _ = detail(crop, np.ones((SIDE, SIDE), np.float32))
    assert np.abs(high).max() < 0.05
