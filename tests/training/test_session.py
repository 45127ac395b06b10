"""A run as a user has it: the folder it leaves, going on, refusals, and the commands around it."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aotface.cli import main
from aotface.errors import Interrupted, OutputExistsError, UsageError
from aotface.media.image import read_image
from aotface.training import session
from aotface.training.data import load_shards
from aotface.training.journal import Journal
from aotface.training.session import Request, load_run_config, notes_on, run, settle
from aotface.training.trainer import Trainer
from aotface.training.validation import Validation

FLAGS = {
    "size": "tiny",
    "steps": 4,
    "batch": 2,
    "precision": "32-true",
    "sample_every": 2,
    "checkpoint_every": 4,
}
FLAGS["validation_faces"] = 8


def silent(line: str) -> None:
    pass


@pytest.fixture
def request_for(shards_folder: Path, tmp_path: Path) -> Callable[..., Request]:
    def build(flags: dict[str, Any] | None = None, **changes: Any) -> Request:
        values: dict[str, Any] = {"shards": shards_folder, "out": tmp_path / "run", "config": None}
        return Request(**(values | {"flags": FLAGS | (flags or {})} | changes))

    return build


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_run_leaves_its_whole_story(request_for: Callable[..., Request], tmp_path: Path) -> None:
    said: list[str] = []
    folder = run(request_for(), said.append, said.append)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    sheets = {"samples/step_000002.png", "samples/step_000004.png"}
    assert names == {"checkpoint.safetensors", "config.json", "run.json", "log.jsonl"} | sheets
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "done" and record["last_step"] == 4 and record["seed"] == 0
    assert record["data"]["train"]["people"] == 5 and record["data"]["validation"]["people"] == 3
    assert record["data"]["fingerprint"] == "made-up" and record["device"] == "cpu" and record["seconds"] > 0
    rows = log_of(folder)
    judged = [row for row in rows if "validation/psnr" in row]
    assert [row["step"] for row in judged] == [2, 4]
    assert 5 < judged[0]["validation/psnr_untouched"] < 60 and judged[0]["validation/lf_de_truth"] > 0
    assert rows[-1] == judged[-1] and "pixel" in rows[-2]
    sheet = read_image(folder / "samples" / "step_000004.png").frame
    assert sheet.shape[0] > 4 * 64 and float(np.ptp(sheet)) > 100
    assert load_run_config(folder).steps == 4


def test_ctrl_c_saves_and_says_how_to_go_on(
    request_for: Callable[..., Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Validation.__call__

    def interrupted(self: Validation, trainer: Trainer) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGINT)
        return judge(self, trainer)

    monkeypatch.setattr(Validation, "__call__", interrupted)
    with pytest.raises(Interrupted, match=r"step 3 of 4.*aotface train .* --resume"):
        run(request_for(), silent, silent)
    monkeypatch.setattr(Validation, "__call__", judge)
    folder = tmp_path / "run"
    assert json.loads((folder / "run.json").read_text())["status"] == "stopped"
    said: list[str] = []
    run(request_for(resume=True), said.append, said.append)
    assert "goes on at step 3 of 4" in said
    assert json.loads((folder / "run-2.json").read_text())["first_step"] == 3
    steps = [row["step"] for row in log_of(folder)]
    assert steps == sorted(steps) == [2, 4, 4]


def test_what_is_there_is_not_touched_unasked(request_for: Callable[..., Request], tmp_path: Path) -> None:
    assert settle(request_for(resume=True)).steps == 4  # nothing there yet: a beginning
    run(request_for({"steps": 1}), silent, silent)
    with pytest.raises(OutputExistsError, match="--resume to go on, or --overwrite"):
        run(request_for(), silent, silent)
    with pytest.raises(UsageError, match="choose one"):
        settle(request_for(resume=True, overwrite=True))
    with pytest.raises(UsageError, match="begun with batch 2: leave"):
        settle(request_for({"batch": 3}, resume=True))
    longer = settle(request_for({"batch": None, "steps": 9, "precision": None, "size": None}, resume=True))
    assert longer.steps == 9 and longer.batch == 2 and longer.size == "tiny"
    run(request_for({"seed": 5, "steps": 1}, overwrite=True), silent, silent)
    folder = tmp_path / "run"
    assert load_run_config(folder).seed == 5 and not (folder / "run-2.json").exists()
    assert [path.name for path in (folder / "samples").iterdir()] == ["step_000001.png"]


def test_notes_come_before_the_hours(shards_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces, nobody = load_shards(shards_folder), load_shards(shards_folder, "validation")
    config = settle(Request(shards_folder, shards_folder / "x", None, FLAGS))
    assert notes_on(config, faces, nobody, "cpu") == []
    monkeypatch.setattr(session, "bf16_is_fast", lambda device: False)
    large = settle(Request(shards_folder, shards_folder / "x", None, {"size": "small"}))
    nobody.facts.clear()
    notes = notes_on(large, faces, nobody, "cpu")
    assert ["prepare --side 128" in n or "held-out" in n or "--precision 32-true" in n for n in notes] == [
        True
    ] * 3


def test_the_journal_forgets_what_will_be_done_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in (1, 2, 3, 4):
        journal.log({"pixel": float(step)}, step)
    again = Journal(tmp_path, step=2)
    again.log({"pixel": 9.0}, 3)
    assert [(row["step"], row["pixel"]) for row in log_of(tmp_path)] == [(1, 1), (2, 2), (3, 9)]
    fresh = Journal(tmp_path)
    fresh.log({"pixel": 0.0}, 1)
    assert len(log_of(tmp_path)) == 1


def test_tensorboard_is_optional_and_its_absence_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match=r"aotface\[train\]"):
        Journal(tmp_path, tensorboard=True)


def test_tensorboard_events(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    journal = Journal(tmp_path, tensorboard=True)
    journal.log({"pixel": 1.0}, 1)
    journal.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"pixel" in events.read_bytes()


def test_the_commands(shards_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_folder, weights = str(tmp_path / "run"), str(tmp_path / "mine.safetensors")
    (tmp_path / "mine.toml").write_text(
        'size = "tiny"\nprecision = "32-true"\nvalidation_faces = 0\nbatch = 4\n'
    )
    words = ["--config", str(tmp_path / "mine.toml"), "--steps", "2", "--batch", "2", "--device", "cpu"]
    assert main(["train", str(shards_folder), "-o", run_folder, *words]) == 0
    out, err = capsys.readouterr()
    assert "step 2/2" in out and "aotface export" in out and err == ""
    assert main(["train", str(shards_folder), "-o", run_folder]) == 5
    assert "--resume" in capsys.readouterr().err
    assert main(["train", str(shards_folder), "-o", str(tmp_path / "other"), "--size", "huge"]) == 2
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "other")]) == 2
    assert "run prepare first" in capsys.readouterr().err
    assert (
        main(
            ["train", str(shards_folder), "-o", run_folder, "--overwrite", *words, "--learning-rate", "1e30"]
        )
        == 9
    )
    assert "is not finite" in capsys.readouterr().err
    assert main(["train", str(shards_folder), "-o", run_folder, "--overwrite", *words, "--steps", "1"]) == 0
    assert load_run_config(tmp_path / "run").batch == 2
    assert main(["export", run_folder, "-o", weights]) == 0
    assert "fp16 moves no pixel" in capsys.readouterr().out
    assert main(["export", run_folder, "-o", weights]) == 5
    assert main(["prepare", str(tmp_path / "nowhere"), "-o", str(tmp_path / "shards")]) == 2
    assert "expected a folder" in capsys.readouterr().err
