"""What chance may draw: shares, ranges, unit vectors, black-body colours."""

import pytest
import torch

from aotface.training.draw import (
    chance,
    draw_camera,
    draw_gobo,
    draw_lamps,
    draw_strength,
    planckian,
    uniform,
)
from aotface.training.ranges import LightingConfig
from aotface.training.shading import Surface


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_strength_has_the_shares_of_the_mix():
    drawn = draw_strength(4000, (0.15, 0.60, 0.25), rng())
    shares = [
        ((drawn >= low) & (drawn < high)).float().mean() for low, high in ((0, 0.2), (0.2, 0.7), (0.7, 1.01))
    ]
    assert [float(s) for s in shares] == pytest.approx([0.15, 0.60, 0.25], abs=0.03)


def test_twin_another_mix_has_other_shares():
    assert (draw_strength(1000, (1.0, 0.0, 0.0), rng()) < 0.2).all()


def test_uniform_and_chance():
    drawn = uniform(rng(), 1000, torch.tensor(2.0), 3.0)
    assert drawn.min() >= 2 and drawn.max() <= 3
    assert not chance(rng(), 100, 0.0).any() and chance(rng(), 100, 1.0).all()


def test_black_body_is_white_at_6504_warm_below_and_cold_above():
    assert planckian(torch.tensor(6504.0)).tolist() == pytest.approx([1, 1, 1], abs=1e-4)
    warm, cold = planckian(torch.tensor(2500.0)), planckian(torch.tensor(11000.0))
    assert warm[0] > warm[1] > warm[2] and cold[0] < cold[1] < cold[2]
    assert (planckian(torch.linspace(2000, 12000, 50)) @ torch.tensor((0.2126, 0.7152, 0.0722))).tolist() == (
        pytest.approx([1] * 50, abs=1e-4)
    )


def test_lamps_are_unit_positive_and_frontal_when_mild():
    mild, _ = draw_lamps(torch.zeros(200), rng(), LightingConfig())
    wild, adapt = draw_lamps(torch.ones(200), rng(), LightingConfig())
    for lamps in (mild, wild):
        assert torch.allclose(lamps.direction.norm(dim=2), torch.ones(200, 3), atol=1e-5)
        assert torch.allclose(lamps.up.norm(dim=1), torch.ones(200), atol=1e-5)
        assert lamps.colour.min() >= 0 and lamps.sky.min() > 0 and lamps.ground.min() > 0
    assert mild.direction[:, 0, 2].min() > 0.8 and wild.direction[:, 0, 2].min() < 0
    assert mild.sky.mean() > 2 * wild.sky.mean()
    assert adapt.min() >= 0 and adapt.max() <= 1


def test_mild_light_is_white():
    lamps, _ = draw_lamps(torch.zeros(100), rng(), LightingConfig(stage_probability=0.0))
    assert (lamps.colour[:, 0].amax(1) / lamps.colour[:, 0].amin(1)).max() < 1.01


def test_gobos_stay_in_range_and_can_be_switched_off():
    n, side = 12, 32
    surface = Surface(
        torch.zeros(n, 3, side, side),
        torch.rand(n, 1, side, side, generator=rng()) * 5,
        torch.ones(n, 1, side, side),
    )
    strength = torch.ones(2 * n)
    lamps, _ = draw_lamps(strength, rng(), LightingConfig())
    cast = draw_gobo(surface, lamps, strength, rng(), LightingConfig(gobo_probability=1.0))
    assert cast.min() >= 0 and cast.max() <= 1 and (cast.amin((1, 2, 3)) < 0.6).float().mean() > 0.7
    assert draw_gobo(surface, lamps, strength, rng(), LightingConfig(gobo_probability=0.0)).min() == 1


def test_camera_is_neutral_when_switched_off_and_grey_as_often_as_asked():
    off = draw_camera(
        torch.ones(8),
        torch.zeros(4, dtype=torch.bool),
        rng(),
        LightingConfig(
            camera=False, grey_probability=0.0, tinted_probability=0.0, source_grey_probability=0.0
        ),
    )
    assert (
        (off.saturation == 1).all()
        and (off.gamma == 1).all()
        and (off.haze == 0).all()
        and (off.contrast == 0).all()
    )
    assert (off.grey == 0).all() and (off.tint == 1).all()
    none = torch.zeros(2000, dtype=torch.bool)
    drawn = draw_camera(torch.ones(4000), none, rng(), LightingConfig())
    assert drawn.grey[2000:].mean() == pytest.approx(0.12, abs=0.03)
    assert drawn.grey[:2000].mean() == pytest.approx(0.07, abs=0.03)
