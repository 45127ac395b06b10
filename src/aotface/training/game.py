"""The games on photographs: discriminators with a pace of their own, which must be able to tell before they are played."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aotface.errors import AotfaceError
from aotface.training.photographs import Photographs
from aotface.training.ranges import Game
from aotface.transfer.aot.face_critic import face_statistics
from aotface.transfer.aot.generator import RelightingGenerator, Transported
from aotface.transfer.aot.msd import Mixed, accuracy, mix
from aotface.transfer.aot.objective import (
    Batch,
    Discriminators,
    Weights,
    discriminators_loss,
    game_pictures,
    generator_loss,
)

REUSED = 4
"""Steps of the discriminators on one draw of faces during the head start: other rectangles, the same faces."""

FACE_RATE = 10.0
"""How many times faster the face critic moves: it is linear."""

UNITS = 256
"""Photographs that give the units of the face critic."""

MIXES = 4
"""Rectangles that each held-out face is asked about."""

Share = Callable[[Sequence[nn.Parameter]], None]


class AtChance(AotfaceError):
    """The discriminator cannot tell the faces that it is to be played with."""

    exit_code = 9


class PhotographGame:
    """Plays both games on photographs of people whose ground truth nobody knows.

    Args:
        game: how.
        weights: of the terms; only ``transport``, ``cost``, ``mix`` and ``face`` count here.
        photographs: of people whom the networks may see.
        held_out: of other people, on which the discriminator's accuracy is taken.
        discriminators: of the run; all of them move here.
        seed: of every draw.
        rank: of this process, which draws faces of its own.
        share: averages gradients over all processes.
    """

    def __init__(
        self,
        game: Game,
        weights: Weights,
        photographs: Photographs,
        held_out: Photographs,
        discriminators: Discriminators,
        seed: int,
        rank: int = 0,
        share: Share = lambda parameters: None,
    ):
        self.game, self.discriminators, self.seed, self.rank, self.share = (
            game,
            discriminators,
            seed,
            rank,
            share,
        )
        names = ("transport", "cost", "mix", "face")
        self.weights = replace(_NOTHING, **{name: getattr(weights, name) for name in names})
        self.photographs, self.held_out = photographs.at_side(game.side), held_out.at_side(game.side)
        kinds = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
        face = list(discriminators.face.parameters())
        others = [*discriminators.critics.parameters(), *discriminators.msd.parameters()]
        groups = [{"params": others, "lr": game.rate}, {"params": face, "lr": FACE_RATE * game.rate}]
        self.optimiser: torch.optim.Optimizer = kinds[game.optimiser](groups)

    def prepare(self, generator: RelightingGenerator) -> dict[str, float]:
        """The head start: the discriminators learn while the generator stands still.

        Returns:
            ``segment_accuracy`` and ``face_accuracy`` after it, of those that play.

        Raises:
            AtChance: after it the discriminator still cannot tell.
        """
        if self.weights.face:
            batch = _to(self.photographs.batch(torch.arange(min(len(self.photographs), UNITS))), generator)
            self.discriminators.face.adopt(face_statistics(batch.x_t, batch.mask))
        self._school(generator, self.game.head_start, -1)
        return self._able(generator, -1, 0)

    def play(self, generator: RelightingGenerator, step: int, share: float) -> dict[str, float]:
        """One step: the generator's gradient is added to what it has; then the discriminators move.

        Args:
            generator: gets gradients, and is not moved.
            step: of the run.
            share: of the terms' full weight.

        Returns:
            The terms, and every ``judged_every`` steps the accuracies.

        Raises:
            AtChance: the discriminator has fallen back to chance, and some steps of its own do not help.
        """
        judged = step % self.game.judged_every == 0
        terms = self._able(generator, step, self.game.catch_up) if judged else {}
        batch = self._draw(step)
        made, random = _in_use(generator, batch), self._random(step, 0)
        self.discriminators.requires_grad_(False)
        loss = generator_loss(
            generator, self.discriminators, batch, replace(self.weights, mix=0.0), random, made
        )
        total, found = loss.total, {name: value for name, value in loss.terms.items() if value}
        if weight := self.weights.mix:
            mixed = self._mixed(batch, made, random)
            term = weight * fooling(self.discriminators.msd(mixed.y_mix), mixed.m, self.game.goal)
            total, found["mix"] = total + term, float(term.detach())
        if weight := self.weights.face:
            told = self._logit(made.swapped, batch)
            term = weight * F.softplus(told).mean()
            total, found["face"] = total + term, float(term.detach())
        (share * total).backward()
        self.discriminators.requires_grad_(True)
        made = _detached(made)
        for turn in range(self.game.pace):
            found |= self._move(generator, batch, made, self._random(step, 1 + turn))
        return terms | found

    def judge(self, generator: RelightingGenerator) -> dict[str, float]:
        """Balanced accuracy, per pixel or per face, on people that neither side has seen; .5 is chance."""
        segmented, faces = list[float](), list[float]()
        rows = torch.arange(min(len(self.held_out), self.game.judged_faces))
        random, d = torch.Generator().manual_seed(self.seed), self.discriminators
        with torch.no_grad():
            for some in rows.split(self.game.faces):
                batch = _to(self.held_out.batch(some), generator)
                made = _in_use(generator, batch)
                for _ in range(MIXES if self.weights.mix else 0):
                    mixed = self._mixed(batch, made, random)
                    segmented += accuracy(d.msd(mixed.y_mix), mixed.m)
                for images, sign in ((made.swapped, 1.0), (batch.x_t, -1.0)) if self.weights.face else ():
                    told = self._logit(images, batch)
                    faces += (told * sign > 0).float().tolist()
        found = {"segment_accuracy": segmented, "face_accuracy": faces}
        return {name: sum(values) / len(values) for name, values in found.items() if values}

    def _able(self, generator: RelightingGenerator, step: int, more: int) -> dict[str, float]:
        """The accuracies, when each that plays can tell, perhaps after ``more`` steps of its own."""
        told = self.judge(generator)
        if more and any(value < self.game.least for value in told.values()):
            self._school(generator, more, step)
            told = self.judge(generator)
        for name, value in told.items():
            if value < self.game.least:
                raise AtChance(
                    f"step {max(step, 0)}: {name} on other people is {value:.3f}, expected {self.game.least:g} or more: "
                    "raise game.head_start or game.rate, or end here: nothing is left to tell"
                )
        return told

    def _school(self, generator: RelightingGenerator, steps: int, at: int) -> None:
        """Steps of the discriminators alone, on fresh faces."""
        for turn in range(0, steps, REUSED):
            batch = self._draw(at, 1 + turn)
            with torch.no_grad():
                made = _in_use(generator, batch)
            for again in range(min(REUSED, steps - turn)):
                self._move(generator, batch, made, self._random(at, 1_000 + turn + again))

    def _move(
        self, generator: RelightingGenerator, batch: Batch, made: Transported, random: torch.Generator
    ) -> dict[str, float]:
        self.optimiser.zero_grad()
        loss = discriminators_loss(
            generator, self.discriminators, replace(self.weights, mix=0.0), random, made
        )
        total, terms = loss.total, {n: v for n, v in loss.terms.items() if n.startswith("w1_")}
        if self.weights.mix:
            mixed = self._mixed(batch, made, random)
            error = (self.discriminators.msd(mixed.y_mix) - mixed.m).square() * batch.mask
            term = error.sum() / batch.mask.sum().clamp_min(1.0)
            total, terms["segment"] = total + term, float(term.detach())
        if self.weights.face:
            pairs = ((made.swapped, 1.0), (batch.x_t, 0.0))
            told, truth = zip(
                *((self._logit(images, batch), torch.full((len(images),), y)) for images, y in pairs),
                strict=True,
            )
            wrong = F.binary_cross_entropy_with_logits(torch.cat(told), torch.cat(truth).to(told[0].device))
            total, terms["face_critic"] = total + wrong, float(wrong.detach())
        total.backward()  # type: ignore[no-untyped-call]
        parameters = list(self.discriminators.parameters())
        self.share(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return terms

    def _logit(self, images: Tensor, batch: Batch) -> Tensor:
        told: Tensor = self.discriminators.face(face_statistics(images, batch.mask))
        return told

    def _mixed(self, batch: Batch, made: Transported, random: torch.Generator) -> Mixed:
        y, x_t = game_pictures(made.swapped, batch.x_t, batch.mask, self.game.blur)
        mixed = mix(y, x_t, batch.mask, random, self.game.whole)
        return mixed

    def _draw(self, *numbers: int) -> Batch:
        """Faces of a step of this process, which sees others than its fellows."""
        seeds = (self.seed, self.rank, *(number + 1 for number in numbers))
        return _to(self.photographs.draw(self.game.faces, *seeds), self.discriminators)

    def _random(self, step: int, turn: int) -> torch.Generator:
        return torch.Generator().manual_seed(((self.seed * 1_000_003 + step + 1) * 8191 + turn) % 2**62)


_NOTHING = Weights(
    **dict.fromkeys(
        ("pixel", "fidelity", "light", "low_frequency", "plan", "reconstruction", "edges", "smooth", "taken"),
        0.0,
    )  # type: ignore[arg-type]
)


def fooling(told: Tensor, m: Tensor, goal: str) -> Tensor:
    """What the generator minimises in the mix-and-segment game.

    Args:
        told: predicted M, n1HW.
        m: true M; +1 where the swapped face shows.
        goal: "undecided": told is 0 on both sides [paper]. "real": told is -1 where the swapped face shows; near chance the
            first has no slope, this one has [ours].
    """
    if goal == "undecided":
        weight = m.abs()
        return (told.square() * weight).sum() / weight.sum().clamp_min(1.0)
    weight = m.clamp_min(0.0)
    return ((told + 1.0).square() * weight).sum() / weight.sum().clamp_min(1.0)


def _in_use(generator: RelightingGenerator, batch: Batch) -> Transported:
    """Y as it is made in use: with the pass that training leaves out."""
    before = generator.training
    generator.eval()
    try:
        made: Transported = generator(batch.x_r, batch.x_t, batch.geometry, batch.mask, batch.geometry_r)
    finally:
        generator.train(before)
    return made


def _detached(made: Transported) -> Transported:
    lists = [
        [values.detach() for values in part]
        for part in (made.features_r, made.features_t, made.moved, made.pixels)
    ]
    return Transported(made.swapped.detach(), None, lists[0], lists[1], lists[2], lists[3], made.mask)


def _to(batch: Batch, like: nn.Module) -> Batch:
    device = next(like.parameters()).device
    values = {name: getattr(batch, name) for name in ("x_r", "x_t", "geometry", "mask", "geometry_r")}
    return Batch(**{name: value.to(device) for name, value in values.items()})
