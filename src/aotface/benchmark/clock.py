"""Time on the wall, and time of the processor: on a shared computer only the second says what a work costs."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Cost(NamedTuple):
    """Milliseconds: on the wall, and of all processors together."""

    wall_ms: float
    cpu_ms: float


class Clock:
    """Collects what works cost, by name; the order of names is that of their first time."""

    def __init__(self) -> None:
        self._spent: dict[str, list[Cost]] = defaultdict(list)

    def time(self, name: str, work: Callable[[], Result], frames: int = 1) -> Result:
        """Do a work, and note what it cost for each of its frames."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        self._spent[name].append(Cost(*(1e3 * seconds / frames for seconds in spent)))
        return result

    def costs(self, warm_up: int = 0) -> dict[str, Cost]:
        """The median of every name, without its first ``warm_up`` times where it has more than that."""
        found = {}
        for name, spent in self._spent.items():
            counted = spent[warm_up:] or spent
            found[name] = Cost(*(statistics.median(times) for times in zip(*counted, strict=True)))
        return found
