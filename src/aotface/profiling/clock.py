"""Time on the wall, and time of the processor: on a shared computer only the second says what a work costs."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Cost(NamedTuple):
    """Milliseconds: on the wall, and of all processors together."""

    wall_ms: float
    cpu_ms: float


class Clock:
    """Collects what works cost, by name, in the order of their first end; what one work does inside another counts once.

    For one thread: it is the inner work's time, and not the outer's.
    """

    def __init__(self) -> None:
        self._spent: dict[str, list[Cost]] = defaultdict(list)
        self._inside: list[list[Cost]] = [[]]

    def time(self, name: str, work: Callable[[], Result]) -> Result:
        """Do a work, and note what it cost without the works inside it that are noted themselves."""
        self._inside.append([])
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return work()
        finally:
            whole = Cost(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu))
            inner = together(self._inside.pop())
            self._inside[-1].append(whole)
            self._spent[name].append(Cost(whole.wall_ms - inner.wall_ms, whole.cpu_ms - inner.cpu_ms))

    def timed(self, name: str, work: Callable[..., Result]) -> Callable[..., Result]:
        """The same work, noted whenever it is done."""

        def noted(*arguments: Any, **named: Any) -> Result:
            return self.time(name, lambda: work(*arguments, **named))

        return noted

    def costs(self) -> dict[str, Cost]:
        """The median time of every name."""
        return {
            name: Cost(*(statistics.median(times) for times in zip(*spent, strict=True)))
            for name, spent in self._spent.items()
        }

    def shares(self, frames: int) -> dict[str, Cost]:
        """All times of every name together, for each of so many frames: over the names they add up to everything."""
        return {
            name: Cost(*(times / frames for times in together(spent))) for name, spent in self._spent.items()
        }


def together(costs: list[Cost]) -> Cost:
    """One after the other."""
    return Cost(sum(cost.wall_ms for cost in costs), sum(cost.cpu_ms for cost in costs))
