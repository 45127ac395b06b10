import math

import torch
from torch import Tensor

from aotface.transfer.aot import octaves as octave


def half_mask() -> Tensor:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :32] = 1.0
    return mask


def test_masked_blur_keeps_a_constant_and_ignores_what_is_outside() -> None:
    images = torch.full((1, 2, 64, 64), 0.3)
    images[..., 32:] = 9.0
    blurred = octave.masked_blur(images, half_mask(), 3.0)
    assert torch.allclose(blurred, torch.full_like(blurred, 0.3), atol=1e-6)
    assert not torch.allclose(octave.masked_blur(images, torch.ones(1, 1, 64, 64), 3.0), blurred, atol=0.1)


def test_masked_blur_far_outside_tends_to_the_mean() -> None:
    images = torch.zeros(1, 1, 64, 64)
    images[..., :32, :] = 1.0
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 24:40, 24:40] = 1.0
    blurred = octave.masked_blur(images, mask, 1.5)
    assert blurred[0, 0, 26, 32] > 0.95 and blurred[0, 0, 38, 32] < 0.05
    assert abs(float(blurred[0, 0, 63, 63]) - 0.5) < 0.02


def test_match_light_of_flat_light_is_the_log_ratio_and_nothing_below_it() -> None:
    flat = torch.full((1, 3, 64, 64), 0.2)
    base, octaves = octave.match_light(flat, 3.0 * flat, half_mask())
    assert torch.allclose(base, torch.full_like(base, math.log(0.601 / 0.201)), atol=1e-5)
    assert octaves.shape == (1, 2 * len(octave.OCTAVES), 3, 64, 64)
    assert float(octaves[..., :32].abs().max()) < 1e-4


def test_remaining_light_of_flat_light_is_the_log_ratio_and_nothing_below_it() -> None:
    flat = torch.full((1, 3, 64, 64), 0.2)
    apart = octave.remaining_light(flat, 2.0 * flat, half_mask())
    assert apart.shape == (1, 1 + len(octave.REMAINDERS), 3, 64, 64)
    assert torch.allclose(apart[:, 0], torch.tensor(2.0).log().expand(1, 3, 64, 64), atol=1e-2)
    assert apart[:, 1:].abs().max() < 1e-4


def test_remaining_light_adds_up_to_the_finest_blur_and_vanishes_between_equals() -> None:
    random = torch.Generator().manual_seed(3)
    light_y, light_t = (torch.rand(1, 3, 64, 64, generator=random) + 0.1 for _ in range(2))
    whole = octave.remaining_light(light_y, light_t, half_mask()).sum(1)
    finest = [octave.masked_blur(x, half_mask(), octave.REMAINDERS[-1] * 64) for x in (light_y, light_t)]
    wanted = torch.log(finest[1] + octave.BASE_FLOOR) - torch.log(finest[0] + octave.BASE_FLOOR)
    assert torch.allclose(whole, wanted, atol=1e-4)
    assert octave.remaining_light(light_t, light_t, half_mask()).abs().max() < 1e-6


def test_remaining_light_teaches_the_answer() -> None:
    light = torch.full((1, 3, 32, 32), 0.3, requires_grad=True)
    mask = torch.ones(1, 1, 32, 32)
    octave.remaining_light(light, torch.full_like(light, 0.6), mask)[:, 0].mean().backward()
    assert light.grad is not None and light.grad.max() < 0  # more light leaves less to be added


def test_remaining_light_down_to_a_width_is_the_first_of_its_octaves() -> None:
    random = torch.Generator().manual_seed(3)
    light_y, light_t = (torch.rand(1, 3, 64, 64, generator=random) + 0.1 for _ in range(2))
    broad = octave.remaining_light(light_y, light_t, half_mask(), octave.BROAD)
    down_to = 1 + octave.REMAINDERS.index(octave.BROAD[0])  # octaves as broad as that
    together = octave.remaining_light(light_y, light_t, half_mask())[:, : 1 + down_to].sum(1)
    assert broad.shape == (1, 2, 3, 64, 64) and torch.allclose(broad.sum(1), together, atol=1e-4)


def test_broad_light_hardly_sees_a_feature_of_the_face() -> None:
    light, mask = torch.full((1, 3, 64, 64), 0.3), torch.ones(1, 1, 64, 64)
    spotted = light.clone()
    spotted[..., 30:33, 30:33] = 0.03  # as large as an iris, and a tenth as bright
    assert octave.remaining_light(light, spotted, mask, octave.BROAD).sum(1).abs().max() < 0.05


def gates(value: float, *, count: int = len(octave.OCTAVES), side: int = 64) -> Tensor:
    return torch.full((1, 4 * count, side, side), value)


def test_all_octaves_together_are_the_finest_blur() -> None:
    random = torch.Generator().manual_seed(0)
    light_r, light_t = (torch.rand(1, 3, 64, 64, generator=random) for _ in "rt")
    base, octaves = octave.match_light(light_r, light_t, half_mask())
    gain = base + octave.gate_octaves(octaves, gates(1.0))
    finest = [octave.masked_blur(x, half_mask(), octave.OCTAVES[-1] * 64) for x in (light_r, light_t)]
    expected = torch.log(finest[1] + octave.BASE_FLOOR) - torch.log(finest[0] + octave.BASE_FLOOR)
    assert torch.allclose(gain, expected, atol=1e-4)
    assert torch.equal(octave.gate_octaves(octaves, gates(0.0)), torch.zeros_like(light_r))


def test_a_picture_against_itself_needs_no_gain_whatever_the_gates_say_to_both() -> None:
    light = torch.rand(1, 3, 64, 64)
    base, octaves = octave.match_light(light, light, half_mask())
    assert torch.equal(base, torch.zeros_like(base))
    assert float(octave.gate_octaves(octaves, gates(0.7)).abs().max()) < 1e-6


def test_gates_by_hand() -> None:
    # One pixel, one octave that is not empty: X_t brighter and redder, X_r grey.
    octaves, shares = torch.zeros(1, 12, 3, 1, 1), torch.zeros(1, 12, 2)
    octaves[0, 0, :, 0, 0], octaves[0, 6, :, 0, 0] = torch.tensor([0.6, 0.3, 0.0]), torch.tensor([0.2] * 3)
    shares[0, 0], shares[0, 6] = torch.tensor([0.5, 2.0]), torch.tensor([1.0, 9.0])
    # 0.5 * 0.3 + 2 * (0.3, 0, -0.3) - 1 * 0.2 - 9 * 0
    expected = torch.tensor([0.55, -0.05, -0.65])
    gain = octave.gate_octaves(octaves, shares.view(1, 24, 1, 1))
    assert torch.allclose(gain.flatten(), expected, atol=1e-6)
