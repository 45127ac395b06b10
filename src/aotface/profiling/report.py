"""What was measured, as a table for people and as plain values for programs."""

from dataclasses import asdict, dataclass
from typing import Any

from aotface.profiling.clock import Cost, together
from aotface.profiling.stages import STAGES


@dataclass(frozen=True)
class Size:
    """One size of frame. ``fps``: of the whole command. ``peak_mb``: of this process, so far."""

    height: int
    width: int
    face_side: int
    stages: dict[str, Cost]
    fps: float
    cpu_seconds_per_frame: float
    peak_mb: float | None

    @property
    def total(self) -> Cost:
        """All stages together."""
        return together(list(self.stages.values()))

    @property
    def share(self) -> float:
        """Of the transport in the total, by CPU time."""
        return self.stages["transport"].cpu_ms / max(self.total.cpu_ms, 1e-9)


@dataclass(frozen=True)
class Report:
    """One run. ``facts``: where, when, and with what it was made."""

    facts: dict[str, Any]
    sizes: list[Size]
    transfers: dict[str, Cost]

    def lines(self) -> list[str]:
        """Markdown."""
        made = ", ".join(f"{key} {value}" for key, value in self.facts.items() if not isinstance(value, dict))
        lines = [made, "", "Milliseconds per frame: wall time (CPU time)", ""]
        lines += _table(["stage", *(f"{size.height}p" for size in self.sizes)], self._rows())
        rows = [[name, f"{cost.wall_ms:.0f}", f"{cost.cpu_ms:.0f}"] for name, cost in self.transfers.items()]
        return [*lines, "", *_table(["transfer of one face of 256 px", "wall ms", "CPU ms"], rows)]

    def _rows(self) -> list[list[str]]:
        rows = [[stage, *(_both(size.stages.get(stage)) for size in self.sizes)] for stage in STAGES]
        return [
            *rows,
            ["all stages in sequence", *(_both(size.total) for size in self.sizes)],
            ["share of the transport", *(f"{100 * size.share:.0f} %" for size in self.sizes)],
            ["side of the face crop (px)", *(str(size.face_side) for size in self.sizes)],
            ["fps, the whole command", *(f"{size.fps:.2f}" for size in self.sizes)],
            [
                "CPU seconds per frame, the same",
                *(f"{size.cpu_seconds_per_frame:.2f}" for size in self.sizes),
            ],
            [
                "peak memory so far (MB)",
                *(f"{size.peak_mb:.0f}" if size.peak_mb else "" for size in self.sizes),
            ],
        ]

    def values(self) -> dict[str, Any]:
        """What JSON can hold."""
        sizes = [
            asdict(size)
            | {
                "stages": {name: cost._asdict() for name, cost in size.stages.items()},
                "total": size.total._asdict(),
                "transport_share": round(size.share, 4),
            }
            for size in self.sizes
        ]
        transfers = {name: cost._asdict() for name, cost in self.transfers.items()}
        return {**self.facts, "sizes": sizes, "transfers": transfers}


def _both(cost: Cost | None) -> str:
    return "" if cost is None else f"{cost.wall_ms:.0f} ({cost.cpu_ms:.0f})"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
