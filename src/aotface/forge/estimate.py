"""Time and disk of a build, before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from aotface.forge.plan import Plan
from aotface.forge.work import Work

SECONDS_PER_REAL, SECONDS_PER_FAKE = 0.05, 0.32
"""Of one core, for a frame; measured on portraits and clips of 360 to 1364 px. Other computers differ."""

BYTES_PER_PIXEL = 1.6
"""Of a stored frame with its masks; PNG of photographs and decoded video."""


@dataclass(frozen=True)
class Estimate:
    """``seconds``: wall time with the workers asked for. ``bytes``: on the disk."""

    frames: int
    seconds: float
    bytes: float

    def words(self) -> str:
        """One line for people."""
        minutes = self.seconds / 60
        time = f"{self.seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
        time = f"{minutes / 60:.1f} h" if minutes > 90 else time
        return f"{self.frames} frames, about {time} and {self.bytes / 1e9:.2f} GB"


def estimate(plan: Plan, works: Sequence[Work], workers: int) -> Estimate:
    """What making some samples takes; several machines of a cluster are not counted."""
    frames, seconds, size = 0, 0.0, 0.0
    for work in works:
        count, target = work.target.frames, work.target
        zoom = min(plan.shrink, plan.side / max(target.height, target.width))
        pixels = target.height * target.width * zoom**2
        if plan.region == "face":
            pixels = min(pixels, float(plan.side**2))
        frames += count
        seconds += count * (SECONDS_PER_REAL if work.method is None else SECONDS_PER_FAKE)
        size += count * pixels * BYTES_PER_PIXEL
    return Estimate(frames, seconds / max(workers, 1), size)
