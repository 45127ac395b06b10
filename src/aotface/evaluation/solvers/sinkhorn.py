"""Entropic transport of many vectors without ever holding their cost matrix.

One pass over blocks of rows is one whole iteration of Sinkhorn: as soon as a block's row sums are known, its rows
are scaled, and the scaled block is added to the column sums. Potentials are kept as logarithms, so that a small
entropy neither over- nor underflows float32; the entropy starts large and is halved in each of the first passes
to where it shall be, which saves most of the iterations.

Source: Cuturi, "Sinkhorn distances", 2013; Schmitzer, "Stabilized sparse scaling algorithms for entropy regularized
transport problems", 2019, for the falling entropy; the single pass is [ours].
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float32
from torch import Tensor

TOLERANCE = 0.01
"""Ends the iteration: the share of the mass that still lies in the wrong rows."""

MOST_PASSES = 500
BLOCK = 1 << 19
"""Entries of the cost matrix that are held at a time."""

_LOWEST = -60.0  # exp of less is nothing beside a row's largest entry, and below -87 ten times slower
_SMALLEST = 1e-25  # a column that no row reaches yet is brought nearer in steps of this

Points = Float32[Tensor, "points channels"]


class Sinkhorn:
    """Both potentials of the plan between two sets of equally many vectors, each of mass one.

    Args:
        here: vectors to move.
        there: where they go.
        share: the entropy's weight as a share of the mean squared distance between the two sets, their means taken
            out (a translation leaves the plan as it is).
    """

    def __init__(self, here: Points, there: Points, share: float):
        self.goal = there.mean(dim=0)
        self.x, self.y = here - here.mean(dim=0), there - self.goal
        self.x_square, self.y_square = self.x.square().sum(1), self.y.square().sum(1)
        self.largest = float(self.x_square.mean() + self.y_square.mean())
        self.entropy = max(share * self.largest, torch.finfo(torch.float32).tiny)
        self.rows = torch.zeros_like(self.x_square)
        self.columns = torch.zeros_like(self.y_square)

    def solve(self, tolerance: float = TOLERANCE, most: int = MOST_PASSES) -> tuple[Points, int]:
        """Iterate until the rows' masses are right.

        Returns:
            The mean of the vectors to which the plan sends each vector, and the passes that were made, that of
            this mean among them.
        """
        entropy, passes, wrong = self.largest, 1, 1.0
        while passes < most and (entropy > self.entropy or wrong > tolerance):
            entropy = max(self.entropy, entropy / 2)
            wrong = self.iterate(entropy)
            passes += 1
        return self.means(), passes

    def iterate(self, entropy: float) -> float:
        """One iteration, rows then columns.

        Returns:
            Share of the mass that lay in the wrong rows before it.
        """
        sums, wrong = torch.zeros_like(self.columns), 0.0
        for part, block, top, totals in self._blocks(entropy):
            levels = top + totals.log()
            before = (self.rows[part] - self.x_square[part]) / entropy
            wrong += float(((before + levels).exp() - 1.0).abs().sum())
            self.rows[part] = self.x_square[part] - entropy * levels
            sums += totals.reciprocal() @ block
        self.columns -= entropy * sums.clamp_min(_SMALLEST).log()
        return wrong / (2 * len(self.x))

    def means(self) -> Points:
        """Where the plan sends each vector on average."""
        found = [block @ self.y / totals[:, None] for _, block, _, totals in self._blocks(self.entropy)]
        return torch.cat(found) + self.goal

    def _blocks(self, entropy: float) -> Iterator[tuple[slice, Tensor, Tensor, Tensor]]:
        """Some rows at a time: which, the plan in them up to a factor per row, its logarithm, and the row sums."""
        potential = (self.columns - self.y_square) / entropy
        step = max(1, BLOCK // len(self.y))
        for start in range(0, len(self.x), step):
            part = slice(start, start + step)
            block = torch.addmm(potential, self.x[part], self.y.T, alpha=2.0 / entropy)
            top = block.amax(1)
            block.sub_(top[:, None]).clamp_min_(_LOWEST).exp_()
            yield part, block, top, block.sum(1)
