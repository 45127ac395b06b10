"""An early look at divergence: a run that goes wrong stops with one line, and never with a silent repair."""

import math
from dataclasses import dataclass

from aotface.errors import AotfaceError

ANSWERED = ("pixel", "light", "low_frequency", "perceptual")
"""Terms against ground truth."""

REBUILT = ("reconstruction", "edges")
"""Terms of the reconstruction: what is watched where no answer is known."""


class Diverged(AotfaceError):
    """A loss is not a number, or has run away; the last checkpoint is kept."""

    exit_code = 9


@dataclass
class Watch:
    """The running mean of the watched terms, and its best.

    ``factor``: of the best at which the run counts as lost. ``window``: steps over which the mean forgets.
    """

    factor: float
    window: int
    mean: float = 0.0
    best: float = math.inf
    seen: int = 0

    def look(self, terms: dict[str, float], step: int) -> None:
        """Take in one step.

        Args:
            terms: weighted parts of the generator's loss.
            step: for the message.

        Raises:
            Diverged: a term is not finite, or the mean has grown to ``factor`` times its best.
        """
        broken = [name for name, value in terms.items() if not math.isfinite(value)]
        if broken:
            raise Diverged(
                f"step {step}: {', '.join(broken)} is not finite; "
                "lower the learning rate, or use --precision 32-true"
            )
        watched = [terms[name] for name in ANSWERED if name in terms] or [
            terms[name] for name in REBUILT if name in terms
        ]
        if not watched:
            return
        self.seen += 1
        # Until the window is full this is the plain mean; from then on the oldest steps fade.
        self.mean += (sum(watched) - self.mean) / min(self.seen, self.window)
        if self.seen < self.window:
            return
        self.best = min(self.best, self.mean)
        if self.mean > self.factor * self.best:
            raise Diverged(
                f"step {step}: the watched loss has grown to {self.mean / self.best:.1f} times its best "
                f"({self.mean:.3g}, was {self.best:.3g}); "
                "lower the learning rate, or let the games begin later"
            )

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"mean": self.mean, "best": self.best, "seen": self.seen}

    def restore(self, state: dict[str, float]) -> None:
        """Go on from a checkpoint; one that has no such state starts anew."""
        self.mean, self.best = state.get("mean", 0.0), state.get("best", math.inf)
        self.seen = int(state.get("seen", 0))
