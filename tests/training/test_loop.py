"""The loop: it learns, it stops and goes on without a trace, and it says so when a run is lost."""

import dataclasses
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from aotface.errors import Interrupted, UsageError
from aotface.training.checkpoint import load_checkpoint
from aotface.training.config import TrainConfig
from aotface.training.data import Shards
from aotface.training.interrupt import asked_to_stop
from aotface.training.loop import go_on, train
from aotface.training.trainer import Trainer, averaged_generator
from aotface.training.watch import Diverged, Watch
from aotface.transfer.aot.generator import SIZES, RelightingGenerator

Tiny = Callable[..., TrainConfig]


def states(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Everything that a further step depends on."""
    parts = {
        "generator": trainer.generator.state_dict(),
        "discriminators": trainer.discriminators.state_dict(),
    }
    found = {f"{name}/{key}": value for name, part in parts.items() for key, value in part.items()}
    found |= {f"average/{key}": value for key, value in trainer.average.items()}
    for name, optimiser in (("optimiser", trainer.optimiser), ("rival", trainer.rival)):
        for index, values in optimiser.state_dict()["state"].items():
            found |= {f"{name}/{index}/{key}": torch.as_tensor(value) for key, value in values.items()}
    return found


def after(steps: int) -> Callable[[], bool]:
    """A stop that is asked for at the end of the given step."""
    calls: list[int] = []
    return lambda: calls.append(1) or len(calls) >= steps  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "changes", [{}, {"plan_by_rmsprop": True, "accumulate": 2, "batch": 2}], ids=["ours", "both"]
)
def test_stopped_and_resumed_equals_uninterrupted(
    tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = tiny(**changes)
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    whole = train(config, shards, tmp_path / "one", fabric)
    begun = Trainer(config, shards, tmp_path / "two", fabric)
    with pytest.raises(Interrupted, match="step 3 of 6"):
        go_on(begun, stop=after(3))
    half = {name: value.clone() for name, value in states(begun).items()}
    resumed = train(config, shards, tmp_path / "two", fabric)
    assert resumed.step == whole.step == 6
    wanted, found = states(whole), states(resumed)
    assert wanted.keys() == found.keys() and any(name.startswith("rival/") for name in wanted)
    assert [name for name in wanted if not torch.equal(wanted[name], found[name])] == []
    assert resumed.watch.state() == whole.watch.state()
    # The twin: steps do change what is compared, games included.
    assert any(not torch.equal(half[n], found[n]) for n in half if n.startswith("discriminators/"))


def test_workers_change_nothing(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    trainer = Trainer(tiny(), shards, tmp_path, fabric)
    one, three = (list(trainer.batches_from(2, workers)) for workers in (1, 3))
    assert len(one) == len(three) == 4
    assert all(torch.equal(a[0].x_t, b[0].x_t) for a, b in zip(one, three, strict=True))


def test_it_learns(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    """On one batch, over and over, the distance to the answer falls by a third in a few steps."""
    trainer = Trainer(tiny(steps=40, warmup=0, learning_rate=3e-3, games_from=99), shards, tmp_path, fabric)
    batch = trainer.batches.draw(0, games=False)
    losses = [trainer.advance([batch])["pixel"] for _ in range(30)]
    assert losses[-1] < 0.67 * losses[0]


def test_the_games_come_late_and_gently(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    config = tiny(games_from=None, steps=100, games_every=3, games_ramp=10)
    trainer = Trainer(config, shards, tmp_path, fabric)
    assert config.games_start == 60
    assert [step for step in range(100) if trainer.plays(step)][:3] == [60, 63, 66]
    full, found = config.weights, {}
    for step in (59, 60, 61, 63, 69, 90):
        trainer.step = step
        found[step] = trainer.weights()
    for name in ("transport", "cost", "mix", "reconstruction", "edges"):
        shares = [getattr(found[step], name) / getattr(full, name) for step in (59, 60, 61, 63, 69, 90)]
        assert shares == pytest.approx([0, 0.1, 0, 0.4, 1, 1]), name
    assert all(w.pixel == full.pixel for w in found.values())
    # The painting head draws from the first step on.
    painting = dataclasses.replace(
        config, options=dataclasses.replace(config.options, head="paint"), saturation=False
    )
    trainer = Trainer(painting, shards, tmp_path, fabric)
    assert trainer.weights().reconstruction == full.reconstruction and trainer.weights().mix == 0


def test_the_rate_rises_and_falls(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    trainer = Trainer(tiny(steps=100, warmup=10, final_rate=0.02), shards, tmp_path, fabric)
    rates = []
    for step in range(101):
        trainer.step = step
        rates.append(trainer.rate())
    assert rates[0] == pytest.approx(0.1) and rates[9] == rates[10] == 1 and rates[100] == pytest.approx(0.02)
    assert rates[55] == pytest.approx(0.51) and sorted(rates[10:], reverse=True) == rates[10:]
    again = Trainer(tiny(steps=150, warmup=10, final_rate=0.02, restart=100), shards, tmp_path, fabric)
    for step, rate in {0: 0.1, 55: 0.51, 99: rates[99], 100: 0.5, 125: 0.255, 150: 0.01}.items():
        again.step = step
        assert again.rate() == pytest.approx(rate)
    late = Trainer(tiny(steps=100, warmup=10, final_rate=0.02, restart=200), shards, tmp_path, fabric)
    late.step = 55
    assert late.rate() == pytest.approx(0.51)
    constant = Trainer(tiny(warmup=0, final_rate=1.0), shards, tmp_path, fabric)
    assert constant.rate() == 1


def test_a_loss_that_is_no_number_stops_the_run(
    tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path
) -> None:
    trainer = Trainer(tiny(), shards, tmp_path, fabric)
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    batch = trainer.batches.draw(0, games=False)
    with pytest.raises(Diverged, match="step 0: .*pixel.* not finite") as caught:
        trainer.advance([dataclasses.replace(batch, answer=batch.x_t * math.nan)])
    assert caught.value.exit_code == 9 and "\n" not in str(caught.value)
    # Nothing was mended, and nothing was spoilt: the step was not taken.
    assert all(torch.equal(before[name], value) for name, value in trainer.generator.state_dict().items())


def test_a_lost_run_names_its_checkpoint(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    config = tiny(learning_rate=1e9, warmup=0, clip=math.inf, checkpoint_every=1)
    with pytest.raises(Diverged, match="is not finite") as caught:
        train(config, shards, tmp_path, fabric)
    saved = load_checkpoint(tmp_path)
    assert saved is not None and str(caught.value).endswith(f"checkpoint.safetensors is of step {saved.step}")


def test_the_watch_stops_a_loss_that_grows() -> None:
    watch = Watch(factor=3.0, window=5)
    for step, value in enumerate([9.0, 5.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]):
        watch.look({"pixel": value, "mix": 100.0}, step)
    best = watch.best
    assert best == pytest.approx(watch.mean) and watch.best < 2
    with pytest.raises(Diverged, match=r"3\.\d times its best"):
        for step in range(20):
            watch.look({"pixel": 6.0}, step)
    steady = Watch(factor=3.0, window=5)
    for step in range(50):
        steady.look({"pixel": 1.0 + (step % 2)}, step)
    # One bad batch is no divergence; without answers the reconstruction is watched.
    steady.look({"pixel": 8.0}, 51)
    blind = Watch(factor=2.0, window=1)
    blind.look({"reconstruction": 1.0}, 0)
    with pytest.raises(Diverged):
        blind.look({"reconstruction": 3.0}, 1)


def test_the_average_follows_and_is_exported(tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path) -> None:
    trainer = train(tiny(), shards, tmp_path, fabric)
    state, averaged = trainer.generator.state_dict(), averaged_generator(trainer).state_dict()
    assert any(not torch.equal(state[name], averaged[name]) for name in state)
    assert all(torch.equal(trainer.average[name], averaged[name]) for name in state)


def test_a_signal_is_noted_and_a_second_one_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_stop() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "options", [{"head": "paint"}, {"transport": False}, {"geometry": False}, {"base": False}]
)
def test_every_ablation_trains(
    tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path, options: dict[str, Any]
) -> None:
    config = tiny(steps=1, games_from=0, games_every=1, batch=2)
    config = dataclasses.replace(config, options=dataclasses.replace(config.options, **options))
    seen: list[dict[str, float]] = []
    train(config, shards, tmp_path, fabric, log=lambda values, step: seen.append(values))
    assert seen and {"pixel", "mix", "segment", "gradient", "crops_per_second"} <= seen[-1].keys()


def test_a_run_can_begin_with_the_weights_of_another(
    tiny: Tiny, shards: Shards, fabric: Any, tmp_path: Path
) -> None:
    first = Trainer(tiny(seed=1), shards, tmp_path, fabric)
    second = Trainer(tiny(seed=2), shards, tmp_path, fabric)
    second.begin_from(first.generator)
    for name, value in first.generator.state_dict().items():
        assert torch.equal(value, second.generator.state_dict()[name])
        assert torch.equal(value, second.average[name])
    other = RelightingGenerator(SIZES["small"])
    with pytest.raises(UsageError, match="do not fit tiny"):
        second.begin_from(other)
