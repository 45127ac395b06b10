"""Pairs of photographs as they were taken, two people each: no ground truth is known, and games are played on them.

Pictures are taken in blocks of different people of one split; everybody in a block is warped onto the next few. One
safetensors file a block; finished files are kept, so that a stopped run continues.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aotface.datasets.portraits import Entry, Say, Seen, lay, usable
from aotface.errors import UsageError
from aotface.face.render import render
from aotface.media.files import read_bytes, show, write_bytes
from aotface.training.listing import Listed, Split
from aotface.training.shard_arrays import as_bytes, shape_arrays, stacked, write_arrays
from aotface.training.shard_index import INDEX, claim
from aotface.types import CROP_SIDE

FORMAT = 1
FOLDER = "photographs"
SPLITS: tuple[Split, ...] = ("train", "validation")
_LEAST_SHOWN = 0.05
"""Share of the crop that a face must show to be in a pair."""


@dataclass(frozen=True)
class PhotographConfig:
    """``people``: of the training split, one picture of each; a quarter as many are held out. ``sources``: warped onto each.

    ``side``: of the stored crops, pixels. ``block``: people of a file. ``seed``: chooses people and pictures.
    """

    side: int = 128
    people: int = 240
    sources: int = 2
    block: int = 16
    seed: int = 0


def prepare_photographs(
    listed: Sequence[Listed],
    out: Path,
    config: PhotographConfig,
    say: Say = lambda line: None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Build the pairs.

    Args:
        listed: the pictures; see `listing.list_pictures`.
        out: the folder of shards; these go into its subfolder ``photographs``.
        config: see PhotographConfig.
        say: called with lines of progress, and of what is left out.
        overwrite: throw away pairs of another request.

    Returns:
        The index that was written: the files of each split, and how many pairs each holds.

    Raises:
        UsageError: sizes that cannot be, or a split with fewer than two people.
        OutputExistsError: the folder holds pairs of other pictures or options.
    """
    c = config
    if not (32 <= c.side <= CROP_SIDE and c.side % 16 == 0 and 1 <= c.sources < c.block and c.people >= 2):
        raise UsageError(
            f"expected a side from 32 to {CROP_SIDE} that 16 divides, two people at least, and fewer sources than people "
            f"in a block; got side {c.side}, people {c.people}, sources {c.sources}, block {c.block}"
        )
    folder, fingerprint = out / FOLDER, _fingerprint(listed, c)
    request = {"config": asdict(c), "fingerprint": fingerprint}
    claim(folder, request, [f"{split}_*" for split in SPLITS], "pairs", overwrite)
    if (folder / INDEX).exists():
        say(f"{show(folder)}: all there already")
        return dict(json.loads(read_bytes(folder / INDEX)))
    files: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        files[split] = _split(listed, split, folder, c, say)
    index = {"format": FORMAT, "config": asdict(c), "fingerprint": fingerprint, "files": files}
    write_bytes(folder / INDEX, json.dumps(index, indent=1).encode(), overwrite=True)
    return index


def _split(
    listed: Sequence[Listed], split: Split, folder: Path, config: PhotographConfig, say: Say
) -> dict[str, int]:
    chosen = choose(listed, split, config)
    if len(chosen) < 2:
        raise UsageError(f"photographs: expected two people or more in {split}, found {len(chosen)}")
    blocks = [chosen[first : first + config.block] for first in range(0, len(chosen), config.block)]
    if len(blocks) > 1 and len(blocks[-1]) <= config.sources:
        blocks[-2:] = [blocks[-2] + blocks[-1]]
    files = {}
    for number, block in enumerate(blocks):
        path = folder / f"{split}_{number:05d}.safetensors"
        count = folder / f"{split}_{number:05d}.json"
        if not count.exists():
            rows = _pairs(block, config, say)
            if rows:
                write_arrays(stacked(rows), path)
            write_bytes(count, json.dumps(len(rows)).encode(), overwrite=True)
        if pairs := int(json.loads(read_bytes(count))):
            files[path.name] = pairs
        say(f"{path.name}: {pairs} pairs, {number + 1} of {len(blocks)} blocks")
    return files


def choose(listed: Sequence[Listed], split: Split, config: PhotographConfig) -> list[Listed]:
    """One picture of each of some people of a split."""
    rng = np.random.default_rng([config.seed, SPLITS.index(split)])
    people: dict[str, list[Listed]] = {}
    for item in listed:
        if item.split == split:
            people.setdefault(item.person, []).append(item)
    names = sorted(people)
    count = config.people if split == "train" else max(2, config.people // 4)
    order = [names[i] for i in rng.permutation(len(names))][:count]
    return [people[name][rng.integers(len(people[name]))] for name in order]


def _pairs(block: Sequence[Listed], config: PhotographConfig, say: Say) -> list[dict[str, np.ndarray]]:
    entries = [Entry(str(item.path), item.person) for item in block]
    found = [seen for _, seen in usable(Path("/"), entries, say)]
    rows = []
    for number, target in enumerate(found):
        for step in range(1, min(config.sources, len(found) - 1) + 1):
            row = _row(found[(number + step) % len(found)], target, config.side)
            if row["mask"].mean() / 255 >= _LEAST_SHOWN:
                rows.append(row)
    return rows


def _row(source: Seen, target: Seen, side: int) -> dict[str, np.ndarray]:
    made, mask = lay(source, target)
    return {
        "x_r": as_bytes(made.crop, side),
        "x_t": as_bytes(target.aligned.crop, side),
        "mask": as_bytes(mask, side)[None],
        **shape_arrays(target.geometry, side),
        **{
            f"own_{name}": values
            for name, values in shape_arrays(render(made.landmarks, CROP_SIDE), side).items()
        },
    }


def _fingerprint(listed: Sequence[Listed], config: PhotographConfig) -> str:
    pictures = [(item.name, item.person, item.split) for item in listed]
    return hashlib.sha256(json.dumps([FORMAT, asdict(config), pictures]).encode()).hexdigest()
