"""How far a job is, for people: one number, one line, and the time left."""

import time
from dataclasses import dataclass, field
from typing import Any

SHARES = {"looking for faces": (0.0, 0.3), "swapping": (0.3, 1.0), "comparing": (0.0, 1.0)}
"""Which part of a job each work is, as begin and end."""


@dataclass
class Live:
    """Of a job that is being made. ``version`` grows with each change."""

    progress: float = 0.0
    message: str = "starting"
    seconds_left: float | None = None
    version: int = 0
    warnings: list[str] = field(default_factory=list)
    _work: str = ""
    _began: tuple[float, float] = (0.0, 0.0)

    def hear(self, said: dict[str, Any]) -> None:
        """Take one line of the worker."""
        if "warning" in said:
            self.warnings.append(str(said["warning"]))
        if "progress" in said:
            work, done, total = said["progress"]
            self._move(str(work), int(done), max(1, int(total)))
        self.version += 1

    def _move(self, work: str, done: int, total: int) -> None:
        begin, end = SHARES.get(work, (0.0, 1.0))
        part = min(1.0, done / total)
        clock = time.monotonic()
        if work != self._work:
            self._work, self._began = work, (clock, part)
        gone, made = clock - self._began[0], part - self._began[1]
        pace = made / gone if gone > 0.5 and made > 0 else None  # parts of this work in a second
        self.progress = round(begin + (end - begin) * part, 4)
        self.message = f"{work}: {done} of {total}"
        if pace is None:
            self.seconds_left = None
        else:
            self.seconds_left = round((1 - part) / pace + (1 - end) / max(end - begin, 0.01) / pace, 1)
