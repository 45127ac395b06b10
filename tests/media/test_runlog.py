"""The record of a run, and the small files beside it."""

import json
from pathlib import Path

import pytest

from aotface.errors import InputError, OutputExistsError, UnwritableError
from aotface.media.config import read_toml
from aotface.media.folder import make_folder
from aotface.media.runlog import environment, free_name, now, sha256_of, write_run_log


def test_a_record_is_written_whole_and_once(tmp_path: Path) -> None:
    log = tmp_path / "run.json"
    write_run_log(log, {"name": "Zoë", "path": tmp_path, "odd": "\udce4"})
    assert json.loads(log.read_text("utf-8"))["name"] == "Zoë"
    assert json.loads(log.read_text("utf-8"))["path"] == str(tmp_path)
    with pytest.raises(OutputExistsError):
        write_run_log(log, {})
    write_run_log(log, {"second": True}, overwrite=True)
    assert json.loads(log.read_text()) == {"second": True}
    with pytest.raises(UnwritableError):
        write_run_log(tmp_path / "none" / "run.json", {})
    assert list(tmp_path.iterdir()) == [log]


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    log = tmp_path / "run.json"
    assert free_name(log) == log
    log.touch()
    assert free_name(log) == tmp_path / "run-2.json"
    (tmp_path / "run-2.json").touch()
    assert free_name(log) == tmp_path / "run-3.json"


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "none") is None


def test_what_can_change_a_pixel_is_recorded() -> None:
    found = environment()
    assert {"python", "aotface", "torch", "onnxruntime", "numpy"} <= set(found["versions"])
    assert all(found["versions"].values())
    assert found["commit"] is None or len(found["commit"].removesuffix("+")) == 40
    assert now().endswith("+00:00")


def test_folders(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="found a file"):
        make_folder(tmp_path / "file")
    with pytest.raises(UnwritableError):
        make_folder(tmp_path / "file" / "below")


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('a = "b"')
    assert read_toml(path) == {"a": "b"}
    path.write_bytes(b"a = \xff")
    with pytest.raises(InputError, match="not valid TOML"):
        read_toml(path)
    path.write_text("a = ")
    with pytest.raises(InputError, match="not valid TOML"):
        read_toml(path)
    with pytest.raises(InputError, match="cannot read"):
        read_toml(tmp_path)
