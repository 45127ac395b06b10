"""The tables of a finished experiment: three arms, their differences, controls, strata, tone groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from aotface.forensics.data import read_scores
from aotface.forensics.matrix import SHUFFLED, Cell, Matrix
from aotface.forensics.measures import Interval, auc, interval
from aotface.forensics.results import Base, FakeSet, Results
from aotface.forge.plan import STRATA

MEAN = "mean of never trained on"
"""Begins the label of a row that sums test sets up."""

ALL = "all bases"
"""Stands in the place of the base in a row that sums bases up."""

Part = tuple[dict[str, list[Cell]], list[str]]
"""Cells by arm, and the fakes that they are tried on."""


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
    """The main table, on fakes with the matrix's gap.

    Last of each block come the means over transfers never trained on, and last of all the mean of those over the bases.
    """
    rows = []
    joint: dict[tuple[str, str], list[Part]] = {}
    for base, detector, mode in _blocks(found.matrix):
        cells = {str(arm): found.seeds(base, arm, mode, detector) for arm in found.matrix.arms}
        block = "+".join(base), detector, mode
        for test in found.tests:
            trained = (("base", base), ("added", (found.matrix.added_method,)))
            seen = " ".join(arm for arm, methods in trained if test.method in methods)
            rows.append(
                _row(found, block, str(test), seen, [(cells, found.fakes(test, found.matrix.stratum))])
            )
        for never in found.never_trained_on(base):
            parts = [(cells, found.fakes(test, found.matrix.stratum)) for test in never]
            label = f"{MEAN}: {', '.join(one.method for one in never)}"
            label += "" if never[0].store is None else f" in {never[0].store}"
            rows.append(_row(found, block, label, "", parts))
            if never[0].store is None:
                joint.setdefault((detector, mode), []).extend(parts)
    if len(found.matrix.bases) > 1:
        rows += [_row(found, (ALL, *pair), MEAN, "", parts) for pair, parts in joint.items()]
    return rows


def _blocks(matrix: Matrix) -> Iterable[tuple[Base, str, str]]:
    return (
        (base, detector, mode)
        for detector in matrix.detectors
        for base in matrix.bases
        for mode in matrix.modes
    )


def _row(found: Results, block: tuple[str, str, str], test: str, seen: str, parts: Sequence[Part]) -> ArmRow:
    """A line: means over parts."""
    arms = [str(arm) for arm in found.matrix.arms if arm != SHUFFLED]
    areas = {
        arm: float(np.mean([found.compared(cells[arm], fakes).wins.mean() for cells, fakes in parts]))
        for arm in arms
    }
    differences = {}
    for other in ("control", "none"):
        if "aot" in arms and other in arms:
            differences[other] = interval(
                [found.compared(cells["aot"], fakes, cells[other]) for cells, fakes in parts],
                found.matrix.resamples,
            )
    count = sum(len(fakes) for _, fakes in parts)
    return ArmRow(*block, test, seen, count, areas, differences.get("control"), differences.get("none"))


def groups_of(found: Results) -> list[tuple[str, str, str, str, int, float]]:
    """By gap and by tone of the target: base, detector, group, test fakes, their number, area under the curve of the
    first arm."""
    rows = []
    for detector in found.matrix.detectors:
        for base in found.matrix.bases:
            cells = found.seeds(base, found.matrix.arms[0], "added", detector)
            for field in ("stratum", "tone"):
                for test in found.plain:
                    for value, fakes, reals in _parts(found, test, field):
                        word = f"{value} gap" if field == "stratum" else f"tone {value}"
                        area = found.area(cells, fakes, reals)
                        rows.append(("+".join(base), detector, word, str(test), len(fakes), area))
    return rows


def _parts(found: Results, test: FakeSet, field: str) -> Iterable[tuple[str, list[str], list[str]]]:
    """The fakes of a test set by a field, with the reals that each part is compared with."""
    fakes = found.fakes(test)
    reals = found.reals_for(fakes)
    values = {str(getattr(found.lines[name], field)) for name in fakes} - {"None"}
    for value in sorted(values, key=lambda v: (STRATA.index(v) if v in STRATA else len(STRATA), v)):
        mine = [name for name in fakes if str(getattr(found.lines[name], field)) == value]
        like = [name for name in reals if field != "tone" or found.lines[name].tone == value]
        if like:
            yield value, mine, like


@dataclass(frozen=True)
class Control:
    """A number that must lie in a range, or something cheats. ``span``: its interval, where people are drawn anew."""

    name: str
    value: float
    low: float
    high: float
    span: Interval | None = None

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
            own = [
                n
                for t in found.plain
                for n in found.fakes(t)
                if found.lines[n].source == found.lines[n].target
            ]
            if own:
                span = interval([found.compared(plain, own)], found.matrix.resamples)
                rows.append(Control(f"{name}: own face against reals", span.value, 0.45, 0.6, span))
            if SHUFFLED in found.matrix.arms:
                mixed = found.seeds(base, SHUFFLED, "added", detector)
                tests = [found.fakes(t) for t in found.plain if t.method not in found.controls]
                area = float(np.mean([found.area(mixed, fakes) for fakes in tests]))
                rows.append(Control(f"{name}: shuffled labels", area, 0.45, 0.55))
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
            pair = groups[second], groups[first]
            if found.area(cells, *pair) < 0.5:
                pair = groups[first], groups[second]
            span = interval([found.compared_reals(cells, *pair)], found.matrix.resamples)
            label = f"{name}: reals of {first} against {second}"
            rows.append(Control(label, span.value, 0.0, 0.6, span))
    return rows


def detectability(found: Results) -> list[tuple[str, float, int]]:
    """How well each transfer's fakes are found by detectors that never saw it: low is hard. By arm ``none`` alone.

    Returns:
        Method, mean area under the curve over detectors, bases and seeds, number of fakes; hardest first.
    """
    rows = []
    for test in found.plain:
        fakes = found.fakes(test, found.matrix.stratum)
        bases = [base for base in found.matrix.bases if test.method not in base]
        cells = [
            c for base in bases for d in found.matrix.detectors for c in found.seeds(base, "none", "added", d)
        ]
        if cells and "none" in found.matrix.arms and fakes:
            rows.append((test.method, found.area(cells, fakes), len(fakes)))
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
        for test in found.plain:
            fakes = [known[id] for n in found.fakes(test) if (id := found.lines[n].id) in known]
            if reals and fakes:
                rows.append((name, test.method, len(fakes), auc(np.array(reals), np.array(fakes))))
    return rows
