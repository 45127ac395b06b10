import math

import numpy as np
import pytest
import torch

from aotface.metrics.detail import target_leakage
from aotface.transfer.aot import losses
from aotface.transfer.aot.colour_map import ColourMap, to_display


def flat(value: float, side: int = 16) -> torch.Tensor:
    return torch.full((1, 3, side, side), value)


def left_mask(side: int = 16) -> torch.Tensor:
    mask = torch.zeros(1, 1, side, side)
    mask[..., : side // 2] = 1.0
    return mask


def close(value: torch.Tensor, expected: float, limit: float = 1e-4) -> bool:
    return abs(value.item() - expected) <= limit * max(1.0, abs(expected))


def test_masked_mean_counts_only_the_face() -> None:
    values = torch.cat([flat(2.0)[..., :8], flat(50.0)[..., 8:]], dim=-1)
    assert close(losses.masked_mean(values, left_mask()), 2.0)
    assert not close(losses.masked_mean(values, torch.ones(1, 1, 16, 16)), 2.0)


def test_pixel_loss_by_hand() -> None:
    assert close(losses.pixel_loss(flat(0.5), flat(0.2), left_mask()), 0.3)


def test_light_loss_of_one_stop() -> None:
    y, answer = to_display(flat(0.8)), to_display(flat(0.4))
    expected = math.log((0.8 + 2**-8) / (0.4 + 2**-8))
    assert close(losses.light_loss(y, answer, left_mask()), expected)


def test_low_frequency_loss_sees_light_and_not_detail() -> None:
    side = 64
    board = (torch.arange(side)[:, None] + torch.arange(side)) % 2 * 2.0 - 1.0
    detail = 0.5 * board.expand(1, 3, side, side)
    mask = torch.ones(1, 1, side, side)
    assert float(losses.low_frequency_loss(detail, torch.zeros_like(detail), mask)) < 0.01
    assert close(losses.low_frequency_loss(flat(0.5, side), flat(0.2, side), mask), 0.3, 1e-3)


def test_gradient_loss_of_a_ramp_and_of_a_constant() -> None:
    ramp = (torch.arange(16.0) * 0.01).expand(1, 3, 16, 16)
    mask = torch.ones(1, 1, 16, 16)
    # Steps of 0.01 across at the first level, 0.02 and 0.04 at the next two, none down.
    assert close(losses.gradient_loss(ramp, flat(0.0), mask), (0.01 + 0.02 + 0.04) / 3)
    assert close(losses.gradient_loss(flat(0.7), flat(0.1), mask), 0.0)


def test_smoothness_of_a_step_by_hand() -> None:
    gain = torch.zeros(1, 3, 4, 4)
    gain[..., 2:] = 1.0
    field = ColourMap(gain, torch.ones(1, 1, 4, 4), torch.zeros(1, 3, 4, 4))
    # One of three steps in each row is 1, in three of seven channels.
    assert close(losses.smoothness_loss(field), 3.0 / 7.0 / 3.0)


def test_dual_of_a_linear_potential_is_the_distance_of_the_means() -> None:
    v_t, v_y = torch.randn(100, 2) + torch.tensor([3.0, 0.0]), torch.randn(100, 2)
    value = losses.dual(lambda v: v[..., 0], v_t, v_y)
    assert close(value, float(v_t[:, 0].mean() - v_y[:, 0].mean()))


def test_penalty_of_linear_potentials() -> None:
    v = torch.randn(50, 2)
    random = torch.Generator().manual_seed(0)
    for slope, expected in ((0.5, 0.0), (1.0, 0.0), (3.0, 4.0)):
        value = losses.gradient_penalty(lambda rows, s=slope: s * rows[..., 0], v, v + 1.0, random)
        assert close(value, expected)


def test_transport_cost_by_hand() -> None:
    v_r, v_y = torch.zeros(2, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert close(losses.transport_cost(v_y, v_r), 3.0)
    assert close(losses.transport_cost(v_y, v_r, power=2.0), 13.0)


def test_transport_cost_has_a_finite_slope_where_nothing_moves() -> None:
    v_y = torch.zeros(3, 2, requires_grad=True)
    losses.transport_cost(v_y, torch.zeros(3, 2)).backward()
    assert v_y.grad is not None and bool(torch.isfinite(v_y.grad).all())


def test_segmentation_game_by_hand() -> None:
    m = torch.tensor([1.0, -1.0, 0.0, 0.5]).view(1, 1, 2, 2)
    assert close(losses.segmentation_loss(torch.zeros_like(m), m), (1 + 1 + 0.25) / 4)
    assert losses.segmentation_loss(m, m).item() == 0.0
    assert close(losses.fooling_loss(m, m.abs()), (1 + 1 + 0.125) / 2.5)
    assert losses.fooling_loss(torch.zeros_like(m), m.abs()).item() == 0.0


def test_fidelity_counts_every_picture_by_its_decibels() -> None:
    """Halving the error of a dark picture counts as much as halving that of a bright one."""
    mask, zero = left_mask().repeat(2, 1, 1, 1), torch.zeros(2, 3, 16, 16)
    errors = torch.tensor([0.4, 0.1]).view(2, 1, 1, 1)
    whole = losses.fidelity_loss(zero + errors, zero, mask)
    first, second = (
        losses.fidelity_loss(zero + errors * torch.tensor(scale).view(2, 1, 1, 1), zero, mask)
        for scale in ((0.5, 1.0), (1.0, 0.5))
    )
    assert close(whole, (math.log(0.16 + 4e-4) + math.log(0.01 + 4e-4)) / 2)
    assert abs(float(whole - first) - float(whole - second)) < 0.06
    # A face that does not show does not count.
    mask[1] = 0
    assert close(losses.fidelity_loss(zero + errors, zero, mask), math.log(0.16 + 4e-4))


def test_taken_loss_by_hand() -> None:
    taken = torch.zeros(1, 2, 3, 4, 4)
    taken[:, 0, :, :, :2], taken[:, 1, 0] = -0.5, 0.25
    left = torch.zeros(1, 1, 4, 4)
    left[..., :2] = 1.0
    assert losses.taken_loss(taken, left).item() == pytest.approx(0.5 + 0.25 / 3, rel=1e-4)
    assert losses.taken_loss(taken, 1.0 - left).item() == pytest.approx(0.25 / 3, rel=1e-4)
    assert losses.taken_loss(taken, torch.ones(1, 1, 2, 2)).item() == pytest.approx(0.25 + 0.25 / 3, rel=1e-4)


def test_leak_is_the_excess_over_the_answers_own_by_the_benchmarks_metric() -> None:
    rng = np.random.default_rng(0)
    grain = [rng.uniform(0.2, 0.8, (1, 3, 128, 128)).astype(np.float32) for _ in range(3)]
    x_t, answer, other = (2 * torch.from_numpy(part) - 1 for part in grain)
    ghost = 0.6 * answer + 0.4 * x_t
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 20:100, 30:90] = 1
    as_crop = [
        np.ascontiguousarray((part[0].permute(1, 2, 0).numpy() + 1) / 2) for part in (ghost, answer, x_t)
    ]
    wanted = [target_leakage(crop, as_crop[2], mask[0, 0].numpy()) for crop in as_crop[:2]]
    found = losses.leak_loss(ghost, answer, x_t, mask).item()
    assert found == pytest.approx(wanted[0] - wanted[1], abs=0.01) and found > 0.3
    assert losses.leak_loss(answer, ghost, x_t, mask).item() == 0  # less than the answer has costs nothing
    assert losses.leak_loss(other, answer, x_t, mask).item() < 0.05  # the twin: other detail is no leak
    assert losses.leak_loss(ghost, answer, x_t, mask, torch.zeros(1)).item() == 0
    assert losses.leak_loss(ghost, answer, x_t, 0 * mask).item() == 0


def test_a_mean_of_what_might_be_right_varies_too_little() -> None:
    random = torch.Generator().manual_seed(0)
    first, second = (0.3 * torch.randn(1, 3, 32, 32, generator=random) for _ in range(2))
    hedged, mask, known = (first + second) / 2, torch.ones(1, 1, 32, 32), torch.ones(1)
    lost = losses.variation_loss(hedged, [first], mask, known).item()
    assert lost > 0.2 and losses.pixel_loss(hedged, first, mask) < losses.pixel_loss(second, first, mask)
    assert (
        losses.variation_loss(second, [first], mask, known).item() < 0.4 * lost
    )  # the twin: lively elsewhere
    assert losses.variation_loss(first, [hedged], mask, known).item() == pytest.approx(lost)  # too lively
    assert losses.variation_loss(hedged, [first, hedged], mask, known).item() == 0  # between two answers
    assert losses.variation_loss(hedged, [first], mask, torch.zeros(1)).item() == 0
    assert losses.variation_loss(hedged, [first], 0 * mask, known).item() == 0


def test_follow_loss_sees_broad_light_and_not_features() -> None:
    side = 64
    board = (torch.arange(side)[:, None] // 2 + torch.arange(side) // 2) % 2 * 0.6 - 0.3
    mask, features = torch.ones(1, 1, side, side), board.expand(1, 3, side, side)
    assert float(losses.follow_loss(features, torch.zeros_like(features), mask)) < 0.02
    assert close(losses.follow_loss(flat(0.5, side), flat(0.2, side), mask), 0.3, 1e-3)
