"""Pairs of photographs: two people of one split, one picture each, kept when a preparation stops."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aotface.datasets.portraits import Entry, Seen
from aotface.errors import OutputExistsError, UsageError
from aotface.training import photograph_shards
from aotface.training.listing import Listed
from aotface.training.photograph_shards import PhotographConfig, choose, prepare_photographs
from aotface.training.photographs import NAMES, load_photographs
from tests.training.conftest import make_portrait

SMALL = PhotographConfig(side=32, people=5, sources=2, block=4)


def pictures(people: int = 9) -> list[Listed]:
    """Two pictures of everybody; the last three are held out."""
    return [
        Listed(Path(f"/{person}-{take}.png"), f"{person}-{take}.png", f"person {person}",
               "train" if person < people - 3 else "validation")
        for person in range(people) for take in range(2)
    ]  # fmt: skip


def seen(number: int) -> Seen:
    portrait = make_portrait(number)
    return Seen((portrait.aligned.crop * 255).astype(np.uint8), portrait.aligned)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Made-up faces behind the pictures; what is laid onto whom is noted."""
    met: list[tuple[str, str]] = []

    def usable(data: Path, entries: Sequence[Entry], say: Any) -> list[tuple[Entry, Any]]:
        return [(entry, entry.person) for entry in entries]

    def row(source: str, target: str, side: int) -> dict[str, np.ndarray]:
        met.append((source, target))
        arrays = {name: np.full((3, side, side), 99, np.uint8) for name in NAMES - {"mask"}}
        return arrays | {"mask": np.full((1, side, side), 255, np.uint8)}

    monkeypatch.setattr(photograph_shards, "usable", usable)
    monkeypatch.setattr(photograph_shards, "_row", row)
    return met


def test_people_of_one_split_and_one_picture_each() -> None:
    train, held_out = (choose(pictures(), split, SMALL) for split in photograph_shards.SPLITS)
    assert [len({item.person for item in part}) for part in (train, held_out)] == [5, 2]
    assert {item.split for item in train} == {"train"} and {item.split for item in held_out} == {"validation"}
    assert choose(pictures(), "train", SMALL) == train


def test_nobody_is_laid_onto_themselves_and_a_stop_costs_nothing(
    found: list[tuple[str, str]], tmp_path: Path
) -> None:
    index = prepare_photographs(pictures(), tmp_path, SMALL)
    assert index["files"] == {
        "train": {"train_00000.safetensors": 10},
        "validation": {"validation_00000.safetensors": 2},
    }
    assert len(found) == 12 and all(source != target for source, target in found)
    assert len(load_photographs(tmp_path)) == 10 and len(load_photographs(tmp_path, "validation")) == 2
    # As after a stop: the index is not there yet, the files are.
    (tmp_path / "photographs" / "index.json").unlink()
    assert prepare_photographs(pictures(), tmp_path, SMALL) == index and len(found) == 12
    other = PhotographConfig(side=32, people=4, sources=2, block=4)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        prepare_photographs(pictures(), tmp_path, other)
    assert (
        sum(prepare_photographs(pictures(), tmp_path, other, overwrite=True)["files"]["train"].values()) == 8
    )


def test_what_cannot_be_is_refused(found: list[tuple[str, str]], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fewer sources than people"):
        prepare_photographs(pictures(), tmp_path, PhotographConfig(sources=4, block=4))
    with pytest.raises(UsageError, match="two people or more in validation"):
        prepare_photographs(pictures()[:6], tmp_path, SMALL)


def test_a_pair_holds_the_source_as_it_was_photographed() -> None:
    source, target = seen(2), seen(6)
    row = photograph_shards._row(source, target, 64)
    assert set(row) == NAMES and row["x_r"].shape == (3, 64, 64) and row["mask"].shape == (1, 64, 64)
    centre = (slice(None), slice(26, 38), slice(26, 38))
    means = [float(row[name][centre].mean()) / 255 for name in ("x_r", "x_t")]
    wanted = [float(part.aligned.crop[part.geometry.mask > 0.5].mean()) for part in (source, target)]
    assert means == pytest.approx(wanted, abs=0.07) and abs(wanted[0] - wanted[1]) > 0.15
