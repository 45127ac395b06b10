"""The theory behind the transport game, on distributions whose distance and optimal map are known."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from aotface.transfer.aot import losses
from aotface.transfer.aot.critic import LatentCritic

Draw = Callable[[int], Tensor]
SHIFT, SCALE = 0.5, 1.5
"""The target N(0.5, 1.5^2) of N(0, 1): its optimal map is 0.5 + 1.5 x, but 0.5 - 1.5 x arrives as well."""


def folded(mean: float, deviation: float) -> float:
    """E |X| of a Gaussian X."""
    spread = deviation * math.sqrt(2 / math.pi) * math.exp(-((mean / deviation) ** 2) / 2)
    return spread + mean * math.erf(mean / (deviation * math.sqrt(2)))


def critic_step(critic: nn.Module, optimiser: torch.optim.Optimizer, t: Tensor, y: Tensor, penalty: float,
                random: torch.Generator) -> None:  # fmt: skip
    loss = penalty * losses.gradient_penalty(critic, t, y, random) - losses.dual(critic, t, y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def estimate(draw_y: Draw, draw_t: Draw, random: torch.Generator, penalty: float = 50.0) -> float:
    torch.manual_seed(0)
    critic, steps = LatentCritic(draw_y(1).shape[1], 32), 300
    optimiser = torch.optim.Adam(critic.parameters(), betas=(0.5, 0.9))
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 5e-3 * (1 - step / steps) + 1e-4
        critic_step(critic, optimiser, draw_t(256), draw_y(256), penalty, random)
    with torch.no_grad():
        return losses.dual(critic, draw_t(20000), draw_y(20000)).item()


@pytest.mark.parametrize(
    ("shift", "scale", "expected"),
    [([3.0], 1.0, 3.0), ([0.0], 3.0, folded(0.0, 2.0)), ([2.0, 1.0], 1.0, math.sqrt(5.0))],
)
def test_dual_of_gaussians_is_their_known_distance(shift: list[float], scale: float, expected: float) -> None:
    random, move = torch.Generator().manual_seed(0), torch.tensor(shift)

    def draw_y(count: int) -> Tensor:
        return torch.randn(count, len(shift), generator=random)

    def draw_t(count: int) -> Tensor:
        return move + scale * draw_y(count)

    assert estimate(draw_y, draw_t, random) == pytest.approx(expected, rel=0.05)


def test_without_the_penalty_the_dual_is_no_distance() -> None:
    random = torch.Generator().manual_seed(0)

    def draw_y(count: int) -> Tensor:
        return torch.randn(count, 1, generator=random)

    assert estimate(draw_y, lambda count: 3.0 + draw_y(count), random, penalty=0.0) > 30.0


class Plan(nn.Module):
    """x -> a x + b + a small network, at first the reflection: the right distribution, the wrong map."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(1, 1)
        self.bend = nn.Sequential(nn.Linear(1, 16), nn.SiLU(), nn.Linear(16, 1))
        with torch.no_grad():
            self.line.weight.fill_(-SCALE)
            self.line.bias.fill_(SHIFT)
            self.bend[2].weight.zero_()
            self.bend[2].bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.line(x) + self.bend(x)
        return moved


def play(cost: float, power: float = 2.0, steps: int = 260) -> tuple[float, float, float]:
    """Play the game; the error of the distribution, the error of the map (relative), the cost."""
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(0)
    critic, plan = LatentCritic(1, 32), Plan()
    critic_optimiser = torch.optim.Adam(critic.parameters(), betas=(0.5, 0.9))
    plan_optimiser = torch.optim.Adam(plan.parameters(), betas=(0.5, 0.9))
    mean = torch.optim.swa_utils.AveragedModel(plan)
    for step in range(steps):
        left = 1 - step / steps
        critic_optimiser.param_groups[0]["lr"] = 1e-2 * left + 2e-4
        plan_optimiser.param_groups[0]["lr"] = 5e-3 * left + 1e-4
        for _ in range(4):
            x, t = torch.randn(256, 1, generator=random), torch.randn(256, 1, generator=random)
            critic_step(critic, critic_optimiser, SHIFT + SCALE * t, plan(x).detach(), 5.0, random)
        x, t = torch.randn(256, 1, generator=random), torch.randn(256, 1, generator=random)
        y = plan(x)
        # A high cost at first pulls the map out of the reflection, which is a local optimum of a low one.
        now = cost + (2.0 * max(0.0, 2 * left - 1) if cost else 0.0)
        loss = losses.dual(critic, SHIFT + SCALE * t, y) + now * losses.transport_cost(y, x, power)
        plan_optimiser.zero_grad()
        loss.backward()
        plan_optimiser.step()
        if step >= 0.75 * steps:
            mean.update_parameters(plan)
    x = torch.randn(20000, 1, generator=random)
    with torch.no_grad():
        y, best = mean(x), SHIFT + SCALE * x
    distribution = (y.sort(0)[0] - best.sort(0)[0]).abs().mean().item()
    error = ((y - best).abs().mean() / best.abs().mean()).item()
    return distribution, error, losses.transport_cost(y, x, power).item()


def test_with_a_cost_the_plan_is_the_optimal_map() -> None:
    distribution, error, _ = play(cost=0.1)
    assert distribution < 0.07 and error < 0.05


def test_without_a_cost_the_plan_is_only_a_push_forward() -> None:
    distribution, error, cost = play(cost=0.0)
    assert distribution < 0.07
    assert error > 1.0 and cost > 5 * (SHIFT**2 + (SCALE - 1) ** 2)


@pytest.mark.long
def test_with_the_distance_itself_as_cost_the_plan_costs_w1() -> None:
    distribution, _, cost = play(cost=0.3, power=1.0, steps=400)
    assert distribution < 0.08
    assert cost == pytest.approx(folded(SHIFT, SCALE - 1), rel=0.05)
