"""Shards in memory, and batches drawn from them: every step's batch follows from the seed and the step alone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from aotface.errors import UsageError
from aotface.training.lighting import LightingConfig, Surface, make_pairs
from aotface.training.prepare import FORMAT, balance
from aotface.transport.objective import Batch

OWN_SURROUNDINGS = 0.15
"""Share of the pairs whose reenacted crop shows something else than the target around the face."""


@dataclass(frozen=True)
class Shards:
    """All faces of a data set, uint8 and float16, one row a face; ``tones_degrees`` has NaN for grey pictures."""

    arrays: dict[str, Tensor]
    tones_degrees: np.ndarray
    facts: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.facts)


def load_shards(folder: Path) -> Shards:
    """Read every shard that the index of a folder names.

    Raises:
        UsageError: no index, another format, or a shard name that leaves the folder.
    """
    path = folder / "index.json"
    if not path.exists():
        raise UsageError(f"{folder}: expected index.json of `aotface prepare`, found none; run prepare first")
    index = json.loads(path.read_text())
    if index.get("format") != FORMAT:
        raise UsageError(f"{path}: expected shards of format {FORMAT}, found {index.get('format')}; prepare again")
    names = sorted({face["shard"] for face in index["faces"]})
    if any(Path(name).name != name for name in names):
        raise UsageError(f"{path}: a shard's name must be a plain file name")
    parts = [load_file(str(folder / name)) for name in names]
    arrays = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
    tones = np.array([np.nan if f["tone_degrees"] is None else f["tone_degrees"] for f in index["faces"]])
    return Shards(arrays, tones, index["faces"])


class Batches:
    """Draws training batches.

    Args:
        shards: the faces.
        size: faces a batch.
        unpaired: share of the batch whose target is a real photograph as it was taken, so without a known answer.
        lighting: how the others are lit.
        seed: with the step it decides everything.
    """

    def __init__(
        self, shards: Shards, size: int, unpaired: float, lighting: LightingConfig, seed: int
    ):
        self.shards, self.size, self.lighting, self.seed = shards, size, lighting, seed
        self.unpaired = round(size * unpaired)
        self.weights = torch.from_numpy(balance(shards.tones_degrees))

    def draw(self, step: int, rank: int = 0, games: bool = True) -> Batch:
        """The batch of one step (of one of several machines); without games every answer is known."""
        rng = torch.Generator().manual_seed((self.seed * 1_000_003 + step) * 4099 + rank)
        rows = torch.multinomial(self.weights, self.size, replacement=True, generator=rng)
        arrays = self.shards.arrays
        slot = torch.randint(arrays["reenacted"].shape[1], (self.size,), generator=rng)
        flip = torch.rand(self.size, generator=rng) < 0.5
        even_a = _turned(_unit(arrays["reenacted"][rows, slot]), flip)
        even_b = _turned(_unit(arrays["even"][rows]), flip)
        mask = _turned(_unit(arrays["reenacted_mask"][rows, slot])[:, None], flip)
        normals = _turned(arrays["normals"][rows].float(), flip)
        normals[:, 0] = torch.where(flip[:, None, None], -normals[:, 0], normals[:, 0])
        depth = _turned(arrays["depth"][rows].float()[:, None], flip)
        pncc = _turned(arrays["pncc"][rows].float(), flip)
        cover = (pncc.sum(1) > 0.02).float()
        pncc[:, 0] = torch.where(flip[:, None, None], (1 - pncc[:, 0]) * cover, pncc[:, 0])
        pairs = make_pairs(even_a, even_b, Surface(normals, depth, mask), rng, self.lighting)
        x_t = pairs.x_t.clone()
        unpaired = self.unpaired if games else 0
        x_t[:unpaired] = _turned(_unit(arrays["crop"][rows]), flip)[:unpaired]
        known = (torch.arange(self.size) >= unpaired).float()
        # Around a reenacted face lies the target frame itself; only some swappers give a crop with its own surroundings.
        inside = _turned(_unit(arrays["mask"][rows])[:, None], flip)
        inside = torch.where(torch.rand(self.size, 1, 1, 1, generator=rng) < OWN_SURROUNDINGS, 1.0, inside)
        x_r = x_t + (pairs.x_r - x_t) * inside
        geometry = torch.cat([normals, pncc], dim=1)
        return Batch(
            x_r=x_r * 2 - 1,
            x_t=x_t * 2 - 1,
            geometry=geometry,
            mask=mask,
            answer=pairs.answer * 2 - 1,
            known=known,
        )


def _unit(values: Tensor) -> Tensor:
    return values.float() / 255


def _turned(images: Tensor, flip: Tensor) -> Tensor:
    """Mirror left and right where asked."""
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
