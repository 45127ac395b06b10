"""Plots of a report, as SVG text that stands inside the page."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from aotface.evaluation.results import Row, methods_of
from aotface.evaluation.tables import HEADINGS, median

COLOURS = {"truth": "#2a7d2a", "copy": "#b03030", "none": "#777777", "aot": "#1f5fbf"}
OTHER = "#333333"
WIDTH, HEIGHT = 7.2, 4.2

MOST_NAMES = 26
"""Names that find room above each other in a figure."""


def time_and_quality(rows: Sequence[Row], title: str) -> str:
    """Each method as a point: time across, distance to the ground truth (else to the target's light) upwards.

    Returns:
        SVG, to stand inside HTML.
    """
    metric = score_of(rows)
    figure, axes = _canvas(title, "ms per face, one thread", HEADINGS[metric] + ", median")
    axes.set_xscale("log")
    _points(axes, [(m, _middle(rows, m, "time_ms", 0.05), _middle(rows, m, metric)) for m in _plain(rows)])
    return _svg(figure)


def light_and_leak(rows: Sequence[Row], title: str) -> str:
    """Each method as a point: target leakage, and how well it follows the light."""
    figure, axes = _canvas(title, "target leakage, median", "LF-dE, median")
    _points(axes, [(m, _middle(rows, m, "leak"), _middle(rows, m, "lf_de")) for m in methods_of(rows)])
    return _svg(figure)


def along_light(rows: Sequence[Row], title: str) -> str:
    """The score of each method over the bins of the light's angle."""
    metric = score_of(rows)
    bins = sorted({row["light"] for row in rows if row["light"] != "unknown"})
    figure, axes = _canvas(title, "angle of the main light, degrees", HEADINGS[metric] + ", median")
    counts = {m: sum(row["method"] == m for row in rows) for m in _plain(rows)}
    whole = [m for m, count in counts.items() if count == max(counts.values())]  # not those on fewer pairs
    ends = []
    for method in whole:
        own = [row for row in rows if row["method"] == method]
        found = [median([row for row in own if row["light"] == name], metric, False) for name in bins]
        known = [(float(at), one.estimate) for at, one in enumerate(found) if one]
        if not known:
            continue
        bold = {"linewidth": 2.2, "zorder": 3} if method == "aot" else {"linewidth": 0.9}
        axes.plot(
            *zip(*known, strict=True),
            "-o",
            markersize=3,
            color=COLOURS.get(method, OTHER),
            label=method,
            **bold,
        )
        ends.append((method, *known[-1]))
    axes.set_xticks(range(len(bins)), bins)
    _names(axes, ends)
    return _svg(figure)


def score_of(rows: Sequence[Row]) -> str:
    """The metric by which pairs and methods are ranked: distance to the ground truth, where there is one."""
    return "de_truth" if any("de_truth" in row for row in rows) else "lf_de"


def _plain(rows: Sequence[Row]) -> list[str]:
    """Methods that take time: not those that only hand something through."""
    return [method for method in methods_of(rows) if method not in ("truth", "copy")]


def _middle(rows: Sequence[Row], method: str, metric: str, least: float = float("-inf")) -> float:
    found = median([row for row in rows if row["method"] == method], metric, False)
    return max(least, found.estimate) if found else float("nan")


def _points(axes: Any, points: Sequence[tuple[str, float, float]]) -> None:
    """Draw points, and their names."""
    known = [p for p in points if np.isfinite(p[1:]).all()]
    for method, x, y in known:
        axes.plot(x, y, "o", color=COLOURS.get(method, OTHER), markersize=5)
    axes.margins(0.08)
    _names(axes, known)


def _names(axes: Any, points: Sequence[tuple[str, float, float]]) -> None:
    """Write names in a column at the right, in the order of the heights of what they name, which crowds."""
    known = sorted(points, key=lambda p: (p[2], p[0]))
    low, high = axes.get_ylim()
    heights = [(y - low) / (high - low) for _, _, y in known]
    for (method, x, y), height in zip(known, _apart(heights, 1.0 / MOST_NAMES), strict=True):
        axes.annotate(
            method,
            (x, y),
            xytext=(1.04, height),
            textcoords="axes fraction",
            va="center",
            fontsize=7,
            color=COLOURS.get(method, OTHER),
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#bbbbbb"},
        )


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Rising heights moved until they keep a distance: the mean of pushing all up and pushing all down."""

    def pushed(rising: Sequence[float]) -> list[float]:
        placed: list[float] = []
        for height in rising:
            placed.append(max(height, placed[-1] + least) if placed else height)
        return placed

    down = [-height for height in pushed([-height for height in reversed(heights)])][::-1]
    return [(one + other) / 2 for one, other in zip(pushed(heights), down, strict=True)]


def _canvas(title: str, across: str, upwards: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # an optional dependency, and slow to load

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(across, fontsize=8)
    axes.set_ylabel(upwards, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
    return figure, axes


def _svg(figure: Any) -> str:
    """The figure as SVG without its XML head; the same rows give the same text."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "aotface", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]
