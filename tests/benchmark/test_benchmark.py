"""The benchmark: the clip it makes, how it counts, and the command from words to numbers."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aotface.benchmark import transfers
from aotface.benchmark.clip import FACE_SHARE, frame_size, made_frames
from aotface.benchmark.clock import Clock, Cost
from aotface.benchmark.report import Report, Size
from aotface.benchmark.stages import STAGES
from aotface.cli import main
from aotface.errors import UsageError
from aotface.face.detect import detect


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    yield


def test_the_clip_shows_one_face_of_the_promised_size_that_moves() -> None:
    height, width = frame_size(361)
    assert (height, width) == (360, 640) and frame_size(2160) == (2160, 3840)
    frames = list(made_frames(height, width, 13))
    first, last = (detect(frame) for frame in (frames[0], frames[-1]))
    assert len(first) == len(last) == 1
    tall = [face.box[3] - face.box[1] for face in (first[0], last[0])]
    assert tall[0] == pytest.approx(FACE_SHARE * height, rel=0.06)
    assert tall[1] > tall[0] + 5 and last[0].box[0] > first[0].box[0] + 5
    again = next(made_frames(height, width, 1))
    assert np.array_equal(again, frames[0]) and not np.array_equal(again, frames[1])


def test_waiting_costs_time_and_no_work() -> None:
    clock = Clock()
    assert clock.time("wait", lambda: time.sleep(0.05)) is None
    clock.time("work", lambda: sum(range(10**6)), frames=2)
    costs = clock.costs()
    assert costs["wait"].wall_ms >= 50 and costs["wait"].cpu_ms < 20
    assert costs["work"].cpu_ms > 1
    for milliseconds in (80, 0, 0):
        clock.time("cold", lambda seconds=milliseconds / 1e3: time.sleep(seconds))
    assert clock.costs(warm_up=1)["cold"].wall_ms < 20 < clock.costs(warm_up=9)["wait"].wall_ms


def test_the_table_adds_up() -> None:
    stages = {"align": Cost(10, 20), "transport": Cost(30, 60)}
    size = Size(720, 1280, 480, stages, 4.25, 0.4, None)
    report = Report({"device": "cpu", "environment": {}}, [size, size], {"mkl": Cost(7, 9)})
    text = "\n".join(report.lines())
    assert "| align | 10 (20) | 10 (20) |" in text and "| 40 (80) | 40 (80) |" in text
    assert "| 75 % | 75 % |" in text and "| 4.25 | 4.25 |" in text and "| mkl | 7 | 9 |" in text
    assert "device cpu" in text and "environment" not in text
    assert json.loads(json.dumps(report.values()))["sizes"][0]["stages"]["align"] == {
        "wall_ms": 10,
        "cpu_ms": 20,
    }


def test_the_command_measures_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfers, "installed", lambda: ["torch"])
    monkeypatch.setitem(transfers.PEERS, "dfl-sot", lambda crop, target, mask, *, seed: crop)
    arguments = ["benchmark", "--sizes", "200", "--frames", "3", "--transfer", "mean"]
    assert main(arguments) == 0
    found = json.loads((tmp_path / "benchmark.json").read_text())
    (size,) = found["sizes"]
    assert list(size["stages"]) == list(STAGES) and size["face_side"] == 256
    assert all(cost["wall_ms"] > 0 for cost in size["stages"].values())
    assert size["frames_a_second"] > 0 and size["peak_mb"] > 50 and found["environment"]["versions"]["torch"]
    assert {"aot by torch", "mean", *transfers.OTHERS.values()} == set(found["transfers"])
    out, err = capsys.readouterr()
    assert "| transport |" in out and out.endswith("benchmark.json\n") and "stage by stage" in err
    assert main(arguments) == 5  # the twin of --overwrite
    assert sorted(path.name for path in tmp_path.iterdir()) == ["benchmark.json", "home"]


@pytest.mark.parametrize(
    "words", ["--sizes big", "--sizes 20", "--sizes ,", "--transfer best", "--backend abacus", "--device gpu"]
)
def test_what_makes_no_sense_is_refused_before_anything_runs(words: str) -> None:
    assert main(["benchmark", *words.split()]) == UsageError.exit_code
