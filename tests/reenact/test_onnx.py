"""A swapper as an ONNX file: tiny ones are made here, and every mistake in their TOML has its own line."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from skimage.data import astronaut

from aotface.errors import InputError, UsageError, WeightsError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.template import TEMPLATES, five_points, template_matrix
from aotface.reenact.onnx import OnnxReenactor
from aotface.reenact.onnx_spec import parse_spec
from aotface.types import AlignedFace, Face

SIZE = 64


def save(
    path: Path, nodes: list, inputs: dict[str, list[int]], output: list[int], name: str = "output"
) -> None:
    entries = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in inputs.items()]
    result = helper.make_tensor_value_info(name, TensorProto.FLOAT, output)
    graph = helper.make_graph(nodes, "tiny", entries, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def picture_swapper(path: Path) -> None:
    """Answers with the source's picture where the target's is."""
    nodes = [
        helper.make_node("Sub", ["target", "target"], ["nothing"]),
        helper.make_node("Add", ["source", "nothing"], ["output"]),
    ]
    save(path, nodes, {"target": [1, 3, SIZE, SIZE], "source": [1, 3, SIZE, SIZE]}, [1, 3, SIZE, SIZE])


def vector_swapper(path: Path) -> None:
    """Shifts the target's channels by a vector of three."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [4], [1, 3, 1, 1])
    nodes = [
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("Reshape", ["source", "shape"], ["shift"]),
        helper.make_node("Add", ["target", "shift"], ["output"]),
    ]
    save(path, nodes, {"target": [1, 3, SIZE, SIZE], "source": [1, 3]}, [1, 3, SIZE, SIZE])


def mean_colour(path: Path) -> None:
    """An embedding of three numbers: the mean of each channel."""
    nodes = [helper.make_node("ReduceMean", ["face"], ["embedding"], axes=[2, 3], keepdims=0)]
    save(path, nodes, {"face": [1, 3, SIZE, SIZE]}, [1, 3], "embedding")


PICTURES = f"""
model = "swapper.onnx"
[target]
input = "target"
size = {SIZE}
template = "arcface-128"
[source]
input = "source"
size = {SIZE}
template = "arcface-128"
"""

VECTORS = f"""
model = "swapper.onnx"
[target]
input = "target"
size = {SIZE}
template = "arcface-112"
[source]
input = "source"
"""

EMBEDDING = f"""
[embedding]
model = "identity.onnx"
size = {SIZE}
template = "arcface-112"
"""


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def face(photo: np.ndarray) -> Face:
    return detect(photo)[0]


@pytest.fixture(scope="module")
def target(photo: np.ndarray, face: Face) -> AlignedFace:
    return align(photo, face)


def write(folder: Path, text: str) -> Path:
    path = folder / "swapper.toml"
    path.write_text(text)
    return path


def test_five_points_land_on_the_template(face: Face) -> None:
    matrix = template_matrix(face.landmarks, TEMPLATES["arcface-112"], 112)
    points = five_points(face.landmarks) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(points - TEMPLATES["arcface-112"] * 112).max() < 6
    mirrored = face.landmarks * np.float32([-1, 1, 1])
    matrix = template_matrix(mirrored, TEMPLATES["arcface-112"], 112)
    points = five_points(mirrored) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(points - TEMPLATES["arcface-112"] * 112).max() > 15  # the twin: left and right do matter


def test_a_picture_of_the_person_goes_through_and_comes_back_in_place(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    picture_swapper(tmp_path / "swapper.onnx")
    reenactor = OnnxReenactor(write(tmp_path, PICTURES))
    result = reenactor.prepare(photo, face).reenact(
        target
    )  # its own source: what comes back is the target, 64 px sharp
    inside = result.mask > 0.9
    assert 0.05 < inside.mean() < 0.5
    assert np.abs(result.crop - target.crop)[inside].mean() < 0.03
    dark = reenactor.prepare((photo // 2).astype(np.uint8), face).reenact(target)
    assert np.abs(dark.crop - target.crop)[inside].mean() > 0.2  # the twin
    assert reenactor.files == [tmp_path / "swapper.toml", tmp_path / "swapper.onnx"]


def test_an_embedding_of_the_person(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    mean_colour(tmp_path / "identity.onnx")
    red = np.zeros_like(photo)
    red[..., 0] = 255
    result = OnnxReenactor(write(tmp_path, VECTORS + EMBEDDING)).prepare(red, face).reenact(target)
    inside = result.mask > 0.9
    assert result.crop[inside][:, 0].min() > 0.99  # target + (1, 0, 0)
    assert np.abs(result.crop - target.crop)[inside][:, 1:].mean() < 0.03
    np.save(tmp_path / "swap_channels.npy", np.eye(3, dtype=np.float32)[[2, 1, 0]])
    text = (
        VECTORS.replace('input = "source"', 'input = "source"\nprojection = "swap_channels.npy"') + EMBEDDING
    )
    assert (
        OnnxReenactor(write(tmp_path, text)).prepare(red, face).reenact(target).crop[inside][:, 2].min()
        > 0.99
    )


def test_a_given_vector_needs_no_second_network(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    np.save(tmp_path / "green.npy", np.array([0, 5, 0], np.float32))
    text = VECTORS.replace('input = "source"', 'input = "source"\nvector = "green.npy"')
    result = OnnxReenactor(write(tmp_path, text)).prepare(photo, face).reenact(target)
    assert result.crop[result.mask > 0.9][:, 1].min() > 0.99  # made a unit vector first


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("size = 64", "size = 4"), InputError, "size must be"),
        (("size = 64", 'size = "64"'), InputError, "size must be"),
        (
            ('template = "arcface-128"', 'template = "mine"'),
            InputError,
            "template must be one of arcface-112",
        ),
        (('template = "arcface-128"', "template = [[0, 0]]"), InputError, "template must be one of"),
        (("[target]", "[target]\nrage = [0, 1]"), InputError, "unknown key 'rage'"),
        (("[target]", "[target]\nrange = [0, 0]"), InputError, "must differ"),
        (("[target]", "[target]\nstd = [1, 0, 1]"), InputError, "must not be 0"),
        (("[target]", "[target]\nmean = [1, 2]"), InputError, "mean must be 3 numbers"),
        (("[target]", '[target]\nlayout = "HWC"'), InputError, "layout must be NCHW or NHWC"),
        (("[target]", '[target]\nchannels = "rgb"'), InputError, "channels must be RGB or BGR"),
        (('model = "swapper.onnx"', ""), InputError, "'model' is missing"),
        (('model = "swapper.onnx"', "model = 3"), InputError, "model must be text"),
        (("[target]", "[tarjet]"), InputError, "unknown key 'tarjet'"),
        (("[source]", "[source"), InputError, "not valid TOML"),
        (('input = "target"', 'input = "tgt"'), WeightsError, "no input 'tgt'; it has target, source"),
        (
            ("[target]", '[output]\nname = "result"\n[target]'),
            WeightsError,
            "no output 'result'; it has output",
        ),
        (('"swapper.onnx"', '"other.onnx"'), WeightsError, "no such weights file"),
        (('"swapper.onnx"', '"swapper.toml"'), WeightsError, "not an ONNX network"),
        (('"swapper.onnx"', '"swapper.onnx"\nsha256 = "00"'), WeightsError, "expected sha256 00"),
    ],
)
def test_each_mistake_in_the_toml_is_named(
    tmp_path: Path, change: tuple[str, str], error: type[Exception], words: str
) -> None:
    picture_swapper(tmp_path / "swapper.onnx")
    assert change[0] in PICTURES
    with pytest.raises(error, match=words) as caught:
        OnnxReenactor(write(tmp_path, PICTURES.replace(*change)))
    assert "\n" not in str(caught.value)


def test_a_network_that_does_not_fit_its_toml(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    picture_swapper(tmp_path / "swapper.onnx")
    with pytest.raises(WeightsError, match="takes 1 x 3 x 64 x 64, .*target. gives 1 x 3 x 32 x 32"):
        OnnxReenactor(write(tmp_path, PICTURES.replace("size = 64", "size = 32")))
    mean_colour(tmp_path / "swapper.onnx")
    with pytest.raises(WeightsError, match="no input 'target'"):
        OnnxReenactor(write(tmp_path, PICTURES))


def test_matrices_that_do_not_fit(tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    mean_colour(tmp_path / "identity.onnx")
    text = VECTORS.replace('input = "source"', 'input = "source"\nprojection = "p.npy"') + EMBEDDING
    np.save(tmp_path / "p.npy", np.eye(4))
    with pytest.raises(WeightsError, match="must have 3 rows"):
        OnnxReenactor(write(tmp_path, text)).prepare(photo, face).reenact(target)
    (tmp_path / "p.npy").write_text("not numbers")
    with pytest.raises(WeightsError, match="not a .npy file"):
        OnnxReenactor(write(tmp_path, text)).prepare(photo, face).reenact(target)


def test_a_toml_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        OnnxReenactor(tmp_path / "none.toml")


def test_paths_are_relative_to_the_toml() -> None:
    data = {
        "target": {"input": "t", "size": 64, "template": "arcface-112"},
        "source": {"input": "s", "vector": "v.npy"},
    }
    spec = parse_spec({"model": "m.onnx", **data}, Path("/some/folder"), "x.toml")
    assert spec.model.path == Path("/some/folder/m.onnx")
    assert parse_spec({"model": "/m.onnx", **data}, Path("/some"), "x.toml").model.path == Path("/m.onnx")


def test_never_another_device_than_asked(tmp_path: Path) -> None:
    import onnxruntime

    picture_swapper(tmp_path / "swapper.onnx")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has the device whose absence is tested")
    with pytest.raises(UsageError, match="cuda was asked for"):
        OnnxReenactor(write(tmp_path, PICTURES), "cuda")


@pytest.mark.parametrize(
    ("before", "after", "error", "words"),
    [
        (
            'input = "source"',
            'input = "source"\nnormalise = 1',
            InputError,
            "normalise must be true or false",
        ),
        (
            'input = "source"',
            'input = "source"\nprojection = "p.npy"\nprojection_tensor = "last"',
            InputError,
            "one of projection, projection_tensor and .converter., got several",
        ),
        (
            'input = "source"',
            'input = "source"\nprojection_tensor = "e"',
            WeightsError,
            "no stored tensor 'e'",
        ),
        (EMBEDDING, '[converter]\nmodel = "c.onnx"', InputError, "needs a vector, or a table .embedding."),
        (EMBEDDING, "embedding = 3", InputError, "unknown key 'embedding'"),
        (
            'model = "swapper.onnx"',
            'model = "swapper.onnx"\noutput = 3',
            InputError,
            "must be a table with the keys",
        ),
        (
            'size = 64\ntemplate = "arcface-112"\n[source]',
            "size = 64\ntemplate = 3\n[source]",
            InputError,
            "must be one of",
        ),
    ],
)
def test_each_mistake_about_a_vector_is_named(
    tmp_path: Path, before: str, after: str, error: type[Exception], words: str
) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    mean_colour(tmp_path / "identity.onnx")
    assert before in VECTORS + EMBEDDING
    with pytest.raises(error, match=words) as caught:
        OnnxReenactor(write(tmp_path, (VECTORS + EMBEDDING).replace(before, after)))
    assert "\n" not in str(caught.value)


def test_five_points_of_your_own_are_the_template(
    tmp_path: Path, photo: np.ndarray, face: Face, target: AlignedFace
) -> None:
    picture_swapper(tmp_path / "swapper.onnx")
    own = str([list(point) for point in TEMPLATES["arcface-128"].tolist()])
    text = PICTURES.replace('"arcface-128"', own)
    made = [
        OnnxReenactor(write(tmp_path, words)).prepare(photo, face).reenact(target)
        for words in (PICTURES, text)
    ]
    np.testing.assert_allclose(made[0].crop, made[1].crop, atol=1e-5)


def test_a_projection_must_be_a_matrix_and_inputs_two(tmp_path: Path) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    mean_colour(tmp_path / "identity.onnx")
    np.save(tmp_path / "p.npy", np.zeros(3))
    text = VECTORS.replace('input = "source"', 'input = "source"\nprojection = "p.npy"') + EMBEDDING
    with pytest.raises(WeightsError, match="must be a matrix to project the embedding"):
        OnnxReenactor(write(tmp_path, text))
    mean_colour(tmp_path / "swapper.onnx")
    with pytest.raises(WeightsError, match="must have two inputs, .*, got face"):
        OnnxReenactor(write(tmp_path, PICTURES.replace('"target"', '""').replace('"source"', '""')))


def test_an_input_that_the_embedding_network_lacks(tmp_path: Path) -> None:
    vector_swapper(tmp_path / "swapper.onnx")
    mean_colour(tmp_path / "identity.onnx")
    text = VECTORS + EMBEDDING + 'input = "photo"\n'
    with pytest.raises(WeightsError, match="has no input 'photo'; it has face"):
        OnnxReenactor(write(tmp_path, text))


def test_a_network_that_onnxruntime_refuses(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    picture_swapper(tmp_path / "swapper.onnx")
    model = onnx.load(tmp_path / "swapper.onnx")
    model.graph.node[0].op_type = "NoSuchThing"
    (tmp_path / "swapper.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(
        WeightsError, match="not an ONNX network that onnxruntime can load .*NoSuchThing"
    ) as caught:
        OnnxReenactor(write(tmp_path, PICTURES))
    assert "\n" not in str(caught.value) and capfd.readouterr().err == ""
