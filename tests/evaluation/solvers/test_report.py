"""The report: claims hold or fail by the numbers, marks are kept, and a run ends in all its files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import parquet

from aotface.commands.bench import Bench
from aotface.errors import InputError, UsageError
from aotface.evaluation.runner import Job
from aotface.evaluation.solvers import report
from aotface.evaluation.solvers import run as running
from aotface.evaluation.solvers.figure import figure_png, figure_svg
from aotface.evaluation.solvers.report import (
    MARKDOWN,
    PARQUET,
    PNG,
    SVG,
    claims,
    growth_table,
    markdown,
    section,
    tables,
    write_report,
)
from aotface.evaluation.solvers.rows import (
    AGAIN,
    LEARNED,
    LEVELS,
    NOTHING,
    TRUTH,
    WHOLE,
    Row,
    grown,
    of_truth,
)
from aotface.evaluation.solvers.run import gather, run
from aotface.evaluation.suites import SUITES
from aotface.evaluation.triple import Plan, Triple

SIZES = (1024, 2048, 4096)
TIMINGS = ("whole", "predicted", "memory")


def of_face(suite: str, pair: int, learned_w1: float) -> list[Row]:
    """W1 of the truth is 2, PSNR of the learned plan 30 dB; sinkhorn's is 28 and 29 dB."""
    common = {"part": "pairs", "suite": suite, "pair": f"{suite}-{pair}", "target_person": "b"}
    rows = []
    for vectors in ("rgb", *LEVELS, WHOLE):
        for name, w1, psnr, share in (
            (TRUTH, 2.0, 100.0, None), (NOTHING, 9.0, 20.0, None), (AGAIN, 2.2, 0.0, None),
            (LEARNED, learned_w1, 30.0, None), ("sinkhorn", 1.0, 28.0, 0.1), ("sinkhorn", 0.5, 29.0, 0.01),
        ):  # fmt: skip
            if name == AGAIN and vectors in ("rgb", WHOLE):
                continue
            row = common | {"vectors": vectors, "solver": name, "w1": w1 + pair * 0.0, "w2": w1, "cost": 1.0}
            row |= {} if share is None else {"share": share}
            row |= {"psnr": psnr} if vectors in ("rgb", WHOLE) else {}
            row |= {} if name in (TRUTH, NOTHING, AGAIN) else {"seconds": 0.1, "timing": "whole"}
            rows.append(row)
    return rows


def made_rows(learned_w1: float = 2.5, learned_seconds: float = 0.01) -> list[Row]:
    rows = [
        row for suite in ("relit", "lit") for pair in range(3) for row in of_face(suite, pair, learned_w1)
    ]
    for vectors, channels in (("rgb", 3), ("F1", 32)):
        common = {
            "part": "growth",
            "suite": "relit",
            "pair": "relit-0",
            "vectors": vectors,
            "channels": channels,
        }
        for number, size in enumerate(SIZES):
            own = common | {"points": size}
            rows.append(own | {"solver": LEARNED, "seconds": learned_seconds, "timing": "whole"})
            rows.append(own | {"solver": "exact", "seconds": 4.0**number, "timing": TIMINGS[number]})
            rows.append(
                own | {"solver": "sinkhorn", "share": 0.1, "seconds": 2.0, "passes": 10,
                       "pass_seconds": 0.2, "timing": "one pass"}
            )  # fmt: skip
    return rows


def test_claims_hold_or_fail_by_the_numbers() -> None:
    held = claims(made_rows())
    assert len(held) == 2 + 2 * 5 and all(line.startswith("holds") for line in held)
    assert "200 times (one pass alone: 20 times)" in held[0] and "10 passes, one of them measured" in held[0]
    assert "30.00 dB" in held[2] and "(sinkhorn 0.01) 29.00 dB" in held[2]
    assert "1.25 of the ground truth's own" in held[4] and "finished picture: 1.10" in held[4]
    slow = claims(made_rows(learned_seconds=0.05))
    assert [line[:5] for line in slow[:2]] == ["FAILS", "FAILS"] and slow[2:] == held[2:]
    far = claims(made_rows(learned_w1=3.1))
    assert [line.startswith("FAILS") for line in far] == [False] * 2 + [False, False, True, True, True] * 2
    poor = [
        row | ({"psnr": 29.0} if row["solver"] == LEARNED and "psnr" in row else {}) for row in made_rows()
    ]
    assert [line.startswith("FAILS") for line in claims(poor)][2:4] == [True, True]


def test_what_was_not_measured_is_marked() -> None:
    table = growth_table(grown(made_rows())["rgb"])
    cells = {row[0]: row[1:] for row in table.cells}
    assert cells["exact"] == ("1", "(4)", "[16]") and cells["sinkhorn 0.1"] == ("~2",) * 3
    assert cells[LEARNED] == ("0.01",) * 3 and table.headings[1:] == ("1,024", "2,048", "4,096")


def test_distances_are_told_beside_the_truths_own() -> None:
    rows = [row for row in made_rows() if row["vectors"] == "F1" and row["part"] == "pairs"]
    assert of_truth(rows, LEARNED, "w1") == 1.25 and of_truth(rows, TRUTH, "w1") == 1.0
    titles = [table.title for table in tables(made_rows())]
    assert len(titles) == 6 and titles[0].startswith("relit, colours: 3 faces")
    assert all(line.count("|") > 3 for line in markdown(made_rows()).split("\n") if line.startswith("|"))


@pytest.mark.long
def test_the_same_rows_give_the_same_figure() -> None:
    drawn = figure_svg(made_rows())
    assert drawn == figure_svg(made_rows()) and drawn.startswith("<svg") and "4,096" in drawn
    assert drawn != figure_svg(made_rows(learned_seconds=0.02))
    assert figure_png(made_rows())[1:4] == b"PNG"


class Reporter:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    warn = progress = say


@pytest.fixture
def plain_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes seconds and has a test of its own."""
    monkeypatch.setattr(report, "figure_svg", lambda rows: f"<svg>{len(rows)}</svg>")
    monkeypatch.setattr(report, "figure_png", lambda rows: b"PNG")


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]) -> None:
    def plan(data: Path, pairs: int, seed: int, say: object) -> list[Plan]:
        return [Plan(f"folder-{k:04d}", {}, f"a{k}", f"b{k}") for k in range(pairs)]

    def make(plan: Plan, data: Path) -> Triple:
        return triple(int(plan.name[-1]), truth=not plan.name.endswith("1"))

    monkeypatch.setitem(SUITES, "folder", replace(SUITES["folder"], plan=plan, make=make))
    monkeypatch.setattr("aotface.evaluation.solvers.measure.POINTS", 100)


def test_a_run_ends_in_its_files_and_keeps_the_growth(
    suite: None, plain_figures: None, tmp_path: Path, weights: Path
) -> None:
    said: list[str] = []
    job = Job("folder", tmp_path, tmp_path / "out", pairs=2, weights=weights)
    run(job, said.append, sizes=(32, 64))
    assert any("folder-0001 left out" in line and "ground truth" in line for line in said)
    rows = gather(job.out)
    assert {row["part"] for row in rows} == {"pairs", "growth"}
    assert {row["pair"] for row in rows} == {"folder-0000"}
    before = (job.out / "solvers" / "growth" / "rows.json").read_bytes()
    run(job, said.append, sizes=(32, 64))
    assert (job.out / "solvers" / "growth" / "rows.json").read_bytes() == before
    assert (job.out / "solvers" / "folder" / "run.json").is_file()
    assert [path.name for path in write_report(job.out)] == [PARQUET, MARKDOWN, SVG, PNG]
    back = parquet.read_table(job.out / PARQUET).to_pylist()
    known = [{name: value for name, value in row.items() if value is not None} for row in back]
    assert known == gather(job.out)
    with pytest.raises(InputError, match="no solvers"):
        gather(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="with ground truth"):
        run(replace(job, pairs=0), said.append)


def test_the_command_leads_there(
    suite: None, plain_figures: None, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "grow", lambda *_: [row for row in made_rows() if row["part"] == "growth"])
    command = Bench(
        suite="folder", data=tmp_path, output=tmp_path / "out", pairs=1, weights=weights, solvers=True
    )
    reporter = Reporter()
    command.run(reporter)
    assert [Path(line).name for line in reporter.said[-4:]] == [PARQUET, MARKDOWN, SVG, PNG]
    assert section(command.output).count("<svg") == 1 and "holds: " in section(command.output)
    assert section(tmp_path) == ""
    with pytest.raises(UsageError, match="leave out"):
        replace(command, methods="mkl").run(reporter)
