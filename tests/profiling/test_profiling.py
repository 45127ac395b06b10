"""The benchmark: the clip it makes, how it counts, and the command from words to numbers."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from aotface import provenance
from aotface.cli import main
from aotface.errors import UsageError
from aotface.face.detect import detect
from aotface.media.video.decode import VideoFrame
from aotface.options import Options
from aotface.profiling import run as whole
from aotface.profiling import stages, transfers
from aotface.profiling.clip import FACE_SHARE, frame_size, made_frames, write_clip
from aotface.profiling.clock import Clock, Cost, together
from aotface.profiling.report import Report, Size
from aotface.profiling.stages import STAGES, measure_stages
from aotface.transfer.base import Recolour

# by their full names: `swap` and `blend` name functions too
lines, blending, reading = (
    import_module(f"aotface.{name}") for name in ("video.render", "compose.blend", "media.video.decode")
)


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
    clock.time("work", lambda: sum(range(10**6)))
    costs = clock.costs()
    assert costs["wait"].wall_ms >= 50 and costs["wait"].cpu_ms < 20
    assert costs["work"].cpu_ms > 1


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that is moved by hand: by seconds of wall time, and half of that of CPU time."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "process_time", lambda: now[0] / 2)

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_the_median_of_a_work_and_the_shares_of_frames(hands: Callable[[float], None]) -> None:
    clock = Clock()
    for seconds in (9, 1, 2):
        clock.time("read", lambda seconds=seconds: hands(seconds))
    clock.time("write", lambda: hands(6))
    assert clock.costs() == {"read": Cost(2000, 1000), "write": Cost(6000, 3000)}
    shares = clock.shares(frames=3)
    assert shares == {"read": Cost(4000, 2000), "write": Cost(2000, 1000)}
    assert together(list(shares.values())) == Cost(6000, 3000)  # 18 seconds of three frames
    assert together(list(clock.costs().values())) != Cost(6000, 3000)  # the twin: medians do not add up


def test_what_one_work_does_inside_another_counts_once(hands: Callable[[float], None]) -> None:
    clock = Clock()
    inner = clock.timed("inner", hands)

    def outer() -> str:
        hands(1)
        inner(2)
        clock.time("middle", lambda: (hands(4), inner(seconds=8)))
        return "done"

    assert clock.time("outer", outer) == "done"
    with pytest.raises(ZeroDivisionError):
        clock.time("fails", lambda: (hands(16), 1 / 0))
    inner(32)
    wall = {name: cost.wall_ms / 1e3 for name, cost in clock.shares(1).items()}
    assert wall == {"inner": 2 + 8 + 32, "middle": 4, "outer": 1, "fails": 16}
    assert sum(wall.values()) == time.perf_counter() == 63


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


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip"), *frame_size(200), 4)


def test_the_stages_are_all_that_the_line_does(clip: Path) -> None:
    before = lines.blend, blending.blend, reading.read_frames, VideoFrame.lightened
    started = time.process_time()
    found, side = measure_stages(clip, Options(transfer="mean"))
    spent = 1e3 * (time.process_time() - started)
    assert tuple(found) == STAGES and side == 256
    assert all(cost.wall_ms > 0 for cost in found.values())
    whole = together(list(found.values())).cpu_ms * 4
    assert found["rest"].cpu_ms * 4 < 0.4 * whole < 0.4 * spent
    assert (lines.blend, blending.blend, reading.read_frames, VideoFrame.lightened) == before


def test_a_stage_that_is_slow_is_seen(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing twin: waiting in one function shows in its stage, as wall time."""

    def slow(frame: np.ndarray) -> np.ndarray:
        time.sleep(0.1)
        return np.zeros(frame.shape[:2], np.float32)

    monkeypatch.setattr(provenance, "mark_of", slow)
    monkeypatch.setattr(lines, "mark_of", slow)
    found, _ = measure_stages(clip, Options(transfer="mean"))
    assert found["mark"].wall_ms >= 100 > 20 > found["mark"].cpu_ms
    monkeypatch.setitem(stages.PIPELINE, "mark", ("provenance.no_such_thing",))
    with pytest.raises(AttributeError), stages._watched(Clock(), reading.read_frames):
        pass


def test_the_command_measures_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfers, "installed", lambda: ["torch"])
    quick = Recolour("dfl-sot", lambda crop, target, mask, *, seed=0: crop.copy())
    monkeypatch.setitem(transfers.BASELINES, "dfl-sot", quick)
    monkeypatch.setattr(whole, "measure_transfers", partial(transfers.measure_transfers, repeat=1))
    arguments = ["benchmark", "--heights", "200", "--frames", "3", "--transfer", "mean"]
    assert main(arguments) == 0
    found = json.loads((tmp_path / "benchmark.json").read_text())
    (size,) = found["sizes"]
    assert list(size["stages"]) == list(STAGES) and size["face_side"] == 256
    assert all(cost["wall_ms"] > 0 for cost in size["stages"].values())
    assert size["fps"] > 0 and size["peak_mb"] > 50 and found["environment"]["versions"]["torch"]
    assert {"aot by torch", "mean", *transfers.OTHERS.values()} == set(found["transfers"])
    out, err = capsys.readouterr()
    assert "| transport |" in out and out.endswith("benchmark.json\n") and "stage by stage" in err
    assert main(arguments) == 5  # the twin of --overwrite
    assert sorted(path.name for path in tmp_path.iterdir()) == ["benchmark.json", "home"]


@pytest.mark.parametrize(
    "words",
    ["--heights big", "--heights 20", "--heights ,", "--transfer best", "--backend abacus", "--device gpu"],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(words: str) -> None:
    assert main(["benchmark", *words.split()]) == UsageError.exit_code
