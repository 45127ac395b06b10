"""Wall time and CPU time: on a shared computer only CPU time says what work costs."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Cost(NamedTuple):
    """Milliseconds: wall time, and CPU time of all processors together."""

    wall_ms: float
    cpu_ms: float


class Clock:
    """Collects costs by name, in the order of their first end; nested work counts once, for the inner name.

    For one thread.
    """

    def __init__(self) -> None:
        self._spent: dict[str, list[Cost]] = defaultdict(list)
        self._inside: list[list[Cost]] = [[]]

    def time(self, name: str, work: Callable[[], Result]) -> Result:
        """Do some work and record its cost, without nested work that is recorded itself."""
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
        """The same function, recorded at every call."""

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
        """Sum for each name, divided by the number of frames; over all names this adds up to the whole."""
        return {
            name: Cost(*(times / frames for times in together(spent))) for name, spent in self._spent.items()
        }


def together(costs: list[Cost]) -> Cost:
    """Sum of costs."""
    return Cost(sum(cost.wall_ms for cost in costs), sum(cost.cpu_ms for cost in costs))
