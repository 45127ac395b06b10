"""What goes wrong around the work: names, terminals, homes, disks, memory, other runs. One line and a documented code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import plain_frame, write_frames
from msgspec.structs import replace

from aotface import cli, errors, threads
from aotface.errors import OutOfMemoryError, UnwritableError, short_of_memory
from aotface.jobs import early, pictures
from aotface.jobs.assemble import save_frames
from aotface.jobs.early import check_room
from aotface.jobs.failures import failure_of, idle_options
from aotface.jobs.spec import JobSpec
from aotface.media.files import beside
from aotface.media.image import write_image
from aotface.media.lock import writing_alone
from aotface.samples import sample
from aotface.settings import check_key_folder, settings_folder
from aotface.video.plan import open_clip

SOURCE, TARGET = str(sample("source_light_man")), str(sample("target_light_woman_dim"))
QUICK = ["--transfer", "none", "--no-mark"]


def outside(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aotface", *words],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="latin-1",
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_names_that_a_terminal_cannot_show(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("b_你好.txt.png", "z.png"):
        write_image(tmp_path / "in" / name, plain_frame(0))
    run = outside(["verify", "in"], tmp_path, PYTHONIOENCODING=encoding)
    assert run.returncode == 20 and run.stderr == "" and "b_\\u4f60\\u597d.txt.png" in run.stdout
    assert "2 files" in run.stdout


def test_a_fault_of_ours_does_not_end_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(TARGET, tmp_path / "in" / "a.jpg")
    shutil.copy(TARGET, tmp_path / "in" / "b.jpg")
    real = pictures.detect

    def broken(frame: np.ndarray) -> list:
        monkeypatch.setattr(pictures, "detect", real)
        raise ZeroDivisionError("odd\nthing")

    monkeypatch.setattr(pictures, "detect", broken)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["swap", "-s", SOURCE, "-t", "in", "-o", "out", *QUICK]) == 8
    said = capsys.readouterr()
    assert "a fault of aotface, please report it: ZeroDivisionError: odd thing" in said.err
    assert "Traceback" not in said.err and "2/2" in said.out
    assert "test_trouble.py" in (tmp_path / "out" / "run.json").read_text()


def test_what_failed_in_one_line() -> None:
    assert failure_of(errors.NoFaceError("none"))["exit_code"] == 4
    assert failure_of(MemoryError())["exit_code"] == 10
    fault = failure_of(KeyError("x"))
    assert fault["exit_code"] == 70 and "KeyError" in fault["error"] and "traceback" in fault


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("can't start new thread"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (ValueError("out of range"), False),
    ],
)
def test_memory_in_the_words_of_libraries(error: Exception, short: bool) -> None:
    assert isinstance(short_of_memory(error), OutOfMemoryError) == short


def test_memory_errors_end_with_their_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("aotface.commands.verify.Verify.run", full)
    assert cli.main(["verify", "a.png"]) == 10
    assert capsys.readouterr().err.startswith("aotface: error: not enough memory")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are those of Linux")
def test_a_small_limit_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda what: (1_000_000_000, -1))
    with pytest.raises(OutOfMemoryError, match="ulimit -v"):
        threads.refuse_small_memory()
    monkeypatch.setattr(resource, "getrlimit", lambda what: (-1, -1))
    threads.refuse_small_memory()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_standard_output(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", plain_frame(0))
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "aotface", "verify", "a.png"]
        run = subprocess.run(words, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 5 and run.stderr.count("\n") == 1 and "standard output" in run.stderr


def test_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("AOTFACE_HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    write_image(tmp_path / "a.png", plain_frame(0))
    assert cli.main(["verify", str(tmp_path / "a.png")]) == 20
    out = str(tmp_path / "out.jpg")
    assert cli.main(["swap", "-s", SOURCE, "-t", TARGET, "-o", out, "--transfer", "none"]) == 2
    assert "set AOTFACE_HOME" in capsys.readouterr().err
    with pytest.raises(errors.UsageError):
        settings_folder()


def test_a_home_that_cannot_hold_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(errors.ProvenanceError, match="--no-mark"):
        check_key_folder()
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "new"))
    check_key_folder()


@pytest.mark.parametrize("length", [247, 251, 255])
def test_long_names_are_fine(length: int, tmp_path: Path) -> None:
    out = tmp_path / ("n" * (length - 4) + ".png")
    assert cli.main(["swap", "-s", SOURCE, "-t", TARGET, "-o", str(out), *QUICK]) == 0
    assert out.is_file() and len(list(tmp_path.glob("*.run.json"))) == 1


def test_too_long_names_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / ("n" * 252 + ".png")
    assert cli.main(["swap", "-s", SOURCE, "-t", TARGET, "-o", str(out), *QUICK]) == 5
    assert capsys.readouterr().err.count("\n") <= 2 and not list(tmp_path.iterdir())


def test_names_beside_stay_two() -> None:
    long = [Path("n" * 250 + end) for end in ("a.png", "b.png")]
    names = {beside(path, ".run.json").name for path in long}
    assert len(names) == 2 and all(len(name) == 255 for name in names)
    assert beside(Path("a/b.png"), ".run.json") == Path("a/b.run.json")
    assert beside(Path("b.mp4"), ".aotface-part", whole=True) == Path("b.mp4.aotface-part")


def test_an_output_that_another_run_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jpg"
    with writing_alone(out):
        assert cli.main(["swap", "-s", SOURCE, "-t", TARGET, "-o", str(out), *QUICK]) == 5
    assert "another run is writing it" in capsys.readouterr().err and not out.exists()


def test_options_of_the_other_medium_are_said() -> None:
    spec = JobSpec(kind="swap", source="a", target="b", output="c", crf=20, trim_start=1.0, quality=80)
    assert [line.split()[0] for line in idle_options(spec, videos=False)] == ["--trim-start", "--crf"]
    assert [line.split()[0] for line in idle_options(spec, videos=True)] == ["--quality"]
    assert idle_options(JobSpec(kind="swap", source="a", target="b", output="c"), videos=True) == []
    spec = JobSpec(
        kind="swap", source="a", target="b", output="c", label_size=9.0, weights="w", transfer="mkl"
    )
    assert [line.split()[0] for line in idle_options(spec, videos=False)] == ["--label-size", "--weights"]
    assert idle_options(replace(spec, label="ai", transfer="aot"), videos=False) == []


def test_ray_is_missed_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("aotface.jobs.early.find_spec", lambda name: None)
    assert cli.main(["swap", "-s", SOURCE, "-t", "one.mp4", "-o", "o.mp4", "--ray", "local", *QUICK]) == 2
    assert "aotface[ray]" in capsys.readouterr().err and not (place / "o.mp4.aotface-part").exists()


def test_a_disk_without_room(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = open_clip(place / "one.mp4").info
    check_room(place / "o.mp4", info)
    monkeypatch.setattr(early, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 100_000))
    with pytest.raises(UnwritableError, match=r"0\.1 MB are free"):
        check_room(place / "o.mp4", info)
    (place / "o.mp4.aotface-part").mkdir()
    check_room(place / "o.mp4", info)


def test_frames_of_an_earlier_run_go_and_that_is_said(place: Path) -> None:
    folder, said = place / "frames", []
    folder.mkdir()
    for name in ("000000.png", "000007.png", "cover.png"):
        (folder / name).write_bytes(b"old")
    save_frames(place / "one.mp4", folder, True, said.append)
    assert {path.name for path in folder.iterdir()} == {"000000.png", "cover.png"}
    assert len(said) == 1 and "1 frames of an earlier" in said[0]


def test_nothing_said_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing.png", "words.png", "cut.jpg", "cut.mkv"])
def test_wrong_input_is_refused_before_networks_are_loaded(name: str, tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(Path(TARGET).read_bytes()[:300])
    whole = write_frames(tmp_path / "whole.mkv", [plain_frame(number) for number in range(3)]).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[:-100])
    code = (
        "import sys; from aotface.cli import main; code = main(sys.argv[1:]); print('torch' in sys.modules); "
    )
    code += "sys.exit(code)"
    words = ["swap", "-s", SOURCE, "-t", name, "-o", "out.png"]
    run = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 3 and run.stdout == "False\n" and run.stderr.count("\n") == 1, run.stderr


def test_a_pattern_without_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["swap", "-s", "a.png", "-t", "b.png", "c.png", "-o", "out"]) == 2
    assert "need quotes" in capsys.readouterr().err
