"""The tables of the log: ``table.py MATRIX OUT`` prints arms, the gain, and controls with their intervals, as Markdown."""

import sys
from pathlib import Path

from aotface.forensics.matrix import read_matrix
from aotface.forensics.results import read_results
from aotface.forensics.tables import arm_rows, controls


def main() -> None:
    """Print both tables."""
    matrix = read_matrix(Path(sys.argv[1]))
    found = read_results(matrix, Path(sys.argv[2]))
    print("| base, run | test | none | control | aot | aot - control |\n|---|---|---|---|---|---|")
    for row in arm_rows(found):
        name = f"{row.base}, {row.detector}, {row.mode}"
        areas = " | ".join(f"{row.arms[arm]:.3f}" for arm in ("none", "control", "aot"))
        print(f"| {name} | {row.test} | {areas} | {row.gain.words(True) if row.gain else ''} |")
    print("\n| control | AUC | |\n|---|---|---|")
    for one in controls(found):
        value = one.span.words() if one.span else f"{one.value:.3f}"
        print(f"| {one.name} | {value} | {'ok' if one.passed else 'fails'} |")


if __name__ == "__main__":
    main()
