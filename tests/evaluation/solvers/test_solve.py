"""Solvers where the answer is known: between Gaussians, a permutation, a shift."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from aotface.evaluation.solvers import solve
from aotface.evaluation.solvers.measure import judge, wasserstein
from aotface.evaluation.solvers.solve import SOLVERS, Moved, Solver, exact, gaussian, sliced
from aotface.evaluation.solvers.vectors import Cloud, Vectors

IDS = [f"{solver.name} {solver.share}" for solver in SOLVERS]


def gauss(seed: int, deviations: tuple[float, ...], mean: float, count: int = 400) -> Vectors:
    """Vectors whose mean and covariance are exactly these."""
    raw = np.random.default_rng(seed).standard_normal((count, len(deviations)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / count)).T
    return np.asarray(white * np.array(deviations) + mean)


def test_between_gaussians_the_distance_is_the_closed_form() -> None:
    here, there = gauss(0, (1.0, 0.5, 0.2), 0.0), gauss(1, (0.6, 0.9, 0.2), 2.0)
    moved = gaussian(here, there).vectors
    np.testing.assert_allclose(moved.mean(axis=0), there.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(there.T), atol=1e-4)
    w2 = np.sqrt(3 * 2.0**2 + 0.4**2 + 0.4**2)  # shift, and the differences of the deviations
    assert np.sqrt(((moved - here) ** 2).sum(axis=1).mean()) == pytest.approx(w2, rel=1e-3)
    assert wasserstein(here, moved)[1] == pytest.approx(w2, rel=1e-3)  # a linear plan is optimal


def test_distances_are_exact() -> None:
    here = gauss(0, (1.0, 0.5), 0.0, 60)
    order = np.random.default_rng(0).permutation(60)
    assert wasserstein(here, here[order]) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert wasserstein(here, (here + [3.0, 4.0])[order]) == pytest.approx((5.0, 5.0))
    line = np.array([[0.0], [1.0]])
    assert wasserstein(line, np.array([[5.0], [2.0]])) == pytest.approx((3.0, np.sqrt((4 + 16) / 2)))


def test_the_exact_plan_finds_a_permutation() -> None:
    here = gauss(0, (1.0, 0.5, 0.3), 0.0, 80)
    order = np.random.default_rng(0).permutation(80)
    there = here + 0.5
    np.testing.assert_allclose(exact(here, there[order]).vectors, there, atol=1e-9)
    assert np.abs(there[order] - there).max() > 0.5  # the twin: it had to be found


@pytest.mark.parametrize("solver", SOLVERS, ids=IDS)
def test_every_solver_comes_nearer_and_says_the_same_twice(solver: Solver) -> None:
    here = gauss(0, (0.1, 0.05, 0.02), 0.4, 200)
    there = np.abs(gauss(1, (0.05, 0.1, 0.03), 0.6, 200))
    found = solver.run(here, there)
    assert found.vectors.shape == here.shape and found.vectors.dtype == np.float64
    assert wasserstein(found.vectors, there)[0] < 0.25 * wasserstein(here, there)[0]
    np.testing.assert_array_equal(found.vectors, solver.run(here, there).vectors)
    shifted = solver.run(here, there + 3.0).vectors
    np.testing.assert_allclose(shifted, found.vectors + 3.0, atol=2e-2)


def test_a_solver_that_does_nothing_is_found_out() -> None:
    here, there = gauss(0, (0.1, 0.1), 0.0, 100), gauss(1, (0.1, 0.1), 1.0, 100)
    idle = Solver("idle", lambda here, there: Moved(here))
    cloud = Cloud("rgb", np.arange(100), here, there, there)
    row = judge(cloud, idle.name, idle.run(here, there).vectors)
    assert row["cost"] == 0 and row["w1"] == pytest.approx(np.sqrt(2), rel=0.05)
    assert judge(cloud, "exact", exact(here, there).vectors)["w1"] == pytest.approx(0, abs=1e-6)


def test_a_smaller_entropy_comes_nearer() -> None:
    here, there = gauss(0, (0.1, 0.05, 0.02), 0.4, 200), gauss(1, (0.05, 0.1, 0.03), 0.6, 200)
    reached = [
        wasserstein(solve.sinkhorn(here, there, share).vectors, there)[0] for share in (0.3, 0.1, 0.01)
    ]
    assert reached == sorted(reached, reverse=True)


def test_more_slices_come_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = gauss(0, (1.0, 0.2), 0.0), gauss(1, (0.3, 0.8), 1.0) ** 2
    many = wasserstein(sliced(here, there).vectors, there)[0]
    monkeypatch.setattr(solve, "SLICED_STEPS", 1)
    assert many < 0.6 * wasserstein(sliced(here, there).vectors, there)[0]


def test_facts_name_the_regularisation() -> None:
    solver = Solver("sinkhorn", partial(solve.sinkhorn, share=0.1), 0.1)
    assert solver.facts == {"solver": "sinkhorn", "share": 0.1}
    assert replace(solver, share=None).facts == {"solver": "sinkhorn"}
