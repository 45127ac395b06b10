"""Reenactors by name, and what identifies them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from reenact import tiny_networks as tiny

from aotface.errors import UsageError
from aotface.reenact.mesh import MeshReenactor
from aotface.reenact.recipe import recipe_names
from aotface.reenact.registry import ReenactorSettings, identity_of, open_reenactor, reenactor_names


def test_the_mesh_needs_nothing() -> None:
    reenactor = open_reenactor(ReenactorSettings())
    assert isinstance(reenactor, MeshReenactor) and identity_of(reenactor) == {"reenactor": "mesh"}
    assert reenactor_names()[:2] == ["mesh", "onnx"] and set(recipe_names()) < set(reenactor_names())


FILE = Path("some.onnx")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ReenactorSettings("mask"), "expected --reenact as one of mesh, onnx, blendswap_256, .*, got 'mask'"),
        (ReenactorSettings("onnx"), "--reenact onnx needs --reenact-config FILE$"),
        (ReenactorSettings("mesh", FILE), "--reenact mesh makes no use of --reenact-config"),
        (
            ReenactorSettings("mesh", None, FILE, FILE),
            "makes no use of --reenact-model and --reenact-embedding",
        ),
        (
            ReenactorSettings("inswapper_128", None, FILE),
            "inswapper_128 needs --reenact-embedding FILE: weights of others",
        ),
        (
            ReenactorSettings("ghost_256"),
            "needs --reenact-model FILE and --reenact-embedding FILE and --reenact-converter FILE",
        ),
        (
            ReenactorSettings("blendswap_256", None, FILE, FILE),
            "blendswap_256 makes no use of --reenact-embedding",
        ),
        (
            ReenactorSettings("inswapper_128", FILE, FILE, FILE),
            "inswapper_128 makes no use of --reenact-config",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_opened(
    settings: ReenactorSettings, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        open_reenactor(settings)


def test_names_are_known_without_anything_heavy() -> None:
    code = "import sys, aotface.reenact.registry as r; r.ReenactorSettings('onnx', r.Path('x')).check(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"cv2", "onnxruntime", "torch"} & set(loaded) and "tomllib" in loaded


CONFIG = """
model = "swapper.onnx"
[target]
input = "target"
size = 64
template = "arcface-128"
[source]
input = "source"
size = 64
template = "arcface-128"
"""


def test_identity_is_the_files_wherever_they_lie(tmp_path: Path) -> None:
    def made(folder: str, text: str = CONFIG, **words: int) -> dict[str, str]:
        place = tmp_path / folder
        place.mkdir()
        tiny.picture_swapper(place / "swapper.onnx", **words)
        (place / "swapper.toml").write_text(text)
        return identity_of(open_reenactor(ReenactorSettings("onnx", place / "swapper.toml")))

    first = made("one")
    assert first["reenactor"] == "onnx" and len(first) == 3 and made("two") == first
    other = CONFIG.replace("arcface-128", "ffhq-512")
    assert made("three", other) != first  # another configuration is another result
    assert made("four", CONFIG.replace("64", "32"), side=32, source_side=32)["file 1"] != first["file 1"]


def test_a_model_in_the_place_of_the_configurations(tmp_path: Path) -> None:
    tiny.picture_swapper(tmp_path / "mine.onnx")
    (tmp_path / "swapper.toml").write_text(CONFIG.replace('model = "swapper.onnx"', 'sha256 = "00"'))
    settings = ReenactorSettings("onnx", tmp_path / "swapper.toml", tmp_path / "mine.onnx")
    assert list(open_reenactor(settings).files)[1] == (tmp_path / "mine.onnx").resolve()
    assert settings.uses_onnxruntime and not replace(settings, name="mesh").uses_onnxruntime
