"""How often one client may ask: a bucket that fills again with time."""

import threading
import time


class Rate:
    """``per_second`` requests, and ``burst`` at once; one bucket for each name."""

    def __init__(self, per_second: float, burst: float):
        self._per_second, self._burst = per_second, burst
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, name: str, cost: float = 1.0) -> float:
        """Take from a bucket; the seconds to wait where there is too little in it, else 0."""
        clock = time.monotonic()
        with self._lock:
            if len(self._buckets) > 20_000:
                self._forget_full(clock)
            level, since = self._buckets.get(name, (self._burst, clock))
            level = min(self._burst, level + (clock - since) * self._per_second)
            if level < cost:
                self._buckets[name] = (level, clock)
                return (cost - level) / self._per_second
            self._buckets[name] = (level - cost, clock)
            return 0.0

    def _forget_full(self, clock: float) -> None:
        full = self._burst / self._per_second
        self._buckets = {name: kept for name, kept in self._buckets.items() if clock - kept[1] < full}
