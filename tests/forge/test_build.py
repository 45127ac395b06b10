"""Plan and build: people apart, strata, the same bytes however often a build is killed and by whom it is made."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from forge.conftest import FRAMES, plan
from jobs.test_ray_executor import working_below

from aotface.cli import main
from aotface.forge import build as building
from aotface.forge.plan import read_plan
from aotface.forge.store import MANIFEST, open_store


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_plan_splits_people_and_pairs_within_splits(plan_file: Path) -> None:
    found = read_plan(plan_file)
    split = {one.id: one.split for one in found.inputs}
    assert len(found.inputs) == 4 and set(split.values()) == {"train"}
    assert all(split[pair.a] == split[pair.b] for pair in found.pairs)
    kinds = {one.id: one.kind for one in found.inputs}
    assert all(kinds[pair.a] == kinds[pair.b] for pair in found.pairs)
    assert {one.frames for one in found.inputs if one.kind == "clip"} == {FRAMES}
    assert all(one.licence == "CC0" and one.consent for one in found.inputs)


def test_the_same_inputs_and_seed_give_the_same_plan(inputs: Path, plan_file: Path, tmp_path: Path) -> None:
    assert plan(inputs, tmp_path / "again.toml") == 0
    assert read_plan(tmp_path / "again.toml") == read_plan(plan_file)
    assert plan(inputs, tmp_path / "again.toml") == 5  # never overwritten unless asked


def test_a_store_has_reals_fakes_and_controls(built: Path) -> None:
    store = open_store(built)
    assert len(list(store.samples(label="real"))) == 4
    assert len(list(store.samples(method="mean"))) == 4
    assert len(list(store.samples(control=True))) == 4
    for sample in store.samples(label="fake", kind="clip"):
        real = store.real_of(sample)
        assert sample.info.frames_count == FRAMES == len(list(sample.frames()))
        for frame, mask, hard, own in zip(
            sample.frames(), sample.masks(), sample.hard_masks(), real.frames(), strict=True
        ):
            assert (frame[mask == 0] == own[mask == 0]).all() and (frame != own).any()
            assert ((hard > 0) == (mask >= 128)).all() and max(frame.shape) <= 128
        assert np.isfinite(sample.landmarks()).all() and sample.matrices().shape == (FRAMES, 2, 3)


def test_the_transfer_brings_fakes_nearer_to_their_targets(built: Path) -> None:
    pairs = [(s.info.before, s.info.after) for s in open_store(built).samples(method="mean")]
    before, after = (np.median([row["lf_de"] for row in side if row]) for side in zip(*pairs, strict=True))
    assert after < before


def test_a_finished_set_says_what_it_is_and_hides_where_inputs_lay(built: Path, inputs: Path) -> None:
    about = (built / "ABOUT.md").read_text()
    assert "MANIPULATED FACES" in about and "CARRY NO MARK" in about and "nobody is shown" in about
    assert "CC0" in (built / "LICENCE.txt").read_text()
    assert not any(str(inputs).encode() in data for data in bytes_of(built).values())


def test_verify_passes_on_a_built_set(built: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["forge", "verify", str(built), "-o", str(page)]) == 0
    text = page.read_text()
    assert "manipulated faces" in text and "data:image/jpeg" in text and "Shortcut audit" in text
    assert "no single cue tells reals from fakes: not judged: it needs 20 reals, and fakes" in text
    assert main(["forge", "verify", str(built), "-o", str(page)]) == 5 and page.read_text() == text


def test_a_build_that_is_killed_is_finished_by_two_workers_to_the_same_bytes(
    built: Path, plan_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    words = [sys.executable, "-m", "aotface", "forge", "build", str(plan_file), "-o", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("samples/[!.]*"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / MANIFEST).exists()
    kept = {p.parent.name: p.stat().st_mtime_ns for p in folder.glob("samples/[!.]*/sample.json")}
    (folder / "samples" / ".part-left").mkdir(exist_ok=True)  # as a kill in the middle of writing leaves it
    assert main([*words[3:], "--workers", "2"]) == 0
    assert bytes_of(folder) == bytes_of(built)
    again = {p.parent.name: p.stat().st_mtime_ns for p in folder.glob("samples/[!.]*/sample.json")}
    assert kept and all(again[name] == when for name, when in kept.items())


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_two_ray_workers_one_of_which_is_killed_make_the_same_bytes(
    built: Path, plan_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    folder, killed = tmp_path / "set", threading.Event()

    def kill_one() -> None:
        while not killed.is_set():
            at_work = working_below(os.getpid())
            if len(at_work) >= 2 and list(folder.glob("samples/[!.]*")):
                os.kill(at_work[0], signal.SIGKILL)
                killed.set()
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    words = ["forge", "build", str(plan_file), "-o", str(folder), "--ray", "local", "--workers", "2"]
    assert main(words) == 0
    assert killed.is_set()
    assert bytes_of(folder) == bytes_of(built)


def test_a_damaged_sample_is_made_again(built: Path, plan_file: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(built, tmp_path / "set")
    record = next(iter(sorted(folder.glob("samples/mean-*/sample.json"))))
    record.write_bytes(b"{")
    assert main(["forge", "build", str(plan_file), "-o", str(folder)]) == 0
    assert bytes_of(folder) == bytes_of(built)


def test_the_estimate_is_told_first(built: Path, plan_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forge", "build", str(plan_file), "-o", str(built)]) == 0  # nothing is left to do
    assert "12 samples, 0 to make: 0 frames" in capsys.readouterr().out


def test_a_full_disk_is_said_before_the_work(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(building.shutil, "disk_usage", lambda path: usage)
    assert main(["forge", "build", str(plan_file), "-o", str(tmp_path / "set")]) == 5
    assert "are free; choose another disk" in capsys.readouterr().err


def test_a_disk_that_fills_up_loses_nothing(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count, write = 0, Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        nonlocal count
        count += building.PART in str(path)
        if count > 40:
            raise OSError(28, "No space left on device")
        return write(path, data)

    folder = tmp_path / "set"
    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["forge", "build", str(plan_file), "-o", str(folder)]) == 5
    assert "No space left" in capsys.readouterr().err
    done = [json.loads(p.read_bytes())["id"] for p in folder.glob("samples/*/sample.json")]
    assert done and sorted(p.name for p in folder.glob("samples/*")) == sorted(done)
