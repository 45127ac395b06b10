import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from aotface.errors import WeightsError
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.template import TEMPLATES
from aotface.metrics.identity import IdentityMeter, identity_drop, similarity

SIDE = 128
GROUPS = (RIGHT_EYE, LEFT_EYE, (4,), (61,), (291,))
TEMPLATE = TEMPLATES["arcface-112"] * 112


def landmarks(scale=0.4, angle=0.0, shift=(40, 40)):
    """A mesh whose five points are the template, scaled, turned and moved."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.zeros((468, 3), np.float32)
    for place, indices in zip(TEMPLATE @ turn.T + shift, GROUPS, strict=True):
        points[list(indices), :2] = place
    return points


class Recorder:
    """Takes the place of the network and keeps what it is shown."""

    def run(self, _, entries):
        (self.planes,) = entries.values()
        return [np.ones((1, 4), np.float32)]


def coordinates():
    """A picture whose red is x and whose green is y, both over the side."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    return np.stack([x, y, np.zeros_like(x)], axis=-1)


def network(path, side=112):
    """An embedding network of nothing: the mean of each channel."""
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])
    exit_ = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3])
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "mean", [entry], [exit_])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def chip_of(tmp_path, crop, mesh):
    """What the network is shown, 112 x 112 x 3, back in 0..1."""
    meter = IdentityMeter(*network(tmp_path / "mean.onnx"))
    meter._session = Recorder()
    meter.embedding(crop, mesh)
    planes = meter._session.planes[0].transpose(1, 2, 0)
    return planes * [0.229, 0.224, 0.225] + [0.485, 0.456, 0.406]


@pytest.mark.parametrize("scale, angle", [(0.8, 0.2), (0.4, -0.5)])
def test_the_network_sees_the_five_points_on_the_template(tmp_path, scale, angle):
    mesh = landmarks(scale, angle, (22, 42))
    chip = chip_of(tmp_path, coordinates(), mesh)
    for (x, y), indices in zip(np.rint(TEMPLATE).astype(int), GROUPS, strict=True):
        np.testing.assert_allclose(chip[y, x, :2] * SIDE, mesh[indices[0], :2], atol=0.6)


def test_landmarks_of_a_mirrored_mesh_would_be_noticed(tmp_path):
    mesh = landmarks(0.8, 0.0, (20, 20))
    mirrored = mesh.copy()
    for one, other in ((RIGHT_EYE, LEFT_EYE), ((61,), (291,))):
        mirrored[list(one)], mirrored[list(other)] = mesh[other[0]], mesh[one[0]]
    chip = chip_of(tmp_path, coordinates(), mirrored)
    x, y = np.rint(TEMPLATE[0]).astype(int)
    assert np.abs(chip[y, x, :2] * SIDE - mesh[RIGHT_EYE[0], :2]).max() > 5


def test_the_meter_normalises_and_embeds(tmp_path):
    meter = IdentityMeter(*network(tmp_path / "mean.onnx"))
    crop = np.broadcast_to(np.float32([0.6, 0.5, 0.9]), (SIDE, SIDE, 3)).copy()
    mesh = landmarks(
        scale=0.4, angle=0.0, shift=(40, 40)
    )  # far from the border: the chip is all of one colour
    wanted = (np.array([0.6, 0.5, 0.9]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(meter.embedding(crop, mesh), wanted / np.linalg.norm(wanted), atol=1e-4)
    swapped = wanted[::-1] / np.linalg.norm(wanted)
    assert np.abs(meter.embedding(crop, mesh) - swapped).max() > 0.1  # blue first would be seen


def test_likeness_is_the_cosine_and_drop_the_loss(tmp_path):
    meter = IdentityMeter(*network(tmp_path / "mean.onnx"))
    mesh = landmarks()
    source, reenacted, result = (
        np.broadcast_to(np.float32(colour), (SIDE, SIDE, 3)).copy()
        for colour in ([0.9, 0.5, 0.5], [0.9, 0.5, 0.6], [0.5, 0.9, 0.5])
    )
    assert similarity(meter, source, mesh, source, mesh) == pytest.approx(1, abs=1e-6)
    drop = identity_drop(meter, result, reenacted, mesh, source, mesh)
    before, after = (similarity(meter, crop, mesh, source, mesh) for crop in (reenacted, result))
    assert drop == pytest.approx(before - after, abs=1e-6) and drop > 0.1
    assert identity_drop(meter, reenacted, reenacted, mesh, source, mesh) == 0


def test_other_files_are_refused(tmp_path):
    path, sha256 = network(tmp_path / "mean.onnx")
    with pytest.raises(WeightsError):
        IdentityMeter(path, "0" * 64)
    with pytest.raises(WeightsError):
        IdentityMeter(tmp_path / "none.onnx", sha256)
    with pytest.raises(WeightsError, match="112"):
        IdentityMeter(*network(tmp_path / "large.onnx", side=128))
    (tmp_path / "text.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="ONNX"):
        IdentityMeter(tmp_path / "text.onnx", hashlib.sha256(b"no network").hexdigest())


def test_the_little_network_is_valid(tmp_path):
    onnx.checker.check_model(onnx.load(network(tmp_path / "mean.onnx")[0]))
