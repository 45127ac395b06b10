"""The tables of runs/games.sh: `python runs/games/table.py WORK`.

Values are means; differences are (with - without) of the same pair and seed, with the 95 % interval of a bootstrap that
draws seeds, and pairs within them.
"""

import json
import sys
from pathlib import Path

import numpy as np

RESAMPLES = 4000
Rows = dict[str, list[float]]


def read(path: Path) -> Rows:
    """Every number of a run, one list a column, in the order of the pairs."""
    found = json.loads(path.read_text())
    rows: Rows = {f"fresh {kind}": values for kind, values in found["fresh"].items()}
    for suite, metrics in found.get("pairs", {}).items():
        rows |= {f"{suite} {metric}": list(values.values()) for metric, values in metrics.items() if values}
    return rows


def interval(differences: list[np.ndarray], seed: int = 0) -> tuple[float, float, float]:
    """Mean and 95 % interval over seeds and pairs: one array a seed."""
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(RESAMPLES):
        pairs = rng.integers(len(differences[0]), size=len(differences[0]))
        seeds = rng.integers(len(differences), size=len(differences))
        means.append(np.mean([differences[s][pairs] for s in seeds]))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(np.mean(differences)), float(low), float(high)


def main(work: Path) -> None:
    """Print a table of means, and one of differences."""
    runs = {path.stem: read(path) for path in sorted(work.glob("*.json"))}
    columns = list(dict.fromkeys(column for rows in runs.values() for column in rows))
    print("| run | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns))
    for name, rows in runs.items():
        cells = [f"{np.mean(rows[column]):.3f}" if column in rows else "-" for column in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")
    plain = {name.rpartition("-")[2]: rows for name, rows in runs.items() if name.startswith("without-")}
    variants = sorted({name.rpartition("-")[0] for name in runs if "-" in name} - {"without"})
    print("\n| with - without | seeds | " + " | ".join(columns) + " |\n|---|---:|" + "---:|" * len(columns))
    for variant in variants:
        shared = [seed for seed in plain if f"{variant}-{seed}" in runs]
        cells = []
        for column in columns:
            if (
                any(column not in runs[f"{variant}-{s}"] or column not in plain[s] for s in shared)
                or not shared
            ):
                cells.append("-")
                continue
            apart = [np.subtract(runs[f"{variant}-{s}"][column], plain[s][column]) for s in shared]
            cells.append("{:+.3f} ({:+.3f} to {:+.3f})".format(*interval(apart)))
        print(f"| {variant} | {len(shared)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
