"""Tables of medians with their intervals, as HTML and as Markdown, and the acceptance of each method."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from aotface.evaluation.acceptance import Acceptance, Check, acceptance
from aotface.evaluation.results import DETECTED_BY, Row, detected, methods_of, values_of
from aotface.evaluation.statistics import Interval, bootstrap
from aotface.metrics import METRICS

HEADINGS = {
    "lf_de": "LF-dE",
    "mean_de": "mean dE",
    "swd": "SWD",
    "ciede2000": "dE00 to X_t",
    "ita_difference": "ITA",
    "light_distance": "light",
    "keep": "detail retention",
    "leak": "target leakage",
    "leak_floor": "leakage floor",
    "seam": "seam",
    "edge_tone": "step of tone",
    "edge_texture": "step of texture",
    "fine_detail": "fine detail",
    "grain": "grain",
    "eye_contrast": "eye contrast",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "de_truth": "dE00 to ground truth",
    "perceptual": "perceptual",
    "identity_reenacted": "id to X_r",
    "identity_source": "id to X_s",
    "identity_drop": "id drop",
    "warped_de": "warped dE",
    "warped_de_floor": "the target's",
    "segmentability": "segmentability",
    "time_ms": "ms",
}
HEADINGS |= {name: name.replace("_", " ") for name in METRICS if name not in HEADINGS}
"""Column headings of metrics, in the order of wide tables; a metric without one has its name."""

MAIN = (
    *("lf_de", "keep", "leak", "identity_drop", "seam", "de_truth", "psnr", "perceptual"),
    *("edge_tone", "edge_texture", "fine_detail", "grain", "eye_contrast"),
    *("warped_de", "warped_de_floor", "segmentability", "time_ms"),
)
"""Columns of the table by which methods are compared."""

_DIGITS = {"keep": 3, "leak": 3, "leak_floor": 3, "ssim": 3, "perceptual": 3, "time_ms": 0, "seam": 2}
_DIGITS |= {"segmentability": 3}
_DIGITS |= {"identity_reenacted": 3, "identity_source": 3, "identity_drop": 3, "light_distance": 3}
_BEST = {name: metric.better for name, metric in METRICS.items()} | {
    "time_ms": "lower",
    "segmentability": "lower",
}


RESAMPLES = 500
"""Draws behind an interval."""


@dataclass(frozen=True)
class Table:
    """Cells of text under headings; ``best`` marks cells (row, column) that nothing beats."""

    title: str
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()

    def html(self) -> str:
        """As an HTML table."""
        head = "".join(f"<th>{escape(word)}</th>" for word in self.headings)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{' class=best' if (i, j) in self.best else ''}>{escape(cell)}</td>"
                for j, cell in enumerate(cells)
            )
            + "</tr>"
            for i, cells in enumerate(self.cells)
        )
        return f"<table><caption>{escape(self.title)}</caption><tr>{head}</tr>{body}</table>"

    def markdown(self) -> str:
        """As a Markdown table, the best cells bold."""
        lines = [f"| {' | '.join(self.headings)} |", "|---|" + "---:|" * (len(self.headings) - 1)]
        for i, cells in enumerate(self.cells):
            words = (f"**{cell}**" if (i, j) in self.best else cell for j, cell in enumerate(cells))
            lines.append(f"| {' | '.join(words)} |")
        return "\n".join(lines)


def compare(
    rows: Sequence[Row], title: str, metrics: Sequence[str] = MAIN, intervals: bool = True, mark: bool = True
) -> Table:
    """One line per method, one column per metric that any of them has.

    Args:
        rows: of one suite, or of one group of it.
        title: above the table.
        metrics: columns, in this order; `MAIN` is followed by those of the forgery detectors.
        intervals: show the 95 % interval beside each median.
        mark: mark the best of each column; ``truth`` and ``copy`` stand outside the contest.
    """
    wanted = (*metrics, *detected(rows)) if metrics is MAIN else metrics
    shown = [name for name in wanted if any(name in row for row in rows)]
    methods = methods_of(rows)
    own = {method: [row for row in rows if row["method"] == method] for method in methods}
    found = {(m, name): median(own[m], name, intervals) for m in methods for name in shown}
    cells = tuple(
        (method, str(len(own[method])), *(_cell(found[method, name], name, intervals) for name in shown))
        for method in methods
    )
    best = frozenset(
        (methods.index(winner), shown.index(name) + 2)
        for name in shown
        if mark and (winner := _winner(found, methods, name))
    )
    return Table(title, ("method", "pairs", *(_heading(name) for name in shown)), cells, best)


def by_group(rows: Sequence[Row], fact: str, metric: str, title: str) -> Table:
    """One line per method, one column per group of a fact, one metric in the cells."""
    groups = sorted({row[fact] for row in rows}, key=_group_order)
    cells = []
    for method in methods_of(rows):
        own = [row for row in rows if row["method"] == method]
        parts = [median([row for row in own if row[fact] == group], metric) for group in groups]
        cells.append((method, *(_cell(part, metric, True) for part in parts)))
    counts = {g: len({row["pair"] for row in rows if row[fact] == g}) for g in groups}
    return Table(title, ("method", *(f"{group} ({counts[group]})" for group in groups)), tuple(cells))


def judge(rows: Sequence[Row], method: str) -> Acceptance:
    """The acceptance of a method in one suite, against the ground truth on the same pairs where there is one."""
    own = [row for row in rows if row["method"] == method]
    pairs = {row["pair"] for row in own}
    truth, copy = (
        _numbers([row for row in rows if row["method"] == name and row["pair"] in pairs])
        for name in ("truth", "copy")
    )
    return acceptance(_numbers(own), truth or None, copy or None)


def acceptances(rows: Sequence[Row], title: str) -> Table:
    """One line per method: whether it passes, and each check with its limit."""
    found = {method: judge(rows, method) for method in methods_of(rows)}
    names = list(dict.fromkeys(check.name for one in found.values() for check in one.checks))
    cells = []
    for method, one in found.items():
        by_name = {check.name: check for check in one.checks}
        words = (_check(by_name[name]) if name in by_name else "-" for name in names)
        cells.append((method, "pass" if one.passed else "fail", *words))
    return Table(title, ("method", "acceptance", *(HEADINGS.get(name, name) for name in names)), tuple(cells))


def _heading(name: str) -> str:
    return HEADINGS.get(name) or f"detected by {name.removeprefix(DETECTED_BY)}"


def _check(check: Check) -> str:
    digits = _DIGITS.get(check.name, 2)
    words = f"{check.value:.{digits}f} {check.relation} {check.limit:.{digits}f}"
    return words if check.ok else f"FAIL {words}"


def median(rows: Sequence[Row], metric: str, interval: bool = True) -> Interval | None:
    """Median of a metric with its interval, drawn by target person; None where it was never taken.

    Args:
        rows: of one method.
        metric: its name.
        interval: without it only the median counts, and its ends are NaN: much quicker.
    """
    values, people = values_of(rows, metric)
    if not values:
        return None
    if not interval:
        return Interval(float(np.median(values)), float("nan"), float("nan"), len(values))
    return bootstrap(values, groups=people, resamples=RESAMPLES)


def _winner(found: dict[tuple[str, str], Interval | None], methods: Sequence[str], name: str) -> str | None:
    """The method with the best median; none where better has no direction."""
    known = {m: found[m, name] for m in methods if m not in ("truth", "copy", "none")}
    values = {m: interval.estimate for m, interval in known.items() if interval is not None}
    better = _BEST.get(name, "lower")  # a forgery detector's score, too
    if not values or better == "target":
        return None
    pick = max if better == "higher" else min
    return pick(values, key=lambda m: values[m])


def _cell(interval: Interval | None, metric: str, full: bool) -> str:
    if interval is None:
        return "-"
    digits = _DIGITS.get(metric, 2)
    text = f"{interval.estimate:.{digits}f}"
    return f"{text} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]" if full else text


def _numbers(rows: Sequence[Row]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if isinstance(value, float)} for row in rows]


def _group_order(group: str) -> tuple[int, str]:
    """Tone groups from light to dark, then everything else by name, unknown last."""
    tones = ("very light", "light", "intermediate", "tan", "brown", "dark")
    return (tones.index(group) if group in tones else 50 + (group == "unknown"), group)
