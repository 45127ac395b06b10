"""Growth: what is measured is said to be, what is not is marked, and predictions follow a known law."""

from collections.abc import Callable

import numpy as np
import pytest

from aotface.evaluation.methods import Method
from aotface.evaluation.solvers import growth
from aotface.evaluation.solvers.growth import Budget, follow, grow, predict
from aotface.evaluation.solvers.rows import LEARNED
from aotface.evaluation.solvers.solve import Moved, Solver
from aotface.evaluation.solvers.vectors import Cloud
from aotface.evaluation.triple import Triple
from aotface.transfer.aot.generator import RelightingGenerator

SIZES = (8, 16, 32, 64)
CLOUDS = {size: Cloud("rgb", np.arange(size), *np.zeros((3, size, 3))) for size in SIZES}


@pytest.fixture
def cubic(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Work takes the cube of its size in milliseconds; returns the sizes that were run."""
    run: list[int] = []

    def clock(work: Callable[[], Moved]) -> tuple[float, Moved]:
        found = work()
        run.append(len(found.vectors))
        return len(found.vectors) ** 3 / 1000, found

    monkeypatch.setattr(growth, "steady", clock)
    return run


def idle(here: np.ndarray, there: np.ndarray) -> Moved:
    return Moved(here, passes=5)


def test_a_law_is_continued() -> None:
    assert predict({10: 2.0, 20: 8.0}, 40, 3.0) == pytest.approx(32.0)
    assert predict({5: 99.0, 10: 1.0, 20: 16.0}, 40, 3.0) == pytest.approx(128.0)  # no steeper than it can be
    assert predict({10: 2.0}, 20, 3.0) == pytest.approx(16.0)
    assert predict({}, 20, 3.0) == 0.0


def test_beyond_the_budget_nothing_is_run_and_the_row_says_so(cubic: list[int]) -> None:
    rows = follow(Solver("exact", idle), CLOUDS, Budget(seconds=5.0), {})
    assert [row["timing"] for row in rows] == ["whole", "whole", "predicted", "predicted"]
    assert [row["seconds"] for row in rows] == pytest.approx([0.512, 4.096, 32.768, 262.144])
    assert cubic == [8, 16]


def test_too_much_memory_is_not_tried(cubic: list[int]) -> None:
    rows = follow(Solver("exact", idle, bytes_a_pair=8), CLOUDS, Budget(1e9, 8 * 16 * 16), {})
    assert [row["timing"] for row in rows] == ["whole", "whole", "memory", "memory"]
    assert cubic == [8, 16]


def test_the_first_size_is_always_measured(cubic: list[int]) -> None:
    rows = follow(Solver("exact", idle), CLOUDS, Budget(seconds=0.0), {})
    assert [row["timing"] for row in rows] == ["whole", "predicted", "predicted", "predicted"]


def test_sinkhorn_is_one_measured_pass_times_its_passes(cubic: list[int]) -> None:
    passes = {8: 0.1, 16: 0.4, 32: 1.6, 64: 6.4}
    rows = follow(Solver("sinkhorn", idle, 0.1), CLOUDS, Budget(seconds=3.0), passes)
    assert [row["timing"] for row in rows] == ["whole", "whole", "one pass", "one pass"]
    assert [row["seconds"] for row in rows[2:]] == pytest.approx([8.0, 32.0])
    assert rows[-1]["pass_seconds"] == 6.4 and rows[-1]["passes"] == 5 and rows[-1]["share"] == 0.1


def test_a_face_grows(triple: Callable[..., Triple], generator: RelightingGenerator, aot: Method) -> None:
    said: list[str] = []
    rows = grow(triple(0), generator, aot, said.append, sizes=(64, 128))
    kinds = {(row["vectors"], row["solver"], row.get("share"), row["points"]) for row in rows}
    assert len(kinds) == len(rows) and {row["vectors"] for row in rows} == {"rgb", "F1"}
    assert [row for row in rows if row["seconds"] <= 0 or row["timing"] != "whole"] == []
    assert sum(row["solver"] == LEARNED for row in rows) == 4
    assert {row["channels"] for row in rows} == {3, 16}
    assert any("exact" in line for line in said)
