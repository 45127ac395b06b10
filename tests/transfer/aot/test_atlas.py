"""The atlas of lamps: light that is a sum of lamps is found again, on another shape, without the target's features."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from aotface.transfer.aot.atlas import CURVE, FIT_SIDE, SIDE, LampAtlas
from aotface.transfer.aot.colour_map import colourfulness, to_display, to_linear
from aotface.transfer.aot.decoder import COLOUR_MAP_OUTPUTS
from aotface.transfer.aot.generator import GATE_LIMIT, RelightingGenerator

LAMPS = 5


@pytest.fixture
def atlas() -> LampAtlas:
    """A lamp in front, and four aside that rise to one edge each."""
    made = LampAtlas(LAMPS)
    along = torch.linspace(0.0, 1.0, SIDE)
    across, down = along.expand(SIDE, SIDE), along[:, None].expand(SIDE, SIDE)
    made.lamps[1:] = 2.0 * torch.stack([across, 1 - across, down, 1 - down]) ** 2
    return made


def shape(bend: float = 0.0) -> Tensor:
    """Normals and PNCC of a face that fills the picture; ``bend`` moves places sideways."""
    along = torch.linspace(0.0, 1.0, FIT_SIDE)
    x, y = along.expand(FIT_SIDE, FIT_SIDE), along[:, None].expand(FIT_SIDE, FIT_SIDE)
    normals = torch.stack([torch.zeros_like(x), torch.zeros_like(x), torch.ones_like(x)])
    moved = x + bend * torch.sin(np.pi * x)
    return torch.cat([normals, torch.stack([moved, y, torch.full_like(x, 0.5)])])[None]


def mask() -> Tensor:
    return torch.ones(1, 1, FIT_SIDE, FIT_SIDE)


def light_of(atlas: LampAtlas, weights: Tensor, bend: float = 0.0, curve: float = CURVE) -> Tensor:
    """Light of lamps on a white face, by the places themselves, as a camera of that curve takes it."""
    place = (shape(bend)[0, 3] * (SIDE - 1)).clamp(0, SIDE - 1)
    low = place.floor().long().clamp_max(SIDE - 2)
    part = place - low
    rows = torch.arange(SIDE)[:, None].expand_as(low)
    read = [lamp[rows, low] * (1 - part) + lamp[rows, low + 1] * part for lamp in atlas.lamps]
    return torch.einsum("kc,kyx->cyx", weights, torch.stack(read))[None] ** curve


WARM = torch.tensor([[0.1, 0.08, 0.06], [0.3, 0.2, 0.1], [0.0, 0.0, 0.0], [0.0, 0.02, 0.05], [0.0, 0.0, 0.0]])
FRONT = torch.tensor([[0.25, 0.25, 0.25]] + [[0.0] * 3] * (LAMPS - 1))


def test_a_sum_of_lamps_is_fitted_with_no_weight_below_zero(atlas: LampAtlas) -> None:
    light = light_of(atlas, WARM, curve=1.0)
    found = atlas.fit(light, shape(), mask())
    assert found.shape == (1, LAMPS, 3) and bool((found >= 0).all())
    again = light_of(atlas, found[0], curve=1.0)
    assert float(((again - light).abs() / light.mean()).mean()) < 0.06
    twin = float(((light.mean((2, 3), keepdim=True) - light).abs() / light.mean()).mean())
    assert twin > 0.3  # what a single number for all places would leave


def apart(one: Tensor, other: Tensor) -> float:
    """Mean difference well inside the face; levels do not count."""
    inner = (one - other)[..., 4:-4, 4:-4]
    return float((inner - inner.mean((2, 3), keepdim=True)).abs().mean())


def test_light_is_carried_to_another_shape(atlas: LampAtlas) -> None:
    on_r = shape(bend=0.2)
    x_r, x_t = light_of(atlas, FRONT, bend=0.2), light_of(atlas, WARM)
    found = atlas(x_r, x_t, on_r, shape(), mask(), on_r)
    wanted = torch.log(light_of(atlas, WARM, bend=0.2) / x_r)
    twin = apart(torch.log(x_t / x_r), wanted)  # light by place
    assert twin > 0.15 and apart(found[:, :3], wanted) < 0.5 * twin
    assert found.shape == (1, 5, FIT_SIDE, FIT_SIDE) and float(found.mean((2, 3)).abs().max()) < 1e-4
    assert (
        apart(found[:, 3:4], wanted.mean(1, keepdim=True) / CURVE) < 0.5 * twin
    )  # X_t's; X_r's own is even:
    assert float(found[:, 4].std()) < 0.1 * float(found[:, 3].std())


def test_features_of_the_target_do_not_come_along(atlas: LampAtlas) -> None:
    beard = torch.ones(1, 1, FIT_SIDE, FIT_SIDE)
    beard[..., 40:56, 12:52] = 0.15
    x_r, x_t = light_of(atlas, FRONT), light_of(atlas, WARM)
    plain, bearded = (atlas(x_r, x_t * b, shape(), shape(), mask(), shape())[:, :3] for b in (1.0, beard))
    twin = (torch.log(x_t * beard / x_r) - torch.log(x_t / x_r)).abs()  # light by place
    within = (..., slice(42, 54), slice(16, 48))
    assert float((plain - bearded)[within].abs().mean()) < 0.2 * float(twin[within].mean())


def test_beside_the_mesh_light_goes_on(atlas: LampAtlas) -> None:
    half = shape()
    half[..., 40:] = 0
    gain = atlas(light_of(atlas, FRONT), light_of(atlas, WARM), half, half, mask(), half)[:, :3]
    assert bool(torch.isfinite(gain).all())
    assert float((gain[..., 41] - gain[..., 38]).abs().mean()) < 0.1


def test_darkness_and_an_empty_mask_give_finite_light(atlas: LampAtlas) -> None:
    dark = torch.zeros(1, 3, FIT_SIDE, FIT_SIDE)
    for cover in (mask(), mask() * 0):
        gain = atlas(light_of(atlas, FRONT), dark, shape(), shape(), cover, shape())
        assert bool(torch.isfinite(gain).all())


def lamps_in(generator: RelightingGenerator, atlas: LampAtlas, gate: float) -> RelightingGenerator:
    """A generator with this atlas, of whose light so much is let through; nothing else is gated in."""
    assert generator.atlas is not None
    generator.atlas.load_state_dict(atlas.state_dict())
    with torch.no_grad():
        generator.decoder.head.bias.zero_()
        generator.decoder.head.bias[COLOUR_MAP_OUTPUTS:] = gate
    return generator


@torch.no_grad()
def test_a_gate_lets_the_light_through(tiny: Callable, atlas: LampAtlas) -> None:
    x_r, x_t = (to_display(light_of(atlas, weights).clamp(0, 1)) for weights in (FRONT, WARM))
    light = tiny().light(x_r, x_t, shape(), mask())
    assert light is None
    left = []
    for gate in (0.0, 0.5, 1.0):
        generator = lamps_in(tiny(lamps=LAMPS, remainder=False), atlas, gate)
        made = generator(x_r, x_t, shape(), mask())
        light = generator.light(x_r, x_t, shape(), mask())
        through = GATE_LIMIT * np.tanh(gate / GATE_LIMIT)
        torch.testing.assert_close(made.lit, through * light[:, :3], atol=1e-3, rtol=1e-3)
        left.append(apart(*(torch.log(to_linear(one) + 1e-3) for one in (made.swapped, x_t))))
    assert left[2] < 0.5 * left[1] and left[1] < 0.7 * left[0]


@torch.no_grad()
def test_untrained_gates_are_shut(tiny: Callable, atlas: LampAtlas) -> None:
    generator = tiny(lamps=LAMPS)
    generator.atlas.load_state_dict(atlas.state_dict())
    x_r, x_t = (to_display(light_of(atlas, weights).clamp(0, 1)) for weights in (FRONT, WARM))
    assert float(generator(x_r, x_t, shape(), mask()).lit.abs().max()) == 0.0


@torch.no_grad()
def test_a_grey_target_gets_grey_light(tiny: Callable, atlas: LampAtlas) -> None:
    generator = lamps_in(tiny(lamps=LAMPS), atlas, 1.0)
    x_r = to_display(light_of(atlas, WARM).clamp(0, 1))
    x_t = x_r.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert float(colourfulness(x_t, mask())) == 0.0
    lit = generator(x_r, x_t, shape(), mask()).lit
    assert torch.equal(lit[:, 0], lit[:, 1]) and torch.equal(lit[:, 1], lit[:, 2])
    coloured = generator(x_t, x_r, shape(), mask()).lit
    assert float((coloured[:, 0] - coloured[:, 2]).abs().mean()) > 0.05  # the twin
