"""The description of a job: every field checked with one line, JSON there and back, paths from the file's own folder."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import fields, replace

from aotface.commands.refine import Refine
from aotface.commands.swap import Swap
from aotface.errors import InputError, UsageError
from aotface.jobs.spec import FaceAssignment, JobSpec, read_spec, spec_beside
from aotface.options import Options

SWAP = JobSpec(kind="swap", source="a.png", target="b.png", output="c.png")


def written(folder: Path, spec: JobSpec) -> Path:
    path = folder / "job.json"
    path.write_bytes(spec_beside(spec, path).to_json())
    return path


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = replace(SWAP, source="", faces=(FaceAssignment(face=1, source="x.png"),), crf=3, fps=None, seed=7)
    assert read_spec(written(tmp_path, whole).relative_to(tmp_path)) == whole
    table = json.loads((tmp_path / "job.json").read_text())
    assert table["version"] == 1 and "transfer" not in table and table["crf"] == 3  # defaults are left out


def test_paths_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.safetensors").write_text("")
    (tmp_path / "who.png").write_text("")
    (tmp_path / "jobs").mkdir()
    spec = replace(SWAP, source="people/*.png", output="made/", weights="my.safetensors", face="who.png")
    path = written(tmp_path / "jobs", spec)
    table = json.loads(path.read_text())
    assert table["source"] == "../people/*.png" and table["output"] == "../made/"
    assert table["weights"] == "../my.safetensors" and table["face"] == "../who.png"
    read = read_spec(path)
    assert Path(read.target).resolve() == tmp_path / "b.png" and read.output.endswith("/")
    assert Path(read.weights).resolve() == tmp_path / "my.safetensors"
    names = replace(spec, weights=Options.weights, face="largest", target="/elsewhere/b.png")
    again = read_spec(written(tmp_path / "jobs", names))
    assert (again.weights, again.face, again.target) == (Options.weights, "largest", "/elsewhere/b.png")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("{", "truncated"),
        ("[1]", "expected object, got array"),
        ('{"kind": "swap"}', "missing required field target"),
        ('{"kind": "swop", "target": "b", "output": "c"}', "kind: invalid enum value 'swop'"),
        ('{"kind": "swap", "target": "b", "output": "c", "sorce": "a"}', "unknown key sorce"),
        ('{"kind": "swap", "target": "b", "output": "c", "crf": 99}', "crf: expected int <= 51"),
        ('{"kind": "swap", "target": "b", "output": "c", "seed": "x"}', "seed: expected int, got str"),
        (
            '{"kind": "swap", "target": "b", "output": "c", "faces": [{"face": 1.5}]}',
            r"faces\[0\].face: expected int \| str, got float",
        ),
        (
            '{"kind": "swap", "target": "b", "output": "c", "version": 2}',
            "expected version 1 of a job, got 2",
        ),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read_spec(tmp_path / "job.json")
    assert "\n" not in str(error.value) and "job.json" in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": ""}, "one of a source and a face map"),
        ({"face_map": "x.toml"}, "one of a source and a face map"),
        ({"swapped": "x.png"}, "one of a source and a face map"),
        ({"kind": "refine"}, "say --swapped"),
        ({"fps": "25"}, "are for refine"),
        ({"source": "", "faces": (FaceAssignment(face=0),)}, "a source for every entry"),
        ({"source": "", "face_map": "x.toml", "face": "all"}, "drop --face"),
        ({"transfer": "best"}, "best"),
        ({"device": "gpu"}, "--device auto, cpu or cuda"),
        ({"layers": ("mask", "depth")}, "mask, reenacted, matrix, got 'depth'"),
        ({"overwrite": True, "skip_existing": True}, "drop one"),
        ({"crf": 60}, "crf: expected int <= 51"),
        ({"seed": -1}, "seed: expected int >= 0"),
        ({"label": "a\nb"}, "one line"),
        ({"label_size": 40.0}, "1 to 20"),
        ({"training_mining": "yes"}, "allowed, notAllowed or constrained, got 'yes'"),
        ({"timestamp_url": "time.example"}, "http address"),
        ({"training_mining": "allowed", "mark": False}, "drop --no-mark"),
        ({"version": 3}, "version 1, got 3"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict, said: str) -> None:
    SWAP.check()  # the twin
    with pytest.raises(UsageError, match=said):
        replace(SWAP, **changes).check()


def test_frame_rates() -> None:
    assert replace(SWAP, fps="30000/1001").rate == Fraction(30000, 1001) and SWAP.rate is None
    for wrong in ("fast", "0", "1/0", "-5"):
        with pytest.raises(UsageError, match="frame rate"):
            _ = replace(SWAP, fps=wrong).rate


@pytest.mark.parametrize("command", [Swap, Refine])
def test_every_option_of_the_command_line_is_a_field(command: type) -> None:
    names = set(command.__dataclass_fields__)  # type: ignore[attr-defined]
    beside = {name for name in names if name.startswith("save_")} - {"save_frames"}  # layers, and --save-job
    assert names - beside <= {field.name for field in fields(JobSpec)}
    assert beside == {"save_mask", "save_reenacted", "save_matrix", "save_job"}


def test_defaults_exist_once() -> None:
    job = Swap(source="a.png", target="b.png", output="c.png").to_job("swap")
    assert job == SWAP


def test_a_description_costs_little_to_import() -> None:
    code = "import sys, aotface.jobs.spec; print(sorted({m.split('.')[0] for m in sys.modules}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "msgspec" in out
    assert not any(f"'{name}'" in out for name in ("torch", "cv2", "scipy", "onnxruntime", "av", "pydantic"))


def test_adjustments_reach_the_options_and_the_record() -> None:
    wanted = {
        "strength": 0.5,
        "exposure": 0.25,
        "temperature": -10.0,
        "camera_match": "off",
        "gaze": "source",
    }
    spec = JobSpec(kind="swap", source="a.png", target="b.png", output="c.png", **wanted)
    spec.check()
    assert {name: getattr(spec.options(), name) for name in wanted} == wanted
    assert wanted.items() <= spec.to_dict().items()
    with pytest.raises(UsageError, match="--strength from 0 to 1"):
        JobSpec(kind="swap", source="a.png", target="b.png", output="c.png", strength=2.0).check()
