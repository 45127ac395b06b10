"""The numbers of a finished experiment: three arms, their differences, controls, strata, tone groups."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from aotface.forensics.data import read_scores
from aotface.forensics.experiment import read_cells
from aotface.forensics.matrix import SHUFFLED, Cell, Matrix
from aotface.forensics.measures import (
    Compared,
    Interval,
    accuracy,
    auc,
    equal_error_rate,
    interval,
    reliability,
    threshold,
    wins,
)
from aotface.forge.store import Sample, open_store

Base = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Results:
    """An experiment with its scores. ``lines``: validation and test samples by the names that scores have."""

    matrix: Matrix
    lines: dict[str, Sample]
    cells: dict[str, dict[str, Any]]

    def scores(self, cell: Cell, names: Sequence[str]) -> np.ndarray:
        """Logits of samples."""
        known = self.cells[cell.name]["scores"]
        return np.array([known[name] for name in names])

    def names(self, split: str, wanted: Callable[[Sample], bool]) -> list[str]:
        """Samples of a split."""
        return [name for name, line in self.lines.items() if line.split == split and wanted(line)]

    @property
    def methods(self) -> list[str]:
        """Of test fakes; controls first."""
        fakes = [line for line in self.lines.values() if line.split == "test" and line.label == "fake"]
        return list(
            dict.fromkeys(str(line.method) for line in sorted(fakes, key=lambda one: not one.control))
        )

    @property
    def controls(self) -> set[str]:
        """Methods that are controls."""
        return {str(line.method) for line in self.lines.values() if line.control}

    def fakes(self, method: str, stratum: str | None = None) -> list[str]:
        """Test fakes; ``stratum`` does not apply to methods that put people's own faces on them."""
        return self.names(
            "test",
            lambda one: (
                one.method == method and (stratum is None or one.stratum is None or one.stratum == stratum)
            ),
        )

    @property
    def reals(self) -> list[str]:
        """Test reals."""
        return self.names("test", lambda one: one.label == "real")

    def seeds(self, base: Base, arm: str, mode: str, detector: str) -> list[Cell]:
        """The cells of all seeds."""
        mode = mode if arm in ("control", "aot") else "added"
        return [Cell(base, arm, mode, detector, seed) for seed in range(self.matrix.seeds)]

    def compared(self, cells: Sequence[Cell], fakes: Sequence[str], minus: Sequence[Cell] = ()) -> Compared:
        """Test samples as `interval` takes them; ``minus``: cells of another arm, seed by seed."""
        reals = self.reals
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


def read_results(matrix: Matrix, folder: Path) -> Results:
    """Read a finished experiment.

    Raises:
        UsageError: some cells are missing. InputError: a store is missing.
    """
    cells = read_cells(matrix, folder)
    lines = {}
    for side, splits in ((matrix.train, ("val",)), (matrix.test, ("test",))):
        for place in side:
            for line in open_store(place).lines:
                if line.split in splits and line.kind == matrix.kind:
                    lines[f"{line.id} {line.key[:12]}"] = line
    scored = set.intersection(*(set(record["scores"]) for record in cells.values()))
    return Results(matrix, {name: line for name, line in lines.items() if name in scored}, cells)


@dataclass(frozen=True)
class ArmRow:
    """One line of the main table: areas under the curve, and differences with intervals where the arms were run."""

    base: str
    detector: str
    mode: str
    test: str
    seen: str
    fakes: int
    arms: dict[str, float]
    gain: Interval | None
    over_none: Interval | None


def arm_rows(found: Results) -> list[ArmRow]:
    """The main table, on fakes with the matrix's gap; last of each block the mean over transfers never trained on."""
    rows = []
    for base, detector, mode in _blocks(found.matrix):
        cells = {arm: found.seeds(base, arm, mode, detector) for arm in found.matrix.arms}
        for method in found.methods:
            fakes = found.fakes(method, found.matrix.stratum)
            seen = " ".join(
                arm for arm, m in (("base", base), ("added", (found.matrix.added_method,))) if method in m
            )
            rows.append(_row(found, cells, (base, detector, mode), method, seen, [fakes]))
        never = unseen_methods(found, base)
        if never:
            groups = [found.fakes(method, found.matrix.stratum) for method in never]
            label = f"mean of never trained on: {', '.join(never)}"
            rows.append(_row(found, cells, (base, detector, mode), label, "", groups))
    return rows


def unseen_methods(found: Results, base: Base) -> list[str]:
    """Test methods that are in no arm's training set, and are no controls."""
    known = {*base, found.matrix.added_method, *found.controls}
    return [method for method in found.methods if method not in known]


def _blocks(matrix: Matrix) -> Iterable[tuple[Base, str, str]]:
    return (
        (base, detector, mode)
        for detector in matrix.detectors
        for base in matrix.bases
        for mode in matrix.modes
    )


def _row(
    found: Results,
    cells: dict[Any, list[Cell]],
    block: tuple[Base, str, str],
    test: str,
    seen: str,
    groups: Sequence[Sequence[str]],
) -> ArmRow:
    arms = {
        str(arm): float(np.mean([found.compared(mine, fakes).wins.mean() for fakes in groups]))
        for arm, mine in cells.items()
        if arm != SHUFFLED
    }
    differences = {}
    for other in ("control", "none"):
        if "aot" in cells and other in cells:
            differences[other] = interval(
                [found.compared(cells["aot"], f, cells[other]) for f in groups], found.matrix.resamples
            )
    base, detector, mode = block
    count = sum(map(len, groups))
    return ArmRow(
        "+".join(base),
        detector,
        mode,
        test,
        seen,
        count,
        arms,
        differences.get("control"),
        differences.get("none"),
    )


@dataclass(frozen=True)
class Quality:
    """Of one arm and one test method, means over seeds; the cut is frozen on validation samples."""

    base: str
    detector: str
    arm: str
    test: str
    auc: float
    eer: float
    accuracy: float
    calibration: float


def qualities(found: Results) -> list[Quality]:
    """Error rates and calibration, ``added`` mode, all gaps together."""
    rows = []
    val_reals = found.names("val", lambda one: one.label == "real")
    for detector in found.matrix.detectors:
        for base in found.matrix.bases:
            val_fakes = [n for n, line in found.lines.items() if line.split == "val" and line.method in base]
            for arm in (arm for arm in found.matrix.arms if arm != SHUFFLED):
                for method in found.methods:
                    values = []
                    for cell in found.seeds(base, arm, found.matrix.modes[0], detector):
                        real, fake = found.scores(cell, found.reals), found.scores(cell, found.fakes(method))
                        cut = 0.0
                        if val_reals and val_fakes:
                            cut = threshold(found.scores(cell, val_reals), found.scores(cell, val_fakes))
                        values.append(
                            (
                                auc(real, fake),
                                equal_error_rate(real, fake),
                                accuracy(real, fake, cut),
                                reliability(real, fake)[1],
                            )
                        )
                    rows.append(
                        Quality("+".join(base), detector, arm, method, *np.mean(values, axis=0).tolist())
                    )
    return rows


def groups_of(found: Results) -> list[tuple[str, str, str, str, int, float]]:
    """By gap and by tone of the target: base, detector, group, test method, fakes, area under the curve of arm ``none``."""
    rows = []
    for detector in found.matrix.detectors:
        for base in found.matrix.bases:
            cells = found.seeds(base, found.matrix.arms[0], "added", detector)
            for method in found.methods:
                fakes = found.fakes(method)
                for field in ("stratum", "tone"):
                    for value in sorted({str(getattr(found.lines[name], field)) for name in fakes}):
                        mine = [name for name in fakes if str(getattr(found.lines[name], field)) == value]
                        reals = found.reals
                        if field == "tone":
                            reals = [name for name in reals if found.lines[name].tone == value]
                        if reals and value != "None":
                            area = np.mean(
                                [auc(found.scores(c, reals), found.scores(c, mine)) for c in cells]
                            )
                            word = f"{value} gap" if field == "stratum" else f"tone {value}"
                            rows.append(("+".join(base), detector, word, method, len(mine), float(area)))
    return rows


@dataclass(frozen=True)
class Control:
    """A number that must lie in a range, or something cheats."""

    name: str
    value: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Within the range."""
        return self.low <= self.value <= self.high


def controls(found: Results) -> list[Control]:
    """The own face near chance, shuffled labels at chance, one camera's reals against another's."""
    rows = []
    for detector in found.matrix.detectors:
        for base in found.matrix.bases:
            name = f"{detector} on {'+'.join(base)}"
            plain = found.seeds(base, found.matrix.arms[0], "added", detector)
            own = found.names("test", lambda one: one.control and one.source == one.target)
            if own:
                rows.append(
                    Control(
                        f"{name}: own face against reals", _mean(found, plain, found.reals, own), 0.45, 0.6
                    )
                )
            if SHUFFLED in found.matrix.arms:
                mixed = found.seeds(base, SHUFFLED, "added", detector)
                fakes = found.names("test", lambda one: one.label == "fake" and not one.control)
                rows.append(
                    Control(f"{name}: shuffled labels", _mean(found, mixed, found.reals, fakes), 0.45, 0.55)
                )
            rows += _cameras(found, plain, name)
    return rows


def _cameras(found: Results, cells: Sequence[Cell], name: str) -> list[Control]:
    groups = {
        camera: [
            n for n in found.reals if any(fnmatchcase(found.lines[n].target_person, p) for p in patterns)
        ]
        for camera, patterns in found.matrix.cameras.items()
    }
    names = [camera for camera, mine in groups.items() if mine]
    rows = []
    for k, first in enumerate(names):
        for second in names[k + 1 :]:
            area = _mean(found, cells, groups[first], groups[second])
            rows.append(Control(f"{name}: reals of {first} against {second}", max(area, 1 - area), 0.0, 0.6))
    return rows


def _mean(found: Results, cells: Sequence[Cell], reals: Sequence[str], fakes: Sequence[str]) -> float:
    return float(np.mean([auc(found.scores(c, reals), found.scores(c, fakes)) for c in cells]))


def detectability(found: Results) -> list[tuple[str, float, int]]:
    """How well each transfer's fakes are found by detectors that never saw it: low is hard. By arm ``none`` alone.

    Returns:
        Method, mean area under the curve over detectors, bases and seeds, number of fakes; hardest first.
    """
    rows = []
    for method in found.methods:
        fakes = found.fakes(method, found.matrix.stratum)
        bases = [base for base in found.matrix.bases if method not in base]
        cells = [
            c for base in bases for d in found.matrix.detectors for c in found.seeds(base, "none", "added", d)
        ]
        if cells and "none" in found.matrix.arms and fakes:
            rows.append((method, _mean(found, cells, found.reals, fakes), len(fakes)))
    return sorted(rows, key=lambda row: row[1])


def outside(found: Results) -> list[tuple[str, str, int, float]]:
    """Detectors of others by their scores: detector, method, fakes, area under the curve.

    Raises:
        InputError: a file of scores cannot be understood.
    """
    rows = []
    for name, path in found.matrix.outside.items():
        known = read_scores(Path(path))
        reals = [known[id] for n in found.reals if (id := found.lines[n].id) in known]
        for method in found.methods:
            fakes = [known[id] for n in found.fakes(method) if (id := found.lines[n].id) in known]
            if reals and fakes:
                rows.append((name, method, len(fakes), auc(np.array(reals), np.array(fakes))))
    return rows
