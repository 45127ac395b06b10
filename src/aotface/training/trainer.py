"""The trainer: owns the networks of a run and moves them a step at a time, on one CPU or many GPUs.

Everything random follows from the seed and the step, so a resumed run continues as if it had never stopped.
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aotface.errors import UsageError
from aotface.training.atlas import fill_atlas
from aotface.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from aotface.training.config import TrainConfig
from aotface.training.data import Batches, Shards
from aotface.training.game import PhotographGame
from aotface.training.lamp_data import Stacks
from aotface.training.lamp_pairs import LampBatches, MixedBatches
from aotface.training.optimisers import optimisers, set_rate
from aotface.training.photographs import Photographs
from aotface.training.watch import Watch
from aotface.transfer.aot.generator import SIZES, RelightingGenerator
from aotface.transfer.aot.objective import (
    Batch,
    Discriminators,
    Score,
    Weights,
    discriminators_loss,
    generator_loss,
    photograph_loss,
)

MEMORY_SHARE = 0.4
"""Of a device's free memory, up to which the faces may lie there; larger sets are lit on the CPU, batch by batch."""

Terms = dict[str, float]


RESTARTED = 0.5
"""Of the peak, at a restart."""


class Trainer:
    """Owns the networks of one run and moves them a step at a time.

    Args:
        config: see TrainConfig.
        shards: the training faces.
        out: folder of checkpoints.
        fabric: a launched Lightning Fabric: where and in which precision, and how many others train along.
            The networks stay unwrapped and gradients are averaged here: the objective enters the generator
            by several doors, which wrappers for distributed training do not expect.
        identity, perceptual: networks of your own for the terms of these names; see `transport.objective`.
        lamps: people under real lamps; needed where ``config.lamp_share`` asks for them.
        photographs: pairs, and those of other people; needed where ``config.game.faces`` or ``config.photographs``
            ask for them.
    """

    def __init__(
        self,
        config: TrainConfig,
        shards: Shards,
        out: Path,
        fabric: Any,
        identity: Score | None = None,
        perceptual: Score | None = None,
        lamps: Stacks | None = None,
        photographs: tuple[Photographs, Photographs] | None = None,
    ):
        self.config, self.out, self.fabric = config, out, fabric
        self.scores = (identity, perceptual)
        side = config.options.side or SIZES[config.size].side
        shards = shards.at_side(side) if side < shards.side else shards
        if fabric.device.type != "cpu" and shards.bytes() < MEMORY_SHARE * free_memory(fabric.device):
            shards = shards.on(fabric.device)
        self.batches = batches_of(config, shards, lamps)
        torch.manual_seed(config.seed)
        size = SIZES[config.size]
        generator = RelightingGenerator(size, config.options)
        if generator.atlas is not None:
            if lamps is None:
                raise UsageError(
                    "options.lamps needs people under lamps: set lamp_share above 0, or lamps to 0"
                )
            fill_atlas(generator.atlas, lamps)
        self.generator: RelightingGenerator = fabric.to_device(generator)
        self.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._hold_saturation()
        self.discriminators: Discriminators = fabric.to_device(Discriminators(size, config.conditional))
        self.average = {k: v.detach().clone() for k, v in self.generator.state_dict().items()}
        self.photographs = _photographs(config, photographs, side)
        self.game = _game(config, photographs, self.discriminators, fabric)
        self.optimiser, self.rival = optimisers(config, self.generator, self.discriminators, bool(self.game))
        self.watch = Watch(config.runaway, config.window)
        self.step = 0
        self.saved: int | None = None

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one."""
        saved = load_checkpoint(self.out)
        if saved is None:
            return False
        self.generator.load_state_dict(saved.generator)
        self.discriminators.load_state_dict(saved.discriminators)
        self.average = {k: v.to(self.fabric.device) for k, v in saved.average.items()}
        self.optimiser.load_state_dict(saved.optimiser)
        if self.rival:
            self.rival.load_state_dict(saved.rival)
        if self.game:
            self.game.optimiser.load_state_dict(saved.game)
        self.watch.restore(saved.watch)
        self.step = self.saved = saved.step
        return True

    def begin_from(self, generator: RelightingGenerator) -> None:
        """Start with the weights of another run, perhaps at another side, with a fresh optimiser.

        Raises:
            UsageError: they belong to other networks.
        """
        try:
            self.generator.load_state_dict(generator.state_dict())
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:120]
            raise UsageError(f"these weights do not fit {self.config.size} networks ({reason})") from None
        self._hold_saturation()
        self.average = {k: v.detach().clone() for k, v in self.generator.state_dict().items()}

    def save(self) -> None:
        """Write the checkpoint (first process only)."""
        if self.fabric.is_global_zero:
            networks = (self.generator.state_dict(), self.average, self.discriminators.state_dict())
            optimisers = (self.optimiser.state_dict(), self.rival.state_dict() if self.rival else {})
            game = self.game.optimiser.state_dict() if self.game else {}
            save_checkpoint(self.out, Checkpoint(self.step, *networks, *optimisers, self.watch.state(), game))
        self.saved = self.step

    def rate(self) -> float:
        """Linear warm-up, then a cosine down to ``final_rate`` of the peak; again from half the peak after a restart.

        Source: Loshchilov and Hutter, SGDR, arXiv:1608.03983, for the restart.
        """
        c = self.config
        if self.step < c.warmup:
            return (self.step + 1) / c.warmup
        restarts = 0 < c.restart < c.steps
        again = restarts and self.step >= c.restart
        first, last = (c.restart, c.steps) if again else (c.warmup, c.restart if restarts else c.steps)
        share = min(1.0, (self.step - first) / max(1, last - first))
        fallen: float = c.final_rate + (1 - c.final_rate) * (1 + math.cos(math.pi * share)) / 2
        return fallen * (RESTARTED if again else 1.0)

    def plays(self, step: int) -> bool:
        """Whether critics and discriminator take part in a step."""
        return step >= self.config.games_start and step % self.config.games_every == 0

    def plays_on_batch(self, step: int) -> bool:
        """Whether they do so on the batch itself, and not on photographs of their own."""
        return self.plays(step) and not self.game

    def share(self) -> float:
        """Of the games' full weight at this step."""
        return min(1.0, (self.step - self.config.games_start + 1) / max(1, self.config.games_ramp))

    def weights(self) -> Weights:
        """The terms' weights on the batch at this step: games come late, and gently.

        Against discriminators that know nothing yet, and a reconstruction whose easiest answer is to change
        nothing, an early game at full weight drives the field's head back to zero.
        """
        c, w = self.config, self.config.weights
        if not self.plays_on_batch(self.step):
            w = dataclasses.replace(w, transport=0.0, cost=0.0, mix=0.0)
            # The painting head has no smooth matching to start from: it learns to draw a face by
            # reconstruction.
            return w if c.options.head == "paint" else dataclasses.replace(w, reconstruction=0.0, edges=0.0)
        share = self.share()
        w = dataclasses.replace(w, transport=w.transport * share, cost=w.cost * share, mix=w.mix * share)
        if c.options.head == "paint":
            return w
        return dataclasses.replace(w, reconstruction=w.reconstruction * share, edges=w.edges * share)

    def advance(self, batches: list[Batch]) -> Terms:
        """One step of both sides.

        Args:
            batches: as many as are accumulated.

        Returns:
            The weighted terms of the losses, the gradient's norm and the rate.

        Raises:
            Diverged: see Watch; the step is not taken.
        """
        c, rate, plays = self.config, self.rate(), self.plays_on_batch(self.step)
        set_rate(self.optimiser, c.learning_rate * rate)
        random = torch.Generator().manual_seed(c.seed * 7_368_787 + self.step)
        terms = self._before(self.step)
        self.optimiser.zero_grad()
        if self.rival:
            set_rate(self.rival, c.discriminators_rate * min(1.0, rate * 2))
            self.rival.zero_grad()
        for batch in batches:
            with self.fabric.autocast():
                self._accumulate(batch, self.weights(), plays, random, len(batches), terms)
        if self.photographs:
            self._on_photographs(self.photographs, terms)
        if self.game and self.plays(self.step):
            terms |= self.game.play(self.generator, self.step, self.share())
        self._share_gradients([*self.generator.parameters(), *self.discriminators.parameters()])
        self._hold_saturation()
        terms = self._share_terms(terms)
        norm = nn.utils.clip_grad_norm_(self.generator.parameters(), c.clip)
        self.watch.look(terms | {"gradient": float(norm)}, self.step)
        self.optimiser.step()
        if plays:
            nn.utils.clip_grad_norm_(self.discriminators.parameters(), c.clip)
        if self.rival and (plays or c.plan_by_rmsprop):
            self.rival.step()
        self._average()
        self.step += 1
        return terms | {"gradient": float(norm), "rate": c.learning_rate * rate}

    def _accumulate(
        self, batch: Batch, w: Weights, plays: bool, random: torch.Generator, parts: int, terms: Terms
    ) -> None:
        swapped = self.generator(batch.x_r, batch.x_t, batch.geometry, batch.mask, batch.geometry_r)
        rebuilt = None
        if w.reconstruction or w.edges or w.mix:
            rebuilt = self.generator.reconstruct(batch.x_t, batch.geometry, batch.mask, swapped.features_t)
        players = (self.generator, self.discriminators)
        self.discriminators.requires_grad_(False)
        loss = generator_loss(*players, batch, w, random, swapped, rebuilt, *self.scores)
        (loss.total / parts).backward()  # type: ignore[no-untyped-call]
        self.discriminators.requires_grad_(True)
        _add(terms, loss.terms, parts)
        if plays and (w.transport or w.mix):
            against = discriminators_loss(*players, w, random, swapped, rebuilt)
            (against.total / parts).backward()  # type: ignore[no-untyped-call]
            _add(terms, against.terms, parts)

    def _on_photographs(self, photographs: Photographs, terms: Terms) -> None:
        """Gradients of the terms that need no ground truth."""
        c = self.config
        drawn = photographs.draw(c.photographs, c.seed, self.fabric.global_rank, self.step)
        batch = _to(drawn, self.fabric.device)
        with self.fabric.autocast():
            swapped = self.generator(batch.x_r, batch.x_t, batch.geometry, batch.mask, batch.geometry_r)
            loss = photograph_loss(batch, c.weights, swapped)
        loss.total.backward()  # type: ignore[no-untyped-call]
        _add(terms, loss.terms, 1)

    def _before(self, step: int) -> Terms:
        """The discriminators' head start, when this is the first step of a game on photographs."""
        begins = self.game and step == self.config.games_start
        return self.game.prepare(self.generator) if self.game and begins else {}

    def _hold_saturation(self) -> None:
        if not self.config.saturation and self.config.options.head != "paint":
            self.generator.decoder.clear_saturation()

    def _share_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average gradients over all processes."""
        share_gradients(self.fabric, parameters)

    def _share_terms(self, terms: Terms) -> Terms:
        """Average terms over all processes, so that all of them see, and decide, the same."""
        if self.fabric.world_size == 1:
            return terms
        values = torch.tensor([terms[name] for name in sorted(terms)], device=self.fabric.device)
        return dict(
            zip(sorted(terms), self.fabric.all_reduce(values, reduce_op="mean").tolist(), strict=True)
        )

    def _average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        state = self.generator.state_dict()
        for name, value in self.average.items():
            value.lerp_(state[name], 1 - decay)

    def batches_from(self, first: int, workers: int = 1) -> Iterator[list[Batch]]:
        """Batches of the coming steps, drawn ahead on other threads, which changes nothing in them."""
        c = self.config

        def draw(step: int) -> list[Batch]:
            at = [step * c.accumulate + k for k in range(c.accumulate)]
            return [self.batches.draw(s, self.fabric.global_rank, self.plays_on_batch(step)) for s in at]

        pool = ThreadPoolExecutor(workers)
        ahead: deque[Future[list[Batch]]] = deque()
        try:
            for step in range(first, c.steps):
                while len(ahead) <= workers and step + len(ahead) < c.steps:
                    ahead.append(pool.submit(draw, step + len(ahead)))
                yield [_to(batch, self.fabric.device) for batch in ahead.popleft().result()]
        finally:
            pool.shutdown(cancel_futures=True)


def batches_of(config: TrainConfig, shards: Shards, lamps: Stacks | None) -> Batches | MixedBatches:
    """What a run is trained on, drawn where the shards lie.

    Raises:
        UsageError: the configuration asks for people under real lamps, and there are none.
    """
    c, real = config, config.lamp_faces
    synthetic = Batches(shards, c.batch - real, c.unpaired, c.lighting, c.seed) if real < c.batch else None
    if synthetic is not None and not real:
        return synthetic
    if lamps is None:
        raise UsageError(
            f"lamp_share is {c.lamp_share:g}: expected people under lamps, got none; pass lamps="
        )
    side = c.options.side or SIZES[c.size].side
    lamps = lamps.at_side(side) if side < lamps.side else lamps
    if lamps.side != (shards.side if side > shards.side else side):
        raise UsageError(
            f"expected lamp shards of {shards.side} px as the others, got {lamps.side}; prepare both alike"
        )
    lamps = lamps if shards.device == lamps.device else lamps.on(shards.device)
    return MixedBatches(synthetic, LampBatches(lamps, real, c.lamps, c.lighting, c.seed))


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device other than the CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0


def averaged_generator(trainer: Trainer) -> RelightingGenerator:
    """A copy of the generator with averaged weights, on the CPU."""
    copy = RelightingGenerator(SIZES[trainer.config.size], trainer.config.options)
    copy.load_state_dict({k: v.cpu() for k, v in trainer.average.items()})
    return copy.eval()


def share_gradients(fabric: Any, parameters: Sequence[nn.Parameter]) -> None:
    """Average gradients over all processes."""
    if fabric.world_size == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = fabric.all_reduce(torch.cat([g.flatten() for g in gradients]), reduce_op="mean")
    for gradient, shared in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(shared.view_as(gradient))


def _photographs(
    c: TrainConfig, photographs: tuple[Photographs, Photographs] | None, side: int
) -> Photographs | None:
    """The pairs beside each batch, where the configuration asks for them.

    Raises:
        UsageError: it does, and there are none, or of a side that does not fit.
    """
    if not c.photographs:
        return None
    if photographs is None:
        raise UsageError(
            f"photographs is {c.photographs}: expected pairs of photographs, got none; pass photographs="
        )
    return photographs[0].at_side(min(max(side, c.options.light_side), photographs[0].side))


def _game(
    c: TrainConfig,
    photographs: tuple[Photographs, Photographs] | None,
    discriminators: Discriminators,
    fabric: Any,
) -> PhotographGame | None:
    """The game on photographs, where the configuration asks for one.

    Raises:
        UsageError: it does, and there are no photographs.
    """
    if not c.game.faces:
        return None
    if photographs is None:
        raise UsageError(
            f"game.faces is {c.game.faces}: expected pairs of photographs, got none; pass photographs="
        )
    share = partial(share_gradients, fabric)
    return PhotographGame(c.game, c.weights, *photographs, discriminators, c.seed, fabric.global_rank, share)


def _to(batch: Batch, device: torch.device) -> Batch:
    values: dict[str, Tensor | None] = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}
    return Batch(**{k: None if v is None else v.to(device) for k, v in values.items()})  # type: ignore[arg-type]


def _add(terms: Terms, more: Terms, parts: int) -> None:
    for name, value in more.items():
        terms[name] = terms.get(name, 0.0) + value / parts
