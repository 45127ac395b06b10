"""Conventional solvers of the transport problem, as functions from two sets of vectors to where the first goes.

All of them minimise squared distances, between equally many vectors of one mass each, and move a vector to the
mean of those to which their plan sends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float64

from aotface.evaluation.solvers.rows import Row
from aotface.evaluation.solvers.sinkhorn import TOLERANCE, Sinkhorn
from aotface.evaluation.solvers.vectors import Vectors

SHARES = (0.1, 0.03, 0.01, 0.003)
"""Entropies of the sweep, as shares of the mean squared distance between the two sets."""

SLICED_STEPS = 24

_EXACT_PIVOTS = 100_000_000
_POT_ITERATIONS = 1000
_RIDGE = (
    1e-6  # share of the target's variance that is added to both covariances: a grey face has no full rank
)


@dataclass(frozen=True)
class Moved:
    """Where each vector goes, and in how many passes over all pairs of vectors; 0 where there are none."""

    vectors: Vectors
    passes: int = 0


Run = Callable[[Vectors, Vectors], Moved]


@dataclass(frozen=True)
class Solver:
    """``share``: the entropy's weight, None where there is none.

    ``bytes_a_pair``: memory that it holds for each pair of vectors. ``steepest``: the largest power of the number
    of vectors with which its time is taken to grow. ``quality``: whether it is judged on every face, or only its
    time is taken.
    """

    name: str
    run: Run
    share: float | None = None
    bytes_a_pair: int = 0
    steepest: float = 3.0
    quality: bool = True

    @property
    def facts(self) -> Row:
        """What its rows say of it."""
        return {"solver": self.name} | ({} if self.share is None else {"share": self.share})


def gaussian(here: Vectors, there: Vectors) -> Moved:
    """The closed form between two Gaussians of the sets' means and covariances, by POT."""
    import ot  # takes seconds to import, so only when it is used

    ridge = _RIDGE * max(float(there.var(axis=0).sum()), 1e-12)
    matrix, shift = ot.gaussian.empirical_bures_wasserstein_mapping(here, there, reg=ridge)
    return Moved(here @ matrix + shift)


def sliced(here: Vectors, there: Vectors) -> Moved:
    """Steps of one-dimensional transports along the axes of random frames, each step full.

    Source: Pitie, Kokaram, Dahyot, "N-dimensional probability density function transfer", 2005.
    """
    random, moved = np.random.default_rng(0), here
    for _ in range(SLICED_STEPS):
        axes = _frame(random, here.shape[1])
        along, wanted = moved @ axes, np.sort(there @ axes, axis=0)
        placed = np.empty_like(along)
        np.put_along_axis(placed, np.argsort(along, axis=0), wanted, axis=0)
        moved = placed @ axes.T
    return Moved(moved)


def sinkhorn(here: Vectors, there: Vectors, share: float) -> Moved:
    """Ours: blocks of the cost matrix in float32, falling entropy."""
    with torch.inference_mode():
        means, passes = Sinkhorn(
            torch.from_numpy(here).float(), torch.from_numpy(there).float(), share
        ).solve()
    return Moved(means.double().numpy(), passes)


def sinkhorn_pot(here: Vectors, there: Vectors, share: float) -> Moved:
    """POT's ``ot.sinkhorn``: the whole matrix in float64, and the same tolerance."""
    import ot  # takes seconds to import, so only when it is used

    goal, count = there.mean(axis=0), len(here)
    cost = ot.dist(here - here.mean(axis=0), there - goal)
    equal = np.full(count, 1 / count)
    plan = ot.sinkhorn(
        equal,
        equal,
        cost,
        share * cost.mean(),
        numItermax=_POT_ITERATIONS,
        stopThr=2 * TOLERANCE / count**0.5,  # it measures the root of the summed squares
        warn=False,
    )
    return Moved(plan @ there / plan.sum(axis=1, keepdims=True))


def exact(here: Vectors, there: Vectors) -> Moved:
    """The exact plan by POT's network simplex, ``ot.emd``."""
    import ot  # takes seconds to import, so only when it is used

    equal = np.full(len(here), 1 / len(here))
    plan = ot.emd(equal, equal, ot.dist(here, there), numItermax=_EXACT_PIVOTS)
    return Moved(plan @ there * len(here))


SOLVERS = (
    Solver("gaussian", gaussian),
    Solver("sliced", sliced),
    *(Solver("sinkhorn", partial(sinkhorn, share=share), share) for share in SHARES),
    *(
        Solver("POT sinkhorn", partial(sinkhorn_pot, share=share), share, 24, 2.0, quality=False)
        for share in (SHARES[0], SHARES[2])
    ),
    Solver("exact", exact, bytes_a_pair=16),
)
"""Everything that the learned plan is compared with, quick ones first."""


def _frame(random: np.random.Generator, channels: int) -> Float64[np.ndarray, "channels channels"]:
    """An orthogonal matrix, drawn uniformly."""
    axes, triangle = np.linalg.qr(random.standard_normal((channels, channels)))
    return np.asarray(axes * np.sign(np.diag(triangle)))
