"""A finished experiment: scores by sample, test sets, and which reals each fake is compared with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aotface.forensics.crops import name_of
from aotface.forensics.experiment import read_cells
from aotface.forensics.matrix import Cell, Matrix
from aotface.forensics.measures import Compared, auc, wins
from aotface.forge.store import Sample, open_store

Base = tuple[str, ...]


@dataclass(frozen=True)
class FakeSet:
    """Test fakes of one method; ``store`` is named where it is a perturbed copy, whose fakes are a test set of their own."""

    method: str
    store: str | None = None

    def __str__(self) -> str:
        return self.method if self.store is None else f"{self.method} in {self.store}"


@dataclass(frozen=True, eq=False)
class Results:
    """An experiment with its scores.

    ``lines``: validation and test samples by the names that scores have. ``homes``: the stores in which each stands.
    """

    matrix: Matrix
    lines: dict[str, Sample]
    homes: dict[str, tuple[str, ...]]
    cells: dict[str, dict[str, Any]]

    def scores(self, cell: Cell, names: Sequence[str]) -> np.ndarray:
        """Logits of samples."""
        known = self.cells[cell.name]["scores"]
        return np.array([known[name] for name in names])

    def names(self, split: str, wanted: Callable[[Sample], bool]) -> list[str]:
        """Samples of a split."""
        return [name for name, line in self.lines.items() if line.split == split and wanted(line)]

    def fake_set(self, name: str) -> FakeSet:
        """The test set that a fake belongs to."""
        line = self.lines[name]
        return FakeSet(str(line.method), None if line.perturbation is None else self.homes[name][0])

    @property
    def tests(self) -> list[FakeSet]:
        """Test sets: plain ones before perturbed ones, controls first."""
        fakes = self.names("test", lambda one: one.label == "fake")
        fakes.sort(key=lambda n: (self.lines[n].perturbation is not None, not self.lines[n].control))
        return list(dict.fromkeys(self.fake_set(name) for name in fakes))

    @property
    def plain(self) -> list[FakeSet]:
        """Test sets that are no perturbed copies."""
        return [one for one in self.tests if one.store is None]

    @property
    def controls(self) -> set[str]:
        """Methods that are controls."""
        return {str(line.method) for line in self.lines.values() if line.control}

    def never_trained_on(self, base: Base) -> list[list[FakeSet]]:
        """Test sets by methods in no arm's training set, controls left out: the plain ones, then those of each store."""
        known = {*base, self.matrix.added_method, *self.controls}
        mine = [one for one in self.tests if one.method not in known]
        return [[one for one in mine if one.store == store] for store in dict.fromkeys(o.store for o in mine)]

    def fakes(self, test: FakeSet, stratum: str | None = None) -> list[str]:
        """Fakes of a test set; ``stratum`` does not apply to methods that put people's own faces on them."""
        return [
            name
            for name in self.names("test", lambda one: one.method == test.method)
            if self.fake_set(name) == test
            and (stratum is None or self.lines[name].stratum in (None, stratum))
        ]

    @property
    def reals(self) -> list[str]:
        """Reals of the first test store that has some."""
        names = self.names("test", lambda one: one.label == "real")
        stores = [Path(place).name for place in self.matrix.test]
        for store in stores:
            if mine := [name for name in names if store in self.homes[name]]:
                return mine
        return []

    def reals_for(self, fakes: Sequence[str]) -> list[str]:
        """Test reals of the stores that the fakes stand in, treated as they were; else those of the first store."""
        stores = {store for name in fakes for store in self.homes[name]}
        names = self.names("test", lambda one: one.label == "real")
        return [name for name in names if stores & {*self.homes[name]}] or self.reals

    def seeds(self, base: Base, arm: str, mode: str, detector: str) -> list[Cell]:
        """The cells of all seeds."""
        mode = mode if arm in ("control", "aot") else "added"
        return [Cell(base, arm, mode, detector, seed) for seed in range(self.matrix.seeds)]

    def compared(self, cells: Sequence[Cell], fakes: Sequence[str], minus: Sequence[Cell] = ()) -> Compared:
        """Test samples as `interval` takes them; ``minus``: cells of another arm, seed by seed."""
        reals = self.reals_for(fakes)
        stack = np.stack([wins(self.scores(cell, reals), self.scores(cell, fakes)) for cell in cells])
        if minus:
            stack = stack - np.stack(
                [wins(self.scores(cell, reals), self.scores(cell, fakes)) for cell in minus]
            )
        lines = [self.lines[name] for name in fakes]
        return Compared(
            stack,
            [line.target_person for line in lines],
            [line.source_person or line.target_person for line in lines],
            [self.lines[name].target_person for name in reals],
        )

    def compared_reals(self, cells: Sequence[Cell], first: Sequence[str], second: Sequence[str]) -> Compared:
        """Two groups of reals, as `interval` takes them: how often the first has the higher score."""
        stack = np.stack([wins(self.scores(cell, second), self.scores(cell, first)) for cell in cells])
        people = [[self.lines[name].target_person for name in names] for names in (first, second)]
        return Compared(stack, people[0], [""] * len(first), people[1])

    def area(self, cells: Sequence[Cell], fakes: Sequence[str], reals: Sequence[str] = ()) -> float:
        """Mean area under the curve over cells, against ``reals`` or those of the same stores."""
        against = list(reals) or self.reals_for(fakes)
        return float(np.mean([auc(self.scores(c, against), self.scores(c, fakes)) for c in cells]))


def read_results(matrix: Matrix, folder: Path) -> Results:
    """Read a finished experiment.

    Raises:
        UsageError: some cells are missing. InputError: a store is missing.
    """
    cells = read_cells(matrix, folder)
    scored = set.intersection(*(set(record["scores"]) for record in cells.values()))
    lines: dict[str, Sample] = {}
    homes: dict[str, list[str]] = {}
    for side, splits in ((matrix.train, ("val",)), (matrix.test, ("test",))):
        for place in side:
            for line in open_store(place).lines:
                name = name_of(line)
                if line.split in splits and line.kind == matrix.kind and name in scored:
                    lines[name] = line
                    homes.setdefault(name, []).append(Path(place).name)
    return Results(matrix, lines, {name: tuple(stores) for name, stores in homes.items()}, cells)
