"""What is read of an ONNX file without the onnx package, against that package."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from reenact import tiny_networks as tiny

from aotface.errors import WeightsError
from aotface.reenact.onnx_file import LAST, external_files, stored_matrix

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4) / 7


def saved(path: Path, matrix: np.ndarray, beside: str = "") -> bytes:
    tiny.vector_swapper(path, last=matrix, beside=beside)
    return path.read_bytes()


@pytest.mark.parametrize("beside", ["", "weights.bin"])
@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64])
def test_the_last_tensor_is_what_the_onnx_package_reads(tmp_path: Path, beside: str, kind: type) -> None:
    path = tmp_path / "n.onnx"
    data = saved(path, MATRIX.astype(kind), beside)
    expected = numpy_helper.to_array(onnx.load(path).graph.initializer[-1])
    for name in (LAST, "emap"):
        found = stored_matrix(data, path, name)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
        assert found.dtype == np.float32
    assert external_files(data, path) == ([tmp_path / beside] if beside else [])


def test_numbers_that_are_not_stored_raw(tmp_path: Path) -> None:
    tensor = helper.make_tensor("emap", TensorProto.FLOAT, MATRIX.shape, MATRIX.ravel().tolist())
    graph = helper.make_graph([], "g", [], [], [tensor])
    data = helper.make_model(graph).SerializeToString()
    np.testing.assert_array_equal(stored_matrix(data, tmp_path / "n", LAST), MATRIX)


def test_what_is_not_there_or_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    data = saved(path, MATRIX.astype(np.int64))
    with pytest.raises(WeightsError, match="no stored tensor 'buff2fs': check projection_tensor"):
        stored_matrix(data, path, "buff2fs")
    with pytest.raises(WeightsError, match="'emap' holds no floating-point numbers"):
        stored_matrix(data, path, "emap")
    with pytest.raises(WeightsError, match="is not an ONNX network"):
        external_files(data[: len(data) // 2], path)


def test_weights_beside_must_be_there_and_inside(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    data = saved(path, MATRIX, "weights.bin")
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(WeightsError, match="needs weights.bin beside it: put both into one folder"):
        external_files(data, path)
    tiny.vector_swapper(path, last=MATRIX)
    model = onnx.load(path)
    tensor = model.graph.initializer[-1]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    (tmp_path.parent / "secret").write_bytes(b"")
    with pytest.raises(WeightsError, match="from outside its folder"):
        external_files(model.SerializeToString(), path)
    with pytest.raises(WeightsError, match="outside its folder"):
        stored_matrix(model.SerializeToString(), path, LAST)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        external_files(data, Path("n.onnx"))
    except WeightsError as error:
        assert "\n" not in str(error)


def message(*fields: tuple[int, bytes]) -> bytes:
    """A message of length-delimited fields, each under 128 bytes."""
    return b"".join(bytes([number << 3 | 2, len(value)]) + value for number, value in fields)


def test_packed_dimensions_and_half_a_reference(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    numbers = np.array([[1, 2], [3, 4]], "<f4")
    tensor = message((1, b"\x02\x02"), (8, b"emap"), (9, numbers.tobytes())) + b"\x10\x01"  # data type 1
    np.testing.assert_array_equal(stored_matrix(message((7, message((5, tensor)))), path, LAST), numbers)
    lost = message((1, b"\x02\x02"), (8, b"emap"), (13, message((1, b"offset"), (2, b"0")))) + b"\x10\x01"
    with pytest.raises(WeightsError, match="cannot read its stored tensor 'emap'"):
        stored_matrix(message((7, message((5, lost)))), path, LAST)
    odd = message((1, b"\x02\x02"), (13, message((1, b"location"), (2, b"a\x00b")))) + b"\x10\x01"
    with pytest.raises(WeightsError, match="beside it"):
        external_files(message((7, message((5, odd)))), path)


@pytest.mark.parametrize("data", [b"\x3b", b"\x3a\x05ab", b"\x38" + b"\xff" * 12 + b"\x01", b"\x3a"])
def test_broken_messages_are_refused(data: bytes) -> None:
    with pytest.raises(WeightsError, match="not an ONNX network: get a whole copy"):
        external_files(data, Path("n.onnx"))
