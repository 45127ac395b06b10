"""Running a job: as a function, by `aotface run`, again from its record, cancelled, and beside what exists."""

import json
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from jobs.made_videos import COUNT, SOURCE
from msgspec.structs import replace
from reenact import tiny_networks as tiny
from skimage.data import astronaut

from aotface.cli import main
from aotface.errors import Interrupted, UsageError
from aotface.jobs.context import asked
from aotface.jobs.matching import make_plan
from aotface.jobs.run import run_job
from aotface.jobs.spec import JobSpec
from aotface.media.image import write_image
from aotface.video import segments

pytestmark = pytest.mark.usefixtures("short_segments")


class Listening:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []
        self.done: list[tuple[str, int, int]] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    def warn(self, line: str) -> None:
        self.warned.append(line)

    def progress(self, work: str, done: int, total: int) -> None:
        self.done.append((work, done, total))


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    photo = np.ascontiguousarray(astronaut())
    (tmp_path / "people").mkdir()
    for name in ("ann", "bob"):
        write_image(tmp_path / "people" / f"{name}.png", np.ascontiguousarray(photo[:256, 96:352]))
    write_image(tmp_path / "scene.png", np.ascontiguousarray(photo[:300, 60:360]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(**more: object) -> JobSpec:
    return JobSpec(kind="swap", target="scene.png", output="out", source="people", transfer="mean", **more)  # type: ignore[arg-type]


def video(**more: object) -> JobSpec:
    words = {"kind": "swap", "target": "clip.mp4", "output": "out.mp4", "source": SOURCE, "transfer": "mkl"}
    return JobSpec(**words | {"mark": False} | more)  # type: ignore[arg-type]


def test_outputs_come_back_and_what_exists_is_skipped(pictures: Path) -> None:
    first = run_job(replace(job(), source="people/ann.png", output="out/"))
    assert first == [Path("out/scene__ann.png")]
    kept = first[0].stat().st_mtime_ns
    told = Listening()
    assert run_job(job(skip_existing=True), told) == [Path("out/scene__bob.png")]
    assert first[0].stat().st_mtime_ns == kept and "1/2 out/scene__ann.png  (skipped: it exists)" in told.said
    record = json.loads(Path("out/run-2.json").read_text())
    assert [pair["status"] for pair in record["pairs"]] == ["skipped", "written"]
    before = set(Path("out").iterdir())
    assert run_job(job(skip_existing=True)) == [] and set(Path("out").iterdir()) == before
    assert main(["swap", "-s", "people", "-t", "scene.png", "-o", "out", "--transfer", "mean"]) == 8  # twin


def test_a_saved_job_and_a_record_can_be_run_again(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "swap",
        "-s",
        "people/ann.png",
        "-t",
        "scene.png",
        "-o",
        "a.png",
        "--transfer",
        "mean",
        "--save-mask",
    ]
    assert main([*words, "--no-mark", "--save-job", "people/job.json"]) == 0
    made, mask = Path("a.png").read_bytes(), Path("a.mask.png").read_bytes()
    elsewhere = pictures / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for file in ("../people/job.json", "../a.run.json"):
        assert main(["run", file]) == 5  # it exists
        Path("../a.png").unlink()
        Path("../a.mask.png").unlink()
        assert main(["run", file]) == 0
        assert Path("../a.png").read_bytes() == made and Path("../a.mask.png").read_bytes() == mask
    assert main(["run", "../a.run.json", "--skip-existing"]) == 0
    assert "skipped: it exists" in capsys.readouterr().out
    assert main(["run", "../a.run.json", "--overwrite"]) == 0
    assert main(["run", "nothing.json"]) == 3 and main(["run", "../scene.png"]) == 3


def test_a_cancelled_batch_keeps_what_is_done(pictures: Path) -> None:
    asks = iter([False, True])
    with pytest.raises(Interrupted):
        run_job(job(), cancel=lambda: next(asks))
    assert {path.name for path in Path("out").iterdir()} == {"scene__ann.png", "run.json"}


def test_tokens() -> None:
    event = threading.Event()
    assert not asked(None)() and not asked(event)() and asked(lambda: True)()
    event.set()
    assert asked(event)()


@pytest.mark.long
def test_a_cancelled_video_resumes_to_the_same_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled while faces are looked for, and within a segment; asked at least once per frame."""
    whole, told, asks = place / "whole.mp4", Listening(), []
    assert run_job(video(output="whole.mp4"), told, lambda: asks.append(1) is not None) == [Path("whole.mp4")]
    assert len(asks) >= 2 * COUNT and ("swapping", COUNT, COUNT) in told.done
    for limit in (5, COUNT + 6):
        left = iter([False] * limit)
        with pytest.raises(Interrupted, match="run the same command again to resume"):
            run_job(video(), cancel=lambda left=left: next(left, True))
        assert not (place / "out.mp4").exists() and (place / "out.mp4.aotface-part").is_dir()
    made: list[int] = []
    keep = segments._keep
    monkeypatch.setattr(segments, "_keep", lambda *words: (made.append(words[1].index), keep(*words)))
    run_job(video())
    assert (place / "out.mp4").read_bytes() == whole.read_bytes() and 0 < len(made) < COUNT


def test_a_video_that_exists_is_skipped(place: Path) -> None:
    Path("out.mp4").write_text("there")
    told = Listening()
    assert run_job(video(skip_existing=True), told) == [] and told.said == ["out.mp4  (skipped: it exists)"]
    assert Path("out.mp4").read_text() == "there"


def test_an_onnx_swapper_in_a_video(place: Path) -> None:
    """Cancelled and resumed: the same file; with another network nothing is mixed in."""
    (place / "networks").mkdir()
    model = tiny.picture_swapper(place / "networks" / "swapper.onnx", 256, 112)
    spec = video(reenact="blendswap_256", reenact_model=str(model), transfer="none", trim_end=0.3)
    run_job(replace(spec, output="whole.mp4"))
    left = iter([False] * 17)
    with pytest.raises(Interrupted):
        run_job(spec, cancel=lambda: next(left, True))
    run_job(spec)
    assert Path("out.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    record = json.loads(Path("out.run.json").read_text())
    assert record["frames_made"] < record["frames"] and len(record["reenactor_sha256"]) >= 2
    run_job(replace(spec, output="mesh.mp4", reenact="mesh", reenact_model=None))
    assert Path("mesh.mp4").read_bytes() != Path("whole.mp4").read_bytes()


def test_another_network_begins_anew(place: Path) -> None:
    (place / "networks").mkdir()
    model = tiny.picture_swapper(place / "networks" / "swapper.onnx", 256, 112)
    spec = video(reenact="blendswap_256", reenact_model=str(model), transfer="none", trim_end=0.3)
    left = iter([False] * 17)
    with pytest.raises(Interrupted):
        run_job(spec, cancel=lambda: next(left, True))
    network = onnx.load(model)
    network.doc_string = "another file, the same network"
    onnx.save(network, model)
    told = Listening()
    run_job(spec, told)
    assert not any("resuming" in line for line in told.said)


@pytest.mark.parametrize("head", [b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42", b"\x89PNG\r\n\x1a\n"])
def test_every_swapped_file_of_a_folder_meets_its_target_or_is_missed(tmp_path: Path, head: bytes) -> None:
    suffix = ".mp4" if head[4:5] == b"f" else ".png"
    for folder, names in (("swapped", "ab"), ("target", "ab")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}{suffix}").write_bytes(head)
    places = {name: str(tmp_path / name) for name in ("swapped", "target", "output")}
    spec = JobSpec(kind="refine", **places)
    assert [Path(job.swapped).stem for job in make_plan(spec).jobs] == ["a", "b"]
    (tmp_path / f"swapped/c{suffix}").write_bytes(head)
    with pytest.raises(UsageError, match="these have no partner: c"):
        make_plan(spec)
