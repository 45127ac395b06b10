"""Pairs of photographs, read: what games are played on. No ground truth is known."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aotface.errors import UsageError
from aotface.media.files import show
from aotface.training.data import SCALE, mirrored_geometry, open_shard, shrunk, turned
from aotface.training.draw import rand
from aotface.training.listing import Split
from aotface.training.photograph_shards import FOLDER, FORMAT
from aotface.training.shard_index import INDEX, read_index
from aotface.transfer.aot.objective import Batch

SHAPE = ("normals", "pncc")
NAMES = frozenset({"x_r", "x_t", "mask", *SHAPE, *(f"own_{name}" for name in SHAPE)})
SEED_OFFSET = 15_485_863
"""These pairs are drawn from numbers of their own: the others stay what they are without them."""


@dataclass(frozen=True)
class Photographs:
    """All pairs of a split, in memory. ``arrays``: by name, one row a pair, at ``side`` pixels."""

    arrays: dict[str, Tensor]
    side: int
    fingerprint: str = ""

    def __len__(self) -> int:
        return len(self.arrays["mask"])

    def batch(self, rows: Tensor, flip: Tensor | None = None) -> Batch:
        """Some pairs as networks take them.

        Args:
            rows: which.
            flip: for each whether it is mirrored.
        """
        turn = torch.zeros(len(rows), dtype=torch.bool) if flip is None else flip
        x_r, x_t, mask = (turned(self._take(name, rows), turn) for name in ("x_r", "x_t", "mask"))
        shapes = []
        for own in ("", "own_"):
            normals, pncc = (self._take(own + name, rows) for name in SHAPE)
            shapes.append(torch.cat(mirrored_geometry(normals, pncc, mask[:, 0], turn)[:2], dim=1))
        return Batch(2 * x_r - 1, 2 * x_t - 1, shapes[0], mask, geometry_r=shapes[1])

    def draw(self, size: int, *numbers: int) -> Batch:
        """Pairs by chance, half of them mirrored; the same for the same numbers."""
        seed = SEED_OFFSET
        for number in numbers:
            seed = (seed * 1_000_003 + number) % 2**62
        rng = torch.Generator().manual_seed(seed)
        rows = torch.randint(len(self), (size,), generator=rng)
        return self.batch(rows, rand(rng, size) < 0.5)

    def at_side(self, side: int) -> "Photographs":
        """The same at a smaller side.

        Raises:
            UsageError: the stored side is not a whole multiple of it.
        """
        if side == self.side:
            return self
        if side > self.side or self.side % side:
            raise UsageError(
                f"the photographs are stored at {self.side} px; got game.side {side}, not a part of it"
            )
        arrays = {name: shrunk(name, values, self.side // side) for name, values in self.arrays.items()}
        return Photographs(arrays, side, self.fingerprint)

    def _take(self, name: str, rows: Tensor) -> Tensor:
        values = self.arrays[name][rows]
        return values.float() / SCALE[values.dtype]


def load_photographs(shards: Path, split: Split = "train") -> Photographs:
    """Read the pairs of a split.

    Args:
        shards: made by ``aotface prepare --photographs``.
        split: whose faces.

    Raises:
        UsageError: there are none, or of another format.
        InputError: a file is missing or broken.
    """
    path = shards / FOLDER / INDEX
    advice = f"run aotface prepare PICTURES --photographs 240 -o {show(shards)}, or set game.faces = 0"
    index = read_index(path, "pairs of photographs", advice, FORMAT)
    names = sorted(index["files"][split])
    if not names or any(Path(name).name != name for name in names):
        raise UsageError(f"{show(path)}: no pairs of the split {split}; give more people, and prepare again")
    parts = [open_shard(path.parent / name, NAMES) for name in names]
    arrays = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return Photographs(arrays, index["config"]["side"], index.get("fingerprint", ""))
