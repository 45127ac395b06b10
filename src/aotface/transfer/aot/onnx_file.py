"""The network as an ONNX file that gives the field alone: made once, kept among the user's settings.

What onnxruntime needs for the packaged networks is packaged, see `onnx_graph`; this is for other networks and libraries.
"""

from pathlib import Path

from torch import Tensor, nn

from aotface.errors import UsageError
from aotface.media.folder import make_folder
from aotface.settings import settings_folder
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.onnx_write import ANSWER_INPUTS, write_checked

OUTPUTS = ("gain", "saturation", "bias", "lit")
VERSION = 3
"""Raised when the same weights begin to need another file."""


class ColourMapOnly(nn.Module):
    """The networks without the atlas' fit and without a picture: the field is laid on the face at the face's own size."""

    def __init__(self, generator: RelightingGenerator):
        super().__init__()
        self.generator = generator

    def forward(
        self, x_r: Tensor, x_t: Tensor, geometry: Tensor, mask: Tensor, geometry_r: Tensor, light: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gain, saturation, bias, and the part of the gain that is the atlas'."""
        seen = light if self.generator.atlas is not None else None
        made = self.generator.answer(x_r, x_t, geometry, mask, geometry_r, seen)
        assert made.field is not None  # see `write_colour_map_network`
        lit = 0.0 * light[:, :3] if made.lit is None else made.lit
        return made.field.gain, made.field.saturation, made.field.bias, lit


def kept_file(generator: RelightingGenerator, sha256: str) -> Path:
    """The ONNX file of these weights: the one that is kept, or a new one.

    Args:
        generator: on the CPU, with a field for its head.
        sha256: of its weights; with the side it names the file.

    Returns:
        The path of a whole file.

    Raises:
        UsageError: the exporter is not installed, or the network paints instead of giving a field.
        WeightsError: the file would not give what torch gives.
        UnwritableError: the folder of settings cannot be written.
    """
    folder = settings_folder() / "onnx"
    path = folder / f"{sha256[:32]}-{generator.input_side}-{VERSION}.onnx"
    if not path.is_file():
        make_folder(folder)
        write_colour_map_network(generator, path)
    return path


def write_colour_map_network(generator: RelightingGenerator, path: Path) -> float:
    """Write the file, run it, and compare; whoever writes at the same time writes the same.

    Inputs: `onnx_write.ANSWER_INPUTS`. Outputs:
    ``gain`` 1x3, ``saturation`` 1x1, ``bias`` 1x3, ``lit`` 1x3, a part of ``gain``: see `transport.field`.

    Args:
        generator: on the CPU.
        path: the ``.onnx`` file; replaced if it is there.

    Returns:
        The largest difference of any output from torch's.

    Raises:
        UsageError, WeightsError: see `kept_file`; nothing is left then.
    """
    if generator.options.head != "field":
        raise UsageError("expected a network that gives a field, these weights paint: use --backend torch")
    advice = "another backend than torch needs the onnx package, once for each weights: pip install 'aotface[onnx]'"
    return write_checked(
        ColourMapOnly(generator), path, OUTPUTS, generator.input_side, advice, True, ANSWER_INPUTS
    )
