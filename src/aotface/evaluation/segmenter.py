"""The fresh segmenter: how well a network that no generator has played against tells a method's faces from real ones.

It is the mix-and-segment game made a measure. For each method a new `MixAndSegmentDiscriminator` learns from chance to say
which part of a mixed face was swapped and which is the photograph; then it is asked about people it never saw.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from aotface.evaluation.triple import Plan
from aotface.masked import resized
from aotface.media.files import read_bytes, write_bytes
from aotface.media.image import read_image
from aotface.transfer.aot.losses import segmentation_loss
from aotface.transfer.aot.msd import MixAndSegmentDiscriminator, mix

FACES = "faces"
"""Folder of a suite's lossless crops."""

HALF = "half"
"""Key of a plan's numbers: which half of the people a pair belongs to, 0 or 1."""

METRIC = "segmentability"
"""Balanced accuracy per pixel on held-out people: .5 is chance, 1 means that every pixel gives itself away."""

_KEY = "segmenter"
_NETWORK = 3
"""Version of the segmenter's layers; another one judges anew."""
_SEED = 5_107

Say = Callable[[str], None]


@dataclass(frozen=True)
class Schooling:
    """How a segmenter learns. ``side``: of the faces it sees, pixels. ``channels``, ``fold``: see
    MixAndSegmentDiscriminator. ``mixes``: rectangles it is asked per face.

    Its deepest level sees the whole face. At 256 px with three levels it saw a fifth of it, and told nothing from anything
    (docs/log/2026-11-30-photographs.md).
    """

    side: int = 128
    steps: int = 600
    batch: int = 16
    rate: float = 1e-3
    channels: tuple[int, ...] = (16, 32, 64, 64)
    fold: int = 4
    mixes: int = 8


SCHOOLING = Schooling()
"""Of the benchmark."""


@dataclass(frozen=True)
class Faces:
    """Swapped faces and the photographs they lie in, -1..1; ``mask``: where they count, 0..1."""

    swapped: Float[Tensor, "n 3 side side"]
    real: Float[Tensor, "n 3 side side"]
    mask: Float[Tensor, "n 1 side side"]


def learn(faces: Faces, schooling: Schooling = Schooling(), seed: int = 0) -> MixAndSegmentDiscriminator:
    """Teach a segmenter from chance.

    Args:
        faces: of the people it may see; at least one.
        schooling: how.
        seed: of its weights and of every draw.

    Returns:
        The network, in evaluation mode.

    Source: [paper] for the task; [ours] for its use as a measure. Adam at 1e-3, because RMSprop at the paper's rate stays at
        chance (docs/log/2026-11-29-real-light.md).
    """
    torch.manual_seed(_SEED + seed)
    network = MixAndSegmentDiscriminator(schooling.channels, schooling.fold)
    random = torch.Generator().manual_seed(_SEED + 7 * seed)
    adam = torch.optim.Adam(network.parameters(), schooling.rate)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(adam, schooling.steps)
    for _ in range(schooling.steps):
        rows = torch.randint(len(faces.mask), (schooling.batch,), generator=random)
        flip = torch.rand(1, generator=random).item() < 0.5
        parts = [
            part[rows].flip(3) if flip else part[rows] for part in (faces.swapped, faces.real, faces.mask)
        ]
        mixed = mix(parts[0], parts[1], parts[2], random)
        adam.zero_grad()
        # Squares are taken over the face: what lies around it is 0 in every answer.
        loss = (segmentation_loss(network(mixed.y_mix) * parts[2], mixed.m)) / parts[2].mean().clamp_min(1e-3)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        plan.step()
    return network.eval()


def accuracies(
    network: Callable[[Tensor], Tensor], faces: Faces, mixes: int = Schooling.mixes, seed: int = 0
) -> list[float]:
    """Balanced accuracy per pixel for each face: the mean of how many swapped and how many real pixels were told.

    Args:
        network: from pictures to M, see `learn`.
        faces: of people it has not seen.
        mixes: random rectangles for each face; swapped and real change sides in every second one.
        seed: of the rectangles.
    """
    found = []
    random = torch.Generator().manual_seed(_SEED + 13 * seed + 1)
    for swapped, real, mask in zip(
        *(part.split(1) for part in (faces.swapped, faces.real, faces.mask)), strict=True
    ):
        many = [part.expand(mixes, -1, -1, -1) for part in (swapped, real, mask)]
        mixed = mix(many[0], many[1], many[2], random)
        with torch.inference_mode():
            told = network(mixed.y_mix)
        inside = (mixed.m.abs() > 0.5) & (mask > 0.5)
        sides = [inside & (mixed.m * sign > 0) for sign in (1.0, -1.0)]
        right = [
            float((told[side] * sign > 0).float().mean()) if side.any() else 0.5
            for side, sign in zip(sides, (1.0, -1.0), strict=True)
        ]
        found.append(sum(right) / 2)
    return found


def judge_suite(
    folder: Path, plans: Sequence[Plan], methods: Sequence[str], say: Say, schooling: Schooling | None = None
) -> None:
    """Add `METRIC` to every row of a suite whose plans name halves: each half is judged by a network of the other.

    Args:
        folder: of the suite, with ``rows`` and `FACES`.
        plans: all of them; those that were left out are passed over.
        methods: whose faces are judged.
        say: told of progress.
        schooling: how the segmenters learn; `SCHOOLING` when left out.
    """
    schooling = schooling or SCHOOLING
    records = {plan.name: json.loads(read_bytes(folder / "rows" / f"{plan.name}.json")) for plan in plans}
    halves = [
        [plan.name for plan in plans if plan.numbers[HALF] == half and "failed" not in records[plan.name]]
        for half in (0.0, 1.0)
    ]
    for method in methods:
        names = [[name for name in half if method in records[name]["rows"]] for half in halves]
        if not all(names):
            continue
        key = _key(schooling, method, names, records)
        rows = [records[name]["rows"][method] for half in names for name in half]
        if all(row.get(_KEY) == key and METRIC in row for row in rows):
            continue
        for half, others in ((0, 1), (1, 0)):
            network = learn(_read(folder, names[others], method, schooling.side), schooling, seed=half)
            shown = _read(folder, names[half], method, schooling.side)
            values = accuracies(network, shown, schooling.mixes, seed=half)
            for name, value in zip(names[half], values, strict=True):
                records[name]["rows"][method] |= {METRIC: round(value, 6), _KEY: key}
        mean = float(np.mean([row[METRIC] for row in rows]))
        for name in (name for half in names for name in half):
            data = json.dumps(records[name]).encode()
            write_bytes(folder / "rows" / f"{name}.json", data, overwrite=True)
        say(f"{method}: a fresh segmenter is right on {mean:.3f} of the pixels")


def _key(schooling: Schooling, method: str, names: Sequence[Sequence[str]], records: dict[str, Any]) -> str:
    """What the numbers follow from: pairs, the method's version, how the segmenter learns."""
    versions = [
        [(name, records[name]["key"], records[name]["rows"][method]["version"]) for name in half]
        for half in names
    ]
    return sha256(json.dumps([_NETWORK, asdict(schooling), versions], sort_keys=True).encode()).hexdigest()


def _read(folder: Path, names: Sequence[str], method: str, side: int) -> Faces:
    parts = [
        torch.stack([_tensor(folder / FACES / f"{name}.{role}.png", side) for name in names])
        for role in (method, "_target", "_mask")
    ]
    return Faces(2 * parts[0] - 1, 2 * parts[1] - 1, parts[2][:, :1])


def _tensor(path: Path, side: int) -> Tensor:
    picture = resized(read_image(path).frame.astype(np.float32) / 255, side)
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))
