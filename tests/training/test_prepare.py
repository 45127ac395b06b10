"""Preparing: who is on which side, who is warped onto whom, rows in range, and going on after a stop."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from aotface.errors import InputError, OutputExistsError, UsageError
from aotface.media.image import write_image
from aotface.samples import sample
from aotface.training import prepare as module
from aotface.training.data import load_shards
from aotface.training.listing import list_pictures, split_of
from aotface.training.portraits import Portrait, keep, recall
from aotface.training.prepare import PrepareConfig, balance, choose_sources, prepare

from .conftest import make_portrait


def picture(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    return write_image(path, np.zeros((8, 8, 3), np.uint8))


def test_subfolders_are_people_and_single_pictures_too(tmp_path: Path) -> None:
    for name in ("ann/1.png", "ann/2.png", "bob/1.png", "eve.png", "adam.png"):
        picture(tmp_path / name)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("no picture")
    found = list_pictures(tmp_path, 0.5)
    assert [(item.name, item.person) for item in found] == [
        ("adam.png", "adam.png"),
        ("ann/1.png", "ann"),
        ("ann/2.png", "ann"),
        ("bob/1.png", "bob"),
        ("eve.png", "eve.png"),
    ]
    assert all(item.split == split_of(item.person, 0.5) for item in found)
    assert {item.split for item in list_pictures(tmp_path, 0.0)} == {"train"}


def test_the_index_says_who(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    # A name may also begin with the folder's own.
    index = tmp_path / "index.csv"
    index.write_text(f"file,person\n{tmp_path.name}/a.png,ann\n")
    assert [item.path.resolve() for item in list_pictures(tmp_path, 0.0)] == [tmp_path / "a.png"]
    index.write_text("file,person,split\na.png,ann,train\nb.png,bob,val\n")
    assert [(i.person, i.split) for i in list_pictures(tmp_path, 0.0)] == [
        ("ann", "train"),
        ("bob", "validation"),
    ]
    for text, word in (
        ("file,person,split\na.png,ann,train\nb.png,ann,val\n", "ann is in train and in validation"),
        ("file,person,split\na.png,ann,both\n", "got 'both'"),
        ("name,person\na.png,ann\n", "columns file and person"),
        ("file,person\na.png,\n", "no file or no person"),
    ):
        index.write_text(text)
        with pytest.raises(UsageError, match=word):
            list_pictures(tmp_path, 0.1)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected pictures"):
        list_pictures(tmp_path, 0.1)
    with pytest.raises(UsageError, match="expected a folder"):
        list_pictures(tmp_path / "nowhere", 0.1)
    with pytest.raises(UsageError, match="below 1"):
        list_pictures(tmp_path, 1.0)


def test_the_side_of_a_person_is_a_matter_of_the_name_alone() -> None:
    names = [f"person {number}" for number in range(4000)]
    held_out = [name for name in names if split_of(name, 0.1) == "validation"]
    assert 330 < len(held_out) < 470
    # Who is held out at a tenth is so at a fifth: people never change sides towards training.
    assert all(split_of(name, 0.2) == "validation" for name in held_out)


def test_sources_are_other_people_of_the_same_split_and_not_grey() -> None:
    facts: list[dict[str, Any]] = [
        {
            "file": str(n),
            "person": str(n // 2),
            "split": "train" if n < 12 else "validation",
            "tone_degrees": 40.0,
        }
        for n in range(20)
    ]
    facts[3]["tone_degrees"] = float("nan")
    chosen = choose_sources(facts, PrepareConfig(sources=5, seed=1))
    for number, picks in enumerate(chosen):
        assert len(picks) == 5 and 3 not in picks
        assert all(facts[p]["person"] != facts[number]["person"] for p in picks)
        assert all(facts[p]["split"] == facts[number]["split"] for p in picks)
    assert chosen == choose_sources(facts, PrepareConfig(sources=5, seed=1))
    assert chosen != choose_sources(facts, PrepareConfig(sources=5, seed=2))


def test_rare_tones_count_for_more() -> None:
    weights = balance(np.array([50.0] * 9 + [-40.0]))
    assert weights.sum() == pytest.approx(1) and weights[9] == pytest.approx(3 * weights[0])


def test_a_kept_face_comes_back(tmp_path: Path) -> None:
    one = make_portrait(3)
    keep([one, make_portrait(4)], ["left out: x"], tmp_path / "faces.safetensors")
    shelf = recall(tmp_path / "faces.safetensors")
    found = shelf.portrait(0)
    assert shelf.notes == ["left out: x"] and [fact["file"] for fact in shelf.facts] == ["3.png", "4.png"]
    assert np.abs(found.even - one.even).max() < 1e-5 and np.abs(found.visible - one.visible).max() < 1e-5
    assert (
        np.array_equal(found.aligned.landmarks, one.aligned.landmarks)
        and found.tone_degrees == one.tone_degrees
    )


@pytest.fixture
def made_up_faces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Detection answers with made-up faces; the list fills with the names that were measured."""
    seen: list[str] = []

    def measure(path: Path, name: str, person: str, split: str, strength: float) -> Portrait:
        seen.append(name)
        if name == "3.png":
            raise InputError(f"{name}: the file is empty")
        portrait = make_portrait(int(path.stem), split)
        return Portrait(
            name, person, split, portrait.aligned, portrait.even, portrait.visible, portrait.tone_degrees
        )

    monkeypatch.setattr(module, "measure", measure)
    return seen


CONFIG = PrepareConfig(side=32, sources=2, shard=2)


def test_a_stopped_preparation_goes_on(
    tmp_path: Path, made_up_faces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        picture(tmp_path / "in" / f"{number}.png")
    listed = list_pictures(tmp_path / "in", 0.0)
    warned: list[str] = []
    whole = prepare(listed, tmp_path / "whole", CONFIG, warn=warned.append)
    assert warned == ["left out: 3.png: the file is empty"] and len(whole["faces"]) == 4
    made_up_faces.clear()

    writes: list[Path] = []
    write = module.write_arrays

    def stop_at_second(arrays: Any, path: Path) -> None:
        writes.append(path)
        if len(writes) == 2:
            raise KeyboardInterrupt
        write(arrays, path)

    monkeypatch.setattr(module, "write_arrays", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        prepare(listed, tmp_path / "out", CONFIG)
    monkeypatch.setattr(module, "write_arrays", write)
    assert len(made_up_faces) == 5
    index = prepare(listed, tmp_path / "out", CONFIG)
    assert len(made_up_faces) == 5, "nothing is measured twice"
    assert index == whole
    for file in sorted((tmp_path / "whole").iterdir()):
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "index.json",
        "prepare.json",
        "shard_00000.safetensors",
        "shard_00001.safetensors",
    ]
    # Asked once more, there is nothing to do.
    said: list[str] = []
    assert prepare(listed, tmp_path / "out", CONFIG, said.append) == index and "all there" in said[0]
    with pytest.raises(OutputExistsError, match="other pictures or options"):
        prepare(listed[1:], tmp_path / "out", CONFIG)
    assert len(prepare(listed[1:], tmp_path / "out", CONFIG, overwrite=True)["faces"]) == 3


def test_too_few_people(tmp_path: Path, made_up_faces: list[str]) -> None:
    for name in ("ann/1.png", "ann/2.png"):
        picture(tmp_path / "in" / name)
    with pytest.raises(UsageError, match="at least two people"):
        prepare(list_pictures(tmp_path / "in", 0.0), tmp_path / "out", CONFIG)
    with pytest.raises(UsageError, match="16 divides"):
        prepare([], tmp_path / "out", PrepareConfig(side=100))


def test_a_lonely_held_out_person_joins_the_training(tmp_path: Path, made_up_faces: list[str]) -> None:
    (tmp_path / "in").mkdir()
    rows = "".join(f"{n}.png,{n},{'val' if n == 0 else 'train'}\n" for n in (0, 1, 2))
    for number in range(3):
        picture(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "index.csv").write_text("file,person,split\n" + rows)
    warned: list[str] = []
    index = prepare(list_pictures(tmp_path / "in", 0.0), tmp_path / "out", CONFIG, warn=warned.append)
    assert {face["split"] for face in index["faces"]} == {"train"} and "one person alone" in warned[0]


def test_rows_are_what_batches_expect(shards_folder: Path) -> None:
    shards = load_shards(shards_folder)
    part = next(iter(shards.parts.values()))
    assert {name: (tuple(a.shape[1:]), a.dtype) for name, a in part.items()} == {
        "crop": ((3, 64, 64), torch.uint8),
        "even": ((3, 64, 64), torch.uint8),
        "reenacted": ((2, 3, 64, 64), torch.uint8),
        "reenacted_mask": ((2, 64, 64), torch.uint8),
        "normals": ((3, 64, 64), torch.int8),
        "pncc": ((3, 64, 64), torch.uint8),
        "depth": ((64, 64), torch.float16),
        "own_normals": ((2, 3, 64, 64), torch.int8),
        "own_pncc": ((2, 3, 64, 64), torch.uint8),
        "own_depth": ((2, 64, 64), torch.float16),
        "mask": ((64, 64), torch.uint8),
    }
    mask = shards.take("mask", [0]) > 0
    assert 0.2 < float(mask.float().mean()) < 0.9
    assert float(shards.take("reenacted_mask", [0], [1])[~mask].max()) == 0
    # X_r is another person: neither the target nor the other source.
    one, two, own = (
        shards.take("reenacted", [0], [0]),
        shards.take("reenacted", [0], [1]),
        shards.take("even", [0]),
    )
    assert all(float((a - b).abs().mean()) > 2 / 255 for a, b in ((one, two), (one, own), (two, own)))


def test_real_pictures(tmp_path: Path) -> None:
    """Two people, one picture without a face and one that is none, from the files to a batch-ready index."""
    photo = np.ascontiguousarray(astronaut())
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in" / "astronaut.png", np.ascontiguousarray(photo[:300, 60:360]))
    write_image(tmp_path / "in" / "nobody.png", np.ascontiguousarray(photo[300:, :200]))
    other = sample("source_light_man")
    (tmp_path / "in" / other.name).write_bytes(other.read_bytes())
    (tmp_path / "in" / "words.jpg").write_text("no picture")
    warned: list[str] = []
    index = prepare(
        list_pictures(tmp_path / "in", 0.0), tmp_path / "out", PrepareConfig(64, 1, 4), warn=warned.append
    )
    assert [face["file"] for face in index["faces"]] == ["astronaut.png", other.name]
    assert len(warned) == 2 and "nobody.png: no face found" in warned[0] and "words.jpg" in warned[1]
    assert json.loads((tmp_path / "out" / "index.json").read_text()) == index
    shards = load_shards(tmp_path / "out")
    mask = shards.take("reenacted_mask", [0], [0])[:, None]
    assert float(mask.mean()) > 0.1
    # The other person's face arrives in this one's place: it differs, but not wildly.
    apart = (shards.take("reenacted", [0], [0]) - shards.take("even", [0])).abs() * mask
    assert 3 < 255 * float(apart.sum() / mask.sum() / 3) < 90
