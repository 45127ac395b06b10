"""Bad input to a build: clear lines, and nothing that is finished is lost."""

import shutil
from pathlib import Path

import msgspec
import pytest
from forge.made_store import write_made_store
from media.made_faces import plain_frame, write_frames

from aotface.cli import main
from aotface.errors import InputError
from aotface.forge.build import located
from aotface.forge.plan import Plan, encode_plan, read_plan
from aotface.forge.store import MANIFEST, Sample, Store, encode_sample, open_store
from aotface.media.weights import sha256


def changed(plan_file: Path, output: Path, **changes: object) -> Path:
    output.write_bytes(encode_plan(msgspec.structs.replace(read_plan(plan_file), **changes)))
    return output


def pictures_only(plan: Plan) -> dict[str, object]:
    inputs = tuple(one for one in plan.inputs if one.kind == "picture")
    ids = {one.id for one in inputs}
    methods = tuple(method for method in plan.methods if method.source == "own")
    return {"inputs": inputs, "methods": methods, "pairs": tuple(p for p in plan.pairs if {p.a, p.b} <= ids)}


def test_the_store_of_another_plan_is_left_alone_unless_told(
    built: Path, plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(built, tmp_path / "set")
    other = changed(plan_file, tmp_path / "other.json", **pictures_only(read_plan(plan_file)))
    words = ["forge", "build", str(other), "-o", str(folder)]
    assert main(words) == 2
    assert "holds the set of another plan" in capsys.readouterr().err
    assert len(open_store(folder).lines) == 12
    assert main([*words, "--replace"]) == 0
    assert "4 samples, 0 to make" in capsys.readouterr().out  # those of both plans were not made again
    assert {line.id for line in open_store(folder).lines} == {p.name for p in (folder / "samples").iterdir()}


def test_a_folder_with_something_else_is_left_alone(
    plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    assert main(["forge", "build", str(plan_file), "-o", str(tmp_path)]) == 2
    assert "is not empty, and holds no set" in capsys.readouterr().err
    assert main(["forge", "build", str(plan_file), "-o", str(tmp_path / "thesis.txt")]) == 5


def test_a_clip_without_a_face_and_a_broken_file_fail_alone(
    plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a plan that was edited by hand has them: `plan` itself leaves such inputs out."""
    whole = read_plan(plan_file)
    clip = write_frames(tmp_path / "plain.mp4", [plain_frame(n) for n in range(3)])
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(Path(whole.inputs[0].file).read_bytes()[:3000])
    own = tuple(method for method in whole.methods if method.source == "own")
    files = {"clip": clip, "picture": broken}
    first = {kind: next(one for one in whole.inputs if one.kind == kind).id for kind in files}
    inputs = tuple(
        msgspec.structs.replace(one, file=str(files[one.kind]), sha256=sha256(files[one.kind]))
        if one.id in first.values()
        else one
        for one in whole.inputs
    )
    path = changed(plan_file, tmp_path / "plan.json", inputs=inputs, pairs=(), methods=own)
    folder = tmp_path / "set"
    assert main(["forge", "build", str(path), "-o", str(folder)]) == 8
    said = capsys.readouterr().err
    assert f"plain.mp4: no face found in it; take input {first['clip']} out of the plan" in said
    assert "broken.jpg" in said and "4 of 8 samples failed" in said
    assert len(list((folder / "samples").iterdir())) == 4
    rest = tuple(one for one in inputs if one.id not in first.values())
    changed(plan_file, path, inputs=rest, pairs=(), methods=own)
    assert main(["forge", "build", str(path), "-o", str(folder), "--replace"]) == 0
    assert len(open_store(folder).lines) == 4


def test_inputs_that_moved_are_found_by_hash_and_changed_ones_are_refused(
    plan_file: Path, inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_plan(plan_file)
    moved = tuple(msgspec.structs.replace(one, file=f"/gone/{one.id}") for one in whole.inputs)
    path = changed(plan_file, tmp_path / "plan.json", inputs=moved)
    words = ["forge", "build", str(path), "-o", str(tmp_path / "set")]
    assert main(words) == 2
    assert "is not there; say --files FOLDER" in capsys.readouterr().err
    assert [Path(one.file).parent for one in located(read_plan(path), (inputs,)).inputs] == [inputs] * 4
    other = tmp_path / "other.jpg"
    other.write_bytes(b"x")
    changed(
        plan_file, path, inputs=(msgspec.structs.replace(whole.inputs[0], file=str(other)), *whole.inputs[1:])
    )
    assert main(words) == 2
    assert "is not the file of the plan any more" in capsys.readouterr().err


def test_a_store_that_is_not_finished_is_said_to_be(
    plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_bytes(plan_file.read_bytes())
    assert main(["forge", "verify", str(tmp_path)]) == 3
    assert "is not finished: run `aotface forge build` again" in capsys.readouterr().err


def test_a_set_that_is_shown_keeps_its_marks(
    inputs: Path, plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_plan(plan_file)
    more = pictures_only(whole) | {"purpose": "show", "side": 640, "region": "frame", "shrink": 1.0}
    path = changed(plan_file, tmp_path / "plan.json", **more)
    folder = tmp_path / "set"
    assert main(["forge", "build", str(path), "-o", str(folder)]) == 0
    assert {line.marked for line in open_store(folder).lines if line.label == "fake"} == {True}
    assert "invisible watermark" in (folder / "ABOUT.md").read_text()
    assert main(["forge", "verify", str(folder)]) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../../victim"},
        {"id": "/victim"},
        {"id": ""},
        {"target": "../000"},
        {"split": ".."},
        {"method": "a/b"},
        {"files": {"../../victim": "0"}},
        {"files": {"frames//0.png": "0"}},
        {"rate": "1/0"},
        {"rate": "1e999999999"},
        {"frames_count": 0},
    ],
)
def test_a_set_of_a_stranger_reaches_nothing_outside_its_folder(
    made: Store, tmp_path: Path, changes: dict[str, object]
) -> None:
    """`perturb` would otherwise write over a folder beside its own."""
    row: Sample = msgspec.structs.replace(made.lines[0], **changes)
    (tmp_path / MANIFEST).write_bytes(encode_sample(row) + b"\n")
    with pytest.raises(InputError, match="use a set that you trust"):
        open_store(tmp_path)


def test_a_broken_plan_in_a_store_and_a_store_called_dot_are_understood(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_made_store(tmp_path / "set")
    (folder / "samples/.DS_Store").write_bytes(b"x")
    monkeypatch.chdir(folder)
    assert main(["forge", "verify", "."]) == 8  # of the file that is no sample
    assert (tmp_path / "set.html").is_file() and not list(folder.glob("*.html"))
    (folder / "plan.json").write_text("{}")
    assert main(["forge", "build", str(plan_file), "-o", str(folder), "--replace"]) == 3
    assert "plan.json: cannot be understood" in capsys.readouterr().err
