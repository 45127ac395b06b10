"""The fresh segmenter: chance where nothing is swapped, certain where every pixel gives itself away."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.evaluation import segmenter
from aotface.evaluation.results import gather
from aotface.evaluation.runner import Job, run
from aotface.evaluation.segmenter import METRIC, SCHOOLING, Faces, Schooling, accuracies, learn
from aotface.evaluation.suites import SUITES
from aotface.evaluation.triple import Plan, Triple
from aotface.media.image import write_image
from aotface.transfer.aot.msd import MixAndSegmentDiscriminator

QUICK = Schooling(side=32, steps=50, batch=4, channels=(16, 16, 16), fold=2, mixes=4)


def faces(count: int, change: Callable[[torch.Tensor], torch.Tensor], seed: int) -> Faces:
    """Noise in the place of faces, 32 px."""
    real = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) - 0.5
    mask = torch.zeros(count, 1, 32, 32)
    mask[..., 4:28, 4:28] = 1
    return Faces(change(real), real, mask)


def mean_accuracy(change: Callable[[torch.Tensor], torch.Tensor]) -> float:
    torch.set_num_threads(1)
    network = learn(faces(12, change, 0), QUICK)
    return float(np.mean(accuracies(network, faces(12, change, 1), QUICK.mixes)))


def test_the_photograph_itself_is_told_by_chance() -> None:
    # Every answer is right for as many pixels of one side as it is wrong for the other: in the mean over many mixes.
    assert mean_accuracy(lambda real: real) == pytest.approx(0.5, abs=0.03)


def test_a_swapped_face_without_grain_is_told() -> None:
    assert mean_accuracy(lambda real: 0.2 * real + 0.1) > 0.75


def seen_by_the_middle(side: int, channels: tuple[int, ...], fold: int) -> int:
    """Width, in pixels, of what one answer in a picture's middle follows from."""
    picture = torch.zeros(1, 3, side, side, requires_grad=True)
    network = MixAndSegmentDiscriminator(channels, fold)
    network(picture)[0, 0, side // 2, side // 2].backward()
    assert picture.grad is not None
    columns = torch.nonzero(picture.grad.abs().sum((0, 1, 2))).flatten()
    return int(columns[-1] - columns[0]) + 1


def test_the_benchmarks_segmenter_sees_the_whole_face() -> None:
    assert seen_by_the_middle(SCHOOLING.side, SCHOOLING.channels, SCHOOLING.fold) > 0.9 * SCHOOLING.side
    # The one before, which told nothing from anything, saw a fifth of it.
    assert seen_by_the_middle(256, (16, 32, 64), 2) < 0.25 * 256


def test_balanced_accuracy_of_a_segmenter_that_knows() -> None:
    shown = faces(3, lambda real: real + 2.0, 2)

    class Knows(torch.nn.Module):
        def forward(self, mixed: torch.Tensor) -> torch.Tensor:
            return torch.where(mixed.mean(1, keepdim=True) > 1.0, 1.0, -1.0)

    class Swapped(torch.nn.Module):
        def forward(self, mixed: torch.Tensor) -> torch.Tensor:
            return torch.ones_like(mixed[:, :1])

    assert accuracies(Knows(), shown) == [1.0] * 3
    assert accuracies(Swapped(), shown) == [0.5] * 3


def test_learning_is_repeatable() -> None:
    first, again = (learn(faces(4, lambda real: -real, 0), replace(QUICK, steps=3)) for _ in range(2))
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_a_suite_of_halves_gets_the_metric_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(4):
        write_image(data / f"{number}.png", np.full((8, 8, 3), number, np.uint8))

    def plan(data: Path, pairs: int, seed: int, say: Callable[[str], None]) -> list[Plan]:
        return [
            Plan(f"segmenter-{k:04d}", {"target": f"{k}.png"}, f"a{k}", f"b{k}", {"half": float(k % 2)})
            for k in range(pairs)
        ]

    def make(plan: Plan, data: Path) -> Triple:
        return replace(triple(int(plan.name[-4:])), name=plan.name)

    suite = replace(SUITES["segmenter"], plan=plan, make=make)
    monkeypatch.setitem(SUITES, "segmenter", suite)
    monkeypatch.setattr(segmenter, "SCHOOLING", replace(QUICK, steps=2))
    job = Job("segmenter", data, tmp_path / "out", ("none", "mkl"), pairs=4)
    said: list[str] = []
    run(job, said.append)
    rows = gather(job.out)
    assert {row["method"] for row in rows if METRIC in row} == {"none", "mkl"}
    assert all(0 <= row[METRIC] <= 1 for row in rows if METRIC in row)
    assert sum("fresh segmenter" in line for line in said) == 2
    before = [path.read_bytes() for path in sorted((job.folder / "rows").iterdir())]
    said.clear()
    run(job, said.append)
    assert not any("fresh segmenter" in line for line in said)
    assert [path.read_bytes() for path in sorted((job.folder / "rows").iterdir())] == before
    assert METRIC in json.loads(before[0])["rows"]["mkl"]
