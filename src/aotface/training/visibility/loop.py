"""Training: from a library of faces to checkpoints; a run resumes from its last one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aotface.errors import Interrupted
from aotface.training.checkpoint import Checkpoint, State, load_checkpoint, save_checkpoint
from aotface.training.journal import Journal
from aotface.training.visibility.library import Library
from aotface.training.visibility.loss import kept_loss, set_loss
from aotface.training.visibility.net import Size, VisibilityNet
from aotface.training.visibility.samples import Sample, draw_sample
from aotface.training.watch import Diverged


@dataclass(frozen=True)
class TrainConfig:
    """``steps``: in all. ``rate``: highest learning rate; it rises over ``warm_up`` steps, and falls to 0 over the last
    ``fall`` of all. ``memory``: of the averaged weights. ``save_seconds``: between checkpoints."""

    steps: int = 3000
    batch: int = 4
    rate: float = 5e-3
    warm_up: int = 50
    fall: float = 0.35
    decay: float = 1e-3
    memory: float = 0.995
    seed: int = 0
    save_seconds: float = 60.0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warm_up)
        left = (self.steps - step) / max(1.0, self.fall * self.steps)
        return self.rate * min(rise, 1.0, max(left, 0.01))


class Run:
    """A network with its average and optimiser; it begins new or where its checkpoint was.

    ``teacher``: what it says of beards is kept, see `kept_loss`; None: nothing is.
    """

    def __init__(self, config: TrainConfig, out: Path, size: Size | None = None):
        torch.manual_seed(config.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.config, self.out, self.step = config, out, 0
        self.net = VisibilityNet(size).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=config.rate, weight_decay=config.decay)
        self.average: State = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.teacher: VisibilityNet | None = None
        if (saved := load_checkpoint(out)) is not None:
            self.step, self.average = saved.step, saved.average
            self.net.load_state_dict(saved.generator)
            self.optimiser.load_state_dict(saved.optimiser)

    def begin_with(self, other: Path) -> int:
        """Take every weight that fits from the average of another run, of this or another size; returns how many did."""
        saved, own = load_checkpoint(other), self.net.state_dict()
        if saved is None or self.step:
            return 0
        fitting = {k: v for k, v in saved.average.items() if k in own and own[k].shape == v.shape}
        self.net.load_state_dict(own | fitting)
        self.average = {k: v.clone() for k, v in self.net.state_dict().items()}
        return len(fitting)

    def take(self, net: VisibilityNet) -> None:
        """Begin with a network of the same size."""
        self.net.load_state_dict(net.state_dict())
        self.average = {k: v.clone() for k, v in self.net.state_dict().items()}

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        none: dict[str, Any] = {"state": {}, "param_groups": []}
        state = Checkpoint(
            self.step, self.net.state_dict(), self.average, {}, self.optimiser.state_dict(), none
        )
        save_checkpoint(self.out, state)

    def advance(self, batch: list[Sample]) -> dict[str, float]:
        """One step.

        Raises:
            Diverged: the loss is not finite.
        """
        pictures, sets, lens = to_tensors(batch)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate_at(self.step)
        self.net.train()
        logits = self.net(pictures)
        terms = set_loss(logits, sets, lens)
        if self.teacher is not None:
            with torch.inference_mode():
                taught = self.teacher(pictures)
            terms["kept"] = kept_loss(logits, taught.clone(), sets)
            terms["total"] = terms["total"] + terms["kept"]
        if not torch.isfinite(terms["total"]):
            raise Diverged(f"step {self.step}: the loss is not finite; lower the learning rate")
        self.optimiser.zero_grad(set_to_none=True)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._remember()
        return {name: float(term.detach()) for name, term in terms.items()}

    def _remember(self) -> None:
        memory = min(self.config.memory, self.step / (self.step + 10))
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value.detach(), 1 - memory)
            else:
                self.average[name].copy_(value)


def to_tensors(batch: list[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures n x 3 x h x w, 0..1; sets and lens n x h x w."""
    pictures = torch.from_numpy(np.stack([s.picture for s in batch])).permute(0, 3, 1, 2)
    sets = torch.from_numpy(np.stack([s.sets for s in batch]).astype(np.int32))
    lens = torch.from_numpy(np.stack([s.lens for s in batch]).astype(np.int32))
    return pictures.contiguous(memory_format=torch.channels_last), sets, lens


def train(
    run: Run, library: Library, say: Callable[[str], None], stop: Callable[[], bool] = lambda: False
) -> None:
    """Train to the configured step; the same seed draws the same samples.

    Args:
        run: new or resumed.
        library: faces and covers.
        say: called with a line of progress.
        stop: asked after each step; a yes saves a checkpoint and ends the run.

    Raises:
        Diverged: the loss is not finite; the last checkpoint is kept.
        Interrupted: ``stop`` said so.
    """
    journal, config = Journal(run.out, run.step), run.config
    saved, recent = time.monotonic(), list[dict[str, float]]()
    while run.step < config.steps:
        rng = np.random.default_rng([config.seed, run.step])
        batch = [draw_sample(library.draw(rng), library.box, rng) for _ in range(config.batch)]
        recent.append(run.advance(batch))
        halt, last = stop(), run.step == config.steps
        if run.step % 25 == 0 or last:
            means = {name: sum(r[name] for r in recent) / len(recent) for name in recent[0]}
            journal.log(means, run.step)
            say(f"step {run.step}/{config.steps}  " + "  ".join(f"{k} {v:.4f}" for k, v in means.items()))
            recent = []
        if halt or last or time.monotonic() - saved > config.save_seconds:
            run.save()
            saved = time.monotonic()
        if halt and not last:
            raise Interrupted(f"stopped at step {run.step} of {config.steps}; its checkpoint is saved")
