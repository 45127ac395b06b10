"""Rows of the comparison: what they are called, and medians over them."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import UsageError
from aotface.media.files import replacing

Row = dict[str, Any]
"""One solver on one set of vectors; a number that was not taken is absent."""

LEARNED, TRUTH, NOTHING, AGAIN = "learned plan", "truth", "none", "picture of aot"
"""Rows besides the solvers. The last: the learned plan's finished picture, seen by the encoder again."""

COLOURS = "rgb"
LEVELS = ("F1", "F2", "F3")
WHOLE = "plan"
"""Sets of vectors; the last stands for the three levels together, whose decoded picture is judged."""

WORDS = ("part", "suite", "pair", "target_person", "vectors", "solver", "timing")
COUNTS = ("points", "channels", "passes")
NUMBERS = ("share", "w1", "w2", "cost", "psnr", "seconds", "pass_seconds")


def label_of(row: Row) -> str:
    """Solver and regularisation."""
    return f"{row['solver']} {row['share']:g}" if "share" in row else str(row["solver"])


def labels_of(rows: Iterable[Row]) -> list[str]:
    """Each label once: references first, then the learned plan, then the solvers as they were run."""
    first = (TRUTH, NOTHING, AGAIN, LEARNED)
    found = dict.fromkeys(label_of(row) for row in rows)
    return [label for label in first if label in found] + [label for label in found if label not in first]


def of_label(rows: Iterable[Row], label: str) -> list[Row]:
    """The rows of one label."""
    return [row for row in rows if label_of(row) == label]


def judged(rows: Iterable[Row], suite: str) -> list[Row]:
    """The rows of faces of one suite."""
    return [row for row in rows if row["part"] == "pairs" and row["suite"] == suite]


def suites_of(rows: Iterable[Row]) -> list[str]:
    """Suites whose faces were judged, in their order."""
    return list(dict.fromkeys(row["suite"] for row in rows if row["part"] == "pairs"))


def grown(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of growing time, by set of vectors."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["part"] == "growth":
            found.setdefault(row["vectors"], []).append(row)
    return found


def middle(rows: Iterable[Row], name: str) -> float:
    """Median of a number over those rows that have it; NaN without any."""
    values = [row[name] for row in rows if name in row]
    return float(np.median(values)) if values else math.nan


def of_truth(rows: Sequence[Row], label: str, name: str) -> float:
    """Median of a distance over the ground truth's own, face by face; NaN where that has none.

    Args:
        rows: of one set of vectors.
        label: whose.
        name: of the distance.
    """
    truth = {row["pair"]: row[name] for row in rows if row["solver"] == TRUTH}
    shares = [row[name] / truth[row["pair"]] for row in of_label(rows, label) if truth[row["pair"]] > 0]
    return float(np.median(shares)) if shares else math.nan


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as Parquet; null where a number was not taken.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as fault:
        raise UsageError("bench needs pyarrow and matplotlib: pip install 'aotface[bench]'") from fault
    kinds = {name: pyarrow.string() for name in WORDS} | {name: pyarrow.int64() for name in COUNTS}
    kinds |= {name: pyarrow.float64() for name in NUMBERS}
    columns = {name: [row.get(name) for row in rows] for name in kinds}
    with replacing(path, overwrite=True) as temporary:
        parquet.write_table(pyarrow.table(columns, schema=pyarrow.schema(list(kinds.items()))), temporary)
