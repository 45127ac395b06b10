"""Shards, read as they are needed, and batches: each follows from the seed and the step alone."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from aotface.errors import InputError, UsageError
from aotface.media.files import show
from aotface.metrics.colour import tone_group
from aotface.training.draw import rand, randn
from aotface.training.lighting import LightingConfig, Surface, make_pairs
from aotface.training.listing import Split
from aotface.training.prepare import FORMAT, balance
from aotface.training.shard_index import INDEX, read_index
from aotface.transfer.aot.objective import Batch

OWN_SURROUNDINGS = 0.15
"""Share of the pairs whose reenacted crop shows something else than the target around the face."""

OTHER_SURROUNDINGS = 0.15
"""Share of the pairs around whose face lies something that says nothing about the light: black, grey, noise."""

CUT = 0.15
"""Share of the pairs of which only a part of the face counts: pictures end, hands and hair cover."""

EVEN_LIGHT = 0.1
"""Shading of its own (see `portraits.Portrait`) from which on a portrait is drawn more and more rarely."""

Rows = Tensor | Sequence[int]
CPU, WHOLE = torch.device("cpu"), "whole"
SCALE = {torch.uint8: 255.0, torch.int8: 127.0}
SHAPE = ("normals", "pncc", "depth")
NAMES = frozenset(
    {"crop", "even", "reenacted", "reenacted_mask", "mask", *SHAPE, *(f"own_{name}" for name in SHAPE)}
)


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
    device: torch.device = CPU

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def sources(self) -> int:
        """How many people are warped onto each face."""
        return int(next(iter(self.parts.values()))["reenacted"].shape[1])

    def take(self, name: str, rows: Rows, slots: Rows | None = None) -> Tensor:
        """One array of some faces, float32: bytes as 0..1, signed ones as -1..1.

        ``slots`` chooses among the people warped onto each.
        """
        if WHOLE in self.parts:
            values = self.parts[WHOLE][name]
            stacked = values[rows] if slots is None else values[rows, slots]
        else:
            facts = [self.facts[int(row)] for row in rows]
            picked = [self.parts[fact["shard"]][name][fact["row"]] for fact in facts]
            if slots is not None:
                picked = [values[int(slot)] for values, slot in zip(picked, slots, strict=True)]
            stacked = torch.stack(picked)
        return stacked.float() / SCALE.get(stacked.dtype, 1.0)

    def bytes(self) -> int:
        """Memory that `on` takes."""
        part, fact = next(iter(self.parts.values())), len(self.facts)
        return sum(values[0].nbytes for values in part.values()) * fact

    def on(self, device: torch.device) -> "Shards":
        """The same faces as one part in a device's memory, in the order of ``facts``; batches are drawn there."""
        names = next(iter(self.parts.values()))
        whole = {
            name: torch.stack([self.parts[fact["shard"]][name][fact["row"]] for fact in self.facts]).to(
                device
            )
            for name in names
        }
        facts = [{**fact, "shard": WHOLE, "row": row} for row, fact in enumerate(self.facts)]
        return dataclasses.replace(self, parts={WHOLE: whole}, facts=facts, device=device)

    def at_side(self, side: int) -> "Shards":
        """The same faces at a smaller side, which is held in memory.

        Raises:
            UsageError: the shards' side is not a whole multiple of it.
        """
        if side == self.side:
            return self
        if side > self.side or self.side % side:
            raise UsageError(
                f"the shards hold faces of {self.side} px; got a side of {side}, not a part of it"
            )
        parts = {
            shard: {name: shrunk(name, values, self.side // side) for name, values in part.items()}
            for shard, part in self.parts.items()
        }
        return dataclasses.replace(self, parts=parts, side=side)

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
    index = read_index(path, "shards of `aotface prepare`", "run prepare first", FORMAT)
    facts = [face for face in index["faces"] if face.get("split", "train") == split]
    names = sorted({face["shard"] for face in facts})
    if any(Path(name).name != name for name in names):
        raise UsageError(f"{show(path)}: a shard's name must be a plain file name")
    parts = {name: open_shard(folder / name) for name in names}
    tones = np.array([np.nan if f["tone_degrees"] is None else f["tone_degrees"] for f in facts])
    return Shards(parts, tones, facts, index["config"]["side"], index.get("fingerprint", ""))


def open_shard(path: Path, names: frozenset[str] = NAMES) -> dict[str, Tensor]:
    """The arrays of one file, mapped, not read.

    Args:
        path: the file.
        names: of the arrays that it must hold, no more and no fewer.

    Raises:
        InputError: it is missing, broken, or holds other arrays.
    """
    try:
        part = load_file(str(path))  # mapped, not read
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{show(path)}: expected a shard ({error}); delete index.json and prepare again"
        ) from None
    if set(part) != names:
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
        shading = torch.tensor([face["shading"] for face in shards.facts])
        weights = torch.from_numpy(balance(shards.tones_degrees)) * _evenness(shading)
        sources = _evenness(torch.tensor([face["source_shading"] for face in shards.facts]))
        self.weights, self.sources = weights.to(shards.device), sources.to(shards.device)

    def draw(self, step: int, rank: int = 0, games: bool = True) -> Batch:
        """The batch of one step (of one of several processes); without games every answer is known."""
        rng = torch.Generator(self.shards.device).manual_seed((self.seed * 1_000_003 + step) * 4099 + rank)
        rows = torch.multinomial(self.weights, self.size, replacement=True, generator=rng)
        slots = torch.multinomial(self.sources[rows], 1, generator=rng)[:, 0]
        flip = rand(rng, self.size) < 0.5
        take = self.shards.take
        even_a = turned(take("reenacted", rows, slots), flip)
        even_b = turned(take("even", rows), flip)
        mask = turned(take("reenacted_mask", rows, slots)[:, None], flip)
        shape = [take(name, rows) for name in SHAPE]
        normals, pncc, depth = mirrored_geometry(shape[0], shape[1], shape[2], flip)
        own = [take(f"own_{name}", rows, slots) for name in SHAPE]
        own_normals, own_pncc, own_depth = mirrored_geometry(own[0], own[1], own[2], flip)
        shapes = Surface(normals, depth, mask), Surface(own_normals, own_depth, mask)
        pairs = make_pairs(even_a, even_b, shapes[0], rng, self.lighting, shapes[1])
        face = turned(take("mask", rows)[:, None], flip)
        x_t = elsewhere(pairs.x_t, face, rng)
        unpaired = self.unpaired if games else 0
        if unpaired:
            x_t[:unpaired] = turned(take("crop", rows[:unpaired]), flip[:unpaired])
        known = (torch.arange(self.size, device=rng.device) >= unpaired).float()
        # Around a reenacted face lies the target frame itself; only some swappers give a crop with its own
        # surroundings.
        inside = torch.where(rand(rng, self.size, 1, 1, 1) < OWN_SURROUNDINGS, 1.0, face)
        x_r = x_t + (pairs.x_r - x_t) * inside
        geometry, geometry_r = torch.cat([normals, pncc], dim=1), torch.cat([own_normals, own_pncc], dim=1)
        mask = cut(mask, rng)
        answer = pairs.answer * 2 - 1
        return Batch(x_r * 2 - 1, x_t * 2 - 1, geometry, mask, answer, known, geometry_r)


def _evenness(shading: Tensor) -> Tensor:
    """Weight of faces, 0..1: one that is shaded by a light of its own blurs what the answer is."""
    return 1 / (1 + ((shading - EVEN_LIGHT).clamp_min(0) / EVEN_LIGHT).square())


def shrunk(name: str, values: Tensor, times: int) -> Tensor:
    """Means of squares of pixels, in the type that they had; depth is counted in the new pixels."""
    wide = values.reshape(-1, 1, *values.shape[-2:]).float()
    small = F.avg_pool2d(wide, times) / (times if name.endswith("depth") else 1)
    small = small if values.dtype.is_floating_point else small.round()
    return small.to(values.dtype).reshape(*values.shape[:-2], *small.shape[-2:])


def elsewhere(x_t: Tensor, mask: Tensor, rng: torch.Generator) -> Tensor:
    """Some targets before black, grey or noise: beyond a margin around the face."""
    n, side = len(x_t), x_t.shape[-1]
    chosen = rand(rng, n, 1, 1, 1) < OTHER_SURROUNDINGS
    level = rand(rng, n, 1, 1, 1).square()
    noise = 0.2 * rand(rng, n, 1, 1, 1) * randn(rng, n, 1, side, side)
    wide = F.max_pool2d(mask, 2 * (side // 16) + 1, 1, side // 16)
    return torch.where(chosen & (wide < 0.5), (level + noise).clamp(0, 1), x_t)


def cut(mask: Tensor, rng: torch.Generator) -> Tensor:
    """Some masks end at a soft straight edge on each side, inside the face."""
    n, side = len(mask), mask.shape[-1]
    chosen = rand(rng, n, 1, 1, 1) < CUT
    at = (torch.arange(side, device=rng.device) + 0.5) / side
    low = 0.15 + 0.25 * rand(rng, n, 2, 1)
    high = 0.6 + 0.25 * rand(rng, n, 2, 1)
    ramp = torch.minimum(at - low, high - at).mul(side / 4).clamp(0, 1)
    box = ramp[:, 0, None, :, None] * ramp[:, 1, None, None, :]
    return torch.where(chosen & ((mask * box).amax((2, 3), keepdim=True) > 0.5), mask * box, mask)


def mirrored_geometry(
    normals: Tensor, pncc: Tensor, depth: Tensor, flip: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Normals, PNCC and depth as floats, mirrored where asked: their own x axis turns round as well."""
    normals, pncc, asked = turned(normals, flip), turned(pncc, flip), flip[:, None, None]
    normals[:, 0] = torch.where(asked, -normals[:, 0], normals[:, 0])
    cover = (pncc.sum(1) > 0.02).float()
    pncc[:, 0] = torch.where(asked, (1 - pncc[:, 0]) * cover, pncc[:, 0])
    return normals, pncc, turned(depth[:, None], flip)


def turned(images: Tensor, flip: Tensor) -> Tensor:
    """Mirror left and right where asked."""
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
