"""What each part of the method buys: every variant from chance, with the same faces, steps and seed.

    python runs/ablation.py DATA SHARDS OUT [VARIANT...]

DATA holds portraits/ and lit_faces/. SHARDS: as runs/train_small.sh makes them. A variant is runs/train_small.toml at
STEPS steps with the changes below; it takes about 20 minutes of a core (1 s a step). Games are the published ones,
on the batch itself. Development pairs judge (runs/games/judge.py). What is in OUT is not made again, and a run that was
stopped goes on. Prints means, and each variant's paired difference to ``full`` with 95 % intervals over the pairs.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 1200
HERE = Path(__file__).parent
CHANGES: dict[str, dict[str, Any]] = {
    "full": {},
    "atlas": {"options": {"lamps": 49}},
    "no-lamps": {"lamp_share": 0.0},
    "no-synthetic": {"lamp_share": 1.0},
    "no-plan": {"options": {"transport": False}},
    "critics": {"weights": {"transport": 0.1, "cost": 0.02, "mix": 0.0}, "games_from": STEPS * 6 // 10},
    "critics-no-cost": {
        "weights": {"transport": 0.1, "cost": 0.0, "mix": 0.0},
        "games_from": STEPS * 6 // 10,
    },
    "mix": {"weights": {"transport": 0.0, "cost": 0.0, "mix": 0.2}, "games_from": STEPS * 6 // 10},
    # What games bring besides themselves: a step that plays also learns to reconstruct X_t.
    "reconstruction": {
        "weights": {"transport": 0.0, "cost": 0.0, "mix": 0.0},
        "games_from": STEPS * 6 // 10,
    },
    "no-octaves": {"options": {"base": False}},
    "no-second-look": {"options": {"remainder": False}},
    "no-geometry": {"options": {"geometry": False}},
    "no-price": {"weights": {"taken": 0.0, "leak": 0.0}},
    "no-photographs": {"photographs": 0, "weights": {"follow": 0.0}},
    "no-variation": {"weights": {"variation": 0.0}},
}
COMMON = {
    "steps": STEPS,
    "restart": 0,
    "warmup": 100,
    "ema": 0.99,
    "games_every": 4,
    "games_ramp": 20,
    "checkpoint_every": 100,
    "sample_every": 10 * STEPS,
}
WORDS = {
    "full": "everything, no games",
    "atlas": "with the atlas of lamps",
    "no-lamps": "without sums of real lamps",
    "no-synthetic": "without synthetic light",
    "no-plan": "without NOTPE",
    "critics": "with latent critics and transport cost",
    "critics-no-cost": "with latent critics, without transport cost",
    "mix": "with the mix-and-segment game",
    "reconstruction": "with the reconstruction that comes with games, without them",
    "no-octaves": "without octaves of light",
    "no-second-look": "without the second look",
    "no-geometry": "without normals and PNCC",
    "no-price": "without prices on X_t's detail",
    "no-photographs": "without photographs",
    "no-variation": "without strength of variation",
}


def config(name: str) -> str:
    """The TOML text of a variant."""
    values = tomllib.loads((HERE / "train_small.toml").read_text()) | COMMON
    for key, value in CHANGES[name].items():
        values[key] = values.get(key, {}) | value if isinstance(value, dict) else value
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if key not in tables]
    for table, rows in tables.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in rows.items())]
    return "\n".join(lines) + "\n"


def train(name: str, data: Path, shards: Path, out: Path) -> None:
    """Train, export and judge a variant."""
    judged, weights = out / "judged" / f"{name}.json", out / f"{name}.safetensors"
    if not weights.exists():
        path = out / f"{name}.toml"
        path.write_text(config(name))
        aotface = (sys.executable, "-m", "aotface")
        run = out / name
        train = (
            "train",
            shards,
            "-o",
            run,
            "--config",
            path,
            "--device",
            "cpu",
            "--workers",
            "1",
            "--resume",
        )
        subprocess.run([*aotface, *map(str, train)], check=True)
        subprocess.run(
            [*aotface, "export", str(run), "-o", str(weights), "--light-resolution", "128"], check=True
        )
    if not judged.exists():
        judge = (HERE / "games" / "judge.py", data, shards, judged.parent, f"{name}={weights}")
        subprocess.run([sys.executable, *map(str, judge)], check=True)


def table(out: Path) -> str:
    """Means of ``full``, and each variant's mean paired difference to it, ± the half of a 95 % interval."""
    runs = {name: _rows(path) for name in CHANGES if (path := out / "judged" / f"{name}.json").exists()}
    columns = list(runs["full"])
    lines = ["| variant | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, rows in runs.items():
        cells = []
        for column in columns:
            apart = np.subtract(rows[column], runs["full"][column])
            spread = 1.96 * apart.std(ddof=1) / len(apart) ** 0.5
            cells.append(
                f"{np.mean(rows[column]):.3f}" if name == "full" else f"{apart.mean():+.3f} ± {spread:.3f}"
            )
        lines.append(f"| {WORDS[name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _rows(path: Path) -> dict[str, list[float]]:
    found = json.loads(path.read_text())
    rows: dict[str, list[float]] = {f"fresh {kind}": values for kind, values in found["fresh"].items()}
    for suite, metrics in found["pairs"].items():
        rows |= {f"{suite} {metric}": list(values.values()) for metric, values in metrics.items() if values}
    return rows


def main(data: Path, shards: Path, out: Path, names: list[str]) -> None:
    """Make what is missing, then print the table."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names or CHANGES:
        train(name, data, shards, out)
    print(table(out))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4:])
