"""Networks as people have them: half precision, weights beside, free shapes, masks, batch axes; and no word on stderr."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from reenact import tiny_networks as tiny
from skimage.data import astronaut

from aotface.errors import WeightsError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.reenact.base import PreparedSource, Reenactor
from aotface.reenact.onnx import OnnxReenactor
from aotface.reenact.onnx_network import OnnxNetwork
from aotface.reenact.onnx_spec import ModelFile
from aotface.types import AlignedFace, Face

SIDE = 64

CONFIG = f"""
model = "swapper.onnx"
[target]
input = "target"
size = {SIDE}
template = "arcface-128"
[source]
input = "source"
vector = "person.npy"
normalise = false
"""
PERSON = np.array([0.25, 0, 0], np.float32)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def face(photo: np.ndarray) -> Face:
    return detect(photo)[0]


@pytest.fixture(scope="module")
def target(photo: np.ndarray, face: Face) -> AlignedFace:
    return align(photo, face)


def opened(folder: Path, text: str = CONFIG, vector: np.ndarray = PERSON) -> OnnxReenactor:
    np.save(folder / "person.npy", vector)
    (folder / "swapper.toml").write_text(text)
    return OnnxReenactor(folder / "swapper.toml")


def crop(reenactor: OnnxReenactor, photo: np.ndarray, face: Face, target: AlignedFace) -> np.ndarray:
    return reenactor.prepare(photo, face).reenact(target).crop


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, photo: np.ndarray, face: Face, target: AlignedFace
) -> np.ndarray:
    folder = tmp_path_factory.mktemp("plain")
    tiny.vector_swapper(folder / "swapper.onnx")
    made = crop(opened(folder), photo, face, target)
    assert np.abs(made - target.crop).max() > 0.2
    return made


def test_weights_beside_the_network_load_from_another_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plain: np.ndarray,
    photo: np.ndarray,
    face: Face,
    target: AlignedFace,
) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx", beside="swapper.onnx.data")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.save(tmp_path / "person.npy", PERSON)
    (tmp_path / "swapper.toml").write_text(CONFIG)
    reenactor = OnnxReenactor(Path("..") / "swapper.toml")
    assert crop(reenactor, photo, face, target).tobytes() == plain.tobytes()
    assert "swapper.onnx.data" in [path.name for path in reenactor.files]  # hashed for the record
    (tmp_path / "swapper.onnx.data").unlink()
    with pytest.raises(WeightsError, match="needs swapper.onnx.data beside it"):
        OnnxReenactor(tmp_path / "swapper.toml")


def test_half_precision(
    tmp_path: Path, plain: np.ndarray, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx", kind=tiny.HALF)
    half = crop(opened(tmp_path), photo, face, target)
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, plain, atol=2e-3)
    assert half.tobytes() != plain.tobytes()  # the twin: it was half precision


def test_free_shapes(
    tmp_path: Path, plain: np.ndarray, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx", side="side")
    assert crop(opened(tmp_path), photo, face, target).tobytes() == plain.tobytes()


@pytest.mark.parametrize("said", ["", '\n[output]\nmask = "where"'])
def test_a_mask_beside_the_picture(
    tmp_path: Path, said: str, plain: np.ndarray, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx", side=SIDE, mask="where")  # comes before the picture
    made = opened(tmp_path, CONFIG + said).prepare(photo, face).reenact(target)
    assert made.crop.tobytes() == plain.tobytes()
    left, right = made.mask[:, :100].max(), made.mask[:, 160:].max()
    assert left > 0.9 and (right == 0 if said else right > 0.9)


def save_one(path: Path, shape: list, kind: int = TensorProto.FLOAT) -> None:
    """A swapper that answers its target, of any shape and type."""
    entries = [
        helper.make_tensor_value_info("target", kind, shape),
        helper.make_tensor_value_info("source", TensorProto.FLOAT, [3]),
    ]
    result = helper.make_tensor_value_info("output", kind, shape)
    nodes = [helper.make_node("Identity", ["target"], ["output"])]
    graph = helper.make_graph(nodes, "one", entries, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("shape", [[3, SIDE, SIDE], [1, 3, SIDE, SIDE], [None, 3, None, None]])
def test_with_and_without_a_batch_axis(
    tmp_path: Path, shape: list, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    save_one(tmp_path / "swapper.onnx", shape)
    made = opened(tmp_path).prepare(photo, face).reenact(target)
    assert np.abs(made.crop - target.crop)[made.mask > 0.9].mean() < 0.03


def test_whole_numbers(tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace) -> None:
    save_one(tmp_path / "swapper.onnx", [1, 3, SIDE, SIDE], TensorProto.UINT8)
    text = CONFIG.replace("[source]", "range = [0, 255]\n[source]") + "[output]\nrange = [0, 255]\n"
    made = opened(tmp_path, text).prepare(photo, face).reenact(target)
    assert np.abs(made.crop - target.crop)[made.mask > 0.9].mean() < 0.03


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        ([4, 3, SIDE, SIDE], TensorProto.FLOAT, "takes 4 x 3 x 64 x 64, .* gives 1 x 3 x 64 x 64"),
        ([1, SIDE, SIDE, 3], TensorProto.FLOAT, "takes 1 x 64 x 64 x 3, .* check size and layout"),
        ([1, 3, SIDE, SIDE], TensorProto.INT64, "'target' is a tensor.int64., expected one of"),
    ],
)
def test_what_does_not_fit_is_said_when_it_is_loaded(
    tmp_path: Path, shape: list, kind: int, words: str
) -> None:
    save_one(tmp_path / "swapper.onnx", shape, kind)
    with pytest.raises(WeightsError, match=words) as caught:
        opened(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_vector_of_another_length(tmp_path: Path, photo: np.ndarray, face: Face) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx", count=512)
    with pytest.raises(WeightsError, match="'source' takes 1 x 512, the source's vector gives 1 x 3"):
        opened(tmp_path).prepare(photo, face)


def test_the_identity_is_found_once_and_threads_agree(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.vector_swapper(tmp_path / "swapper.onnx")
    tiny.mean_colour(tmp_path / "identity.onnx")
    text = CONFIG.replace('vector = "person.npy"\n', "")
    text += f'[embedding]\nmodel = "identity.onnx"\nsize = {SIDE}\ntemplate = "arcface-112"\n'
    reenactor, runs = opened(tmp_path, text), []
    run = OnnxNetwork.run
    monkeypatch.setattr(
        OnnxNetwork, "run", lambda self, *words: runs.append(self.path.name) or run(self, *words)
    )
    source = reenactor.prepare(photo, face)
    assert isinstance(source, PreparedSource) and isinstance(reenactor, Reenactor)
    assert runs == ["identity.onnx"]
    targets = [align(photo, face, side) for side in (256, 320)] * 6
    alone = [source.reenact(one).crop.tobytes() for one in targets]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: source.reenact(one).crop.tobytes(), targets)) == alone
        sources = list(pool.map(lambda _: reenactor.prepare(photo, face).identity.tobytes(), range(8)))
    assert set(sources) == {source.identity.tobytes()}
    assert runs.count("swapper.onnx") == 24 and runs.count("identity.onnx") == 9


def test_a_fault_is_one_line_and_nothing_goes_to_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nodes = [helper.make_node("MatMul", ["a", "b"], ["c"])]
    tiny.save(tmp_path / "m.onnx", nodes, {"a": ["i", "j"], "b": ["k", "l"]}, {"c": ["i", "l"]})
    network = OnnxNetwork(ModelFile(tmp_path / "m.onnx", ""), "cpu")
    wrong = np.zeros((2, 3), np.float32)
    with pytest.raises(WeightsError, match="refuses these inputs: .*check size and layout") as caught:
        network.run(["c"], {"a": wrong, "b": wrong})
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(network.run(["c"], {"a": wrong, "b": wrong.T})[0], np.zeros((2, 2)))


def test_another_file_than_was_meant(tmp_path: Path) -> None:
    tiny.vector_swapper(tmp_path / "m.onnx")
    with pytest.raises(WeightsError, match="another file than was meant"):
        OnnxNetwork(ModelFile(tmp_path / "m.onnx", "00"), "cpu")


def test_a_swapper_after_a_fork(tmp_path: Path) -> None:
    code = f"""
import os, numpy as np
from pathlib import Path
from aotface.reenact.onnx_network import OnnxNetwork
from aotface.reenact.onnx_spec import ModelFile
network = OnnxNetwork(ModelFile(Path({str(tmp_path / "m.onnx")!r}), ""), "cpu")
feeds = {{"target": np.zeros((1, 3, 64, 64), np.float32), "source": np.zeros((1, 3), np.float32)}}
network.run(["output"], feeds)
child = os.fork()
if not child:
    network.run(["output"], feeds)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    tiny.vector_swapper(tmp_path / "m.onnx")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["7"] and done.stderr == ""
    assert os.name == "posix"
