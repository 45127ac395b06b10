"""The face models of Google's MediaPipe (TensorFlow Lite) as ONNX files, as `src/aotface/face/models` holds them.

    python -m venv /tmp/convert && /tmp/convert/bin/pip install tf2onnx==1.17.0 tensorflow-cpu==2.21.0
    /tmp/convert/bin/python scripts/convert_face_models.py FOLDER_OF_TFLITE_FILES

Two changes are made, neither of which changes an output beyond rounding:
- A PReLU becomes ``a * x + (1 - a) * relu(x)`` as two depthwise convolutions of one pixel: ONNX Runtime keeps these in
  its blocked layout. The landmark model takes 6 ms so, and 15 ms with PReLU.
- Weights that are half floats in the original are kept as half floats and cast when the model is loaded.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

MODELS = {
    "face_landmarks_detector.tflite": "face_landmarks.onnx",
    "face_blendshapes.tflite": "face_blendshapes.onnx",
    "face_detection_short_range.tflite": "face_detection_short_range.onnx",
    "face_detection_full_range.tflite": "face_detection_full_range.onnx",
    "palm_detection_lite.tflite": "palm_detection.onnx",
    "hand_landmark_lite.tflite": "hand_landmarks.onnx",
}

OUT = Path(__file__).parent.parent / "src/aotface/face/models"

SMALLEST_HALF = 64
"""Numbers in an array from which keeping it as half floats saves anything."""


def convert(source: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        words = [sys.executable, "-m", "tf2onnx.convert", "--tflite", str(source), "--output", str(raw)]
        subprocess.run([*words, "--opset", "17"], check=True, capture_output=True)
        model = onnx.load(raw)
    split_prelu(model.graph)
    shorten_names(model.graph)
    keep_halves(model.graph)
    model.producer_name, model.doc_string = "", ""
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{out.name}: {out.stat().st_size / 1e6:.2f} MB")


def constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    return {value.name: numpy_helper.to_array(value) for value in graph.initializer}


def split_prelu(graph: onnx.GraphProto) -> None:
    """``prelu(x) = a x + (1 - a) relu(x)``, each product as a depthwise convolution of one pixel."""
    known, nodes = constants(graph), []
    for node in graph.node:
        if node.op_type != "PRelu":
            nodes.append(node)
            continue
        (x, name), (out,) = node.input, node.output
        slope = known[name].astype(np.float32).reshape(-1, 1, 1, 1)
        for part, values in (("slope", slope), ("rest", 1 - slope)):
            graph.initializer.append(numpy_helper.from_array(values, f"{out}/{part}"))
        shape = {"group": len(slope), "kernel_shape": [1, 1]}
        nodes += [
            helper.make_node("Relu", [x], [f"{out}/relu"]),
            helper.make_node("Conv", [x, f"{out}/slope"], [f"{out}/below"], **shape),
            helper.make_node("Conv", [f"{out}/relu", f"{out}/rest"], [f"{out}/above"], **shape),
            helper.make_node("Add", [f"{out}/below", f"{out}/above"], [out]),
        ]
    replace(graph.node, nodes)
    used = {name for node in graph.node for name in node.input}
    replace(graph.initializer, [value for value in graph.initializer if value.name in used])


def shorten_names(graph: onnx.GraphProto) -> None:
    """Numbers instead of the original's paths; inputs and outputs become ``input`` and ``output_N``."""
    new = {value.name: f"output_{n}" for n, value in enumerate(graph.output)}
    new[graph.input[0].name] = "input"

    def short(name: str) -> str:
        return new.setdefault(name, str(len(new))) if name else name

    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = short(value.name)
    for number, node in enumerate(graph.node):
        node.name = f"n{number}"
        names = [short(name) for name in node.input], [short(name) for name in node.output]
        replace(node.input, names[0])
        replace(node.output, names[1])
    replace(graph.value_info, [])


def keep_halves(graph: onnx.GraphProto) -> None:
    casts, values = [], []
    for value in graph.initializer:
        array = numpy_helper.to_array(value)
        half = array.astype(np.float16) if array.dtype == np.float32 else array
        if (
            array.dtype != np.float32
            or array.size < SMALLEST_HALF
            or (half.astype(np.float32) != array).any()
        ):
            values.append(value)
            continue
        values.append(numpy_helper.from_array(half, f"{value.name}h"))
        casts.append(
            helper.make_node(
                "Cast", [f"{value.name}h"], [value.name], f"c{value.name}", to=onnx.TensorProto.FLOAT
            )
        )
    replace(graph.initializer, values)
    replace(graph.node, [*casts, *graph.node])


def replace(field, values) -> None:
    values = list(values)
    del field[:]
    field.extend(values)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, converted in MODELS.items():
        convert(Path(sys.argv[1]) / name, OUT / converted)
