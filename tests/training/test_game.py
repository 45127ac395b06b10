"""Games on photographs: the discriminator learns first, at its own pace, and a run whose discriminator cannot tell stops."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from aotface.errors import InputError, Interrupted, UsageError
from aotface.training.config import TrainConfig
from aotface.training.data import Shards
from aotface.training.game import AtChance, PhotographGame, fooling
from aotface.training.loop import go_on, train
from aotface.training.photographs import NAMES, Photographs, load_photographs
from aotface.training.ranges import Game
from aotface.training.trainer import Trainer
from aotface.transfer.aot.decoder import SATURATION
from aotface.transfer.aot.face_critic import face_statistics
from aotface.transfer.aot.generator import SIZES, RelightingGenerator
from aotface.transfer.aot.msd import accuracy, mix
from aotface.transfer.aot.objective import Discriminators, Weights, game_pictures

Tiny = Callable[..., TrainConfig]
SIDE = 32
QUICK = Game(faces=3, side=SIDE, pace=1, head_start=0, least=0.0, catch_up=0, judged_faces=3, judged_every=2)


def made(count: int = 6, seed: int = 0, noise: float = 0.3) -> Photographs:
    """Noise for faces; X_r is the target, darker, and without its grain where ``noise`` says so."""
    rng = np.random.default_rng(seed)
    x_t = rng.uniform(0.5 - noise, 0.5 + noise, (count, 3, SIDE, SIDE))
    mask = np.zeros((count, 1, SIDE, SIDE), np.uint8)
    mask[..., 4:28, 4:28] = 255
    normals = np.zeros((count, 3, SIDE, SIDE), np.int8)
    normals[:, 2] = 127
    arrays = {
        "x_r": np.full_like(x_t, 0.4),
        "x_t": x_t,
        "mask": mask,
        "pncc": np.full((count, 3, SIDE, SIDE), 99, np.uint8),
        "own_pncc": np.full((count, 3, SIDE, SIDE), 99, np.uint8),
        "normals": normals,
        "own_normals": normals,
    }
    packed = {
        name: values if values.dtype != np.float64 else (values * 255).astype(np.uint8)
        for name, values in arrays.items()
    }
    return Photographs({name: torch.from_numpy(values.copy()) for name, values in packed.items()}, SIDE)


def game_of(**changes: Any) -> tuple[PhotographGame, RelightingGenerator]:
    torch.manual_seed(0)
    size = SIZES["tiny"]
    generator = RelightingGenerator(dataclasses.replace(size, side=SIDE))
    face, transport = changes.pop("face", 0.0), changes.pop("transport", 0.0)
    weights = Weights(transport=transport, cost=0.0, mix=0.0 if face else 1.0, face=face)
    faces = made(), made(3, seed=1)
    game = PhotographGame(
        dataclasses.replace(QUICK, **changes), weights, *faces, Discriminators(size), seed=0
    )
    return game, generator


def test_after_a_head_start_it_can_tell_and_without_one_it_cannot() -> None:
    """The target is noise and the swapped face is not: a few dozen steps are enough, and none is not."""
    torch.set_num_threads(1)
    game, generator = game_of(head_start=40, rate=4e-3)
    before = game.judge(generator)["segment_accuracy"]
    assert before == pytest.approx(0.5, abs=0.1)
    assert game.prepare(generator)["segment_accuracy"] > 0.6 > before
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_a_discriminator_at_chance_stops_the_run() -> None:
    game, generator = game_of(head_start=0, least=0.6)
    with pytest.raises(
        AtChance, match=r"segment_accuracy on other people is 0\.\d+, expected 0\.6"
    ) as caught:
        game.prepare(generator)
    assert caught.value.exit_code == 9 and "\n" not in str(caught.value)
    # The twin: some steps of its own, and the same game goes on.
    game, generator = game_of(least=0.6, catch_up=40, rate=4e-3)
    assert game.play(generator, 0, 1.0)["segment_accuracy"] >= 0.6


def test_a_step_moves_the_discriminators_and_gives_the_generator_a_gradient() -> None:
    game, generator = game_of(pace=2, transport=0.5)
    before = {n: v.clone() for n, v in game.discriminators.state_dict().items()}
    terms = game.play(generator, 1, 0.5)
    assert {"mix", "segment", "transport", "w1_1"} <= terms.keys() and "segment_accuracy" not in terms
    after = game.discriminators.state_dict()
    assert all(
        any(not torch.equal(before[n], after[n]) for n in before if n.startswith(part))
        for part in ("msd", "critics")
    )
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.decoder.parameters())
    assert generator.training


def test_the_face_critic_is_played_and_its_units_are_those_of_photographs() -> None:
    game, generator = game_of(face=1.0, head_start=24)
    assert game.prepare(generator).keys() == {"face_accuracy"}
    batch = game.photographs.batch(torch.arange(6))
    critic, statistics = game.discriminators.face, face_statistics(batch.x_t, batch.mask)
    torch.testing.assert_close(critic.mean, statistics.mean(0))
    assert critic(face_statistics(batch.x_r, batch.mask)).mean() > critic(statistics).mean()
    assert {"face", "face_critic"} <= game.play(generator, 1, 1.0).keys()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.decoder.parameters())


def test_near_chance_only_one_goal_has_a_slope() -> None:
    m = torch.tensor([1.0, 1.0, -1.0, 0.0]).view(1, 1, 2, 2)
    slopes = {}
    for goal in ("undecided", "real"):
        told = torch.zeros(1, 1, 2, 2, requires_grad=True)
        fooling(told, m, goal).backward()
        slopes[goal] = told.grad
    assert not slopes["undecided"].any()
    assert slopes["real"].flatten().tolist() == [1.0, 1.0, 0.0, 0.0]


def test_accuracy_of_a_mix() -> None:
    m = torch.tensor([1.0, 1.0, -1.0, 0.2]).view(1, 1, 2, 2)
    assert accuracy(m, m) == [1.0] and accuracy(torch.ones_like(m), m) == [0.5] and accuracy(-m, m) == [0.0]
    # A side without a pixel counts as half right.
    assert accuracy(m, m.abs()) == [pytest.approx((2 / 3 + 0.5) / 2)]


def test_whole_faces_are_not_mixed() -> None:
    mask = torch.zeros(16, 1, 16, 16)
    mask[..., 2:14, 2:14] = 1
    mixed, parts = (
        mix(
            torch.ones(16, 3, 16, 16),
            -torch.ones(16, 3, 16, 16),
            mask,
            torch.Generator().manual_seed(0),
            whole,
        ).m
        for whole in (1.0, 0.0)
    )
    assert all(m[mask[:1, 0] > 0].unique().numel() == 1 for m in mixed) and mixed.min() < 0 < mixed.max()
    assert all(m[mask[:1, 0] > 0].unique().numel() == 2 for m in parts)


def test_a_blur_leaves_light_alone() -> None:
    """Grain is gone, a difference in light stays; without the blur both stay."""
    batch = made().batch(torch.arange(2))
    inside = batch.mask.expand_as(batch.x_t) > 0
    for blur, grain in ((0.25, 0.02), (0.0, 0.3)):
        one, other = game_pictures(batch.x_t - 0.4, batch.x_t, batch.mask, blur)
        assert other[inside].std() == pytest.approx(grain, rel=0.9)
        torch.testing.assert_close(other - one, torch.full_like(one, 0.4))


@pytest.fixture
def played(tiny: Tiny) -> TrainConfig:
    options = dataclasses.replace(tiny().options, side=SIDE)
    game, weights = dataclasses.replace(QUICK, head_start=4), dataclasses.replace(tiny().weights, follow=1.0)
    return tiny(
        options=options, batch=2, photographs=1, saturation=False, games_every=1, game=game, weights=weights
    )


def test_stopped_and_resumed_equals_uninterrupted(
    played: TrainConfig, shards: Shards, fabric: Any, tmp_path: Path
) -> None:
    photographs = made(), made(3, seed=1)
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    seen: list[dict[str, float]] = []
    whole = train(
        played, shards, tmp_path / "one", fabric, log=lambda v, _: seen.append(v), photographs=photographs
    )
    begun = Trainer(played, shards, tmp_path / "two", fabric, photographs=photographs)
    calls: list[int] = []
    with pytest.raises(Interrupted):
        go_on(begun, stop=lambda: bool(calls.append(1)) or len(calls) >= 4)
    resumed = train(played, shards, tmp_path / "two", fabric, photographs=photographs)
    for part in ("generator", "discriminators"):
        wanted, found = getattr(whole, part).state_dict(), getattr(resumed, part).state_dict()
        assert [name for name in wanted if not torch.equal(wanted[name], found[name])] == []
    assert {"segment_accuracy", "mix", "segment", "follow_photographs"} <= seen[-1].keys()
    head = whole.generator.decoder.head.weight
    assert not head[SATURATION].any() and head[:SATURATION].any()  # they began alike


def test_photographs_are_as_fine_as_the_octaves_of_light(
    played: TrainConfig, shards: Shards, fabric: Any, tmp_path: Path
) -> None:
    for light_side, wanted in ((0, 16), (32, 32)):
        options = dataclasses.replace(played.options, side=16, light_side=light_side)
        config = dataclasses.replace(played, options=options)
        found = Trainer(config, shards, tmp_path, fabric, photographs=(made(), made())).photographs
        assert found is not None and found.side == wanted


def test_a_run_without_photographs_is_refused(
    played: TrainConfig, shards: Shards, fabric: Any, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="expected pairs of photographs"):
        Trainer(dataclasses.replace(played, photographs=0), shards, tmp_path, fabric)
    with pytest.raises(UsageError, match="photographs is 1"):
        Trainer(dataclasses.replace(played, game=Game()), shards, tmp_path, fabric)
    with pytest.raises(UsageError, match="prepare PICTURES --photographs"):
        load_photographs(tmp_path)


def test_mirrored_pairs_have_mirrored_normals() -> None:
    faces = made()
    faces.arrays["normals"][:, 0] = torch.arange(SIDE, dtype=torch.int8)
    plain, turned = (faces.batch(torch.arange(2), torch.tensor([flip] * 2)) for flip in (False, True))
    assert torch.equal(turned.x_t, plain.x_t.flip(3)) and torch.equal(turned.mask, plain.mask.flip(3))
    assert torch.equal(turned.geometry[:, 0], -plain.geometry[:, 0].flip(2))
    same, other = faces.draw(4, 1, 2), faces.draw(4, 1, 3)
    assert torch.equal(same.x_t, faces.draw(4, 1, 2).x_t) and not torch.equal(same.x_t, other.x_t)


def test_pairs_are_read_back_and_broken_ones_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    arrays = {name: np.ascontiguousarray(values.numpy()) for name, values in made().arrays.items()}
    (folder / "train_00000.safetensors").write_bytes(save(arrays))
    index = {
        "format": 1,
        "config": {"side": SIDE},
        "files": {"train": {"train_00000.safetensors": 6}, "validation": {}},
    }
    (folder / "index.json").write_text(json.dumps(index))
    read = load_photographs(tmp_path)
    assert len(read) == 6 and read.side == SIDE and set(read.arrays) == NAMES
    assert read.at_side(16).arrays["x_t"].shape[-1] == 16
    with pytest.raises(UsageError, match="not a part of it"):
        read.at_side(24)
    with pytest.raises(UsageError, match="no pairs of the split validation"):
        load_photographs(tmp_path, "validation")
    (folder / "train_00000.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="prepare again"):
        load_photographs(tmp_path)
