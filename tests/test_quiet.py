"""Nothing reports to anyone: no socket to anywhere, no file outside outputs, settings and known caches, for all commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from media.made_faces import face_frame, plain_frame, write_frames

from aotface.commands import COMMANDS
from aotface.media.image import write_image
from aotface.samples import sample

GUARD = """
import sys
def guard(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        sys.stderr.write(f"GUARD {event} {arguments!r}\\n")
        sys.stderr.flush()
        raise OSError("the network is not for this test")
sys.addaudithook(guard)
"""
"""Loaded by every Python process of the test, those of workers as well, before anything else."""

SOURCE, TARGET = str(sample("source_light_man")), str(sample("target_light_woman_dim"))
RUNS: dict[str, list[list[str]]] = {
    "swap": [
        ["swap", "-s", SOURCE, "-t", TARGET, "-o", "a.jpg"],
        ["swap", "-s", SOURCE, "-t", TARGET, "-o", "b.png", "--backend", "onnx"],
        ["swap", "-s", SOURCE, "-t", "clip.mp4", "-o", "c.mp4", "--transfer", "none", "--label", "ai"],
    ],
    "refine": [["refine", "-s", "a.jpg", "-t", TARGET, "-o", "d.tif", "--transfer", "mkl"]],
    "run": [["run", "a.run.json", "--overwrite"]],
    "inspect": [["inspect", TARGET, "-o", "sheet.png"], ["inspect", "clip.mp4", "-o", "who.png"]],
    "verify": [["verify", "a.jpg", "c.mp4", "d.tif"]],
    "demo": [["demo", "-s", SOURCE, "-t", TARGET, "-o", "demo"]],
    "benchmark": [["benchmark", "--heights", "120", "--frames", "6", "--transfer", "mkl"]],
    "doctor": [["doctor"]],
    "bench": [
        ["bench", "--suite", "relit", "--data", "people", "-o", "bench", "--pairs", "1", "--methods", "mkl"]
    ],
    "prepare": [["prepare", "people", "-o", "shards", "--side", "64", "--sources", "1"]],
    "train": [
        ["train", "shards", "-o", "run", "--size", "tiny", "--steps", "1", "--batch", "1", "--device", "cpu"]
    ],
    "export": [["export", "run", "-o", "own.safetensors"]],
    "serve": [["serve", "--port", "no"]],  # a server that runs has its own test: tests/web
}
"""What each command is tried with; those that end with an error of ours (there is little to train on) count as well."""

ALLOWED = ("settings/", "work/", "home/.cache/matplotlib/")
"""As docs/install.md names them."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("work/people", "home", "guard", "settings", "cache"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    write_frames(tmp_path / "work" / "clip.mp4", [face_frame(number) for number in range(3)], sound="aac")
    for number in range(3):
        write_image(tmp_path / "work" / "people" / f"{number}.png", face_frame(number))
    write_image(tmp_path / "work" / "plain.png", plain_frame(0))
    return tmp_path


def run(words: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ
    }
    environment = kept | {
        "HOME": str(place / "home"),
        "AOTFACE_HOME": str(place / "settings"),
        "TMPDIR": str(place / "cache"),
        "PYTHONPATH": os.pathsep.join([str(place / "guard"), *filter(None, sys.path)]),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "aotface", *words]
    return subprocess.run(command, cwd=place / "work", env=environment, capture_output=True, text=True)


def written(place: Path) -> list[str]:
    """Files outside of where they may be."""
    files = (path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir())
    return sorted(name for name in files if not name.startswith((*ALLOWED, "guard/")))


def test_every_command_is_tried() -> None:
    assert {command.__name__.lower() for command in COMMANDS} == set(RUNS)


@pytest.mark.long
def test_no_command_reports(place: Path) -> None:
    codes = {}
    for name, tries in RUNS.items():
        for words in tries:
            done = run(words, place)
            codes[name] = done.returncode
            assert "GUARD" not in done.stderr, (words, done.stderr)
            assert done.returncode not in (1, 70) and "Traceback" not in done.stderr, (words, done.stderr)
            assert written(place) == [], words
    assert {codes[name] for name in ("swap", "refine", "run", "inspect", "verify", "demo", "doctor")} == {0}


def test_the_guard_can_fail(place: Path) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = os.environ | {"PYTHONPATH": str(place / "guard")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "GUARD socket." in done.stderr
    (place / "home" / ".telemetry").write_text("me")
    assert written(place) == ["home/.telemetry"]
