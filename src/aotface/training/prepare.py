"""From a folder of portraits to shards: aligned crops, their geometry, and other people warped onto each of them.

One shard is one safetensors file of uint8 and float16 arrays; ``index.json`` beside it names people, splits, tones.
A shard that is already there is kept, so an interrupted run goes on where it stopped.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.numpy import save_file

from aotface.colour.space import srgb_to_lab
from aotface.errors import FaceError, InputError, UsageError
from aotface.face.align import align, resize_matrix, transform_landmarks
from aotface.face.detect import detect
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.media.files import replacing, write_bytes
from aotface.media.image import read_image
from aotface.reenact.mesh import reenact
from aotface.training.delight import delight
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Mask

FORMAT = 1
Progress = Callable[[str], None]


@dataclass(frozen=True)
class PrepareConfig:
    """``side``: of the stored crops. ``sources``: how many other people are warped onto each face. ``shard``: faces a
    file. ``delight_strength``: how much of the photograph's own shading is divided out of ``even``."""

    side: int = 128
    sources: int = 6
    shard: int = 64
    delight_strength: float = 0.8
    seed: int = 0


@dataclass(frozen=True)
class Portrait:
    """One face of the data set; ``person`` groups pictures that must not part over splits or meet in a pair."""

    file: str
    person: str
    aligned: AlignedFace
    even: Crop
    visible: Mask
    tone_degrees: float


def prepare(
    files: list[tuple[Path, str]], out: Path, config: PrepareConfig, say: Progress = lambda line: None
) -> dict[str, Any]:
    """Build the shards.

    Args:
        files: picture and the person it shows.
        out: folder for the shards, made when missing.
        config: see PrepareConfig.
        say: called with a line of progress.

    Returns:
        The index that was written.

    Raises:
        UsageError: fewer than two people, or the folder holds shards of another configuration.
    """
    out.mkdir(parents=True, exist_ok=True)
    _check_same_config(out, config)
    portraits = list(_portraits(files, config, say))
    if len({p.person for p in portraits}) < 2:
        raise UsageError(f"expected pictures of at least two people with a face, found {len(portraits)} faces")
    chosen = choose_sources(portraits, config)
    entries = []
    for start in range(0, len(portraits), config.shard):
        name = f"shard_{start // config.shard:05d}.safetensors"
        part = range(start, min(start + config.shard, len(portraits)))
        if not (out / name).exists():
            arrays = _shard([portraits[i] for i in part], [[portraits[j] for j in chosen[i]] for i in part], config)
            with replacing(out / name, overwrite=True) as path:
                save_file(arrays, path)
        say(f"{name}: {part.stop} of {len(portraits)} faces")
        entries += [{"shard": name, "row": i - start, **_facts(portraits[i])} for i in part]
    index = {"format": FORMAT, "config": asdict(config), "faces": entries}
    write_bytes(out / "index.json", json.dumps(index, indent=1).encode(), overwrite=True)
    return index


def _check_same_config(out: Path, config: PrepareConfig) -> None:
    marker = out / "prepare.json"
    wanted = json.dumps(asdict(config), sort_keys=True)
    if marker.exists() and marker.read_text() != wanted:
        raise UsageError(f"{out} holds shards made with other options ({marker.read_text()}): choose another folder")
    write_bytes(marker, wanted.encode(), overwrite=True)


def _portraits(files: list[tuple[Path, str]], config: PrepareConfig, say: Progress) -> Iterator[Portrait]:
    for number, (path, person) in enumerate(files):
        if number % 50 == 0:
            say(f"read {number} of {len(files)} pictures")
        try:
            frame = read_image(path).frame
            faces = detect(frame)
            if not faces:
                raise FaceError(f"{path.name}: no face found")
        except (InputError, FaceError) as error:
            say(f"left out: {error}")
            continue
        aligned = align(frame, faces[0])
        geometry = render(aligned.landmarks, CROP_SIDE)
        visible = visible_skin(aligned.crop, aligned.landmarks, geometry) * geometry.mask
        even = _even(aligned.crop, geometry.normals, geometry.mask, config.delight_strength)
        yield Portrait(path.name, person, aligned, even, visible, tone_degrees(even, geometry.mask))


def _even(crop: Crop, normals: np.ndarray, mask: Mask, strength: float) -> Crop:
    images, maps, masks = (
        torch.from_numpy(np.ascontiguousarray(np.atleast_3d(a))).permute(2, 0, 1)[None] for a in (crop, normals, mask)
    )
    return delight(images, maps, masks, strength=strength)[0].permute(1, 2, 0).contiguous().numpy()


def tone_degrees(crop: Crop, mask: Mask) -> float:
    """Individual typology angle of the face, degrees; NaN where the colour says nothing about skin (b* under 1)."""
    lightness, _, b = (srgb_to_lab(crop)[mask > 0.5]).mean(axis=0)
    return math.degrees(math.atan2(float(lightness) - 50, float(b))) if b >= 1 else math.nan


def choose_sources(portraits: list[Portrait], config: PrepareConfig) -> list[list[int]]:
    """Other people for every face, drawn evenly over skin tones and only from coloured pictures."""
    rng = np.random.default_rng(config.seed)
    tones = np.array([p.tone_degrees for p in portraits])
    usable = np.flatnonzero(~np.isnan(tones)) if (~np.isnan(tones)).sum() > 1 else np.arange(len(tones))
    weights = balance(tones[usable])
    chosen = []
    for portrait in portraits:
        others = np.array([portraits[j].person != portrait.person for j in usable])
        share = weights * others
        count = min(config.sources, int(others.sum()))
        picks = rng.choice(usable, count, replace=False, p=share / share.sum())
        chosen.append([int(j) for j in np.resize(picks, config.sources)])
    return chosen


def balance(tones_degrees: np.ndarray) -> np.ndarray:
    """Sampling weights that flatten the histogram of tones (square root of the inverse count; NaN counts as a bin)."""
    bins = np.where(np.isnan(tones_degrees), 99, np.digitize(tones_degrees, [-30, 10, 28, 41, 55]))
    _, inverse, counts = np.unique(bins, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse])
    return weights / weights.sum()


def _shard(targets: list[Portrait], sources: list[list[Portrait]], config: PrepareConfig) -> dict[str, np.ndarray]:
    rows: dict[str, list[np.ndarray]] = {}
    for target, people in zip(targets, sources, strict=True):
        for name, value in _row(target, people, config).items():
            rows.setdefault(name, []).append(value)
    # safetensors writes memory as it lies: a transposed view would come back scrambled.
    return {name: np.ascontiguousarray(np.stack(values)) for name, values in rows.items()}


def _row(target: Portrait, people: list[Portrait], config: PrepareConfig) -> dict[str, np.ndarray]:
    side = config.side
    geometry = render(target.aligned.landmarks, CROP_SIDE)
    matrix = resize_matrix(np.eye(2, 3), CROP_SIDE, side)
    landmarks = transform_landmarks(target.aligned.landmarks, matrix)
    even = _small(target.even, side)
    even_target = AlignedFace(target.aligned.face, even, resize_matrix(target.aligned.matrix, CROP_SIDE, side), landmarks)
    visible = _small(target.visible, side)
    crops, masks = [], []
    for person in people:
        frame = (person.even * 65535).astype(np.uint16)
        face = Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, person.aligned.landmarks)
        made = reenact(frame, face, even_target, person.visible)
        crops.append(_bytes(made.crop, side))
        masks.append(_bytes(made.mask * visible * (1 - made.native), side))
    return {
        "crop": _bytes(target.aligned.crop, side),
        "even": _bytes(even, side),
        "reenacted": np.stack(crops),
        "reenacted_mask": np.stack(masks),
        "normals": _small(geometry.normals, side).transpose(2, 0, 1).astype(np.float16),
        "pncc": _small(geometry.pncc, side).transpose(2, 0, 1).astype(np.float16),
        "depth": (_small(geometry.depth, side) * (side / CROP_SIDE)).astype(np.float16),
        "mask": _bytes(geometry.mask, side),
    }


def _small(values: np.ndarray, side: int) -> np.ndarray:
    return values if values.shape[0] == side else cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)


def _bytes(values: np.ndarray, side: int) -> np.ndarray:
    small = np.clip(_small(values, side) * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(small.transpose(2, 0, 1) if small.ndim == 3 else small)


def _facts(portrait: Portrait) -> dict[str, Any]:
    tone = None if math.isnan(portrait.tone_degrees) else round(portrait.tone_degrees, 2)
    return {"file": portrait.file, "person": portrait.person, "tone_degrees": tone}
