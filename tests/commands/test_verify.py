"""``aotface verify``: many files at once, JSON, and exit codes by which a script decides."""

import json
from pathlib import Path

import pytest
from skimage.data import astronaut

from aotface.cli import main
from aotface.media.image import encode_image, write_image
from aotface.provenance import mark_frame
from aotface.provenance.credentials import Record, sign, write_signed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plain picture, a marked one, one that was changed, and what is none."""
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / ".home"))
    monkeypatch.chdir(tmp_path)
    frame = astronaut()[:128, 160:288]
    plain = write_image(tmp_path / "plain.png", frame)
    data = encode_image(mark_frame(frame), "JPEG")
    made = write_signed(tmp_path / "made.jpg", sign(data, Record("mkl", "mesh"), plain))
    changed = bytearray(made.read_bytes())
    changed[-200] ^= 1
    (tmp_path / "changed.jpg").write_bytes(changed)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, dict]:
    return {row["file"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("made.jpg", 0),
        ("made.jpg made.jpg", 0),
        ("plain.png", 20),
        ("made.jpg plain.png", 20),
        ("p*.png", 20),
        ("changed.jpg", 21),
        (".", 21),
        ("none.png", 3),
        ("notes.txt", 3),
        ("n*.png", 3),
        ("made.jpg notes.txt", 8),
        ("plain.png notes.txt", 8),
        ("changed.jpg notes.txt", 21),
    ],
)
def test_the_worst_file_decides(place: Path, words: str, code: int) -> None:
    assert main(["verify", *words.split()]) == code


def test_json_says_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--json", "made.jpg", "plain.png", "changed.jpg", "notes.txt"]) == 21
    found = rows(capsys)
    states = {name: row["state"] for name, row in found.items()}
    assert states == {
        "made.jpg": "marked",
        "plain.png": "unmarked",
        "changed.jpg": "invalid",
        "notes.txt": "unreadable",
    }
    made = found["made.jpg"]
    assert made["aotface"] and made["declared_ai"] and made["credentials"]["record"]["method"] == "mkl"
    assert (
        made["watermark"]["confidence"] in ("high", "very high") and made["watermark"]["false_alarm"] < 1e-6
    )
    assert (
        found["plain.png"]["watermark"]["confidence"] == "none" and "expected" in found["notes.txt"]["error"]
    )


def test_a_folder_is_summed_up(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", "."])
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "3 files: 1 marked, 1 unmarked, 1 invalid, 0 unreadable." and err == ""
