"""Batches: the same for the same seed and step, across people, in range, and mirrored whole."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.errors import InputError, UsageError
from aotface.training.data import Batches, Shards, load_shards, mirrored_geometry
from aotface.training.lighting import LightingConfig


def batches(shards: Shards, unpaired: float = 0.25, seed: int = 0) -> Batches:
    return Batches(shards, 4, unpaired, LightingConfig(), seed)


def test_splits_do_not_mix(shards_folder: Path, shards: Shards) -> None:
    held_out = load_shards(shards_folder, "validation")
    people = [{fact["person"] for fact in part.facts} for part in (shards, held_out)]
    assert len(people[0]) == 5 and len(people[1]) == 3 and not people[0] & people[1]
    assert shards.summary()["people"] == 5 and sum(shards.summary()["tones"].values()) == 5
    # The shard with faces of both splits is read by both, each its own rows.
    assert held_out.take("crop", [0]).ne(shards.take("crop", [4])).any()


def test_a_batch_follows_from_seed_and_step_alone(shards: Shards) -> None:
    first, again = batches(shards).draw(7), batches(shards).draw(7)
    assert all(torch.equal(getattr(first, n), getattr(again, n)) for n in ("x_r", "x_t", "answer", "mask"))
    for other in (batches(shards).draw(8), batches(shards, seed=1).draw(7), batches(shards).draw(7, rank=1)):
        assert not torch.equal(first.x_t, other.x_t)


def test_ranges_and_shapes(shards: Shards) -> None:
    batch = batches(shards).draw(0)
    assert batch.answer is not None and batch.known is not None
    for picture in (batch.x_r, batch.x_t, batch.answer):
        assert picture.shape == (4, 3, 64, 64) and picture.min() >= -1 and picture.max() <= 1
    assert batch.geometry.shape == (4, 6, 64, 64) and batch.mask.shape == (4, 1, 64, 64)
    assert batch.mask.min() >= 0 and batch.mask.max() <= 1 and batch.mask.mean() > 0.05
    length = batch.geometry[:, :3].square().sum(1).sqrt()
    assert float(length[batch.mask[:, 0] > 0.9].mean()) == pytest.approx(1, abs=0.05)


def test_unpaired_targets_are_photographs_and_only_in_games(shards: Shards) -> None:
    games, none = batches(shards).draw(3), batches(shards).draw(3, games=False)
    assert games.known is not None and none.known is not None
    assert games.known.tolist() == [0, 1, 1, 1] and none.known.tolist() == [1, 1, 1, 1]
    photographs = shards.take("crop", list(range(len(shards)))) * 2 - 1

    def nearest(picture: torch.Tensor) -> float:
        both = torch.cat([photographs, photographs.flip(3)])
        return float((both - picture).abs().amax((1, 2, 3)).min())

    assert nearest(games.x_t[0]) < 1e-6 and nearest(games.x_t[1]) > 0.01 and nearest(none.x_t[0]) > 0.01


def test_the_answer_is_never_the_target(shards: Shards) -> None:
    """The trap is leak: where the answer were X_t, copying it would be rewarded."""
    for step in range(3):
        batch = batches(shards, unpaired=0.0).draw(step)
        assert batch.answer is not None
        apart = ((batch.answer - batch.x_t).abs() * batch.mask).sum((1, 2, 3)) / batch.mask.sum((1, 2, 3))
        assert float(apart.min()) > 0.01


def test_mirroring_turns_the_normals_and_the_code_round(shards: Shards) -> None:
    normals, pncc = shards.take("normals", [0]), shards.take("pncc", [0])
    depth = shards.take("depth", [0])
    kept = mirrored_geometry(normals.clone(), pncc.clone(), depth, torch.tensor([False]))
    assert torch.equal(kept[0], normals) and torch.equal(kept[1], pncc)
    turned = mirrored_geometry(normals.clone(), pncc.clone(), depth, torch.tensor([True]))
    twice = mirrored_geometry(turned[0].clone(), turned[1].clone(), depth, torch.tensor([True]))
    assert torch.equal(twice[0], normals) and float((twice[1] - pncc).abs().max()) < 1e-3
    # To the right of the face normals still point right.
    x = torch.linspace(-1, 1, 64)
    assert float((turned[0][:, 0] * x).mean()) > 0 and float((normals[:, 0] * x).mean()) > 0
    assert float((normals.flip(3)[:, 0] * x).mean()) < 0


def test_what_is_no_data_set_is_refused(shards_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run prepare first"):
        load_shards(tmp_path)
    copy = shutil.copytree(shards_folder, tmp_path / "copy")
    index = json.loads((copy / "index.json").read_text())
    (copy / "index.json").write_text(json.dumps(index | {"format": 99}))
    with pytest.raises(UsageError, match="format 2, found 99"):
        load_shards(copy)
    leaving = [{**face, "shard": "../" + face["shard"]} for face in index["faces"]]
    (copy / "index.json").write_text(json.dumps(index | {"faces": leaving}))
    with pytest.raises(UsageError, match="plain file name"):
        load_shards(copy)
    (copy / "index.json").write_text(json.dumps(index))
    (copy / "shard_00000.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match="shard_00000"):
        load_shards(copy)
    (copy / "index.json").write_text("{")
    with pytest.raises(InputError, match="JSON"):
        load_shards(copy)


def test_shards_of_an_older_index_are_for_training(shards_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(shards_folder, tmp_path / "copy")
    index = json.loads((copy / "index.json").read_text())
    for face in index["faces"]:
        del face["split"]
    (copy / "index.json").write_text(json.dumps({k: v for k, v in index.items() if k != "fingerprint"}))
    assert len(load_shards(copy)) == 8 and len(load_shards(copy, "validation")) == 0
    assert np.isfinite(load_shards(copy).tones_degrees).all()


def test_faces_at_half_the_side_are_means_of_pixels(shards: Shards) -> None:
    small = shards.at_side(32)
    assert small.side == 32 and shards.at_side(64) is shards
    wide = torch.nn.functional.avg_pool2d(shards.take("even", [0]), 2)
    assert float((small.take("even", [0]) - wide).abs().max()) <= 0.5 / 255 + 1e-6
    depth = torch.nn.functional.avg_pool2d(shards.take("depth", [0])[:, None], 2)[:, 0] / 2
    assert torch.allclose(small.take("depth", [0]), depth, atol=0.02)
    batch = Batches(small, 4, 0.0, LightingConfig(), 0).draw(0)
    assert batch.x_r.shape == (4, 3, 32, 32) and bool(torch.isfinite(batch.answer).all())
    for side in (128, 48):
        with pytest.raises(UsageError, match="not a part of it"):
            shards.at_side(side)


def test_evenly_lit_faces_are_drawn_more_often(shards: Shards) -> None:
    facts = [{**fact, "shading": 0.1 if row == 0 else 1.0} for row, fact in enumerate(shards.facts)]
    uneven = dataclasses.replace(shards, facts=facts)
    weights = Batches(uneven, 4, 0.0, LightingConfig(), 0).weights
    plain = batches(shards).weights
    assert weights[0] / weights[1] > 50 * plain[0] / plain[1]


def test_faces_in_one_piece_give_the_same_batches(shards: Shards) -> None:
    """As they lie in a GPU's memory; each split takes its own rows out of shards that hold both."""
    whole = shards.on(torch.device("cpu"))
    assert len(whole.parts) == 1 and whole.bytes() == shards.bytes()
    assert sum(values.nbytes for values in whole.parts["whole"].values()) == shards.bytes()
    first, again = batches(shards).draw(5), batches(whole).draw(5)
    for name in ("x_r", "x_t", "geometry", "mask", "answer", "known", "geometry_r"):
        assert torch.equal(getattr(first, name), getattr(again, name))


@pytest.mark.gpu
def test_a_gpu_draws_its_own_batches(shards: Shards) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    device = torch.device("cuda")
    batch, again = (batches(shards.on(device)).draw(5) for _ in range(2))
    assert batch.x_r.device.type == "cuda" and batch.geometry_r.device.type == "cuda"
    assert torch.equal(batch.mask, again.mask) and float((batch.x_t - again.x_t).abs().max()) < 1e-3
