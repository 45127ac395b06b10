"""Shards of people under calibrated lamps, read: stacks of linear light, and everybody warped onto everybody."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from aotface.datasets.lamps import lamp_angle
from aotface.errors import UsageError
from aotface.media.files import show
from aotface.training.data import SCALE, open_shard, shrunk
from aotface.training.lamp_shards import FOLDER, FORMAT, file_of
from aotface.training.shard_index import INDEX, read_index

People = Literal["train", "all"]
SHAPE = ("normals", "pncc")
ROWS = ("warped", "warped_mask", "inside", "gains", *(f"own_{name}" for name in SHAPE))
"""Arrays with one row for each other person."""
NUMBERS = ("present", "gains")
"""Arrays that are no pictures."""
NAMES = frozenset({"stack", "present", "mask", *SHAPE, *ROWS})


@dataclass(frozen=True)
class Stacks:
    """Everybody that may be drawn.

    ``parts``: arrays of each person as a target. ``others``: for each, (person, row) of those warped onto it.
    ``angles``: of each lamp from the camera's axis, degrees. ``fingerprint``: of the request that made the shards.
    ``lamps``: azimuth and elevation of each, degrees.
    """

    parts: list[dict[str, Tensor]]
    others: list[list[tuple[int, int]]]
    angles: Float[Tensor, " lamps"]
    side: int
    fingerprint: str = ""
    lamps: tuple[tuple[float, float], ...] = ()

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def device(self) -> torch.device:
        """Where batches are drawn."""
        return self.angles.device

    def take(self, name: str, people: list[int], rows: list[int] | None = None) -> Tensor:
        """One array of some people, float32; bytes as 0..1, signed ones as -1..1."""
        picked = [self.parts[person][name] for person in people]
        if rows is not None:
            picked = [values[row] for values, row in zip(picked, rows, strict=True)]
        stacked = torch.stack(picked)
        return stacked.float() / SCALE.get(stacked.dtype, 1.0)

    def bytes(self) -> int:
        """Memory that `on` takes."""
        return sum(values.nbytes for part in self.parts for values in part.values())

    def on(self, device: torch.device) -> "Stacks":
        """The same in a device's memory, where batches are then drawn."""
        parts = [{name: values.to(device) for name, values in part.items()} for part in self.parts]
        return dataclasses.replace(self, parts=parts, angles=self.angles.to(device))

    def at_side(self, side: int) -> "Stacks":
        """The same at a smaller side, of the people that may be drawn only, held in memory.

        Raises:
            UsageError: the shards' side is not a whole multiple of it.
        """
        if side == self.side:
            return self
        if side > self.side or self.side % side:
            raise UsageError(
                f"the lamp shards hold faces of {self.side} px; got a side of {side}, not a part of it"
            )
        times, parts, others = self.side // side, [], []
        for part, own in zip(self.parts, self.others, strict=True):
            rows = torch.tensor([row for _, row in own])
            kept = {name: values[rows] if name in ROWS else values for name, values in part.items()}
            small = {
                name: shrunk(name, values, times) for name, values in kept.items() if name not in NUMBERS
            }
            parts.append(small | {name: kept[name] for name in NUMBERS})
            others.append([(person, row) for row, (person, _) in enumerate(own)])
        return dataclasses.replace(self, parts=parts, others=others, side=side)


def load_stacks(shards: Path, people: People = "train") -> Stacks:
    """Open the lamp shards of a folder; nothing is read into memory yet.

    Args:
        shards: made by ``aotface prepare --lamps``.
        people: "train" leaves out the people that methods are judged on; "all" takes everybody, and what is trained
            with it must never be judged on them.

    Raises:
        UsageError: there are none, of another format, or of fewer than two people.
        InputError: a file is missing or broken.
    """
    path = shards / FOLDER / INDEX
    advice = f"run aotface prepare --lamps FOLDER -o {show(shards)}, or set lamp_share = 0"
    index = read_index(path, "people under lamps", advice, FORMAT)
    everybody = [entry["person"] for entry in index["people"]]
    chosen = [entry["person"] for entry in index["people"] if people == "all" or entry["split"] == "train"]
    if len(chosen) < 2:
        raise UsageError(f"{show(path)}: expected two people or more to train on, found {len(chosen)}")
    parts = [open_shard(path.parent / file_of(name), NAMES) for name in chosen]
    lamps = tuple((float(azimuth), float(elevation)) for azimuth, elevation in index["lamps_degrees"])
    angles = torch.tensor([lamp_angle(*lamp) for lamp in lamps], dtype=torch.float32)
    others = [_rows(name, everybody, chosen) for name in chosen]
    return Stacks(parts, others, angles, index["config"]["side"], index.get("fingerprint", ""), lamps)


def _rows(target: str, everybody: list[str], chosen: list[str]) -> list[tuple[int, int]]:
    """(person, row) of the chosen ones among those who are warped onto a target."""
    sources = [name for name in everybody if name != target]
    return [(number, sources.index(name)) for number, name in enumerate(chosen) if name != target]
