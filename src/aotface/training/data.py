"""Shards, read as they are needed, and batches: each follows from the seed and the step alone."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from aotface.bench.metrics.colour import tone_group
from aotface.errors import InputError, UsageError
from aotface.media.files import read_bytes, show
from aotface.training.lighting import LightingConfig, Surface, make_pairs
from aotface.training.listing import Split
from aotface.training.prepare import FORMAT, INDEX, balance
from aotface.transport.objective import Batch

OWN_SURROUNDINGS = 0.15
"""Share of the pairs whose reenacted crop shows something else than the target around the face."""

NAMES = frozenset({"crop", "even", "reenacted", "reenacted_mask", "normals", "pncc", "depth", "mask"})


@dataclass(frozen=True)
class Shards:
    """All faces of a split. ``parts``: arrays by shard, memory-mapped; ``facts``: of each face.

    ``tones_degrees`` has NaN for grey pictures. ``fingerprint``: of the request that made the shards.
    """

    parts: dict[str, dict[str, Tensor]]
    tones_degrees: np.ndarray
    facts: list[dict[str, Any]]
    side: int
    fingerprint: str = ""

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def sources(self) -> int:
        """How many people are warped onto each face."""
        return int(next(iter(self.parts.values()))["reenacted"].shape[1])

    def take(self, name: str, rows: list[int], slots: list[int] | None = None) -> Tensor:
        """One array of some faces, as float32; ``slots`` chooses among the people warped onto each."""
        picked = []
        for number, row in enumerate(rows):
            fact = self.facts[row]
            values = self.parts[fact["shard"]][name][fact["row"]]
            picked.append(values if slots is None else values[slots[number]])
        return torch.stack(picked).float()

    def summary(self) -> dict[str, Any]:
        """Counts for the record of a run."""
        tones = Counter(tone_group(float(tone)) for tone in self.tones_degrees)
        return {
            "faces": len(self),
            "people": len({fact["person"] for fact in self.facts}),
            "tones": dict(tones),
        }


def load_shards(folder: Path, split: Split = "train") -> Shards:
    """Open every shard that the index of a folder names; nothing is read into memory yet.

    Args:
        folder: made by `aotface prepare`.
        split: whose faces; a face whose split the index does not name is for training.

    Returns:
        The faces; perhaps none where the split is empty.

    Raises:
        UsageError: no index, another format, or a shard name that leaves the folder.
        InputError: a shard is missing or broken.
    """
    path = folder / INDEX
    if not path.exists():
        raise UsageError(
            f"{show(folder)}: expected index.json of `aotface prepare`, found none; run prepare first"
        )
    try:
        index = json.loads(read_bytes(path))
        known = index.get("format")
    except (ValueError, AttributeError):
        raise InputError(f"{show(path)}: expected JSON of `aotface prepare`; prepare again") from None
    if known != FORMAT:
        raise UsageError(f"{show(path)}: expected shards of format {FORMAT}, found {known}; prepare again")
    facts = [face for face in index["faces"] if face.get("split", "train") == split]
    names = sorted({face["shard"] for face in facts})
    if any(Path(name).name != name for name in names):
        raise UsageError(f"{show(path)}: a shard's name must be a plain file name")
    parts = {name: _open(folder / name) for name in names}
    tones = np.array([np.nan if f["tone_degrees"] is None else f["tone_degrees"] for f in facts])
    return Shards(parts, tones, facts, index["config"]["side"], index.get("fingerprint", ""))


def _open(path: Path) -> dict[str, Tensor]:
    try:
        part = load_file(str(path))  # mapped, not read
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{show(path)}: expected a shard ({error}); delete index.json and prepare again"
        ) from None
    if set(part) != NAMES:
        raise InputError(
            f"{show(path)}: expected the arrays of `aotface prepare`, found {', '.join(sorted(part))}"
        )
    return part


class Batches:
    """Draws training batches.

    Args:
        shards: the faces.
        size: faces a batch.
        unpaired: share of the batch whose target is a real photograph as it was taken: no answer is known.
        lighting: how the others are lit.
        seed: with the step it decides everything.
    """

    def __init__(self, shards: Shards, size: int, unpaired: float, lighting: LightingConfig, seed: int):
        self.shards, self.size, self.lighting, self.seed = shards, size, lighting, seed
        self.unpaired = round(size * unpaired)
        self.weights = torch.from_numpy(balance(shards.tones_degrees))

    def draw(self, step: int, rank: int = 0, games: bool = True) -> Batch:
        """The batch of one step (of one of several processes); without games every answer is known."""
        rng = torch.Generator().manual_seed((self.seed * 1_000_003 + step) * 4099 + rank)
        rows = torch.multinomial(self.weights, self.size, replacement=True, generator=rng).tolist()
        slots = torch.randint(self.shards.sources, (self.size,), generator=rng).tolist()
        flip = torch.rand(self.size, generator=rng) < 0.5
        take = self.shards.take
        even_a = _turned(take("reenacted", rows, slots) / 255, flip)
        even_b = _turned(take("even", rows) / 255, flip)
        mask = _turned(take("reenacted_mask", rows, slots)[:, None] / 255, flip)
        normals, pncc = _geometry(take("normals", rows), take("pncc", rows), flip)
        depth = _turned(take("depth", rows)[:, None], flip)
        pairs = make_pairs(even_a, even_b, Surface(normals, depth, mask), rng, self.lighting)
        x_t = pairs.x_t.clone()
        unpaired = self.unpaired if games else 0
        if unpaired:
            x_t[:unpaired] = _turned(take("crop", rows[:unpaired]) / 255, flip[:unpaired])
        known = (torch.arange(self.size) >= unpaired).float()
        # Around a reenacted face lies the target frame itself; only some swappers give a crop with its own
        # surroundings.
        inside = _turned(take("mask", rows)[:, None] / 255, flip)
        inside = torch.where(torch.rand(self.size, 1, 1, 1, generator=rng) < OWN_SURROUNDINGS, 1.0, inside)
        x_r = x_t + (pairs.x_r - x_t) * inside
        geometry = torch.cat([normals, pncc], dim=1)
        return Batch(x_r * 2 - 1, x_t * 2 - 1, geometry, mask, pairs.answer * 2 - 1, known)


def _geometry(normals: Tensor, pncc: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
    """Normals and PNCC, mirrored where asked: their own x axis turns round as well."""
    normals, pncc, turned = _turned(normals, flip), _turned(pncc, flip), flip[:, None, None]
    normals[:, 0] = torch.where(turned, -normals[:, 0], normals[:, 0])
    cover = (pncc.sum(1) > 0.02).float()
    pncc[:, 0] = torch.where(turned, (1 - pncc[:, 0]) * cover, pncc[:, 0])
    return normals, pncc


def _turned(images: Tensor, flip: Tensor) -> Tensor:
    """Mirror left and right where asked."""
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
