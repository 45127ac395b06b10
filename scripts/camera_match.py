"""What eyes see of swaps between portraits: fine detail, grain, edge, eyes; a table, and pictures to look at.

    python scripts/camera_match.py DATA OUT [--label NAME] [--set camera_match=off]

DATA holds ``portraits/index.csv``. The pairs follow from the seed: 20 at random, and five each whose target is dark, grainy
or soft, and five of a deep-skinned source on a light-skinned target. OUT shows real people: publish none of it.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from aotface.compose.face_step import work_side
from aotface.compose.pipeline import Swapped, swap
from aotface.datasets.portraits import look, read_portraits
from aotface.errors import AotfaceError
from aotface.face.align import align, invert, transform_landmarks
from aotface.face.mesh import LEFT_EYE, MIRROR, RIGHT_EYE
from aotface.face.texture import LUMA, PLAIN, block_means, octaves
from aotface.metrics import METRICS, Sample, measure
from aotface.metrics.eyes import contrast_of
from aotface.options import DEFAULTS, Options
from aotface.reenact.edge import edge_mask

SEED, RANDOM, HARD = 15, 20, 5
NAMES = ("fine_detail", "grain", "eye_contrast", "edge_tone", "edge_texture", "seam")


def main() -> None:
    """Measure all pairs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--label", default="now")
    parser.add_argument("--split", default="train")
    parser.add_argument("--set", action="append", default=[], help="option=value")
    parser.add_argument(
        "--natural", action="store_true", help="untouched faces against their own mirror image"
    )
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    options = with_options(words.set)
    rows = []
    if words.natural:
        natural(
            words.data / "portraits", pairs(words.data / "portraits", words.out / "pairs.json", words.split)
        )
        return
    for kind, source, target in pairs(words.data / "portraits", words.out / "pairs.json", words.split):
        name = f"{kind}__{Path(source).stem[:14]}__{Path(target).stem[:14]}"
        try:
            values = one(words.data / "portraits", source, target, words.out / name, words.label, options)
        except AotfaceError as error:
            print(name, error)
            continue
        rows.append({"kind": kind, "name": name, **values})
        print(name, *(f"{key}={values.get(key, float('nan')):.2f}" for key in NAMES), flush=True)
    (words.out / f"{words.label}.json").write_text(json.dumps(rows, indent=1))
    for kind in ("all", *dict.fromkeys(row["kind"] for row in rows)):
        chosen = [row for row in rows if kind in ("all", row["kind"])]
        print(kind, len(chosen), *(summary(chosen, key) for key in NAMES))


def natural(folder: Path, chosen: list[tuple[str, str, str]]) -> None:
    """What untouched faces show: one half against the other; at the edge, the face enlarged by a twentieth in its place."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for file in list(dict.fromkeys(target for _, _, target in chosen))[::2]:
        frame = look(folder / file).frame
        face = look(folder / file).aligned.face
        one = align(frame, face, work_side(face))
        crop, side = one.crop, len(one.crop)
        mask = edge_mask(one.landmarks, np.ones((side, side), bool))
        points = one.landmarks.copy()
        points[:, 0] = side - 1 - points[:, 0]
        half = np.minimum(mask, mask[:, ::-1]) * (np.arange(side) < side // 2)
        larger = cv2.warpAffine(
            crop,
            cv2.getRotationMatrix2D((side / 2, side / 2), 0, 1.05),
            (side, side),
            flags=cv2.INTER_LANCZOS4,
        )
        mirrored = np.ascontiguousarray(crop[:, ::-1])
        halves = {"landmarks": points[MIRROR], "target_landmarks": one.landmarks}
        values = measure(Sample(mirrored, half, crop, finished=mirrored, **halves), ("fine_detail", "grain"))
        shown = larger * mask[..., None] + crop * (1 - mask[..., None])
        values |= measure(Sample(shown, mask, crop, finished=shown), ("edge_tone", "edge_texture"))
        left, right = (contrast_of(crop, one.landmarks, mask, eye) for eye in (LEFT_EYE, RIGHT_EYE))
        if left is not None and right is not None:
            values["eye_contrast"] = (left + 4) / (right + 4)
        for name, value in values.items():
            found[name].append(abs(np.log(value)) if METRICS[name].ideal == 1 else value)
    for name, values in found.items():
        if values:
            print(
                name,
                np.nanpercentile(values, (50, 75, 90, 95)).round(3).tolist(),
                "(of |ln ratio| for ratios)",
            )


def with_options(words: list[str]) -> Options:
    """The defaults, some of them changed."""
    changed = dict(word.split("=", 1) for word in words)
    kinds = {name: type(getattr(DEFAULTS, name)) for name in changed}
    made = {
        name: value == "True" if kinds[name] is bool else kinds[name](value)
        for name, value in changed.items()
    }
    return replace(DEFAULTS, **made)


def summary(rows: list[dict], key: str) -> str:
    """Median and quartiles; how many lie within a tenth of 1."""
    values = np.array([row[key] for row in rows if key in row and np.isfinite(row[key])])
    low, middle, high = np.percentile(values, (25, 50, 75))
    return f"| {key} {middle:.2f} ({low:.2f}-{high:.2f}) within .1: {np.mean(np.abs(values - 1) <= 0.1):.2f}"


def pairs(folder: Path, kept: Path, split: str) -> list[tuple[str, str, str]]:
    """Kind, source and target; drawn once."""
    if kept.exists():
        return [tuple(row) for row in json.loads(kept.read_text())]
    rng, entries = np.random.default_rng(SEED), read_portraits(folder, split)
    chosen = [entries[n] for n in rng.permutation(len(entries))[:160]]
    seen = []
    for entry in chosen:
        try:
            face = look(folder / entry.file)
            look.cache_clear()
            seen.append((entry, float(face.tone_degrees), *facts(face.frame, face.aligned.face.box)))
        except AotfaceError:
            continue
    by = {
        "dark": sorted(seen, key=lambda row: row[2]),
        "grainy": sorted(seen, key=lambda row: -row[3]),
        "soft": sorted(seen, key=lambda row: row[4]),
    }
    made = [("random", seen[2 * n][0].file, seen[2 * n + 1][0].file) for n in range(RANDOM)]
    others = [row[0] for row in seen[2 * RANDOM :]]
    for kind, rows in by.items():
        made += [(kind, others[rng.integers(len(others))].file, row[0].file) for row in rows[:HARD]]
    tones = sorted((row for row in seen if np.isfinite(row[1])), key=lambda row: row[1])
    made += [("deep", tones[n][0].file, tones[-1 - n][0].file) for n in range(HARD)]
    kept.write_text(json.dumps(made))
    return made


def facts(frame: np.ndarray, box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Brightness, grain and finest detail over coarser of a face's middle."""
    x0, y0, x1, y1 = (round(v) for v in box)
    middle = frame[max(y0, 0) : y1, max(x0, 0) : x1].astype(np.float32) / 255
    luma = np.asarray(cv2.transform(middle, 255 * LUMA), np.float32)
    bands, whole = octaves(luma), np.ones_like(luma)
    energy = [block_means(band**2, whole) for band in bands]
    fine = float(np.sqrt(energy[0].mean() / max(energy[2].mean(), 1e-3)))
    return float(np.median(luma)), float(np.percentile(energy[0], PLAIN)), fine


def one(folder: Path, source: str, target: str, out: Path, label: str, options: Options) -> dict[str, float]:
    """Swap, measure at the frame's own pixels, and leave target, swap and both eyes to look at."""
    frames = [look(folder / file).frame for file in (source, target)]
    done = swap(*frames, options, mark=False)
    face = done.faces[0]
    x0, y0, x1, y1 = box_of(done)
    here = slice(y0, y1), slice(x0, x1)
    back = invert(face.target.matrix)
    back[:, 2] -= (x0, y0)
    own, theirs = (
        transform_landmarks(p, back).astype(np.float32) for p in (face.landmarks, face.target.landmarks)
    )
    shown, original = (f[here].astype(np.float32) / 255 for f in (done.frame, done.original))
    mask = np.ascontiguousarray(done.mask[here])
    values = measure(
        Sample(shown, mask, target=original, composite=shown, landmarks=own, target_landmarks=theirs), NAMES
    )
    out.mkdir(exist_ok=True)
    save(out / "target.png", done.original[here])
    save(out / f"{label}.png", done.frame[here])
    if not (out / "source.jpg").exists():
        save(out / "source.jpg", frames[0])
    return values | {"side": float(x1 - x0)}


def box_of(done: Swapped) -> tuple[int, int, int, int]:
    """The face with a quarter of its size around it."""
    rows, columns = (np.flatnonzero((done.mask > 0).any(axis=axis)) for axis in (1, 0))
    more = (rows[-1] - rows[0]) // 4
    height, width = done.mask.shape
    return (
        max(0, int(columns[0]) - more),
        max(0, int(rows[0]) - more),
        min(width, int(columns[-1]) + more),
        min(height, int(rows[-1]) + more),
    )


def save(path: Path, frame: np.ndarray) -> None:
    """A picture for the eyes."""
    cv2.imwrite(str(path), np.ascontiguousarray(frame[..., ::-1]))


if __name__ == "__main__":
    main()
