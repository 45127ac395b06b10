"""Small sets: one planned and built from the packaged synthetic faces, one written by hand in no time."""

from pathlib import Path

import pytest
from forge.made_store import write_made_store
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.forge.store import Store, open_store
from aotface.samples import sample

PICTURES = ("source_deep_woman", "target_medium_man_warm_side")
CLIPS = ("source_medium_woman", "target_light_man_yellow")
FRAMES = 2


@pytest.fixture(autouse=True, scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("AOTFACE_HOME", str(tmp_path_factory.getbasetemp() / "aotface-home"))


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures and two clips of four people who do not exist."""
    folder = tmp_path_factory.mktemp("inputs")
    for name in PICTURES:
        (folder / f"{name}.jpg").write_bytes(sample(name).read_bytes())
    for name in CLIPS:
        write_frames(folder / f"{name}.mp4", [face_frame(index, name) for index in range(FRAMES + 1)])
    return folder


PLAN = ("--methods", "mean", "--controls", "self", "--frames", str(FRAMES), "--splits", "1")
SAID = ("--licence", "CC0", "--consent", "nobody is shown", "--side", "128", "--region", "face")


def plan(inputs: Path, output: Path, *more: str) -> int:
    return main(["forge", "plan", str(inputs), "-o", str(output), *PLAN, *SAID, *more])


@pytest.fixture(scope="session")
def plan_file(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    assert plan(inputs, path) == 0
    return path


@pytest.fixture(scope="session")
def built(plan_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in one go; do not write there."""
    folder = tmp_path_factory.mktemp("built") / "set"
    assert main(["forge", "build", str(plan_file), "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of made frames; do not write there."""
    return write_made_store(tmp_path_factory.mktemp("made") / "set")


@pytest.fixture
def made(made_folder: Path) -> Store:
    return open_store(made_folder)
