"""Write the network's graph without its weights: what `aotface.transfer.aot.onnx_graph` reads.

    python scripts/make_onnx_graph.py [WEIGHTS ...]

Run it after a change of the generator that changes what it computes (and raise `VERSION` there). Needs the onnx package.
Prints the largest difference from torch.
"""

import argparse
import gzip
import tempfile
import warnings
from pathlib import Path

import onnx
import torch

from aotface.transfer.aot import onnx_graph
from aotface.transfer.aot.backends import open_finder
from aotface.transfer.aot.checkpoint import load_trained
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.onnx_file import OUTPUTS, ColourMapOnly
from aotface.transfer.aot.onnx_write import ANSWER_INPUTS, OPSET, made_up, made_up_light

FOLDER = Path(onnx_graph.__file__).with_name("graphs")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", nargs="*", default=["aot_small", "aot_permissive"])
    for weights in parser.parse_args().weights:
        generator = load_trained(weights).generator
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / onnx_graph.graph_name(generator)
        path.write_bytes(gzip.compress(graph_of(generator), 9, mtime=0))
        print(
            f"{weights}: {path.name}, {path.stat().st_size:,} bytes, {difference(generator):.2g} from torch"
        )


def graph_of(generator: RelightingGenerator) -> bytes:
    """The graph as ONNX; its weights are said to lie elsewhere."""
    flat = ColourMapOnly(generator).eval()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        path = Path(folder) / "whole.onnx"
        torch.onnx.export(
            flat,
            inputs_of(generator, 1),
            path,
            input_names=list(ANSWER_INPUTS),
            output_names=list(OUTPUTS),
            dynamo=False,
            opset_version=OPSET,
            do_constant_folding=False,  # folded weights would have lost their names
        )
        model = onnx.load(path)
    names = set(flat.state_dict())
    for weight in model.graph.initializer:
        if weight.name in names:
            weight.ClearField("raw_data")
            weight.data_location = onnx.TensorProto.EXTERNAL
            place = weight.external_data.add()
            place.key, place.value = "location", onnx_graph.ELSEWHERE
    for node in model.graph.node:
        node.doc_string = ""
    return bytes(model.SerializeToString())


def inputs_of(generator: RelightingGenerator, seed: int) -> tuple[torch.Tensor, ...]:
    """A made-up face, as the networks see it."""
    face = made_up(generator.input_side, seed)
    return (*face, made_up_light(face))


def difference(generator: RelightingGenerator) -> float:
    """The largest difference of any output from torch's."""
    inputs = inputs_of(generator, 2)
    found = open_finder("onnx", generator, "").run(
        dict(zip(ANSWER_INPUTS, [values.numpy() for values in inputs], strict=True))
    )
    with torch.inference_mode():
        wanted = ColourMapOnly(generator)(*inputs)
    return max(float(abs(one - other.numpy()).max()) for one, other in zip(found, wanted, strict=True))


if __name__ == "__main__":
    main()
