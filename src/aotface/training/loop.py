"""The training loop: two games and the pairs with a known answer, on one CPU or many GPUs.

A run is a folder: ``config.json``, ``checkpoint.safetensors`` + ``optimisers.pt`` (tensors only), ``log.jsonl``, TensorBoard
events, sample sheets. Everything random follows from the seed and the step, so a resumed run continues as if never stopped.
"""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aotface.errors import AotfaceError
from aotface.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from aotface.training.data import Batches, Shards
from aotface.training.lighting import LightingConfig
from aotface.transport.generator import SIZES, Options, RelightingGenerator
from aotface.transport.objective import Batch, Opponents, Weights, generator_loss, opponents_loss

Say = Callable[[str], None]


class Diverged(AotfaceError):
    """The loss is not a number, or has run away; the last good checkpoint is kept."""

    exit_code = 9


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run.

    ``games_every``: critics and discriminator play on each step that this divides. ``unpaired``: share of real targets
    without a known answer. ``clip``: largest gradient norm. ``optimiser_opponents``: RMSprop [paper].
    """

    size: str = "small"
    steps: int = 8000
    batch: int = 16
    learning_rate: float = 1e-3
    opponents_rate: float = 2e-4
    warmup: int = 150
    final_rate: float = 0.02
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.998
    accumulate: int = 1
    unpaired: float = 0.125
    games_every: int = 4
    games_from: int = 300
    precision: str = "bf16-mixed"
    seed: int = 0
    checkpoint_every: int = 250
    sample_every: int = 500
    options: Options = field(default_factory=Options)
    weights: Weights = field(default_factory=Weights)
    lighting: LightingConfig = field(default_factory=LightingConfig)


class Trainer:
    """Owns the networks of one run and moves them a step at a time."""

    def __init__(self, config: TrainConfig, shards: Shards, out: Path, fabric: Any):
        self.config, self.out, self.fabric = config, out, fabric
        self.batches = Batches(shards, config.batch, config.unpaired, config.lighting, config.seed)
        torch.manual_seed(config.seed)
        size = SIZES[config.size]
        self.raw_generator = RelightingGenerator(size, config.options).to(memory_format=torch.channels_last)
        self.raw_opponents = Opponents(size)
        self.average = {k: v.detach().clone() for k, v in self.raw_generator.state_dict().items()}
        optimiser = torch.optim.AdamW(
            self.raw_generator.parameters(),
            lr=config.learning_rate,
            betas=config.betas,
            weight_decay=config.weight_decay,
        )
        rival = torch.optim.RMSprop(self.raw_opponents.parameters(), lr=config.opponents_rate, alpha=0.9)
        self.generator, self.optimiser = fabric.setup(self.raw_generator, optimiser)
        self.generator.mark_forward_method("reconstruct")
        self.opponents, self.rival = fabric.setup(self.raw_opponents, rival)
        self.average = {k: v.to(fabric.device) for k, v in self.average.items()}
        self.step = 0

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one."""
        saved = load_checkpoint(self.out)
        if saved is None:
            return False
        self.raw_generator.load_state_dict(saved.generator)
        self.raw_opponents.load_state_dict(saved.opponents)
        self.average = {k: v.to(self.fabric.device) for k, v in saved.average.items()}
        self.optimiser.load_state_dict(saved.optimiser)
        self.rival.load_state_dict(saved.rival)
        self.step = saved.step
        return True

    def save(self) -> None:
        """Write the checkpoint (first process only)."""
        if self.fabric.is_global_zero:
            state = Checkpoint(
                self.step,
                self.raw_generator.state_dict(),
                self.average,
                self.raw_opponents.state_dict(),
                self.optimiser.state_dict(),
                self.rival.state_dict(),
            )
            save_checkpoint(self.out, state)

    def rate(self) -> float:
        """Linear warm-up, then a cosine down to ``final_rate`` of the peak."""
        c = self.config
        if self.step < c.warmup:
            return (self.step + 1) / c.warmup
        share = min(1.0, (self.step - c.warmup) / max(1, c.steps - c.warmup))
        return c.final_rate + (1 - c.final_rate) * (1 + math.cos(math.pi * share)) / 2

    def plays(self, step: int) -> bool:
        """Whether critics and discriminator take part in a step."""
        return step >= self.config.games_from and step % self.config.games_every == 0

    def advance(self, batches: list[Batch]) -> dict[str, float]:
        """One step of both sides; the terms of the losses."""
        c, rate = self.config, self.rate()
        for group in self.optimiser.param_groups:
            group["lr"] = c.learning_rate * rate
        for group in self.rival.param_groups:
            group["lr"] = c.opponents_rate * min(1.0, rate * 2)
        plays = self.plays(self.step)
        weights = c.weights if plays else dataclasses.replace(c.weights, transport=0.0, cost=0.0, mix=0.0)
        random = torch.Generator().manual_seed(c.seed * 7_368_787 + self.step)
        terms: dict[str, float] = {}
        self.optimiser.zero_grad()
        self.rival.zero_grad()
        for batch in batches:
            with self.fabric.autocast():
                self._accumulate(batch, weights, plays, random, len(batches), terms)
        norm = self.fabric.clip_gradients(self.generator, self.optimiser, max_norm=c.clip)
        if not all(math.isfinite(v) for v in terms.values()) or not bool(torch.isfinite(norm)):
            raise Diverged(
                f"step {self.step}: a loss is not finite ({terms}); lower the learning rate, "
                f"the last checkpoint is in {self.out}"
            )
        self.optimiser.step()
        if plays:
            self.fabric.clip_gradients(self.opponents, self.rival, max_norm=c.clip)
            self.rival.step()
        self._average()
        self.step += 1
        return terms | {"gradient": float(norm), "rate": c.learning_rate * rate}

    def _accumulate(
        self,
        batch: Batch,
        weights: Weights,
        plays: bool,
        random: torch.Generator,
        parts: int,
        terms: dict[str, float],
    ) -> None:
        swapped = self.generator(batch.x_r, batch.x_t, batch.geometry, batch.mask)
        wants_rebuilt = bool(weights.reconstruction or weights.edges or weights.mix) and (plays or not self._field())
        rebuilt = (
            self.generator.reconstruct(batch.x_t, batch.geometry, batch.mask, swapped.features_t)
            if wants_rebuilt
            else None
        )
        self.raw_opponents.requires_grad_(False)
        loss = generator_loss(self.raw_generator, self.raw_opponents, batch, weights, random, swapped, rebuilt)
        self.fabric.backward(loss.total / parts)
        self.raw_opponents.requires_grad_(True)
        _add(terms, loss.terms, parts)
        if plays and (weights.transport or weights.mix):
            against = opponents_loss(self.raw_generator, self.raw_opponents, weights, random, swapped, rebuilt)
            self.fabric.backward(against.total / parts)
            _add(terms, against.terms, parts)

    def _field(self) -> bool:
        return self.config.options.head == "field"

    def _average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        state = self.raw_generator.state_dict()
        for name, value in self.average.items():
            value.lerp_(state[name], 1 - decay)

    def batches_from(self, first: int) -> Iterator[list[Batch]]:
        """Batches of the coming steps, drawn ahead on another thread (their content does not depend on that)."""
        c, device = self.config, self.fabric.device
        ranks = self.fabric.world_size

        def draw(step: int) -> list[Batch]:
            at = [step * c.accumulate + k for k in range(c.accumulate)]
            rank = self.fabric.global_rank if ranks > 1 else 0
            return [self.batches.draw(s, rank, self.plays(step)) for s in at]

        with ThreadPoolExecutor(1) as pool:
            ahead = [pool.submit(draw, first), pool.submit(draw, first + 1)]
            for step in range(first, c.steps):
                ahead.append(pool.submit(draw, step + 2))
                yield [_to(batch, device) for batch in ahead.pop(0).result()]
            for future in ahead:
                future.cancel()


def train(
    config: TrainConfig,
    shards: Shards,
    out: Path,
    fabric: Any,
    say: Say = lambda line: None,
    on_sample: Callable[[Trainer], dict[str, float]] | None = None,
    log: Callable[[dict[str, float], int], None] = lambda values, step: None,
) -> Trainer:
    """Train to ``config.steps``, resuming what is in ``out``.

    Args:
        config: see TrainConfig.
        shards: the training faces.
        out: the run's folder.
        fabric: a launched Lightning Fabric.
        say: called with a line of progress every 50 steps.
        on_sample: called every ``sample_every`` steps (sheets, validation); what it returns is logged.
        log: receives values and step.

    Returns:
        The trainer, at its last step.

    Raises:
        Diverged: a loss is not finite.
    """
    trainer = Trainer(config, shards, out, fabric)
    if trainer.resume():
        say(f"resumed at step {trainer.step} of {config.steps}")
    began, recent = time.monotonic(), []
    for batches in trainer.batches_from(trainer.step):
        terms = trainer.advance(batches)
        recent.append(terms)
        if trainer.step % 50 == 0 and fabric.is_global_zero:
            means = _means(recent)
            pace = len(recent) * config.batch * config.accumulate / (time.monotonic() - began)
            log(means | {"crops_per_second": pace}, trainer.step)
            say(f"step {trainer.step}/{config.steps}  {pace:.1f} crops/s  " + _line(means))
            began, recent = time.monotonic(), []
        if trainer.step % config.checkpoint_every == 0 or trainer.step == config.steps:
            trainer.save()
        if on_sample is not None and trainer.step % config.sample_every == 0 and fabric.is_global_zero:
            log(on_sample(trainer), trainer.step)
    return trainer


def write_config(config: TrainConfig, out: Path) -> None:
    """Leave the whole configuration beside the run's results."""
    (out / "config.json").write_text(json.dumps(dataclasses.asdict(config), indent=1, sort_keys=True))


def averaged_generator(trainer: Trainer) -> RelightingGenerator:
    """A copy of the generator with averaged weights."""
    copy = RelightingGenerator(SIZES[trainer.config.size], trainer.config.options)
    copy.load_state_dict({k: v.cpu() for k, v in trainer.average.items()})
    return copy.eval()


def _to(batch: Batch, device: torch.device) -> Batch:
    values: dict[str, Tensor | None] = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}
    return Batch(**{k: None if v is None else v.to(device) for k, v in values.items()})  # type: ignore[arg-type]


def _add(terms: dict[str, float], more: dict[str, float], parts: int) -> None:
    for name, value in more.items():
        terms[name] = terms.get(name, 0.0) + value / parts


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = {name for row in rows for name in row}
    return {n: sum(r[n] for r in rows if n in r) / sum(n in r for r in rows) for n in sorted(names)}


def _line(values: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


def parameters(module: nn.Module) -> int:
    """Number of trained values."""
    return sum(p.numel() for p in module.parameters())
