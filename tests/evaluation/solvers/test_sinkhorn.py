"""Entropic transport in blocks: the plan of POT, the limits that are known, and numbers that stay finite."""

import numpy as np
import pytest
import torch

from aotface.evaluation.solvers import sinkhorn
from aotface.evaluation.solvers.sinkhorn import Sinkhorn


def points(seed: int, count: int = 90, channels: int = 4, shift: float = 0.0) -> torch.Tensor:
    values = np.random.default_rng(seed).standard_normal((count, channels)) * np.linspace(1, 0.3, channels)
    return torch.from_numpy(values + shift).float()


def by_pot(here: torch.Tensor, there: torch.Tensor, share: float) -> np.ndarray:
    import ot

    x, y = (part.double().numpy() for part in (here, there))
    cost = ot.dist(x - x.mean(0), y - y.mean(0))
    equal = np.full(len(x), 1 / len(x))
    plan = ot.sinkhorn(equal, equal, cost, share * cost.mean(), numItermax=5000, stopThr=1e-9)
    return plan @ y * len(x)


@pytest.mark.parametrize("share", [0.3, 0.1, 0.05])
def test_it_is_the_plan_of_pot(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = points(0), points(1, shift=2.0)
    means, _ = Sinkhorn(here, there, share).solve(tolerance=1e-6, most=3000)
    np.testing.assert_allclose(means.numpy(), by_pot(here, there, share), atol=2e-3)
    monkeypatch.setattr(sinkhorn, "BLOCK", 7 * 90)  # 13 blocks, the last one smaller
    blocks, _ = Sinkhorn(here, there, share).solve(tolerance=1e-6, most=3000)
    np.testing.assert_allclose(blocks.numpy(), means.numpy(), atol=1e-4)


def test_stopping_early_shows() -> None:
    here, there = points(0), points(1, shift=2.0)
    early, passes = Sinkhorn(here, there, 0.05).solve(most=3)
    assert passes == 3
    assert np.abs(early.numpy() - by_pot(here, there, 0.05)).max() > 0.05


def test_without_entropy_it_is_a_permutation_and_with_much_of_it_the_mean() -> None:
    here = points(2, 40)
    order = np.random.default_rng(0).permutation(40)
    there = here[order] + 5.0
    means, _ = Sinkhorn(here, there, 1e-4).solve()
    torch.testing.assert_close(means, here + 5.0, atol=5e-3, rtol=0)
    means, _ = Sinkhorn(here, there, 1e3).solve()
    torch.testing.assert_close(means, there.mean(0).expand_as(here), atol=1e-2, rtol=0)


def test_more_passes_bring_the_masses_right() -> None:
    plan = Sinkhorn(points(0), points(1), 0.05)
    wrong = [plan.iterate(plan.entropy) for _ in range(60)]
    assert wrong[0] > 0.3 and wrong[-1] < 1e-3


def test_outliers_and_equal_vectors_stay_finite() -> None:
    here, there = points(0), points(1)
    there[0] = 60.0
    means, _ = Sinkhorn(here, there, 1e-3).solve()
    assert torch.isfinite(means).all()
    same = torch.ones(20, 3)
    means, passes = Sinkhorn(same, same + 1, 0.01).solve()
    torch.testing.assert_close(means, same + 1)
    assert passes < 40
