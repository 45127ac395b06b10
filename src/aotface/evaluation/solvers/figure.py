"""The figure: time against the number of vectors, and what is reached in that time."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from aotface.evaluation.solvers.rows import (
    COLOURS,
    LEARNED,
    LEVELS,
    NOTHING,
    TRUTH,
    Row,
    grown,
    judged,
    labels_of,
    middle,
    of_label,
    of_truth,
    suites_of,
)

WIDTH, HEIGHT, DOTS = 10.0, 8.0, 150
INKS = {
    LEARNED: "#1f5fbf",
    "gaussian": "#8a6d3b",
    "sliced": "#7a3fa0",
    "sinkhorn": "#d2691e",
    "POT sinkhorn": "#c9a227",
    "exact": "#b03030",
    TRUTH: "#2a7d2a",
}
OTHER = "#777777"
STYLES = ("-", "--", ":", "-.")
TITLES = {COLOURS: "colours (3 channels)", LEVELS[0]: "finest features (F1)"}
LOW = ("sliced", "exact")
"""Whose names stand below their marks: they come to lie beside others."""

MARKS = ("o", "s", "^", "D")
"""Of suites, in their order."""


def figure_svg(rows: Sequence[Row]) -> str:
    """As SVG text; the same rows give the same text."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "aotface", "svg.fonttype": "none"}):
        _draw(rows).savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def figure_png(rows: Sequence[Row]) -> bytes:
    """As the bytes of a PNG file."""
    data = io.BytesIO()
    _draw(rows).savefig(data, format="png", dpi=DOTS, metadata={"Software": None})
    return data.getvalue()


def _draw(rows: Sequence[Row]) -> Any:
    from matplotlib.figure import Figure  # an optional dependency, and slow to load

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    above, below = figure.subplots(2, 2)
    for axes, (vectors, own) in zip(above, grown(rows).items(), strict=False):
        _growth(axes, own, f"time, {TITLES.get(vectors, vectors)}")
    _reached(below[0], rows, COLOURS, lambda own, label: middle(of_label(own, label), "psnr"))
    below[0].set_title("the picture, and its time", fontsize=10, loc="left")
    below[0].set_ylabel("PSNR to the ground truth, dB (higher is better)", fontsize=8)
    _reached(below[1], rows, LEVELS[0], lambda own, label: of_truth(own, label, "w1"))
    below[1].set_title(f"the distribution, and its time, {TITLES[LEVELS[0]]}", fontsize=10, loc="left")
    below[1].set_ylabel("W1 to the target's vectors; the ground truth's own is 1", fontsize=8)
    below[1].axhline(1.0, color=INKS[TRUTH], linewidth=1, zorder=0)
    return figure


def _growth(axes: Any, rows: Sequence[Row], title: str) -> None:
    """Lines over the number of vectors: filled marks were measured, hollow ones were not, or not whole."""
    _dress(axes, "number of vectors")
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_ylabel("CPU seconds, one thread", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    sizes = sorted({row["points"] for row in rows})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    drawn: dict[str, int] = {}
    for label in labels_of(rows):
        own = sorted(of_label(rows, label), key=lambda row: row["points"])
        solver = own[0]["solver"]
        ink, style = INKS.get(solver, OTHER), STYLES[drawn.setdefault(solver, 0) % len(STYLES)]
        drawn[solver] += 1
        axes.plot(*_line(own), style, color=ink, linewidth=1.4, label=label)
        for whole in (True, False):
            part = [row for row in own if (row["timing"] == "whole") == whole]
            axes.plot(*_line(part), "o", color=ink, markerfacecolor=ink if whole else "white", markersize=4.5)
    axes.plot([], [], "o", color=OTHER, markerfacecolor="white", markersize=4.5, label="not measured whole")
    axes.legend(fontsize=7, frameon=False, loc="upper left")


def _line(rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    return [row["points"] for row in rows], [row["seconds"] for row in rows]


def _reached(axes: Any, rows: Sequence[Row], vectors: str, score: Callable[[list[Row], str], float]) -> None:
    """A point per solver and suite; a line joins those that differ in their entropy only."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    _dress(axes, "processor ms of one face, one thread")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    for number, suite in enumerate(suites_of(rows)):
        own = [row for row in judged(rows, suite) if row["vectors"] == vectors]
        mark, sweep = MARKS[number % len(MARKS)], []
        for label in labels_of(
            row for row in own if "seconds" in row and row["solver"] not in (TRUTH, NOTHING)
        ):
            mine = of_label(own, label)
            point = (middle(mine, "seconds") * 1000, score(own, label))
            ink, words = INKS.get(mine[0]["solver"], OTHER), label
            if "share" in mine[0]:
                words = f"{mine[0]['share']:g}"
                sweep.append(point)
            axes.plot(*point, mark, color=ink, markersize=5)
            place = (4, -9) if label in LOW else (4, 4)
            axes.annotate(words, point, xytext=place, textcoords="offset points", fontsize=6.5, color=ink)
        if sweep:
            axes.plot(*zip(*sweep, strict=True), "-", color=INKS["sinkhorn"], linewidth=0.8)
        axes.plot([], [], mark, color=OTHER, markersize=5, label=suite)
    axes.plot([], [], "-", color=INKS["sinkhorn"], linewidth=0.8, label="sinkhorn, by entropy")
    axes.margins(0.12)
    axes.legend(fontsize=7, frameon=False)


def _dress(axes: Any, across: str) -> None:
    axes.set_xlabel(across, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
