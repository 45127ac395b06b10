"""The generator as an ONNX file: fixed size, one face at a time, and checked against torch."""

from pathlib import Path

from torch import Tensor, nn

from aotface.media.files import show
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.onnx_write import write_checked

COLOUR_MAP_OUTPUTS = ("swapped", "gain", "saturation", "bias")


class _Flat(nn.Module):
    """The generator with plain tensors for outputs."""

    def __init__(self, generator: RelightingGenerator):
        super().__init__()
        self.generator = generator

    def forward(
        self, x_r: Tensor, x_t: Tensor, geometry: Tensor, mask: Tensor, geometry_r: Tensor
    ) -> tuple[Tensor, ...]:
        made = self.generator(x_r, x_t, geometry, mask, geometry_r)
        if made.field is None:
            return (made.swapped,)
        return made.swapped, made.field.gain, made.field.saturation, made.field.bias


def write_onnx(generator: RelightingGenerator, path: Path, overwrite: bool = False) -> float:
    """Write the file, run it, and compare.

    Inputs: `swap.onnx_write.INPUTS`. Outputs:
    ``swapped`` 1x3; and for the field ``gain`` 1x3, ``saturation`` 1x1, ``bias`` 1x3, from which a picture of
    any size is made: see `transport.field`.

    Args:
        generator: on the CPU.
        path: the ``.onnx`` file.
        overwrite: replace an existing file.

    Returns:
        The largest difference of any output from torch's.

    Raises:
        UsageError: the exporter is not installed.
        WeightsError: the file does not give what torch gives; it is not left.
    """
    flat, side = _Flat(generator), generator.input_side
    names = COLOUR_MAP_OUTPUTS if generator.options.head == "field" else COLOUR_MAP_OUTPUTS[:1]
    advice = f"{show(path)}: --onnx needs the onnx package: pip install onnx"
    return write_checked(flat, path, names, side, advice, overwrite)
