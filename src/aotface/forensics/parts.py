"""What the frozen blocks of a detector make of all items of an experiment: computed once, and kept in its folder."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aotface.forensics.backbone import Parts
from aotface.forensics.crops import Item, stacked
from aotface.forensics.data import Pool
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings, Labelled, cut, logits, parts_of
from aotface.forensics.matrix import Drawn, Matrix
from aotface.media.files import read_bytes, write_bytes
from aotface.media.folder import make_folder
from aotface.media.runlog import environment

CROPS = "crops"

CODE = ("crops.py", "data.py", "matrix.py", "experiment.py", "parts.py", "backbone.py", "detectors")
"""Files that decide scores."""

SCORED_AT_ONCE = 64
"""Items."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Training and validation items, and test items."""

    train: Pool
    test: Pool

    @property
    def scored(self) -> list[Item]:
        """Items that every cell scores: validation and test."""
        return [*self.train.of(split="val"), *self.test.items]


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Of the code that decides scores, and of the versions below it."""
    folder = Path(__file__).parent
    found = hashlib.sha256(json.dumps(environment()["versions"], sort_keys=True).encode())
    for name in CODE:
        for path in sorted([*(folder / name).rglob("*.py")] or [folder / name]):
            found.update(path.read_bytes())
    return found.hexdigest()


def labelled(matrix: Matrix, drawn: Drawn, known: "KeptParts | None" = None) -> Labelled:
    """Training samples as a detector takes them."""
    parts = None if known is None else known.of(drawn.items)
    cameras = np.array([matrix.camera_of(one.info.target_person) for one in drawn.items])
    return Labelled(stacked(drawn.items), np.array(drawn.fake), parts, cameras)


@dataclass(frozen=True, eq=False)
class KeptParts:
    """What a detector's frozen blocks make of all items, by name."""

    places: dict[str, int]
    parts: Parts

    def of(self, items: Sequence[Item]) -> Parts:
        """Parts of some items."""
        return cut(self.parts, [self.places[one.name] for one in items])


def kept_parts(matrix: Matrix, detector: str, sides: Sides, folder: Path) -> KeptParts | None:
    """Parts of all items, kept in the experiment's folder; None where a detector has no frozen blocks."""
    return _kept(matrix.backbone, detector, sides, folder)


@lru_cache(maxsize=2)
def _kept(backbone: str, detector: str, sides: Sides, folder: Path) -> KeptParts | None:
    network: Any = kind(detector).network(FitSettings(backbone))
    if not hasattr(network, "parts") or detector == "sbi":  # it makes its own fakes
        return None
    items = list({one.name: one for one in (*sides.train.items, *sides.test.items)}.values())
    word = f"{backbone} {detector} {sides.train.key} {sides.test.key} {code_hash()}"
    path = folder / CROPS / f"parts-{hashlib.sha256(word.encode()).hexdigest()[:24]}.npz"
    if not path.is_file():
        made, file = parts_of(network, stacked(items)), io.BytesIO()
        np.savez(file, *(part.numpy() for part in made))
        write_bytes(make_folder(path.parent) / path.name, file.getvalue(), overwrite=True)
    arrays = np.load(io.BytesIO(read_bytes(path)), allow_pickle=False)
    parts = tuple(torch.from_numpy(arrays[name]) for name in arrays.files)
    return KeptParts({one.name: place for place, one in enumerate(items)}, parts)


def scores_of(network: Any, items: Sequence[Item], known: KeptParts | None) -> np.ndarray:
    """Logits of items; from their parts where those are known."""
    if known is None:
        return logits(network, stacked(items))
    found = []
    with torch.inference_mode():
        for start in range(0, len(items), SCORED_AT_ONCE):
            found.append(network.of_parts(known.of(items[start : start + SCORED_AT_ONCE])).numpy())
    return np.concatenate(found)
