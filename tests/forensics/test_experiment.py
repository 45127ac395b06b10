"""Experiments: arms differ in what is added alone, the same file gives the same bytes, a stopped one resumes."""

import json
from pathlib import Path

import msgspec
import pytest
from forensics.conftest import small_plan
from forge.made_store import write_made_store

from aotface.cli import main
from aotface.errors import InputError
from aotface.forensics.crops import name_of
from aotface.forensics.experiment import CELLS, read_sides
from aotface.forensics.matrix import Cell, Matrix, cells_of, draw, read_matrix
from aotface.forensics.results import FakeSet, Results, read_results
from aotface.forensics.tables import arm_rows, groups_of, outside
from aotface.forge.store import Sample, open_store
from aotface.reporter import Silent

TEXT = """
name = "made"
train = ["{set}"]
test = ["{set}"]
bases = [["mkl"]]
number = 3
seeds = 2
backbone = "tiny"
resamples = 20
detectors = ["probe"]
[cameras]
even = ["p*[02468]"]
odd = ["p*[13579]"]
"""


def write_matrix(folder: Path, made: Path, *changes: tuple[str, str]) -> Path:
    text = TEXT.format(set=made)
    for old, new in changes:
        text = text.replace(old, new)
    path = folder / "matrix.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def finished(made_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiment")
    assert (
        main(["forensics", "experiment", str(write_matrix(folder, made_set)), "-o", str(folder / "out")]) == 0
    )
    return folder


def cells(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / CELLS).iterdir())}


def test_two_runs_give_the_same_and_a_stopped_one_resumes(finished: Path) -> None:
    first = cells(finished / "out")
    assert len(first) == 2 * (2 + 2 * 2)  # seeds x (none and shuffled; control and aot, each in two modes)
    gone = next(iter(first))
    (finished / "out" / CELLS / gone).unlink()
    (finished / "out" / CELLS / sorted(first)[1]).write_text("{")  # cut short
    stays = finished / "out" / CELLS / sorted(first)[2]
    before = stays.stat().st_mtime_ns
    command = ["forensics", "experiment", str(finished / "matrix.toml"), "-o"]
    assert main([*command, str(finished / "out")]) == 0
    assert cells(finished / "out") == first and stays.stat().st_mtime_ns == before
    assert main([*command, str(finished / "again")]) == 0
    assert cells(finished / "again") == first


def test_arms_differ_in_what_is_added_alone(finished: Path) -> None:
    matrix = read_matrix(finished / "matrix.toml")
    pool = read_sides(matrix, 1, finished / "out", Silent()).train

    def drawn(arm: str, mode: str = "added") -> list[tuple[str, str]]:
        items = draw(pool, matrix, Cell(("mkl",), arm, mode, "probe", 0)).items
        return [(str(one.info.method), f"{one.info.target} {one.info.source}") for one in items]

    none, control, aot = drawn("none"), drawn("control"), drawn("aot")
    assert control[: len(none)] == aot[: len(none)] == none
    more, other = control[len(none) :], aot[len(none) :]
    assert more and [pair for _, pair in more] == [pair for _, pair in other]
    assert {m for m, _ in more} == {"mkl"} and {m for m, _ in other} == {"aot"}
    assert not {pair for _, pair in more} & {pair for method, pair in none if method != "None"}
    assert len(drawn("aot", "fixed")) == len(none)


def test_the_report(finished: Path) -> None:
    page = finished / "report.html"
    words = ["forensics", "report", str(finished / "out"), "-o", str(page), "--occlusion"]
    page.with_suffix(".md").write_text("notes of mine")
    assert main(words) == 5 and page.with_suffix(".md").read_text() == "notes of mine"
    assert main([*words, "--overwrite"]) == 0
    text = page.with_suffix(".md").read_text()
    assert "| mkl | probe | added | poisson | never |" in text and "mean of never trained on: poisson" in text
    assert (
        "| raw | calibrated |" in text
        and "shuffled labels" in text
        and "reals of even against odd" in text
        and "own face" in text
    )
    html = page.read_text()
    assert html.count("<img") == 1 and "no proof" in html and "<script" not in html


def test_a_report_of_an_unfinished_experiment(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forensics", "report", str(finished), "-o", str(finished / "r.html")]) == 2
    assert "holds no experiment" in capsys.readouterr().err
    assert main(["forensics", "report", str(finished / "out"), "-o", str(finished / "r.md")]) == 2
    assert "expected --output FILE.html" in capsys.readouterr().err


def test_scores_of_others(finished: Path, made_set: Path, tmp_path: Path) -> None:
    scores = next(iter(cells(finished / "out").values()))
    rows = [f"{name.split(' ')[0]},{value}" for name, value in json.loads(scores)["scores"].items()]
    (tmp_path / "theirs.csv").write_text("\n".join(["id,score", *rows]))
    path = write_matrix(tmp_path, made_set, ("[cameras]", '[outside]\ntheirs = "theirs.csv"\n[cameras]'))
    found = outside(read_results(read_matrix(path), finished / "out"))
    assert {row[1] for row in found} == {"self", "mkl", "aot", "poisson"}


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (("seeds = 2", "seeds = 0"), 3, "not an experiment"),
        (("seeds = 2", "sedes = 2"), 3, "unknown field sedes"),
        (('["probe"]', '["prob"]'), 2, "expected detectors out of probe"),
        (('bases = [["mkl"]]', 'bases = [["idt"]]'), 3, "no pairs with a large gap that idt and aot"),
        (("number = 3", 'stratum = "huge"'), 3, "no pairs with a huge gap"),
        (("test = [", 'test = ["nowhere", '), 3, "holds no set"),
    ],
)
def test_experiments_that_cannot_be_run(
    made_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: tuple[str, str],
    code: int,
    line: str,
) -> None:
    path = write_matrix(tmp_path, made_set, change)
    assert main(["forensics", "experiment", str(path), "-o", str(tmp_path / "out")]) == code
    said = capsys.readouterr().err.splitlines()
    assert line in said[-1] and "Traceback" not in "".join(said)


def test_a_person_on_both_sides(made_set: Path, tmp_path: Path) -> None:
    other = write_made_store(tmp_path / "other", small_plan(0, (0, 0, 6)))
    matrix = Matrix(name="x", train=(str(made_set),), test=(str(other),), bases=(("mkl",),), backbone="tiny")
    with pytest.raises(InputError, match="'p0' is in training and in testing"):
        read_sides(matrix, 1, tmp_path, Silent())


def test_cells_without_additions_are_there_once() -> None:
    matrix = Matrix(name="x", train=(), test=(), bases=(("mkl",),), seeds=1)
    assert [f"{c.arm} {c.mode}" for c in cells_of(matrix)] == [
        *("none added", "control added", "aot added", "shuffled added", "control fixed", "aot fixed")
    ]


@pytest.fixture(scope="module")
def with_perturbed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A test set, its copy that says it is perturbed, and scores of nobody's detector."""
    folder, plan = tmp_path_factory.mktemp("perturbed"), small_plan(0, (2, 2, 4))

    def marked(line: Sample, files: dict[str, bytes]) -> tuple[Sample, dict[str, bytes]]:
        return msgspec.structs.replace(line, perturbation="JPG:5", key=f"5 {line.key}"), files

    plain = open_store(write_made_store(folder / "set", plan)).lines
    strong = open_store(write_made_store(folder / "strong", plan, marked)).lines
    both = ('[["mkl"]]', '[["mkl"], ["poisson"]]')
    text = write_matrix(folder, folder / "set", ("test = [", f'test = ["{folder / "strong"}", '), both)
    matrix, scores = read_matrix(text), {name_of(line): 0.0 for line in (*plain, *strong)}
    (folder / CELLS).mkdir()
    for cell in cells_of(matrix):
        (folder / CELLS / f"{cell.name}.json").write_text(json.dumps({"scores": scores}))
    return read_results(matrix, folder)


def test_perturbed_fakes_are_a_test_set_of_their_own(with_perturbed: Results) -> None:
    tests = [str(one) for one in with_perturbed.tests]
    assert tests == ["self", "mkl", "aot", "poisson", *(f"{name} in strong" for name in tests[:4])]
    rows = [row for row in arm_rows(with_perturbed) if row.test.startswith("mean")]
    assert [row.test for row in rows[:2]] == [
        f"mean of never trained on: poisson{word}" for word in ("", " in strong")
    ]
    plain = [r.fakes for r in rows if r.mode == "added" and r.base != "all bases" and "strong" not in r.test]
    assert (rows[-1].base, rows[-1].fakes) == ("all bases", sum(plain)) and rows[-1].arms["aot"] == 0.5
    assert {row[3] for row in groups_of(with_perturbed)} == {"self", "mkl", "aot", "poisson"}


def test_fakes_meet_the_reals_of_their_own_store(with_perturbed: Results) -> None:
    for store, word in ((None, None), ("strong", "JPG:5")):
        fakes = with_perturbed.fakes(FakeSet("mkl", store))
        reals = with_perturbed.reals_for(fakes)
        assert len(reals) == 4 and {with_perturbed.lines[n].perturbation for n in [*reals, *fakes]} == {word}


def test_a_real_in_two_training_sets_counts_once(made_set: Path, tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(made_set)
    path = write_matrix(tmp_path, made_set, ("train = [", f'train = ["{tmp_path / "again"}", '))
    matrix = read_matrix(path)
    pool = read_sides(matrix, 1, tmp_path / "out", Silent()).train
    drawn = draw(pool, matrix, Cell(("mkl",), "none", "added", "probe", 0))
    names = [one.name for one in drawn.items]
    assert (
        len(names) == len(set(names)) and sum(not one.fake for one in drawn.items) == 10
    )  # .85 of 12 people
