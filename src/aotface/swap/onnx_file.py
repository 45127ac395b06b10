"""The network as an ONNX file that gives the field alone: made once, kept among the user's settings."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aotface.errors import UsageError, WeightsError
from aotface.media.files import replacing, show
from aotface.media.folder import make_folder
from aotface.provenance import authority
from aotface.transport.generator import RelightingGenerator

OPSET = 18
TOLERANCE = 2e-3
"""Largest difference of an output from torch's; the gain is a natural logarithm, so a fifth of a per cent of light."""

INPUTS = ("x_r", "x_t", "geometry", "mask", "geometry_r")
OUTPUTS = ("gain", "saturation", "bias")
VERSION = 1
"""Raised when the same weights begin to need another file."""


class _FieldOnly(nn.Module):
    """The generator without the picture: the field is laid on the face at the face's own size."""

    def __init__(self, generator: RelightingGenerator):
        super().__init__()
        self.generator = generator

    def forward(
        self, x_r: Tensor, x_t: Tensor, geometry: Tensor, mask: Tensor, geometry_r: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        field = self.generator(x_r, x_t, geometry, mask, geometry_r).field
        return field.gain, field.saturation, field.bias


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
    folder = authority.home() / "onnx"
    path = folder / f"{sha256[:32]}-{generator.input_side}-{VERSION}.onnx"
    if not path.is_file():
        make_folder(folder)
        write_field_network(generator, path)
    return path


def write_field_network(generator: RelightingGenerator, path: Path) -> float:
    """Write the file, run it, and compare; whoever writes at the same time writes the same.

    Inputs, all float32 at the network's side: ``x_r``, ``x_t`` 1x3, sRGB -1..1; ``geometry`` 1x6, normals and
    PNCC of the target's mesh; ``mask`` 1x1, 0..1; ``geometry_r`` as ``geometry``, of X_r's own mesh. Outputs:
    ``gain`` 1x3, ``saturation`` 1x1, ``bias`` 1x3: see `transport.field`.

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
    flat = _FieldOnly(generator).eval()
    with replacing(path, overwrite=True) as temporary:
        _export(flat, _any_inputs(generator.input_side, seed=1), temporary)
        tries = [_any_inputs(generator.input_side, seed) for seed in (1, 2)]
        found = max(_difference(flat, temporary, inputs) for inputs in tries)
        if not found <= TOLERANCE:
            raise WeightsError(
                f"{show(path)}: expected the outputs of torch, but one differs by {found:.3g} (allowed {TOLERANCE}); "
                "use --backend torch, and please report this with the versions of torch and onnxruntime"
            )
    return found


def _export(flat: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    # The older exporter: the newer one needs packages that nothing else here does.
    options: dict[str, Any] = {"dynamo": False, "opset_version": OPSET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is older, and that shapes are fixed
        try:
            torch.onnx.export(flat, inputs, path, input_names=INPUTS, output_names=OUTPUTS, **options)
        except (ImportError, torch.onnx.errors.OnnxExporterError) as error:
            reason = " ".join(str(error).split())[:100]
            raise UsageError(
                "another backend than torch needs the onnx package, once for each weights: "
                f"pip install 'aotface[onnx]' ({reason})"
            ) from None


def _difference(flat: nn.Module, path: Path, inputs: tuple[Tensor, ...]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {name: values.numpy() for name, values in zip(INPUTS, inputs, strict=True)})
    with torch.inference_mode():
        wanted = flat(*inputs)
    return max(float(np.abs(one - other.numpy()).max()) for one, other in zip(found, wanted, strict=True))


def _any_inputs(side: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Smooth pictures, shapes and a mask of the right size and range."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 19, 5, 5, generator=random) * 1.6 - 0.8
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(-1, 1)
    x_r, x_t, geometry, own, mask = smooth.split((3, 3, 6, 6, 1), dim=1)
    return x_r, x_t, geometry, mask * 0.5 + 0.5, own
