"""Sets that nothing can be learned from: one clear line, by every command that trains."""

import io
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from forensics.conftest import small_plan
from forensics.test_experiment import write_matrix
from forge.made_store import write_made_store

from aotface.cli import main
from aotface.forge.store import MATRICES, Sample

Files = dict[str, bytes]


def one_person(line: Sample, files: Files) -> tuple[Sample, Files]:
    source = None if line.source_person is None else "p0"
    return msgspec.structs.replace(line, target_person="p0", source_person=source), files


def one_class(line: Sample, files: Files) -> tuple[Sample, Files]:
    return msgspec.structs.replace(line, label="real", method=None), files


def no_faces(line: Sample, files: Files) -> tuple[Sample, Files]:
    file = io.BytesIO()
    np.save(file, np.full((1, 2, 3), np.nan))
    return line, files | {MATRICES: file.getvalue()}


def nothing(line: Sample, files: Files) -> tuple[Sample, Files]:
    """The twin: the set as it is."""
    return line, files


Spoil = Callable[[Sample, Files], tuple[Sample, Files]]


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (one_person, 3, "training: expected at least two people, got 1: 'p0'"),
        (one_class, 3, "training: expected reals and fakes, got real only"),
        (no_faces, 4, "no picture of train and val in which a face is seen"),
        (nothing, 0, ""),
    ],
)
def test_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, code: int, said: str
) -> None:
    made = write_made_store(tmp_path / "set", small_plan(0, (4, 2, 2)), spoil)
    file = str(tmp_path / "d.safetensors")
    assert main(["forensics", "train", str(made), "-o", file, "--backbone", "tiny"]) == code
    check_line(capsys, said)
    if code:
        matrix = write_matrix(tmp_path, made)
        assert main(["forensics", "experiment", str(matrix), "-o", str(tmp_path / "out")]) == code
        check_line(capsys, said)


def check_line(capsys: pytest.CaptureFixture[str], said: str) -> None:
    """One error with the words and no traceback; none where no words are wanted."""
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line or "Trace" in line]
    assert len(lines) == bool(said) and all(said in line for line in lines)


def test_a_matrix_that_is_a_pickle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An array file may hold a pickle: it is refused, not opened."""

    def pickled(line: Sample, files: Files) -> tuple[Sample, Files]:
        file = io.BytesIO()
        np.save(file, np.array([{}], dtype=object), allow_pickle=True)
        return line, files | {MATRICES: file.getvalue()}

    made = write_made_store(tmp_path / "set", small_plan(0, (2, 2, 0)), pickled)
    words = ["forensics", "train", str(made), "-o", str(tmp_path / "d.safetensors"), "--backbone", "tiny"]
    assert main(words) == 3
    check_line(capsys, "not an array file")
