"""The command line from outside: words in, files, lines and exit codes out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from aotface import cli
from aotface.cli import main
from aotface.media.image import encode_image, read_image, source_type_of, write_image
from aotface.media.source_type import COMPOSITE, WHOLE


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One settings folder for all of these tests, and never the user's."""
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path_factory.getbasetemp() / "aotface-home"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a person, a scene, a picture without a face, and something that is no picture."""
    photo = np.ascontiguousarray(astronaut())
    write_image(tmp_path / "person.png", np.ascontiguousarray(photo[:256, 96:352, :][:, ::-1] // 2))
    write_image(tmp_path / "scene.png", np.ascontiguousarray(photo[:300, 60:360]))
    write_image(tmp_path / "empty.png", np.ascontiguousarray(photo[300:, :200]))
    (tmp_path / "words.jpg").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def log_of(path: Path) -> dict:
    return json.loads(path.read_text())


def test_swap_writes_the_picture_and_its_record(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(place)
    assert main(["swap", "-s", "person.png", "-t", "scene.png", "-o", "out.png"]) == 0
    assert files(place) - before == {"out.png", "out.run.json"}
    out, err = capsys.readouterr()
    assert out.startswith("out.png ") and err == ""
    record = log_of(place / "out.run.json")
    assert record["command"] == "swap" and record["job"]["output"] == "out.png" and record["seed"] == 0
    assert record["device"] == "cpu" and record["versions"]["onnxruntime"]
    assert all(len(digest) == 64 for digest in record["inputs"].values()) and len(record["inputs"]) == 2
    (forehead,) = record["pairs"][0].pop("forehead")
    assert forehead in ("taken", "blended", "target's")
    (beard,) = record["pairs"][0].pop("beard")
    assert beard in ("none", "source's", "taken off")  # the target's is shaven
    assert record["pairs"][0] | {"seconds": 0} == {
        "source": "person.png",
        "target": "scene.png",
        "output": "out.png",
        "status": "written",
        "faces": [0],
        "seconds": 0,
        "notes": [],
    }
    assert main(["verify", "out.png"]) == 0
    assert "FOUND" in capsys.readouterr().out and source_type_of("out.png") == COMPOSITE


def test_the_quality_of_a_jpeg_is_recorded_whoever_chose_it(place: Path) -> None:
    write_image(place / "fine.jpg", read_image(place / "scene.png").frame, quality=99)
    words = [
        "swap",
        "-s",
        "person.png",
        "-t",
        "fine.jpg",
        "-o",
        "out.jpg",
        "--transfer",
        "mean",
        "--overwrite",
    ]
    for more, quality in (([], 99), (["--quality", "90"], 90)):
        assert main([*words, *more]) == 0
        assert read_image(place / "out.jpg").quality == quality
        assert log_of(place / "out.run.json")["pairs"][0]["quality"] == quality


def test_no_mark_is_said_and_recorded(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["-s", "person.png", "-t", "scene.png", "-o", "out.png", "--save-mask", "--save-reenacted"]
    assert main(["swap", *arguments, "--no-mark"]) == 0
    assert "no marks" in capsys.readouterr().err
    assert "no marks" in log_of(place / "out.run.json")["notes"][0]
    result, target = read_image(place / "out.png").frame, read_image(place / "scene.png").frame
    mask = read_image(place / "out.mask.png").frame[..., 0]
    assert mask.max() > 240
    # Half a grey level of the mask is rounded to 0: there the face may still show by one level.
    assert np.abs(result.astype(int) - target)[mask == 0].max() <= 1
    assert (result != target).any(axis=2).mean() > 0.02
    assert main(["verify", "out.png"]) == 20
    assert "no marks" in capsys.readouterr().out
    # What was saved before the transfer is a fit input for refine; a mark that comes in stays.
    scene = encode_image(target, "PNG", source_type=WHOLE)
    (place / "scene.png").write_bytes(scene)
    refine = ["refine", "-s", "out.reenacted.png", "-t", "scene.png", "-o", "again.png"]
    assert main([*refine, "--no-mark"]) == 0
    assert log_of(place / "again.run.json")["pairs"][0]["swapped"] == "out.reenacted.png"
    assert source_type_of(place / "out.png") is None and source_type_of(place / "again.png") == WHOLE
    capsys.readouterr()
    assert main(["verify", "again.png"]) == 0 and "another tool" in capsys.readouterr().out


def test_many_pairs_and_some_that_fail(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "people").mkdir()
    (place / "person.png").rename(place / "people" / "ann.png")
    (place / "empty.png").rename(place / "people" / "bob.png")
    (place / "words.jpg").rename(place / "people" / "eve.jpg")
    assert main(["swap", "-s", "people", "-t", "scene.png", "-o", "out"]) == 8
    assert files(place / "out") == {"scene__ann.png", "run.json"}
    out, err = capsys.readouterr()
    assert "1/3 out/scene__ann.png" in out.replace(os.sep, "/")
    lines = err.splitlines()
    assert len(lines) == 3 and "no face found in the source" in lines[0] and "eve.jpg" in lines[1]
    assert "2 of 3 pairs failed" in lines[2]
    record = log_of(place / "out" / "run.json")
    assert [pair["status"] for pair in record["pairs"]] == ["written", "failed", "failed"]
    assert [pair.get("exit_code") for pair in record["pairs"]] == [None, 4, 3]
    # Alone, a pair has its own code; what exists stays as it is.
    first = (place / "out" / "scene__ann.png").read_bytes()
    again = ["swap", "-s", "people/a*.png", "-t", "scene.png", "-o", "out"]
    assert main(again) == 5
    assert (place / "out" / "scene__ann.png").read_bytes() == first
    assert files(place / "out") == {"scene__ann.png", "run.json"}
    # A second batch into the folder keeps the record of the first.
    assert main(["swap", "-s", "people", "-t", "scene.png", "-o", "out"]) == 8
    assert files(place / "out") == {"scene__ann.png", "run.json", "run-2.json"}
    assert main([*again, "--overwrite", "--no-mark"]) == 0
    assert log_of(place / "out" / "run.json")["planned"] == 1


def test_refine_meets_by_name(place: Path) -> None:
    photo = read_image("scene.png").frame
    for folder in ("swapped", "targets"):
        (place / folder).mkdir()
        for name in ("a", "b"):
            write_image(place / folder / f"{name}.png", photo)
    (place / "targets" / "b.png").rename(place / "targets" / "c.png")
    assert main(["refine", "-s", "swapped", "-t", "targets", "-o", "out", "--no-mark"]) == 2
    (place / "targets" / "c.png").rename(place / "targets" / "b.png")
    assert main(["refine", "-s", "swapped", "-t", "targets", "-o", "out", "--no-mark"]) == 0
    assert files(place / "out") == {"a__a.png", "b__b.png", "run.json"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("swap -s person.png -t scene.png", 2, "Missing option"),
        ("swap -s person.png -t scene.png -o out.png --zork", 2, "No such option"),
        ("swop", 2, "No such command"),
        ("swap -s person.png -t scene.png -o out.png --transfer best", 2, "best"),
        ("swap -s person.png -t scene.png -o out.png --seed x", 2, "--seed"),
        ("swap -s person.png -t scene.png -o out.png --quality 0", 2, "--quality"),
        ("swap -s person.png -t scene.png -o out.png --face nose", 2, "largest, all, a number"),
        ("swap -s person.png -t scene.png -o out.png --source-face all", 2, "one face"),
        ("swap -s person.png -t scene.png -o out.png --device gpu", 2, "--device"),
        ("swap -s person.png -t scene.png -o out.png --device cuda", 2, "cuda"),
        ("swap -s person.png -t scene.png -o out.png --backend abacus", 2, "torch, onnx or openvino"),
        ("swap -s person.png -t scene.png -o out.png --backend onnx --transfer mkl", 2, "leave it out"),
        ("swap -s person.png -t scene.png -o out.png --backend onnx --device cuda", 2, "on the cpu"),
        ("swap -s person.png -t scene.png -o out.png --reenact magic", 2, "one of mesh, onnx, "),
        ("swap -s person.png -t scene.png -o out.png --reenact onnx", 2, "needs --reenact-config FILE"),
        ("swap -s person.png -t scene.png -o out.png --certificate c.pem", 2, "go together"),
        (
            "swap -s person.png -t scene.png -o out.png --no-mark --certificate c --key k",
            2,
            "nothing to sign",
        ),
        ("swap -s person.png -t scene.png -o out.xyz", 2, ".xyz"),
        ("swap -s person.png -t scene.png -o scene.png --overwrite", 2, "is an input"),
        ("swap -s person.png -t scene.png -o ./person.png --overwrite", 2, "is an input"),
        ("swap -s person.png -t scene.png -o out.png --run-log ./scene.png --overwrite", 2, "is an input"),
        ("inspect scene.png -o scene.png --overwrite", 2, "choose another"),
        ("swap -s none.png -t scene.png -o out.png", 3, "no such file"),
        ("swap -s words.jpg -t scene.png -o out.png", 3, "words.jpg"),
        ("swap -s person.png -t words.jpg -o out.png", 3, "words.jpg"),
        (
            "swap -s person.png -t scene.png -o out.png --reenact onnx --reenact-config none.toml",
            3,
            "none.toml",
        ),
        ("verify none.png", 3, "no such file"),
        ("swap -s empty.png -t scene.png -o out.png", 4, "no face found in the source"),
        ("swap -s person.png -t empty.png -o out.png", 4, "no face found in the target"),
        ("swap -s person.png -t scene.png -o out.png --face 3", 4, "face 3 of the target"),
        ("inspect empty.png -o out.png", 4, "no face"),
        ("swap -s person.png -t scene.png -o empty.png", 5, "already exists"),
        ("swap -s person.png -t scene.png -o none/out.png", 5, "does not exist"),
        ("swap -s person.png -t scene.png -o out.png --run-log words.jpg", 5, "already exists"),
        ("swap -s person.png -t scene.png -o words.jpg/", 5, "found a file"),
        ("swap -s person.png -t scene.png -o out.png --certificate c.pem --key k.pem", 7, "c.pem"),
    ],
)
def test_what_a_user_can_cause_is_one_line_and_a_code(
    place: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, said: str
) -> None:
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert main(words.split()) == code
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == 1, err
    assert lines[0].startswith("aotface: error: ") and said in lines[0]
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_our_own_fault_shows_a_traceback(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(cli, "_app", broken)
    assert main(["doctor"]) == cli.EXIT_FAULT
    err = capsys.readouterr().err
    assert "Traceback" in err and "fault of aotface" in err


def test_ctrl_c_leaves_nothing_half_written(place: Path) -> None:
    """A real interrupt in the middle of a batch: what is done stays, what is not does not exist."""
    people = place / "people"
    people.mkdir()
    for number in range(30):
        (people / f"{number:02}.png").write_bytes((place / "person.png").read_bytes())
    command = [sys.executable, "-m", "aotface", "swap", "-s", "people", "-t", "scene.png", "-o", "out"]
    run = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    )
    assert run.stdout is not None
    run.stdout.readline()  # the first pair is done
    time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Traceback" not in err and err.splitlines()[-1].startswith("aotface: stopped")
    record = log_of(place / "out" / "run.json")
    written = {Path(pair["output"]).name for pair in record["pairs"]}
    assert 1 <= len(written) < 30 and record["planned"] == 30
    left = files(place / "out") - {"run.json"}
    assert written <= left and len(left - written) <= 1  # a file may be finished just before it is recorded
    for name in left:
        read_image(place / "out" / name)


def test_inspect_and_doctor(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["inspect", "scene.png", "-o", "sheet.png"]) == 0
    assert "face 0:" in capsys.readouterr().out
    assert min(read_image("sheet.png").frame.shape[:2]) > 256
    monkeypatch.setattr("aotface.profiling.transfers.installed", lambda: ["torch"])
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("face_landmarks.onnx" in line and line.startswith("ok") for line in lines)


def test_doctor_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aotface import doctor
    from aotface.face import networks

    monkeypatch.setitem(networks.SHA256, "face_landmarks", "0" * 64)
    monkeypatch.setattr(doctor, "PACKAGES", (*doctor.PACKAGES, "no-such-package"))
    monkeypatch.setattr("aotface.profiling.transfers.installed", list)
    assert main(["doctor"]) == 1
    out, err = capsys.readouterr()
    assert "MISSING no-such-package" in out and "-> pip install no-such-package" in out
    assert "-> install again" in out and "2 check(s) failed" in err


def test_demo_with_own_pictures(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from aotface.transfer import names

    assert main(["demo", "-s", "person.png", "-t", "scene.png", "-o", "shown"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"look at {Path('shown') / 'sheet.png'}"
    assert files(place / "shown") == {"sheet.png"} | {f"scene__person.{name}.png" for name in names()}
    assert main(["demo", "-s", "person.png", "-t", "scene.png", "-o", "shown"]) == 5


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("aotface 0.")
    assert main(["swap", "--help"]) == 0
    assert "--no-mark" in capsys.readouterr().out


def test_threads_wait_asleep_unless_told_otherwise() -> None:
    """Torch's library of threads reads the environment as it is loaded: it must not be loaded before."""
    code = (
        "import os, sys, ctypes; from aotface.cli import main; assert 'torch' not in sys.modules; main(['--version']); "
        "read = ctypes.CDLL(None).getenv; read.restype = ctypes.c_char_p; print(read(b'OMP_WAIT_POLICY').decode())"
    )
    for given, wanted in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        environment |= {} if given is None else {"OMP_WAIT_POLICY": given}
        words = [sys.executable, "-c", code]
        said = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        assert said.split()[-1] == wanted
