"""Tiny ONNX networks with the signatures of swappers, embedders and converters, so that their answers are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16

Shapes = dict[str, Sequence[int | str]]


def save(
    path: Path,
    nodes: list,
    inputs: Shapes,
    outputs: Shapes,
    stored: dict[str, np.ndarray] | None = None,
    kind: int = FLOAT,
    beside: str = "",
) -> Path:
    """Write a graph; ``beside``: file for its stored tensors."""
    entries = [helper.make_tensor_value_info(key, kind, shape) for key, shape in inputs.items()]
    results = [helper.make_tensor_value_info(key, kind, shape) for key, shape in outputs.items()]
    tensors = [numpy_helper.from_array(value, key) for key, value in (stored or {}).items()]
    graph = helper.make_graph(nodes, "tiny", entries, results, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    words = {"save_as_external_data": True, "location": beside, "size_threshold": 0} if beside else {}
    onnx.save(model, path, **words)
    return path


def vector_swapper(
    path: Path,
    side: int | str = 64,
    count: int = 3,
    names: tuple[str, str] = ("target", "source"),
    gain: Sequence[float] = (1, 1, 1),
    bias: Sequence[float] = (0, 0, 0),
    last: np.ndarray | None = None,
    mask: str = "",
    kind: int = FLOAT,
    beside: str = "",
) -> Path:
    """Answers ``target * gain + bias + vector[:3]`` by channels.

    ``last``: one more stored tensor, as inswapper's; ``mask``: a second output's name, 1 on the left half, put first.
    """
    dtype = np.float16 if kind == HALF else np.float32
    target, source = names
    planes = {"gain": np.array(gain, dtype), "bias": np.array(bias, dtype)}
    stored = {key: value.reshape(1, 3, 1, 1) for key, value in planes.items()}
    numbers = {"first": [0], "third": [3], "axis": [1], "shape": [1, 3, 1, 1]}
    nodes = [helper.make_node("Constant", [], [key], value_ints=value) for key, value in numbers.items()]
    nodes += [
        helper.make_node("Slice", [source, "first", "third", "axis"], ["three"]),
        helper.make_node("Reshape", ["three", "shape"], ["shift"]),
        helper.make_node("Mul", [target, "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["biased"]),
        helper.make_node("Add", ["biased", "shift"], ["output"]),
    ]
    outputs: Shapes = {"output": [1, 3, side, side]}
    if mask:
        left = np.zeros((1, 1, int(side), int(side)), dtype)
        left[..., : int(side) // 2] = 1
        stored["left"] = left
        nodes.append(helper.make_node("Identity", ["left"], [mask]))
        outputs = {mask: [1, 1, side, side]} | outputs
    if last is not None:
        stored["emap"] = last
    inputs: Shapes = {source: [1, count], target: [1, 3, side, side]}  # source first, as some have it
    return save(path, nodes, inputs, outputs, stored, kind, beside)


def picture_swapper(path: Path, side: int = 64, source_side: int = 64) -> Path:
    """Answers with the mean colour of the source's picture everywhere."""
    nodes = [
        helper.make_node("ReduceMean", ["source"], ["colour"], axes=[2, 3]),
        helper.make_node("Sub", ["target", "target"], ["nothing"]),
        helper.make_node("Add", ["nothing", "colour"], ["output"]),
    ]
    inputs: Shapes = {"target": [1, 3, side, side], "source": [1, 3, source_side, source_side]}
    return save(path, nodes, inputs, {"output": [1, 3, side, side]})


def mean_colour(path: Path, side: int = 64, count: int = 3) -> Path:
    """An embedding: the mean of each channel, then zeros."""
    nodes = [
        helper.make_node("ReduceMean", ["face"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Concat", ["means", "rest"], ["embedding"], axis=1),
    ]
    stored = {"rest": np.zeros((1, count - 3), np.float32)}
    return save(path, nodes, {"face": [1, 3, side, side]}, {"embedding": [1, count]}, stored)


def converter(path: Path, matrix: np.ndarray) -> Path:
    """An embedding times a matrix."""
    nodes = [helper.make_node("MatMul", ["input", "matrix"], ["converted"])]
    rows, columns = matrix.shape
    return save(path, nodes, {"input": [1, rows]}, {"converted": [1, columns]}, {"matrix": matrix})
