"""The camera: neutral settings change nothing, grey is exactly grey, faults are of the right size."""

import pytest
import torch

from aotface.training.degrade import Camera, add_noise, develop, soften
from aotface.training.jpeg import jpeg
from aotface.training.tone import srgb_to_linear


def camera(n=1, **settings):
    one, none = torch.ones(n), torch.zeros(n)
    base = {
        "saturation": one,
        "grey": none,
        "film": torch.tensor((0.3, 0.5, 0.2)).repeat(n, 1),
        "tint": torch.ones(n, 3),
        "contrast": none,
        "gamma": one,
        "haze": none,
    }
    return Camera(
        **{**base, **{key: torch.as_tensor(value).expand(base[key].shape) for key, value in settings.items()}}
    )


def picture(n=1, side=16, seed=0, top=0.79):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(seed)) * top


def test_neutral_camera_only_encodes():
    shown = picture(top=0.88)  # below the shoulder, which begins at linear 0.8
    assert torch.allclose(develop(srgb_to_linear(shown), camera()), shown, atol=2e-3)


def test_highlights_roll_off_instead_of_clipping():
    ramp = torch.linspace(0, 4, 64)[None, None, None].repeat(1, 3, 4, 1)
    shown = develop(ramp, camera())[0, 0, 0]
    assert (shown[1:] - shown[:-1]).min() > 0 and shown.max() < 1


@pytest.mark.parametrize("gamma", [0.8, 1.0, 1.2])
def test_grey_is_exactly_grey_through_everything(gamma):
    rng = torch.Generator().manual_seed(1)
    shown = develop(picture(2, top=2.0), camera(2, grey=1.0, gamma=gamma, contrast=0.4, haze=0.1))
    noisy = jpeg(
        add_noise(soften(shown, torch.ones(2)), torch.full((2,), 0.05), torch.ones(2), rng),
        torch.tensor([40, 0]),
    )
    for part in (shown, noisy):
        assert torch.equal(part[:, 0], part[:, 1]) and torch.equal(part[:, 1], part[:, 2])


def test_twin_coloured_noise_is_seen():
    rng = torch.Generator().manual_seed(1)
    shown = develop(picture(), camera(grey=1.0))
    noisy = add_noise(shown, torch.tensor([0.05]), torch.zeros(1), rng)
    assert not torch.equal(noisy[:, 0], noisy[:, 1])


def test_sepia_orders_the_channels():
    shown = develop(picture(), camera(grey=1.0, tint=torch.tensor((0.9, 1.0, 1.2))))
    assert (shown[:, 0] >= shown[:, 1]).all() and (shown[:, 1] >= shown[:, 2]).all()


def test_contrast_pivots_on_middle_grey_and_haze_lifts_black():
    flat = srgb_to_linear(torch.tensor((0.0, 0.25, 0.5, 0.75)))[None, None, None].repeat(1, 3, 1, 1)
    shown = develop(flat, camera(contrast=0.5))[0, 0, 0]
    assert shown[2] == pytest.approx(0.5, abs=1e-3) and shown[1] < 0.25 and shown[3] > 0.75
    assert develop(flat, camera(haze=0.1))[0, 0, 0, 0] == pytest.approx(0.1)


def test_saturation_zero_is_grey_and_more_spreads():
    assert develop(picture(), camera(saturation=0.0)).std(1).max() < 1e-6
    spread = [develop(picture(), camera(saturation=s)).std(1).mean() for s in (0.5, 1.0, 1.4)]
    assert spread[0] < spread[1] < spread[2]


def test_noise_has_the_size_it_says_and_none_where_none_is_asked():
    rng = torch.Generator().manual_seed(0)
    flat = torch.full((2, 3, 64, 64), 0.49)
    noisy = add_noise(flat, torch.tensor([0.0, 0.02]), torch.zeros(2), rng)
    assert torch.equal(noisy[0], flat[0])
    assert noisy[1].std() == pytest.approx(0.02 * (0.4 + 0.6 * 0.7), rel=0.05)


def test_soften_keeps_the_mean_of_flat_parts_and_blunts_edges():
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    assert torch.allclose(soften(edge, torch.tensor([1.0]))[0, 0, 0, 2:6], torch.tensor((0, 1 / 3, 2 / 3, 1)))
    assert torch.equal(soften(edge, torch.tensor([0.0])), edge)


def test_rows_of_a_camera():
    assert camera(3, gamma=torch.tensor((1.0, 2.0, 3.0))).rows(slice(1, None)).gamma.tolist() == [2, 3]
