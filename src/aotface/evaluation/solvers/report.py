"""What the rows say: the claims and whether they hold, tables in Markdown, the figure, one Parquet file."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from aotface.evaluation.solvers.figure import figure_png, figure_svg
from aotface.evaluation.solvers.rows import (
    AGAIN,
    COLOURS,
    LEARNED,
    LEVELS,
    NOTHING,
    TRUTH,
    WHOLE,
    Row,
    grown,
    judged,
    label_of,
    labels_of,
    middle,
    of_label,
    of_truth,
    suites_of,
    write_parquet,
)
from aotface.evaluation.solvers.run import gather, measured
from aotface.evaluation.tables import Table
from aotface.media.files import write_bytes

PARQUET, MARKDOWN, SVG, PNG = "solvers.parquet", "solvers.md", "solvers.svg", "solvers.png"

LEAST_SPEEDUP = 50.0
MOST_OF_TRUTH = 1.5
STEPS = 255
"""Colours 0..1 are told in 8-bit steps."""

_MARKS = {"whole": "{}", "one pass": "~{}", "predicted": "({})", "memory": "[{}]"}


def write_report(out: Path) -> list[Path]:
    """Write the four files of everything that was measured under a folder.

    Raises:
        InputError: nothing was.
        UsageError: pyarrow or matplotlib is not installed.
    """
    rows = gather(out)
    paths = [out / name for name in (PARQUET, MARKDOWN, SVG, PNG)]
    write_parquet(paths[0], rows)
    contents = (markdown(rows).encode(), figure_svg(rows).encode(), figure_png(rows))
    for path, content in zip(paths[1:], contents, strict=True):
        write_bytes(path, content, overwrite=True)
    return paths


def section(out: Path) -> str:
    """The same as part of the page of a folder's report; empty where no solver was measured."""
    if not measured(out):
        return ""
    rows = gather(out)
    lines = "".join(f"<li>{escape(line)}</li>" for line in claims(rows))
    whole = f"<ul>{lines}</ul><figure>{figure_svg(rows)}</figure>"
    return f"<h2>Transport solvers against the learned plan</h2>{whole}" + "".join(
        t.html() for t in tables(rows)
    )


def markdown(rows: Sequence[Row]) -> str:
    """Claims first, then the tables."""
    parts = ["\n".join(f"- {line}" for line in claims(rows))]
    parts += [f"### {table.title}\n\n{table.markdown()}" for table in tables(rows)]
    return "\n\n".join(parts) + "\n"


def tables(rows: Sequence[Row]) -> list[Table]:
    """Two per suite (colours, features), then one of growing time for each set of vectors."""
    found = []
    for suite in suites_of(rows):
        own = judged(rows, suite)
        found += [colours_table(own), features_table(own)]
    return found + [growth_table(own) for own in grown(rows).values()]


def claims(rows: Sequence[Row]) -> list[str]:
    """What is claimed of the learned plan, with what was measured, and whether it holds."""
    lines = [_speed_claim(own) for own in grown(rows).values()]
    for suite in suites_of(rows):
        own = judged(rows, suite)
        lines += [_picture_claim(own, suite, vectors) for vectors in (COLOURS, WHOLE)]
        lines += [_nearness_claim(own, suite, level) for level in LEVELS]
    return lines


def colours_table(rows: Sequence[Row]) -> Table:
    """Medians over the faces of one suite, colours."""
    own = [row for row in rows if row["vectors"] == COLOURS]
    cells = []
    for label in labels_of(own):
        mine = of_label(own, label)
        first, *more = (_say(middle(mine, name) * STEPS, 1) for name in ("w1", "w2", "cost"))
        cells.append((label, first, _say(of_truth(own, label, "w1"), 2), *more, *_picture(mine)))
    heads = ("solver", "W1", "of ground truth's", "W2", "moved", "PSNR", "ms")
    return Table(f"{rows[0]['suite']}, colours: {_faces(own)} faces, 8-bit steps", heads, tuple(cells))


def features_table(rows: Sequence[Row]) -> Table:
    """Medians over the faces of one suite, features; all distances are multiples of the ground truth's own."""
    own = [row for row in rows if row["vectors"] in (*LEVELS, WHOLE)]
    cells = []
    for label in labels_of(own):
        words = [label]
        for level in LEVELS:
            there = [row for row in own if row["vectors"] == level]
            words += [_say(of_truth(there, label, name), 2) for name in ("w1", "w2", "cost")]
        plan = [row for row in of_label(own, label) if row["vectors"] == WHOLE]
        cells.append((*words, *_picture(plan)))
    heads = [f"{level} {word}" for level in LEVELS for word in ("W1", "W2", "moved")]
    title = f"{rows[0]['suite']}, features: {_faces(own)} faces, multiples of the ground truth's own"
    return Table(title, ("solver", *heads, "PSNR", "ms"), tuple(cells))


def growth_table(rows: Sequence[Row]) -> Table:
    """Seconds by number of vectors; what was not measured whole is marked."""
    sizes = sorted({row["points"] for row in rows})
    found = {(label_of(row), row["points"]): row for row in rows}
    cells = [
        (label, *(_seconds(found[label, size]) if (label, size) in found else "-" for size in sizes))
        for label in labels_of(rows)
    ]
    title = f"Growth, {rows[0]['vectors']} ({rows[0]['channels']} channels): seconds by number of vectors"
    return Table(title, ("solver", *(f"{size:,}" for size in sizes)), tuple(cells))


def _speed_claim(rows: Sequence[Row]) -> str:
    last = max(row["points"] for row in rows)
    at = [row for row in rows if row["points"] == last]
    ours = next(row["seconds"] for row in at if row["solver"] == LEARNED)
    best = min((row for row in at if row["solver"] == "sinkhorn"), key=lambda row: row["seconds"])
    ratio, alone = best["seconds"] / ours, best["pass_seconds"] / ours
    how = "measured" if best["timing"] == "whole" else f"{best['passes']} passes, one of them measured"
    return (
        f"{_holds(ratio >= LEAST_SPEEDUP)}: {rows[0]['vectors']}, {last:,} vectors: learned plan {ours:.3g} s, "
        f"{label_of(best)} {best['seconds']:.3g} s ({how}): {ratio:.0f} times (one pass alone: {alone:.0f} times); "
        f"wanted: {LEAST_SPEEDUP:g} times"
    )


def _picture_claim(rows: Sequence[Row], suite: str, vectors: str) -> str:
    own = [row for row in rows if row["vectors"] == vectors and row["solver"] not in (TRUTH, NOTHING)]
    found = {label: middle(of_label(own, label), "psnr") for label in labels_of(own)}
    ours = found.pop(LEARNED)
    best = max(found, key=lambda label: found[label])
    where = "on colours" if vectors == COLOURS else "on features, through the same decoder"
    return (
        f"{_holds(ours > found[best])}: {suite}: picture of the learned plan {ours:.2f} dB to the ground truth, "
        f"of the best solver {where} ({best}) {found[best]:.2f} dB"
    )


def _nearness_claim(rows: Sequence[Row], suite: str, level: str) -> str:
    there = [row for row in rows if row["vectors"] == level]
    ours, again = (of_truth(there, label, "w1") for label in (LEARNED, AGAIN))
    return (
        f"{_holds(ours <= MOST_OF_TRUTH)}: {suite}, {level}: W1 of the moved vectors to the target's is "
        f"{ours:.2f} of the ground truth's own, wanted: {MOST_OF_TRUTH:g} (features of the finished picture: {again:.2f})"
    )


def _holds(holds: bool) -> str:
    return "holds" if holds else "FAILS"


def _picture(rows: Sequence[Row]) -> tuple[str, str]:
    return _say(middle(rows, "psnr"), 2), _say(middle(rows, "seconds") * 1000, 1)


def _faces(rows: Sequence[Row]) -> int:
    return len({row["pair"] for row in rows})


def _say(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _seconds(row: Row) -> str:
    seconds = row["seconds"]
    return _MARKS[row["timing"]].format(f"{seconds:.2g}" if seconds < 10 else f"{seconds:,.0f}")
