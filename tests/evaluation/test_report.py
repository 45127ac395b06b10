"""The page: it needs no other file, its numbers are the rows' numbers, and nothing is left out in silence."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from aotface.commands.bench import Bench
from aotface.errors import InputError, UsageError
from aotface.evaluation.contact import contact_sheet
from aotface.evaluation.figures import _apart, along_light, light_and_leak, time_and_quality
from aotface.evaluation.report import MARKDOWN, PAGE, PARQUET, markdown, page
from aotface.evaluation.results import COLUMNS, Row, gather, methods_of, write_parquet
from aotface.evaluation.suites import SUITES
from aotface.evaluation.tables import Table, acceptances, by_group, compare, judge, median
from aotface.evaluation.triple import Plan, Triple
from aotface.media.image import read_image, write_image
from aotface.media.sniff import sniff

METHODS = {"truth": 3.0, "copy": 0.0, "none": 20.0, "mkl": 9.0}


def made_rows(suite: str = "relit", pairs: int = 6) -> list[Row]:
    rng = np.random.default_rng(0)
    rows = []
    for pair in range(pairs):
        for method, lf in METHODS.items():
            copied = method == "copy"
            rows.append(
                {
                    "suite": suite, "pair": f"{suite}-{pair:04d}", "method": method,
                    "source_person": "a", "target_person": f"b{pair % 4}",
                    "tone": ("light", "dark")[pair % 2], "source_tone": "tan", "light": "0-25",
                    "light_angle_degrees": 10.0, "gap": 20.0, "lf_de": lf + 0.1 * rng.random(),
                    "keep": 0.3 if copied else 0.95, "leak": 1.0 if copied else 0.31, "leak_floor": 0.3,
                    "identity_drop": 0.6 if copied else 0.01, "seam": 1.0,
                    "de_truth": abs(lf - 3.0) + pair / 10, "psnr": 30.0 - lf, "time_ms": 5.0 + lf,
                }
            )  # fmt: skip
    return rows


def put(folder: Path, rows: list[Row]) -> None:
    """A small picture for every row, its grey telling the pair."""
    (folder / "pictures").mkdir(parents=True)
    for row in rows:
        for name in (row["method"], "_reenacted", "_target", "_truth"):
            frame = np.full((16, 16, 3), 20 * int(row["pair"][-1]) + 60, np.uint8)
            write_image(folder / "pictures" / f"{row['pair']}.{name}.jpg", frame, overwrite=True)


def test_the_page_needs_no_other_file(tmp_path: Path) -> None:
    rows = made_rows()
    put(tmp_path / "relit", rows)
    whole = page(rows, tmp_path)
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', whole)
    sources = [one for one in sources if not one.startswith("#")]
    assert len(sources) == len(METHODS) and all(one.startswith("data:image/jpeg;base64,") for one in sources)
    assert "<script" not in whole and "@import" not in whole and "url(http" not in whole
    assert whole.count("<svg") == 3
    for word in ("Acceptance", "skin tone", "angle of the main light", *METHODS):
        assert word in whole


@pytest.mark.long
def test_the_same_rows_give_the_same_figures() -> None:
    rows = made_rows()
    for draw in (time_and_quality, light_and_leak, along_light):
        assert draw(rows, "title") == draw(rows, "title")
        assert "mkl" in draw(rows, "title")


def test_a_table_shows_medians_and_their_intervals() -> None:
    rows = made_rows()
    table = compare(rows, "t", ("lf_de", "de_truth", "perceptual"))
    assert table.headings == ("method", "pairs", "LF-dE", "dE00 to ground truth")  # no column without a value
    own = median([row for row in rows if row["method"] == "mkl"], "de_truth")
    assert own is not None and own.low <= own.estimate <= own.high
    line = dict(zip([cells[0] for cells in table.cells], table.cells, strict=True))["mkl"]
    assert line[1] == "6" and line[3] == f"{own.estimate:.2f} [{own.low:.2f}, {own.high:.2f}]"
    assert table.best == {(methods_of(rows).index("mkl"), 2), (methods_of(rows).index("mkl"), 3)}


def test_groups_are_counted_and_ordered() -> None:
    table = by_group(made_rows(), "tone", "lf_de", "t")
    assert table.headings == ("method", "light (3)", "dark (3)")
    unknown = [row | {"tone": "unknown"} for row in made_rows()[:4]]
    assert by_group([*made_rows(), *unknown], "tone", "lf_de", "t").headings[-1] == "unknown (1)"


def test_the_acceptance_says_what_failed() -> None:
    rows = made_rows()
    cells = {row[0]: row for row in acceptances(rows, "t").cells}
    assert cells["truth"][1] == "pass" and "FAIL" not in " ".join(cells["truth"])
    assert cells["copy"][1] == cells["none"][1] == cells["mkl"][1] == "fail"
    assert "FAIL 1.000 <= 0.330" in cells["copy"]


def test_a_method_on_fewer_pairs_is_judged_against_the_truth_on_those() -> None:
    rows = [row for row in made_rows() if row["method"] != "mkl" or row["pair"] == "relit-0000"]
    rows = [
        row | {"lf_de": 8.0} if row["method"] == "truth" and row["pair"] == "relit-0000" else row
        for row in rows
    ]
    limits = {check.name: check.limit for check in judge(rows, "mkl").checks}
    assert limits["lf_de"] == pytest.approx(10.0)


def test_markdown_is_one_table_per_suite_with_the_acceptance() -> None:
    text = markdown([*made_rows(), *made_rows("lit")])
    assert text.count("### ") == 2
    lines = [line for line in text.split("\n") if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1 and len(lines) == 2 * (2 + len(METHODS))
    assert [line for line in lines if line.startswith("| truth")][0].endswith("| pass |")


def test_words_in_a_table_cannot_break_the_page() -> None:
    table = Table("<b>", ("a",), (("<script>",),))
    assert "<script>" not in table.html() and "&lt;script&gt;" in table.html()


def test_a_sheet_shows_best_median_and_worst(tmp_path: Path) -> None:
    rows = made_rows()
    put(tmp_path, rows)
    jpeg = contact_sheet(rows, tmp_path, "mkl")
    assert jpeg is not None and sniff(jpeg[:64]).name == "JPEG"
    (tmp_path / "sheet.jpg").write_bytes(jpeg)
    frame = read_image(tmp_path / "sheet.jpg").frame
    greys = [int(frame[8 + 180 * k + 75, 8 + 75].mean()) for k in range(3)]
    assert greys == pytest.approx([60, 120, 160], abs=3)  # pairs 0, 3 and 5
    assert contact_sheet(rows, tmp_path / "nowhere", "mkl") is None


def test_parquet_keeps_every_number(tmp_path: Path) -> None:
    rows = made_rows()
    write_parquet(tmp_path / "r.parquet", rows)
    back = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    assert tuple(back[0]) == COLUMNS and len(back) == len(rows)
    for row, found in zip(rows, back, strict=True):
        assert {name: value for name, value in found.items() if value is not None} == row


class Reporter:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    warn = say

    def progress(self, work: str, done: int, total: int) -> None:
        """Not shown."""


def test_the_command_ends_in_three_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]
) -> None:
    def plan(*_: object) -> list[Plan]:
        return [Plan(f"folder-{k:04d}", {}, f"a{k}", f"b{k}") for k in range(2)]

    suite = replace(SUITES["folder"], plan=plan, make=lambda plan, data: triple(int(plan.name[-1])))
    monkeypatch.setitem(SUITES, "folder", suite)
    out, reporter = tmp_path / "out", Reporter()
    Bench(suite="folder", data=tmp_path, output=out, methods="mkl, none").run(reporter)
    assert [Path(line).name for line in reporter.said[-3:]] == [PARQUET, PAGE, MARKDOWN]
    assert (out / MARKDOWN).read_text() == markdown(gather(out))
    assert {row["method"] for row in gather(out)} == {"truth", "copy", "none", "mkl"}
    with pytest.raises(InputError, match="no results"):
        gather(tmp_path / "empty")


def test_the_command_refuses_what_does_not_fit_together(tmp_path: Path) -> None:
    command = Bench(suite="folder", data=tmp_path, output=tmp_path, identity=tmp_path / "net.onnx")
    with pytest.raises(UsageError, match="--identity-sha256"):
        command.run(Reporter())
    with pytest.raises(UsageError, match="folder"):
        replace(command, identity=None, data=tmp_path / "none").run(Reporter())


def test_names_of_crowded_points_are_moved_apart() -> None:
    assert _apart([0.1, 0.5], 0.05) == pytest.approx([0.1, 0.5])
    assert _apart([0.3, 0.3, 0.3], 0.1) == pytest.approx([0.2, 0.3, 0.4])
    assert np.diff(_apart([0.1, 0.11, 0.15, 0.9], 0.05)).min() >= 0.05 - 1e-9
