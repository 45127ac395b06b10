"""Running: the same rows twice, nothing measured twice, and three methods that come out as they must."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from plugins_installed import install
from safetensors.torch import save_file

from aotface import plugins
from aotface import transfer as registry
from aotface.errors import InputError, UsageError, WeightsError
from aotface.evaluation import methods, runner
from aotface.evaluation.methods import find_methods
from aotface.evaluation.results import gather, write_parquet
from aotface.evaluation.runner import Job, Meters, run
from aotface.evaluation.suites import SUITES
from aotface.evaluation.tables import compare, judge
from aotface.evaluation.triple import Plan, Triple
from aotface.media.image import read_image, write_image
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator
from aotface.transfer.base import Recolour

FEW = ("none", "mkl")


def silent(line: str) -> None:
    pass


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]) -> Job:
    """Four made-up triples; every third has no truth, every file exists."""
    data = tmp_path / "data"
    data.mkdir()
    for number in range(4):
        write_image(data / f"{number}.png", np.full((8, 8, 3), number, np.uint8))

    def plan(data: Path, pairs: int, seed: int, say: runner.Say) -> list[Plan]:
        return [Plan(f"folder-{k:04d}", {"target": f"{k}.png"}, f"a{k}", f"b{k}") for k in range(pairs)]

    suite = replace(SUITES["folder"], plan=plan, make=lambda plan, data: triple(int(plan.name[-4:])))
    monkeypatch.setitem(SUITES, "folder", suite)
    return Job("folder", data, tmp_path / "out", FEW, pairs=4)


def rows_without_time(out: Path) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name != "time_ms"} for row in gather(out)]


def test_two_runs_give_identical_rows(job: Job) -> None:
    run(job, silent)
    again = replace(job, out=job.out.with_name("again"))
    run(again, silent)
    assert rows_without_time(job.out) == rows_without_time(again.out)
    rows = gather(job.out)
    assert len(rows) == 4 * 4 and all(row["time_ms"] >= 0 for row in rows)
    files = [path.read_bytes() for path in sorted((job.out / "folder" / "pictures").iterdir())]
    assert files == [path.read_bytes() for path in sorted((again.out / "folder" / "pictures").iterdir())]
    manifests = [(out / "folder" / "manifest.json").read_bytes() for out in (job.out, again.out)]
    assert manifests[0] == manifests[1]


def test_truth_passes_copy_and_nothing_fail(job: Job) -> None:
    run(job, silent)
    rows = gather(job.out)
    assert judge(rows, "truth").passed
    failed = {
        name: {check.name for check in judge(rows, name).checks if not check.ok} for name in ("copy", "none")
    }
    assert {"leak", "keep"} <= failed["copy"] and "lf_de" in failed["none"]


def test_a_second_run_measures_only_what_is_new(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(job, pairs=2), silent)
    before = {path.name: path.read_bytes() for path in (job.out / "folder" / "rows").iterdir()}
    said: list[str] = []
    run(job, said.append)
    assert [line.split()[3].strip(",") for line in said] == ["kept", "kept", "measured", "measured"]
    for name, content in before.items():
        assert (job.out / "folder" / "rows" / name).read_bytes() == content
    more = replace(job, methods=("mean",), pairs=1)
    run(more, said.append)
    record = json.loads((job.out / "folder" / "rows" / "folder-0000.json").read_text())
    assert set(record["rows"]) == {"truth", "copy", "none", "mkl", "mean"}
    assert record["rows"]["mkl"] == json.loads(before["folder-0000.json"])["rows"]["mkl"]


def test_other_meters_pictures_or_code_are_measured_anew(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(job, pairs=1), silent)
    said: list[str] = []
    run(replace(job, pairs=1, meters=Meters(identity_sha256="ab")), said.append)
    assert "measured" in said[0]  # rows of another meter are not mixed with these
    write_image(job.data / "0.png", np.full((8, 8, 3), 99, np.uint8), overwrite=True)
    with pytest.raises(UsageError, match="other pictures"):
        run(replace(job, pairs=1), silent)
    with pytest.raises(UsageError, match="another seed"):
        run(replace(job, pairs=1, seed=1), silent)
    monkeypatch.setattr(runner, "code_of_results", lambda: "newer")
    with pytest.raises(UsageError, match="another version of aotface"):
        run(replace(job, pairs=1), silent)


def test_a_broken_triple_is_left_out_and_the_rest_goes_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SUITES["folder"].make

    def make(plan: Plan, data: Path) -> Triple:
        if plan.name.endswith("1"):
            raise InputError("nothing\nto see")
        return whole(plan, data)

    monkeypatch.setitem(SUITES, "folder", replace(SUITES["folder"], make=make))
    said: list[str] = []
    run(job, said.append)
    assert "left out: nothing to see" in said[1]
    assert {row["pair"] for row in gather(job.out)} == {"folder-0000", "folder-0002", "folder-0003"}


def test_without_a_truth_nothing_needs_one(
    job: Job, monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]
) -> None:
    suite = replace(SUITES["folder"], make=lambda plan, data: triple(0, truth=False))
    monkeypatch.setitem(SUITES, "folder", suite)
    run(job, silent)
    rows = gather(job.out)
    assert {row["method"] for row in rows} == {"copy", *FEW}
    assert not any("de_truth" in row for row in rows)
    assert not judge(rows, "none").passed and not judge(rows, "copy").passed


def test_pictures_are_blended_into_the_target(job: Job, triple: Callable[..., Triple]) -> None:
    run(replace(job, pairs=1), silent)
    folder = job.out / "folder" / "pictures"
    one = triple(0)
    outside = one.mask == 0
    result, target = (
        read_image(folder / f"folder-0000.{name}.jpg").frame.astype(float) for name in ("none", "_target")
    )
    assert np.abs(result - target)[outside].mean() < 4
    assert np.abs(result - target)[one.mask > 0.9].mean() > 12
    assert {path.name.split(".")[1] for path in folder.iterdir()} == {
        "_reenacted", "_target", "_truth", "truth", "copy", *FEW,
    }  # fmt: skip


def test_methods_come_with_their_references() -> None:
    assert [method.name for method in find_methods(["mkl", "mkl"])] == ["truth", "copy", "mkl"]
    everything = {method.name for method in find_methods([])}
    assert {"poisson", "dfl-rct", "multiscale-difference", "truth", "copy"} <= everything
    with pytest.raises(UsageError, match="got magic"):
        find_methods(["magic"])


def test_the_network_is_one_more_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]
) -> None:
    monkeypatch.setattr(methods, "packaged_weights", lambda: None)
    with pytest.raises(UsageError, match="--weights"):
        find_methods(["aot"])
    generator = RelightingGenerator(SIZES["tiny"], Options())
    weights = tmp_path / "checkpoint.safetensors"
    tensors = {f"average/{k}": v.contiguous() for k, v in generator.state_dict().items()}
    save_file({**tensors, "optimiser/0/step": torch.zeros(1)}, weights)
    with pytest.raises(WeightsError, match="config.json"):
        find_methods(["mkl"], weights)
    (tmp_path / "config.json").write_text(json.dumps({"size": "tiny", "options": {"base": True}}))
    network = find_methods(["mkl"], weights)[-1]
    assert network.name == "aot" and len(network.fingerprint) == 64
    one = triple(0)
    result = network.run(one)
    assert result.shape == one.target.shape and result.dtype == np.float32
    np.testing.assert_array_equal(result, network.run(one))
    beside = find_methods(["mkl"], weights, [("mine", weights)])[-1]
    assert beside.name == "mine" and beside.fingerprint == network.fingerprint
    np.testing.assert_array_equal(result, beside.run(one))
    for taken in ("mkl", "aot", "truth"):
        with pytest.raises(UsageError, match="a new name"):
            find_methods(["mkl"], weights, [(taken, weights)])
    (tmp_path / "other").mkdir()
    other = weights.rename(tmp_path / "other" / weights.name)
    (tmp_path / "other" / "config.json").write_text(json.dumps({"size": "small", "options": {}}))
    with pytest.raises(WeightsError, match="does not fit"):
        find_methods(["mkl"], other)


def test_a_plug_in_is_judged_like_the_others(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_REGISTERED", {})
    monkeypatch.setattr(registry, "_OPENED", {})

    def judged(version: str, gain: float) -> float:
        def scaled(crop: np.ndarray, target: np.ndarray, mask: np.ndarray, *, seed: int = 0) -> np.ndarray:
            return crop * np.float32(gain)

        plugins._REGISTERED.clear()
        registry._OPENED.clear()
        plugins.register(plugins.TRANSFERS, "scaled", lambda _: Recolour("scaled", scaled, version=version))
        run(replace(job, methods=("scaled",), pairs=1), silent)
        return next(row["mean_de"] for row in gather(job.out) if row["method"] == "scaled")

    first = judged("1", 1.0)
    assert judged("1", 0.5) == first  # measured already
    assert judged("2", 0.5) != first
    assert "scaled" in {method.name for method in find_methods([])}


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    """With a suite that a fresh process knows: a folder of the picture that comes with scikit-image."""
    from skimage import data as samples

    face = samples.astronaut()[:240, 100:340]
    folder = tmp_path / "data"
    folder.mkdir()
    for name, gain in (("one", 0.5), ("two", 0.7)):
        write_image(folder / f"{name}_reenacted.png", face)
        write_image(folder / f"{name}_target.png", (face * gain).astype(np.uint8))
    for workers, name in ((1, "a"), (2, "b")):
        run(Job("folder", folder, tmp_path / name, FEW, workers=workers), silent)
    assert rows_without_time(tmp_path / "a") == rows_without_time(tmp_path / "b")


def test_forgery_detectors_score_each_result(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "site"))
    run(job, silent)
    plain = gather(job.out)
    run(replace(job, detectors=("test-red",)), silent)
    rows = gather(job.out)
    assert not any("detected_by_test-red" in row for row in plain)
    assert all(0 < row["detected_by_test-red"] < 1 for row in rows)
    table = compare(rows, "", intervals=False)
    assert table.headings[-1] == "detected by test-red"
    write_parquet(tmp_path / "rows.parquet", rows)
    with pytest.raises(UsageError, match="got 'nobody'"):
        run(replace(job, detectors=("nobody",)), silent)
