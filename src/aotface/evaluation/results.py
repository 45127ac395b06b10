"""All rows of an output folder: gathered from every suite in it, and written as one Parquet file."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aotface.errors import InputError, UsageError
from aotface.evaluation.suites import SUITES
from aotface.media.files import read_bytes, replacing, show
from aotface.metrics import METRICS

Row = dict[str, Any]
"""One pair and one method: words, facts and metrics; a metric that was not taken is absent."""

WORDS = ("suite", "pair", "method", "source_person", "target_person", "tone", "source_tone", "light")
NUMBERS = ("light_angle_degrees", "gap", *METRICS, "segmentability", "time_ms")
COLUMNS = (*WORDS, *NUMBERS)

DETECTED_BY = "detected_by_"
"""Before the name of a forgery detector: the column of its scores, 0 (original) to 1 (swapped)."""


def gather(out: Path) -> list[Row]:
    """Read the rows of every suite under a folder, in the order of suites, pairs and methods.

    Raises:
        InputError: nothing was measured there.
    """
    rows: list[Row] = []
    for suite in SUITES:
        for path in sorted((out / suite / "rows").glob("*.json")):
            record = json.loads(read_bytes(path))
            facts = {name: value for name, value in record.get("facts", {}).items() if name in COLUMNS}
            for method, values in record["rows"].items():
                numbers = {name: _number(value) for name, value in values.items() if _is_number(name)}
                row = {**facts, **numbers, "suite": suite, "pair": path.stem, "method": method}
                rows.append({name: row[name] for name in (*COLUMNS, *detected([numbers])) if name in row})
    if not rows:
        raise InputError(f"{show(out)}: no results in it; run a suite first")
    return rows


def detected(rows: Iterable[Row]) -> list[str]:
    """Columns of the forgery detectors that scored any of these rows, by name."""
    return sorted({name for row in rows for name in row if name.startswith(DETECTED_BY)})


def _is_number(name: str) -> bool:
    return name in NUMBERS or name.startswith(DETECTED_BY)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as Parquet: one column per word, fact and metric; null where a metric was not taken.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as fault:
        raise UsageError("bench needs pyarrow and matplotlib: pip install 'aotface[bench]'") from fault
    wanted = (*COLUMNS, *detected(rows))
    kinds = {name: pyarrow.string() if name in WORDS else pyarrow.float64() for name in wanted}
    schema = pyarrow.schema(list(kinds.items()))
    columns = {name: [row.get(name) for row in rows] for name in wanted}
    with replacing(path, overwrite=True) as temporary:
        parquet.write_table(pyarrow.table(columns, schema=schema), temporary)


def methods_of(rows: Iterable[Row]) -> list[str]:
    """Names of the methods in these rows: those that people know first come in the order they are listed."""
    from aotface.evaluation.methods import names

    order = {name: number for number, name in enumerate((*names(), "aot"))}
    return sorted({row["method"] for row in rows}, key=lambda name: (order.get(name, 99), name))


def values_of(rows: Iterable[Row], metric: str) -> tuple[list[float], list[str]]:
    """A metric's known values, and the target person of each."""
    found = [(row[metric], row["target_person"]) for row in rows if not math.isnan(row.get(metric, math.nan))]
    return [value for value, _ in found], [person for _, person in found]
