"""From a folder of portraits to shards: aligned crops, their geometry, and other people warped onto each.

One shard is one safetensors file of uint8 and float16 arrays; ``index.json`` beside it names people, splits,
tones. Measured faces and finished shards are kept on the way, so an interrupted run goes on where it stopped.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import UsageError, reason_of_file
from aotface.face.render import render
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.reenact.mesh import reenact
from aotface.training.listing import Listed
from aotface.training.portraits import Portrait, Shelf, keep, measure, recall
from aotface.training.shard_arrays import as_bytes, shape_arrays, shrunk_to, stacked, write_arrays
from aotface.training.shard_index import INDEX, claim
from aotface.types import CROP_SIDE, Geometry

FORMAT = 2
WORK = "measured"
LARGEST_SIDE = CROP_SIDE
Progress = Callable[[str], None]


@dataclass(frozen=True)
class PrepareConfig:
    """``side``: of the stored crops. ``sources``: how many other people are warped onto each face.

    ``shard``: faces a file. ``delight_strength``: share of a photograph's own shading that is divided out.
    """

    side: int = 128
    sources: int = 6
    shard: int = 64
    delight_strength: float = 0.8
    seed: int = 0


def prepare(
    listed: Sequence[Listed],
    out: Path,
    config: PrepareConfig,
    say: Progress = lambda line: None,
    warn: Progress = lambda line: None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Build the shards.

    Args:
        listed: the pictures; see `listing.list_pictures`.
        out: folder for the shards, made when missing; what an interrupted run of this request left is used.
        config: see PrepareConfig.
        say: called with a line of progress.
        warn: called with a line for every picture that is left out.
        overwrite: throw away shards of another request.

    Returns:
        The index that was written.

    Raises:
        UsageError: sizes that cannot be, or fewer than two people with a face.
        OutputExistsError: the folder holds shards of other pictures or options.
    """
    _check(config)
    fingerprint = fingerprint_of(listed, config)
    request = {"config": asdict(config), "fingerprint": fingerprint}
    claim(out, request, ("shard_*.safetensors", WORK), "shards", overwrite)
    if (out / INDEX).exists():
        say(f"{show(out)}: all there already")
        return dict(json.loads(read_bytes(out / INDEX)))
    shelves = _measure_all(listed, out, config, say, warn)
    places = [(shelf, number) for shelf in shelves for number in range(len(shelf.facts))]
    facts = _with_company([shelf.facts[number] for shelf, number in places], warn)
    entries = _write_shards(places, facts, out, config, say)
    index = {"format": FORMAT, "config": asdict(config), "fingerprint": fingerprint, "faces": entries}
    write_bytes(out / INDEX, json.dumps(index, indent=1).encode(), overwrite=True)
    shutil.rmtree(out / WORK)
    return index


def _check(config: PrepareConfig) -> None:
    c = config
    if not (32 <= c.side <= LARGEST_SIDE and c.side % 16 == 0 and c.sources >= 1 and c.shard >= 1):
        raise UsageError(
            f"expected a side from 32 to {LARGEST_SIDE} that 16 divides, and one source and one face a shard "
            f"at least; got side {c.side}, sources {c.sources}, shard {c.shard}"
        )


def _write_shards(
    places: list[tuple[Shelf, int]],
    facts: list[dict[str, Any]],
    out: Path,
    config: PrepareConfig,
    say: Progress,
) -> list[dict[str, Any]]:
    """Write the shards that are not there yet, and say in which row of which shard each face lies."""
    chosen, entries = choose_sources(facts, config), []
    for start in range(0, len(places), config.shard):
        name = f"shard_{start // config.shard:05d}.safetensors"
        part = range(start, min(start + config.shard, len(places)))
        if not (out / name).exists():
            rows = [_row(_at(places, i), [_at(places, j) for j in chosen[i]], config) for i in part]
            write_arrays(stacked(rows), out / name)
        say(f"{name}: {part.stop} of {len(places)} faces")
        for i in part:
            around = {"source_shading": [round(facts[j]["shading"], 4) for j in chosen[i]]}
            entries.append({"shard": name, "row": i - start, **_plain(facts[i]), **around})
    return entries


def fingerprint_of(listed: Sequence[Listed], config: PrepareConfig) -> str:
    """What tells requests apart: the options, and names, people, splits and sizes of the pictures."""
    sizes = [item.path.stat().st_size if item.path.is_file() else -1 for item in listed]
    pictures = [(item.name, item.person, item.split, size) for item, size in zip(listed, sizes, strict=True)]
    return hashlib.sha256(json.dumps([asdict(config), pictures]).encode()).hexdigest()


def _measure_all(
    listed: Sequence[Listed], out: Path, config: PrepareConfig, say: Progress, warn: Progress
) -> list[Shelf]:
    shelves = []
    work = make_folder(out / WORK)
    for start in range(0, len(listed), config.shard):
        path = work / f"faces_{start // config.shard:05d}.safetensors"
        part = listed[start : start + config.shard]
        if not path.exists():
            portraits, notes = [], []
            for item in part:
                try:
                    strength = config.delight_strength
                    portraits.append(measure(item.path, item.name, item.person, item.split, strength))
                except Exception as error:  # of any kind: one file does not end the work
                    notes.append(f"left out: {reason_of_file(show(item.path), error)}")
                    warn(notes[-1])
            keep(portraits, notes, path)
        shelves.append(recall(path))
        say(f"measured {start + len(part)} of {len(listed)} pictures")
    return shelves


def _with_company(facts: list[dict[str, Any]], warn: Progress) -> list[dict[str, Any]]:
    """The facts, when each split has two people; one lonely validation person joins the training."""
    people = {split: {f["person"] for f in facts if f["split"] == split} for split in ("train", "validation")}
    if len(people["validation"]) == 1:
        warn("one person alone cannot be a validation set (pairs need two): put into train; list more people")
        facts = [{**fact, "split": "train"} for fact in facts]
        people["train"] |= people["validation"]
    if len(people["train"]) < 2:
        raise UsageError(
            f"expected training pictures of at least two people with a face, found {len(people['train'])} "
            f"of {len(facts)} faces in all; add people, or lower --validation"
        )
    return facts


def choose_sources(facts: Sequence[dict[str, Any]], config: PrepareConfig) -> list[list[int]]:
    """Other people of its split for every face, drawn evenly over skin tones, from coloured pictures."""
    rng = np.random.default_rng(config.seed)
    tones = np.array([fact["tone_degrees"] for fact in facts])
    people, splits = (np.array([fact[key] for fact in facts]) for key in ("person", "split"))
    weights = np.zeros(len(facts))
    for split in np.unique(splits):
        coloured = np.flatnonzero((splits == split) & ~np.isnan(tones))
        everybody = np.flatnonzero(splits == split)
        usable = coloured if len(set(people[coloured])) > 1 else everybody
        weights[usable] = balance(tones[usable])
    chosen = []
    for person, split in zip(people, splits, strict=True):
        share = weights * (people != person) * (splits == split)
        count = min(config.sources, int((share > 0).sum()))
        picks = rng.choice(len(facts), count, replace=False, p=share / share.sum())
        chosen.append([int(j) for j in np.resize(picks, config.sources)])
    return chosen


def balance(tones_degrees: np.ndarray) -> np.ndarray:
    """Sampling weights that flatten the histogram of tones: root of the inverse count; NaN is a bin."""
    bins = np.where(np.isnan(tones_degrees), 99, np.digitize(tones_degrees, [-30, 10, 28, 41, 55]))
    _, inverse, counts = np.unique(bins, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse])
    return weights / weights.sum()


def _at(places: list[tuple[Shelf, int]], index: int) -> Portrait:
    shelf, number = places[index]
    return shelf.portrait(number)


def _row(target: Portrait, people: list[Portrait], config: PrepareConfig) -> dict[str, np.ndarray]:
    """One face of a shard: everything that batches are made of, at the shard's side, channels first."""
    side = config.side
    geometry = render(target.aligned.landmarks, CROP_SIDE)
    # Everything is made at the canonical side and shrunk at the end, as it happens to the pictures of a swap.
    lit_evenly = replace(target.aligned, crop=target.even)
    crops, masks, own = [], [], []
    for person in people:
        frame = (person.even * 65535).astype(np.uint16)
        made = reenact(frame, person.aligned.face, lit_evenly, person.visible)
        crops.append(as_bytes(made.crop, side))
        masks.append(as_bytes(made.mask * target.visible * (1 - made.from_target), side))
        own.append(_shape(render(made.landmarks, CROP_SIDE), side))
    return {
        "crop": as_bytes(target.aligned.crop, side),
        "even": as_bytes(target.even, side),
        "reenacted": np.stack(crops),
        "reenacted_mask": np.stack(masks),
        "mask": as_bytes(geometry.mask, side),
        **_shape(geometry, side),
        **{f"own_{name}": np.stack([shape[name] for shape in own]) for name in own[0]},
    }


def _shape(geometry: Geometry, side: int) -> dict[str, np.ndarray]:
    """Normals, PNCC and depth in few bytes."""
    depth = (shrunk_to(geometry.depth, side) * (side / CROP_SIDE)).astype(np.float16)
    return {**shape_arrays(geometry, side), "depth": depth}


def _plain(fact: dict[str, Any]) -> dict[str, Any]:
    tone = None if math.isnan(fact["tone_degrees"]) else round(fact["tone_degrees"], 2)
    return {
        "file": fact["file"],
        "person": fact["person"],
        "split": fact["split"],
        "tone_degrees": tone,
        "shading": round(fact["shading"], 4),
    }
