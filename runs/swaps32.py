"""32 end-to-end swaps of people kept elsewhere, each beside its target and source, to be looked at one by one.

    python runs/swaps32.py PORTRAITS OUT [--pairs swaps32] [--only 3 7] [--set gaze=target]

PORTRAITS holds ``index.csv`` and ``val/``. The pairs stand in ``swaps32.txt`` (`--draw` prints them anew, from the seeds
there): ``swaps32`` is judged and nothing is tuned on it, ``develop`` is for work. OUT shows real people: publish none of it.
Per pair: ``NN.png``: target, swap and source, at one pixel of the frame for each pixel where they fit; below, eyes and mouth
of target and swap, enlarged.
"""

import argparse
import csv
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from aotface.compose.pipeline import Swapped, swap
from aotface.errors import AotfaceError
from aotface.face.align import align, crop_matrix, invert
from aotface.media.files import write_bytes
from aotface.media.image import read_image
from aotface.media.sheet import Panel, sheet
from aotface.options import DEFAULTS
from aotface.types import Frame

LIST = Path(__file__).with_suffix(".txt")
SEEDS = {"swaps32": 32, "develop": 33}
COUNT = 32
HEIGHT, LEAST, MOST = 900, 560, 900
"""Of the heads in a sheet: usual height, and the bounds within which they are shown at their own pixels."""

EYES, MOUTH = (0.2, 0.16, 0.8, 0.46), (0.28, 0.58, 0.72, 0.86)
"""Parts of the canonical crop, xyxy in sides, that are enlarged."""


def main() -> None:
    """Swap and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("portraits", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--pairs", choices=SEEDS, default="swaps32")
    parser.add_argument("--only", type=int, nargs="*", default=[])
    parser.add_argument("--set", action="append", default=[], help="option=value")
    parser.add_argument("--draw", action="store_true", help="print the lists anew")
    words = parser.parse_args()
    if words.draw or words.out is None:
        print(
            "\n".join(line for name in SEEDS for line in (f"# {name}", *drawn(words.portraits, SEEDS[name])))
        )
        return
    words.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    options = replace(DEFAULTS, **dict(word.split("=", 1) for word in words.set))
    for number, names in enumerate(pairs(words.pairs), 1):
        if words.only and number not in words.only:
            continue
        source, target = (read_image(words.portraits / "val" / name).frame for name in names)
        start = time.perf_counter()
        try:
            done = swap(source, target, options)
        except AotfaceError as error:
            print(number, *names, error, flush=True)
            continue
        print(number, *names, f"{time.perf_counter() - start:.2f} s", flush=True)
        lay_out(words.out / f"{number:02}", source, done, f"{number}  {names[0]} -> {names[1]}")


def pairs(name: str) -> list[tuple[str, str]]:
    """Source and target of a list."""
    found, here = [], ""
    for line in LIST.read_text().splitlines():
        if line.startswith("#"):
            here = line[1:].strip()
        elif here == name:
            found.append((line.split()[0], line.split()[1]))
    return found


def drawn(portraits: Path, seed: int) -> list[str]:
    """Pairs of photographs of different people; no photograph is used twice."""
    with (portraits / "index.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    left, lines = [rows[n] for n in np.random.default_rng(seed).permutation(len(rows))], []
    while len(lines) < COUNT:
        one = left.pop(0)
        other = left.pop(next(n for n, row in enumerate(left) if row["person"] != one["person"]))
        lines.append(" ".join(row["file"].partition("/val/")[2] for row in (one, other)))
    return lines


def lay_out(out: Path, source: Frame, done: Swapped, title: str) -> None:
    """Write the sheets of one pair."""
    x0, y0, x1, y1 = head_box(done)
    heads = [frame[y0:y1, x0:x1] for frame in (done.original, done.frame)]
    height = int(np.clip(y1 - y0, LEAST, MOST))
    row = [Panel(heads[0], "target"), Panel(heads[1], "swap"), Panel(shrunk(source, height // 2), "source")]
    face = done.faces[0].target.face
    crops = [align(frame, face, 1024).crop for frame in (done.original, done.frame)]
    parts = [Panel(part(crop, box)) for box in (EYES, MOUTH) for crop in crops]
    picture = sheet([row, parts[:2], parts[2:]], [height, 320, 320], title)
    data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()
    write_bytes(out.with_suffix(".png"), data, overwrite=True)


def head_box(done: Swapped) -> tuple[int, int, int, int]:
    """The target's head with what is around it."""
    back = invert(crop_matrix(done.faces[0].target.face.landmarks, 256))
    corners = np.array([(x, y, 1) for x in (-10, 266) for y in (-30, 286)]) @ back.T
    height, width = done.original.shape[:2]
    x0, y0 = (int(v) for v in np.clip(np.floor(corners.min(axis=0)), 0, (width, height)))
    x1, y1 = (int(v) for v in np.clip(np.ceil(corners.max(axis=0)), 0, (width, height)))
    return x0, y0, x1, y1


def shrunk(frame: Frame, height: int) -> Frame:
    """A frame above an empty field, so that it stands small in its row."""
    width = round(frame.shape[1] * height / frame.shape[0])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return np.concatenate([small, np.full_like(small, 250)])


def part(crop: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """A part of a crop, 8 bits."""
    x0, y0, x1, y1 = (round(v * len(crop)) for v in box)
    return np.ascontiguousarray((crop[y0:y1, x0:x1] * 255 + 0.5).astype(np.uint8))


if __name__ == "__main__":
    main()
