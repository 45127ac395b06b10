"""Made-up faces: the mean mesh, bent and turned, over smooth skin-coloured pictures; none is detected."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.face.render import render
from aotface.training.config import TrainConfig
from aotface.training.data import Shards, load_shards
from aotface.training.portraits import Portrait, in_crop, tone_degrees
from aotface.training.prepare import FORMAT, PrepareConfig, _row, choose_sources
from aotface.training.shard_arrays import stacked, write_arrays
from aotface.types import CROP_SIDE, AlignedFace

SIDE = 64
PEOPLE = 8


def make_portrait(number: int, split: str = "train") -> Portrait:
    """A person of a tone of its own; the picture is noise, so that nothing in it is symmetric."""
    rng = np.random.default_rng(number)
    angle = np.deg2rad(rng.uniform(-15, 15))
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    shape = MEAN @ turn.T * (1 + 0.1 * rng.standard_normal(3))
    low, high = shape.min(axis=0), shape.max(axis=0)
    landmarks = ((shape - (low + high) / 2) * (0.75 * CROP_SIDE / (high - low)[1]) + CROP_SIDE / 2).astype(
        np.float32
    )
    skin = np.array([0.85, 0.62, 0.5], np.float32) * np.float32(0.35 + 0.65 * number / PEOPLE)
    bumps = cv2.resize(
        rng.random((12, 12, 3), np.float32), (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_CUBIC
    )
    crop = np.clip(skin * (0.8 + 0.4 * bumps), 0, 1).astype(np.float32)
    geometry = render(landmarks, CROP_SIDE)
    aligned = AlignedFace(in_crop(landmarks), crop, np.eye(2, 3), landmarks)
    tone = tone_degrees(crop, geometry.mask)
    return Portrait(f"{number}.png", f"person {number}", split, aligned, crop, geometry.mask, tone)


def facts_of(portrait: Portrait) -> dict[str, Any]:
    names = ("file", "person", "split", "tone_degrees", "shading")
    return {name: getattr(portrait, name) for name in names}


def make_shards(folder: Path, held_out: int = 3) -> Path:
    """Eight faces in two shards, the last of them held out."""
    config = PrepareConfig(side=SIDE, sources=2, shard=5)
    splits = ["train"] * (PEOPLE - held_out) + ["validation"] * held_out
    portraits = [make_portrait(number, split) for number, split in enumerate(splits)]
    facts = [facts_of(portrait) for portrait in portraits]
    chosen = choose_sources(facts, config)
    faces = []
    for start in range(0, PEOPLE, config.shard):
        name = f"shard_{start // config.shard:05d}.safetensors"
        part = range(start, min(start + config.shard, PEOPLE))
        rows = [_row(portraits[i], [portraits[j] for j in chosen[i]], config) for i in part]
        write_arrays(stacked(rows), folder / name)
        faces += [{"shard": name, "row": i - start, **facts[i], "source_shading": [0.0, 0.0]} for i in part]
    index = {"format": FORMAT, "config": {"side": SIDE}, "fingerprint": "made-up", "faces": faces}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="session")
def shards_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write there."""
    return make_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="session")
def shards(shards_folder: Path) -> Shards:
    return load_shards(shards_folder)


@pytest.fixture(scope="session")
def fabric() -> Any:
    """A plain one on the processor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aotface.training.launch import launch

        return launch("cpu", "32-true")


@pytest.fixture
def tiny() -> Callable[..., TrainConfig]:
    """A run of six steps, with games from the third on."""

    def build(**changes: Any) -> TrainConfig:
        values: dict[str, Any] = {
            "size": "tiny",
            "steps": 6,
            "batch": 4,
            "warmup": 2,
            "games_from": 2,
            "games_every": 2,
            "games_ramp": 2,
            "unpaired": 0.25,
            "precision": "32-true",
            "checkpoint_every": 100,
            "sample_every": 100,
            "validation_faces": 8,
        }
        return TrainConfig(**(values | changes))

    return build
