"""Judge weights of runs/games.sh: `python runs/games/judge.py DATA SHARDS WORK NAME=WEIGHTS...`.

Development pairs (seed 77) of five suites, made once and kept in WORK; and fresh judges at 128 px. These are
linear, fitted to half of the training pairs of SHARDS/photographs, and asked about the held-out people. One reads the
statistics of the face critic, one the mean answers of filters drawn by chance, which no game has seen. `none` and `formula`
need no weights. With SEGMENTER=1 a fresh segmenter is asked, too. What is in WORK/NAME.json is not measured again.
"""

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

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
from aotface.transfer.aot.face_critic import face_statistics
from aotface.transfer.aot.formula import formula_generator
from aotface.transfer.base import Transfer

SEED = 77
PAIRS = {"cross": 24, "same": 20, "lit": 30, "relit": 16, "lit-reversed": 16}
SCHOOLING = Schooling(steps=600, batch=8, mixes=4)
FILTERS, SCALES, SHRINK = 48, 3, 0.01

Values = dict[str, dict[str, float]]


def triples(data: Path, work: Path, suite: str) -> list[Triple]:
    """The development pairs of a suite."""
    path = work / f"{suite}.pickle"
    if not path.exists():
        folder = data / ("lit_faces" if suite.startswith("lit") else "portraits")
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


def faces(name: str, weights: str, pairs: Photographs, every: int) -> Faces:
    """Y of pairs of photographs as the generator gives it, without what a swap puts right afterwards."""
    chosen = torch.arange(0, len(pairs), every)
    if name == "none":
        batch = pairs.batch(chosen)
        return Faces(batch.x_r, batch.x_t, batch.mask)
    generator = formula_generator() if name == "formula" else load_generator(Path(weights)).eval()
    parts = []
    with torch.inference_mode():
        for rows in chosen.split(8):
            b = pairs.batch(rows)
            y = generator(b.x_r, b.x_t, b.geometry, b.mask, b.geometry_r).swapped.clamp(-1, 1)
            parts.append((y.clone(), b.x_t, b.mask))
    return Faces(*(torch.cat(part) for part in zip(*parts, strict=True)))


def filtered(images: Tensor, mask: Tensor) -> Tensor:
    """Mean and spread over the face of the answers of random filters, at three scales."""
    random, found = torch.Generator().manual_seed(SEED), []
    for _ in range(SCALES):
        kernels = torch.randn(FILTERS, 3, 5, 5, generator=random)
        kernels[FILTERS // 2 :] -= kernels[FILTERS // 2 :].mean(
            (2, 3), keepdim=True
        )  # half of them see no level
        answers = F.relu(F.conv2d(images, kernels / 75**0.5, padding=2))
        weight = mask / mask.sum((2, 3), keepdim=True).clamp_min(1.0)
        mean = (answers * weight).sum((2, 3))
        square = (answers.square() * weight).sum((2, 3))
        found += [mean, torch.log((square - mean.square()).clamp_min(1e-7))]
        images, mask = F.avg_pool2d(images, 2), F.avg_pool2d(mask, 2)
    return torch.cat(found, 1)


def fresh(own: Faces, other: Faces, read: Callable[[Tensor, Tensor], Tensor]) -> list[float]:
    """Balanced accuracy of a new linear judge on each held-out pair: 1, .5 or 0."""
    with torch.no_grad():
        sides = [
            [
                torch.cat([read(part, m) for part, m in zip(x.split(32), f.mask.split(32), strict=True)])
                for x in (f.swapped, f.real)
            ]
            for f in (own, other)
        ]
    both = torch.cat(sides[0])
    mean, spread = both.mean(0), both.std(0) + 1e-6
    seen, truth = (both - mean) / spread, torch.cat([torch.ones(len(own.mask)), torch.zeros(len(own.mask))])
    w = torch.zeros(both.shape[1] + 1, requires_grad=True)
    solver = torch.optim.LBFGS([w], max_iter=200)

    def loss() -> Tensor:
        solver.zero_grad()
        value = F.binary_cross_entropy_with_logits(seen @ w[1:] + w[0], truth) + SHRINK * w[1:].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(loss)
    told = [((side - mean) / spread @ w[1:] + w[0]).detach() > 0 for side in sides[1]]
    return ((told[0].float() + (~told[1]).float()) / 2).tolist()


def judged(name: str, weights: str, shards: Path) -> dict[str, list[float]]:
    """What fresh judges tell."""
    own, other = (
        faces(name, weights, load_photographs(shards, split), every)
        for split, every in (("train", 2), ("validation", 1))
    )
    found = {"statistics": fresh(own, other, face_statistics), "filters": fresh(own, other, filtered)}
    if os.environ.get("SEGMENTER"):
        found["segmenter"] = accuracies(learn(own, SCHOOLING), other, SCHOOLING.mixes)
    return found


def main(data: Path, shards: Path, work: Path, chosen: list[str]) -> None:
    """Measure what is not there yet."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    for item in chosen:
        name, _, weights = item.partition("=")
        path = work / f"{name}.json"
        found = json.loads(path.read_text()) if path.exists() else {}
        if "fresh" not in found:
            found["fresh"] = judged(name, weights, shards)
            print(
                name,
                {kind: round(float(np.mean(values)), 3) for kind, values in found["fresh"].items()},
                flush=True,
            )
            path.write_text(json.dumps(found))
        if "pairs" not in found and (weights or name == "formula"):
            settings = TransferSettings(weights=weights) if weights else TransferSettings()
            found["pairs"] = on_pairs(open_transfer("aot" if weights else name, settings), data, work)
            path.write_text(json.dumps(found))
        means = {kind: round(float(np.mean(values)), 4) for kind, values in found["fresh"].items()}
        for suite, values in found.get("pairs", {}).items():
            means |= {
                f"{suite} {m}": round(float(np.mean(list(v.values()))), 3) for m, v in values.items() if v
            }
        print(name, means, flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4:])
