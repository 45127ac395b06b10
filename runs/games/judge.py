"""Judge weights of runs/games.sh: `python runs/games/judge.py DATA PAIRS WORK NAME=WEIGHTS...`.

Development pairs (seed 77) of `cross`, `same` and `lit`, made once and kept in WORK; and a fresh segmenter at 128 px. It
learns on PAIRS/photographs of the training split, and is asked about the held-out people. The names
`none`, `formula` and `x_t` need no weights. What is in WORK/NAME.json is not measured again.
"""

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from aotface.evaluation.methods import run_once
from aotface.evaluation.segmenter import Faces, Schooling, accuracies, learn
from aotface.evaluation.suites import SUITES
from aotface.evaluation.triple import Triple
from aotface.metrics.colour import lf_de
from aotface.metrics.detail import target_leakage
from aotface.metrics.ground_truth import psnr
from aotface.training.photographs import Photographs, load_photographs
from aotface.transfer import TransferSettings, open_transfer
from aotface.transfer.aot.checkpoint import load_generator
from aotface.transfer.aot.formula import formula_generator
from aotface.transfer.aot.objective import game_pictures
from aotface.transfer.base import Transfer

SEED = 77
PAIRS = {"cross": 24, "same": 24, "lit": 45}
SCHOOLING = Schooling(steps=600, batch=8, mixes=4)
LIGHT_ONLY = 12 / 256
"""Sigma, in parts of the side, behind which a second segmenter sees only light and tone."""
FINE_LIGHT = 128

Values = dict[str, dict[str, float]]


def triples(data: Path, work: Path, suite: str) -> list[Triple]:
    """The development pairs of a suite."""
    path = work / f"{suite}.pickle"
    if not path.exists():
        folder = data / ("lit_faces" if suite == "lit" else "portraits")
        made = []
        for plan in SUITES[suite].plan(folder, PAIRS[suite], SEED, print):
            try:
                made.append(SUITES[suite].build(plan, folder))
            except Exception as error:
                print(f"left out: {plan.name}: {error}")
        path.write_bytes(pickle.dumps(made))
    return list(pickle.loads(path.read_bytes()))


def on_pairs(transfer: Transfer, data: Path, work: Path) -> dict[str, Values]:
    """LF-dE, leakage and, where there is a ground truth, PSNR of each pair; by suite and metric."""
    found: dict[str, Values] = {}
    for suite in PAIRS:
        values: Values = {"lf_de": {}, "leak": {}, "psnr": {}}
        for triple in triples(data, work, suite):
            y = run_once(transfer, triple)
            values["lf_de"][triple.name] = lf_de(y, triple.target, triple.mask)
            values["leak"][triple.name] = target_leakage(y, triple.target, triple.mask)
            if triple.truth is not None:
                values["psnr"][triple.name] = psnr(y, triple.truth, triple.mask)
        found[suite] = values
    return found


def faces(name: str, weights: str, pairs: Photographs) -> Faces:
    """Y of pairs of photographs as the generator gives it, without what a swap puts right afterwards."""
    if name in ("none", "x_t"):
        batch = pairs.batch(torch.arange(len(pairs)))
        return Faces(batch.x_r if name == "none" else batch.x_t, batch.x_t, batch.mask)
    generator = formula_generator() if name == "formula" else load_generator(Path(weights)).eval()
    parts = []
    with torch.inference_mode():
        for rows in torch.arange(len(pairs)).split(8):
            b = pairs.batch(rows)
            y = generator(b.x_r, b.x_t, b.geometry, b.mask, b.geometry_r).swapped.clamp(-1, 1)
            parts.append((y.clone(), b.x_t, b.mask))
    return Faces(*(torch.cat(part) for part in zip(*parts, strict=True)))


def smooth(one: Faces) -> Faces:
    """Light and tone only."""
    return Faces(*game_pictures(one.swapped, one.real, one.mask, LIGHT_ONLY), one.mask)


def segmentability(name: str, weights: str, pairs: Path) -> dict[str, list[float]]:
    """Balanced accuracy of fresh segmenters on each held-out pair: of the pictures, and of light and tone alone."""
    schools = [faces(name, weights, load_photographs(pairs, split)) for split in ("train", "validation")]
    changes: dict[str, Callable[[Faces], Faces]] = {"all": lambda one: one, "light": smooth}
    found = {}
    for kind, change in changes.items():
        own, other = (change(one) for one in schools)
        found[kind] = accuracies(learn(own, SCHOOLING), other, SCHOOLING.mixes)
    return found


def main(data: Path, pairs: Path, work: Path, chosen: list[str]) -> None:
    """Measure what is not there yet."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    for item in chosen:
        name, _, weights = item.partition("=")
        path = work / f"{name}.json"
        found = json.loads(path.read_text()) if path.exists() else {}
        if "segmenter" not in found:
            found["segmenter"] = segmentability(name, weights, pairs)
            path.write_text(json.dumps(found))
        if "pairs" not in found and (weights or name == "formula"):
            settings = TransferSettings(weights=weights) if weights else TransferSettings()
            found["pairs"] = on_pairs(open_transfer("aot" if weights else name, settings), data, work)
            path.write_text(json.dumps(found))
        means = {kind: round(float(np.mean(values)), 4) for kind, values in found["segmenter"].items()}
        for suite, values in found.get("pairs", {}).items():
            means |= {
                f"{suite} {m}": round(float(np.mean(list(v.values()))), 3) for m, v in values.items() if v
            }
        print(name, means, flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4:])
