"""From a run to the file that ships: averaged weights, kept as half floats, as ONNX, and checked against torch."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from aotface.errors import UsageError, WeightsError
from aotface.face.visibility.network import shuffled
from aotface.face.visibility.view import VIEW_SIDE
from aotface.media.files import show, write_bytes
from aotface.media.onnx_runtime import open_session
from aotface.training.visibility.net import Probabilities, VisibilityNet

TOLERANCE = 0.02
"""Largest difference of a probability that half floats may make; the mean is a thousandth of it."""

SMALLEST_HALF = 64
"""Numbers in an array from which keeping it as half floats saves anything."""

OPSET = 18


def export(net: VisibilityNet, path: Path, overwrite: bool = False) -> float:
    """Write a network and compare what the file gives.

    Args:
        net: on the CPU.
        path: the ``.onnx`` file.
        overwrite: replace an existing file.

    Returns:
        The largest difference of a probability from torch's, in full precision.

    Raises:
        UsageError: the onnx package is not installed.
        WeightsError: the file differs too much; nothing is written.
    """
    probabilities = Probabilities(net).eval()
    data = to_onnx(probabilities)
    found = max(difference(probabilities, data, seed) for seed in range(3))
    if not found <= TOLERANCE:
        raise WeightsError(
            f"{show(path)}: a probability differs by {found:.3g} from torch's, allowed is {TOLERANCE}"
        )
    write_bytes(path, data, overwrite)
    return found


def to_onnx(probabilities: nn.Module, planes: int = 3, any_size: bool = False) -> bytes:
    """The file's bytes: one face, weights as half floats that are cast when it is loaded.

    Args:
        probabilities: the network, which ends in probabilities.
        planes: that it is shown.
        any_size: of a piece of the view; otherwise of the whole.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise UsageError("writing the network needs the onnx package: pip install onnx") from None
    buffer: Any = io.BytesIO()
    values = torch.rand(1, planes, VIEW_SIDE, VIEW_SIDE)
    options: dict[str, Any] = {"dynamo": False, "opset_version": OPSET}
    if any_size:
        options["dynamic_axes"] = {name: {2: "height", 3: "width"} for name in ("input", "output")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter is the older one
        torch.onnx.export(
            probabilities, (values,), buffer, input_names=["input"], output_names=["output"], **options
        )
    model = onnx.load_from_string(buffer.getvalue())
    kept, casts = [], []
    for value in model.graph.initializer:
        array = numpy_helper.to_array(value)
        if array.dtype == np.float32 and array.size >= SMALLEST_HALF:
            kept.append(numpy_helper.from_array(array.astype(np.float16), value.name + "_half"))
            casts.append(
                helper.make_node("Cast", [value.name + "_half"], [value.name], to=onnx.TensorProto.FLOAT)
            )
        else:
            kept.append(value)
    nodes = [*casts, *model.graph.node]
    for field, items in ((model.graph.initializer, kept), (model.graph.node, nodes)):
        del field[:]
        field.extend(items)
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def difference(probabilities: nn.Module, data: bytes, seed: int) -> float:
    """Largest difference of a probability on a made-up smooth picture."""
    coarse = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
    picture = nn.functional.interpolate(coarse, size=(VIEW_SIDE, VIEW_SIDE), mode="bicubic").clamp(0, 1)
    with torch.inference_mode():
        wanted = probabilities(picture)[0].numpy()
    found = open_session(data).run(None, {"input": picture.numpy()})[0][0]
    return float(np.abs(shuffled(found) - shuffled(wanted)).max())
