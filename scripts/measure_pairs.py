"""Swap random pairs of people out of a folder and measure: how many work, how near the colours come, where it fails.

    python scripts/measure_pairs.py FOLDER --pairs 200 --transfer mkl reinhard --out OUTSIDE_THE_REPOSITORY

FOLDER holds pictures, one person a file (subfolders are searched). Writes ``pairs.json`` and ``worst.png``, the 6 x 6 pairs
with the most visible seam; the sheet shows real faces, so keep it outside the repository.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from aotface.compose.pipeline import Swapped, swap
from aotface.errors import AotfaceError
from aotface.face.detect import detect
from aotface.media.image import read_image, write_image
from aotface.metrics.colour import mean_de
from aotface.metrics.seam import seam
from aotface.options import Options

TILE = 224


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--transfer", nargs="+", default=["mkl", "reinhard"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = sorted(
        p for p in options.folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")
    )
    rng = np.random.default_rng(options.seed)
    rows, tiles = [], []
    for number in range(options.pairs):
        source, target = (files[i] for i in rng.choice(len(files), 2, replace=False))
        row, tile = one_pair(source, target, options.transfer)
        rows.append(row)
        tiles.append(tile)
        print(f"{number + 1}/{options.pairs} {row}", flush=True)
    report(rows, options)
    order = sorted((i for i in range(len(rows)) if tiles[i] is not None), key=lambda i: -rows[i]["seam"])[:36]
    blank = np.zeros((TILE, 3 * TILE, 3), np.uint8)
    cells = [tiles[i] for i in order] + [blank] * (36 - len(order))
    write_image(
        options.out / "worst.png",
        np.vstack([np.hstack(cells[r : r + 6]) for r in range(0, 36, 6)]),
        overwrite=True,
    )


def one_pair(source: Path, target: Path, transfers: list[str]) -> tuple[dict, np.ndarray | None]:
    row: dict = {"source": source.name, "target": target.name}
    try:
        frames = [read_image(path).frame for path in (source, target)]
        for name in transfers:
            done = swap(*frames, Options(transfer=name), mark=False)
            face = done.faces[0]
            row[f"mean_de_{name}"] = round(mean_de(eight_bit(face.swapped), face.target.crop, face.mask), 4)
            if name == transfers[0]:
                row["covered"] = round(float(face.mask.sum() / face.mask.size), 4)
                composite = face.target.crop + (face.swapped - face.target.crop) * face.mask[..., None]
                row["seam"] = round(seam(composite.astype(np.float32), face.target.crop, face.mask), 4)
                tile = strip(frames[0], frames[1], done)
    except AotfaceError as error:
        return row | {"error": str(error)}, None
    return row, tile


def eight_bit(crop: np.ndarray) -> np.ndarray:
    return (np.round(crop * 255) / 255).astype(np.float32)


def strip(source: np.ndarray, target: np.ndarray, done: Swapped) -> np.ndarray:
    def around(frame: np.ndarray, face) -> np.ndarray:
        x0, y0, x1, y1 = face.box
        reach, x, y = 0.85 * max(x1 - x0, y1 - y0), (x0 + x1) / 2, (y0 + y1) / 2
        height, width = frame.shape[:2]
        part = frame[
            max(0, int(y - reach)) : min(height, int(y + reach)),
            max(0, int(x - reach)) : min(width, int(x + reach)),
        ]
        return cv2.resize(part, (TILE, TILE), interpolation=cv2.INTER_AREA)

    taker = done.faces[0].target.face
    return np.hstack([around(source, detect(source)[0]), around(target, taker), around(done.frame, taker)])


def report(rows: list[dict], options: argparse.Namespace) -> None:
    good = [r for r in rows if "error" not in r]
    summary = {"pairs": len(rows), "done": len(good), "seed": options.seed}
    for name in options.transfer:
        values = np.array([r[f"mean_de_{name}"] for r in good])
        summary[f"mean_de_{name}"] = {
            "mean": float(values.mean()),
            "p95": float(np.percentile(values, 95)),
            "max": float(values.max()),
        }
    (options.out / "pairs.json").write_text(json.dumps({"summary": summary, "pairs": rows}, indent=1))
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
