"""The training loop: step after step, with a log, checkpoints, sheets, and an orderly end."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aotface.errors import Interrupted
from aotface.media.files import show, write_bytes
from aotface.training.checkpoint import NAME
from aotface.training.config import TrainConfig, as_dict
from aotface.training.data import Shards
from aotface.training.lamp_data import Stacks
from aotface.training.photographs import Photographs
from aotface.training.trainer import Terms, Trainer
from aotface.training.watch import Diverged
from aotface.transfer.aot.objective import Batch, Score

LOG_EVERY = 50
"""Steps."""

Say = Callable[[str], None]


def train(
    config: TrainConfig,
    shards: Shards,
    out: Path,
    fabric: Any,
    say: Say = lambda line: None,
    on_sample: Callable[[Trainer], Terms] | None = None,
    log: Callable[[Terms, int], None] = lambda values, step: None,
    identity: Score | None = None,
    perceptual: Score | None = None,
    lamps: Stacks | None = None,
    photographs: tuple[Photographs, Photographs] | None = None,
) -> Trainer:
    """Train to ``config.steps``, resuming what is in ``out``.

    Args:
        config: see TrainConfig.
        shards: the training faces.
        out: the run's folder.
        fabric: a launched Lightning Fabric.
        say, on_sample, log: see `go_on`.
        identity, perceptual, lamps, photographs: see Trainer.

    Returns:
        The trainer, at its last step.

    Raises:
        Diverged: a loss is not finite, or has run away.
        AtChance: the discriminator of a game on photographs cannot tell.
    """
    trainer = Trainer(config, shards, out, fabric, identity, perceptual, lamps, photographs)
    if trainer.resume():
        say(f"goes on at step {trainer.step} of {config.steps}")
    go_on(trainer, say, on_sample, log)
    return trainer


def go_on(
    trainer: Trainer,
    say: Say = lambda line: None,
    on_sample: Callable[[Trainer], Terms] | None = None,
    log: Callable[[Terms, int], None] = lambda values, step: None,
    stop: Callable[[], bool] = lambda: False,
    workers: int = 1,
) -> None:
    """Take a trainer to its last step.

    Args:
        trainer: wherever it is.
        say: called with a line of progress every 50 steps.
        on_sample: called every ``sample_every`` steps and at the end; what it returns is logged.
        log: receives values and step.
        stop: asked after each step; a yes saves a checkpoint and ends the run.
        workers: threads that draw batches ahead.

    Raises:
        Diverged: a loss is not finite, or has run away.
        Interrupted: ``stop`` said so; the checkpoint is of this very step.
    """
    config, fabric, recent = trainer.config, trainer.fabric, list[Terms]()
    began, faces = time.monotonic(), config.batch * config.accumulate * fabric.world_size
    for batches in trainer.batches_from(trainer.step, workers):
        recent.append(_advance(trainer, batches))
        at, last = trainer.step, trainer.step == config.steps
        if (at % LOG_EVERY == 0 or last) and fabric.is_global_zero:
            means = _means(recent) | {"crops_per_second": len(recent) * faces / (time.monotonic() - began)}
            log(means, at)
            say(f"step {at}/{config.steps}  " + _line(means))
        halt = not last and _agreed(fabric, stop())
        if at % config.checkpoint_every == 0 or last or halt:
            trainer.save()
        if halt:
            raise Interrupted(f"stopped at step {at} of {config.steps}; its checkpoint is saved")
        if on_sample is not None and (at % config.sample_every == 0 or last) and fabric.is_global_zero:
            log(on_sample(trainer), at)
        if at % LOG_EVERY == 0:
            began, recent = time.monotonic(), []


def write_config(config: TrainConfig, out: Path) -> None:
    """Leave the whole configuration beside the run's results."""
    write_bytes(
        out / "config.json", json.dumps(as_dict(config), indent=1, sort_keys=True).encode(), overwrite=True
    )


def parameters(module: nn.Module) -> int:
    """Number of trained values."""
    return sum(p.numel() for p in module.parameters())


def _advance(trainer: Trainer, batches: list[Batch]) -> Terms:
    try:
        return trainer.advance(batches)
    except Diverged as error:
        if trainer.saved is None:
            raise Diverged(f"{error}; no checkpoint was written yet") from None
        kept = f"{show(trainer.out / NAME)} is of step {trainer.saved}"
        raise Diverged(f"{error}; {kept}") from None


def _agreed(fabric: Any, mine: bool) -> bool:
    """Whether any process wants it, so that all of them do."""
    if fabric.world_size == 1:
        return mine
    return bool(fabric.all_reduce(torch.tensor(float(mine), device=fabric.device), reduce_op="sum") > 0)


def _means(rows: list[Terms]) -> Terms:
    names = {name for row in rows for name in row}
    return {n: sum(r[n] for r in rows if n in r) / sum(n in r for r in rows) for n in sorted(names)}


def _line(values: Terms) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())
