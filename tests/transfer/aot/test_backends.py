"""The same network in another library: the same field, a file that is made once, and no silent change of mind."""

import copy
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch

from aotface.errors import UsageError, WeightsError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.transfer import TransferSettings, open_transfer
from aotface.transfer.aot import backends, onnx_file, onnx_write
from aotface.transfer.aot.backends import Finder, installed, open_finder, version_of
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, find_colour_map
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator
from aotface.transfer.aot.onnx_graph import graph_name, packaged_graph
from aotface.types import AlignedFace

NETWORK = importlib.import_module("aotface.transfer.aot.network")
HASH = "a" * 64


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A settings folder of these tests; and while a graph is traced, sizes are tensors, which a checker refuses."""
    jaxtyping.config.update("jaxtyping_disable", True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AOTFACE_HOME", str(tmp_path_factory.mktemp("home")))
        yield
    jaxtyping.config.update("jaxtyping_disable", False)


def face(name: str) -> AlignedFace:
    frame = read_image(sample(name)).frame
    return align(frame, detect(frame)[0])


@pytest.fixture(scope="module")
def faces() -> list[AlignedFace]:
    return [
        face("source_light_man"),
        face("target_medium_man_warm_side"),
        face("target_deep_woman_cool_window"),
    ]


@pytest.fixture(scope="module")
def tiny() -> RelightingGenerator:
    """Untrained, but not flat: its field differs from place to place."""
    torch.manual_seed(3)
    generator = RelightingGenerator(SIZES["tiny"]).eval()
    with torch.no_grad():
        generator.decoder.head.weight.normal_(std=0.05)
    return generator


def inputs(source: AlignedFace, target: AlignedFace) -> tuple:
    mask = render(target.landmarks, 256).mask
    return source.crop, target.crop, mask, render(target.landmarks, 256)


def apart(one: ColourMapArray, other: ColourMapArray) -> float:
    return float(np.abs(one - other).max())


class Tiny(torch.nn.Module):
    """One convolution, with the inputs and outputs of the network."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 3, 1)

    def forward(self, x_r: torch.Tensor, x_t: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See `onnx_write`."""
        return self.layer(x_r) + rest[0].mean() + rest[1].mean() + rest[2].mean(), self.layer(x_t)


def test_weights_that_were_read_in_inference_mode_are_written(tmp_path: Path) -> None:
    with torch.inference_mode():
        tiny = Tiny()
    onnx_write.write_checked(tiny, tmp_path / "tiny.onnx", ("one", "two"), 16, "no advice", overwrite=False)
    assert (tmp_path / "tiny.onnx").is_file()


def test_onnxruntime_finds_the_field_that_torch_finds(faces: list[AlignedFace]) -> None:
    other, by_torch = open_transfer("aot", TransferSettings(backend="onnx")), open_transfer("aot")
    network = other.network
    assert other.finder is not None and by_torch.finder is None
    assert other.identity()["backend"].startswith("onnxruntime ") and "backend" not in by_torch.identity()
    source, *targets = faces
    own = render(source.landmarks, 256)
    found = []
    for target in targets:
        given = inputs(source, target)
        found.append(find_colour_map(network.generator, *given, own=own, answer=other.finder).whole)
        assert apart(found[-1], find_colour_map(network.generator, *given, own=own).whole) < 2e-3
    assert apart(*found) > 0.1  # the twin: fields differ from face to face
    for bf16 in (True, False):
        bent = find_colour_map(
            network.rounded if bf16 else network.generator, *inputs(source, targets[0]), bf16, own
        ).whole
        assert (apart(bent, found[0]) > 2e-3) == bf16  # and rounding of another kind would be seen


def test_a_graph_belongs_to_a_size_and_options(tiny: RelightingGenerator) -> None:
    packaged = open_transfer("aot").network.generator
    assert packaged_graph(packaged) is not None and packaged_graph(tiny) is None
    assert graph_name(packaged) == graph_name(copy.deepcopy(packaged)) != graph_name(tiny)


def test_a_packaged_graph_computes_the_weights_it_is_given(faces: list[AlignedFace]) -> None:
    other = copy.deepcopy(open_transfer("aot").network.generator)
    with torch.no_grad():
        other.decoder.head.bias += 0.01
    given = inputs(*faces[:2])
    found = find_colour_map(other, *given, answer=open_finder("onnx", other, "no hash is asked for")).whole
    assert apart(found, find_colour_map(other, *given).whole) < 2e-3
    packaged = open_transfer("aot", TransferSettings(backend="onnx"))
    twin = find_colour_map(packaged.network.generator, *given, answer=packaged.finder).whole
    assert apart(found, twin) > 5e-3  # the twin: other weights


def test_weights_that_are_rounded_once_give_what_autocast_gives(faces: list[AlignedFace]) -> None:
    network = NETWORK.load_network()
    given = inputs(*faces[:2])
    once, each_time = (find_colour_map(g, *given, True).whole for g in (network.rounded, network.generator))
    assert np.array_equal(once, each_time)
    assert next(network.generator.parameters()).dtype == torch.float32


def test_the_file_is_made_once(
    tiny: RelightingGenerator, faces: list[AlignedFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = inputs(*faces[:2])
    found = find_colour_map(tiny, *given, answer=open_finder("onnx", tiny, HASH)).whole
    assert apart(found, find_colour_map(tiny, *given).whole) < 2e-3
    path = onnx_file.kept_file(tiny, HASH)
    monkeypatch.setattr(onnx_file, "write_colour_map_network", lambda *_: pytest.fail("written twice"))
    assert apart(find_colour_map(tiny, *given, answer=open_finder("onnx", tiny, HASH)).whole, found) == 0
    assert [p.name for p in path.parent.glob("a*")] == [path.name]
    path.with_name(path.name.replace("a", "d")).write_bytes(b"no network")
    with pytest.raises(WeightsError, match="remove it to have it made again"):
        open_finder("onnx", tiny, "d" * 64)


def test_a_file_that_does_not_agree_is_not_left(
    tiny: RelightingGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = onnx_file.kept_file(tiny, HASH).read_bytes()
    monkeypatch.setattr(onnx_write, "_export", lambda flat, given, path, *_: path.write_bytes(kept))
    assert onnx_file.write_colour_map_network(tiny, tmp_path / "b.onnx") < 2e-3
    (tmp_path / "b.onnx").unlink()
    with torch.no_grad():
        tiny = copy.deepcopy(tiny)
        tiny.decoder.head.bias += 0.01  # the file is of slightly other weights
    with pytest.raises(WeightsError, match="outputs of torch"):
        onnx_file.write_colour_map_network(tiny, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_had_is_refused(tiny: RelightingGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="torch, onnx or openvino"):
        open_finder("abacus", tiny, HASH)
    painting = RelightingGenerator(SIZES["tiny"], Options(head="paint")).eval()
    with pytest.raises(UsageError, match="use --backend torch"):
        open_finder("onnx", painting, "b" * 64)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UsageError, match=r"pip install 'aotface\[openvino\]'"):
        open_finder("openvino", tiny, HASH)
    assert "openvino" not in installed() and installed()[:2] == ["torch", "onnx"]
    assert version_of("onnx").startswith("onnxruntime 1.") and version_of("torch").startswith("torch 2.")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"pip install 'aotface\[onnx\]'"):
        open_finder("onnx", tiny, "c" * 64)


REPORTER = "import pathlib; pathlib.Path(__file__).with_name('told').touch()"
OPENVINO = """
try:
    import openvino_telemetry
except ImportError:
    pass
import onnxruntime
__version__ = "0"
class Core:
    def compile_model(self, path, device, settings):
        assert device == "CPU" and settings["INFERENCE_PRECISION_HINT"] == "f32"
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return self
    def create_infer_request(self):
        return self
    def infer(self, inputs):
        names = [entry.name for entry in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, inputs)))
"""


def test_openvino_is_asked_for_the_field_and_reports_to_nobody(
    tiny: RelightingGenerator, faces: list[AlignedFace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openvino.py").write_text(OPENVINO)
    (tmp_path / "openvino_telemetry.py").write_text(REPORTER)
    for name in ("openvino", "openvino_telemetry"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    given = inputs(*faces[:2])
    finder = open_finder("openvino", tiny, HASH)
    assert (
        isinstance(finder, Finder)
        and apart(find_colour_map(tiny, *given, answer=finder).whole, find_colour_map(tiny, *given).whole)
        < 2e-3
    )
    assert not (tmp_path / "told").exists() and "openvino_telemetry" not in sys.modules
    sys.modules.pop("openvino")
    importlib.import_module("openvino")  # the twin: so it would have been told
    assert (tmp_path / "told").exists()
    assert "openvino" in backends.installed()
    for name in ("openvino", "openvino_telemetry"):
        sys.modules.pop(name)
