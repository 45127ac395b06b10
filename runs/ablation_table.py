"""The table and the sheet of runs/ablation.sh: `python runs/ablation_table.py OUT NAME...`."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from aotface.compose.pipeline import swap
from aotface.evaluation.statistics import bootstrap
from aotface.media.image import read_image, write_image
from aotface.media.sheet import Panel, sheet
from aotface.options import Options
from aotface.samples import samples

COLUMNS = {"psnr": 2, "lf_de": 2, "de_truth": 2, "keep": 3, "leak": 3}
SOURCE = "source_medium_woman"
WORDS = {
    "full": "everything",
    "no-plan": "without NOTPE",
    "no-critics": "without latent critics",
    "no-cost": "without transport cost",
    "no-mix": "without mix-and-segment game",
    "no-geometry": "without normals and PNCC",
    "no-octaves": "without octaves of light",
    "no-second-look": "without the second look",
    "no-price": "without a price on X_t's finest octaves",
    "no-answers": "without known answers (games only)",
    "paper": "paper.toml (repaints, games only)",
}


def table(out: Path, names: list[str]) -> str:
    """Medians with intervals, a row a variant."""
    lines = []
    for suite in ("relit", "lit"):
        lines += [
            f"\n### {suite}\n",
            "| variant | " + " | ".join(COLUMNS) + " |",
            "|---|" + "---:|" * len(COLUMNS),
        ]
        rows = {"truth": _rows(out / "bench" / names[0], suite, "truth")}
        rows |= {WORDS[name]: _rows(out / "bench" / name, suite, "aot") for name in names}
        for name, found in rows.items():
            lines.append(f"| {name} | " + " | ".join(_cell(found[c], d) for c, d in COLUMNS.items()) + " |")
    return "\n".join(lines) + "\n"


def _rows(folder: Path, suite: str, method: str) -> dict[str, np.ndarray]:
    found = parquet.read_table(folder / "results.parquet").to_pylist()
    chosen = [row for row in found if row["suite"] == suite and row["method"] == method]
    return {name: np.array([row[name] for row in chosen], float) for name in COLUMNS}


def _cell(values: np.ndarray, digits: int) -> str:
    found = bootstrap(values)
    return f"{found.estimate:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def pictures(out: Path, names: list[str]) -> None:
    """One row a target: the target, then every variant's swap of the same composite."""
    source = read_image(next(path for path in samples("source") if path.stem == SOURCE)).frame
    rows = []
    for path in samples("target"):
        target = read_image(path).frame
        panels = [Panel(target, "target")]
        for name in names:
            options = Options(weights=str(out / f"{name}.safetensors"))
            panels.append(Panel(swap(source, target, options).frame, WORDS[name]))
        rows.append(panels)
    write_image(out / "ablation.jpg", sheet(rows, height=200), overwrite=True, quality=88)


if __name__ == "__main__":
    folder, chosen = Path(sys.argv[1]), sys.argv[2:]
    (folder / "ablation.md").write_text(table(folder, chosen))
    pictures(folder, chosen)
    print(folder / "ablation.md", folder / "ablation.jpg")
