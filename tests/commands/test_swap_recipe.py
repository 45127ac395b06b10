"""``aotface swap`` with a known ONNX swapper: a recipe by its name, and networks of the user's."""

import json
from pathlib import Path

import numpy as np
import pytest
from reenact import tiny_networks as tiny
from skimage.data import astronaut

from aotface.cli import main
from aotface.media.image import read_image, write_image
from aotface.media.weights import sha256

WORDS = ["swap", "-s", "person.png", "-t", "scene.png", "--transfer", "none", "--no-mark", "--reenact"]
BLENDSWAP = ["blendswap_256", "--reenact-model", "networks/swapper.onnx"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_image(tmp_path / "person.png", np.ascontiguousarray(astronaut()[:256, 96:352]))
    write_image(tmp_path / "scene.png", np.ascontiguousarray(astronaut()[:300, 60:360]))
    (tmp_path / "networks").mkdir()
    tiny.picture_swapper(tmp_path / "networks" / "swapper.onnx", 256, 112)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_recipe_and_its_model(place: Path) -> None:
    assert main([*WORDS, *BLENDSWAP, "-o", "out.png"]) == 0
    made, target = read_image(place / "out.png").frame.astype(int), read_image(place / "scene.png").frame
    changed = np.abs(made - target).max(axis=2) > 12
    assert 0.03 < changed.mean() < 0.3
    hashes = json.loads((place / "out.run.json").read_text())["reenactor_sha256"]
    assert sha256(place / "networks" / "swapper.onnx") in hashes.values()
    assert any(path.endswith("blendswap_256.toml") for path in hashes)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["inswapper_128"], 2, "needs --reenact-model FILE and --reenact-embedding FILE"),
        ([*BLENDSWAP, "--reenact-embedding", "e.onnx"], 2, "makes no use of --reenact-embedding"),
        (["uniface_256", "--reenact-model", "none.onnx"], 6, "no such weights file"),
        (["uniface_256", "--reenact-model", "networks/swapper.onnx"], 6, "recipe uniface_256 [source] gives"),
    ],
)
def test_what_does_not_fit_is_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main([*WORDS, *words, "-o", "out.png"]) == code
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and said in error[0] and not (place / "out.png").exists()
