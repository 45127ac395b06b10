"""The generator as an ONNX file: fixed size, one face at a time, and checked against torch."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aotface.errors import UsageError, WeightsError
from aotface.media.files import replacing, show
from aotface.transport.generator import RelightingGenerator

OPSET = 18
TOLERANCE = 2e-3
"""Largest difference of an output from torch's, of a range of 2: a quarter of an 8-bit step, 2/255."""

INPUTS = ("x_r", "x_t", "geometry", "mask", "geometry_r")
FIELD_OUTPUTS = ("swapped", "gain", "saturation", "bias")


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

    Inputs, all float32 at ``generator.input_side``: ``x_r``, ``x_t`` 1x3, sRGB -1..1; ``geometry`` 1x6, normals and
    PNCC of the target's mesh; ``mask`` 1x1, 0..1; ``geometry_r`` as ``geometry``, of X_r's own mesh. Outputs:
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
    flat, side = _Flat(generator).eval(), generator.input_side
    names = FIELD_OUTPUTS if generator.options.head == "field" else FIELD_OUTPUTS[:1]
    with replacing(path, overwrite) as temporary:
        _export(flat, made_up(side, seed=1), temporary, names)
        tries = (made_up(side, seed=1), made_up(side, seed=2), made_up(side, seed=3, grey=True))
        found = max(_difference(flat, temporary, inputs) for inputs in tries)
        if not found <= TOLERANCE:
            raise WeightsError(
                f"{show(path)}: expected the outputs of torch, but one differs by {found:.3g} "
                f"(allowed {TOLERANCE}); nothing was written: "
                "please report this with the versions of torch and onnxruntime"
            )
    return found


def _export(flat: nn.Module, inputs: tuple[Tensor, ...], path: Path, names: tuple[str, ...]) -> None:
    # The older exporter: the newer one needs packages that nothing else here does.
    options: dict[str, Any] = {"dynamo": False, "opset_version": OPSET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is older, and that shapes are fixed
        try:
            torch.onnx.export(flat, inputs, path, input_names=INPUTS, output_names=names, **options)
        except (ImportError, torch.onnx.errors.OnnxExporterError) as error:
            reason = " ".join(str(error).split())[:160]
            raise UsageError(
                f"{show(path)}: --onnx needs the onnx package: pip install onnx ({reason})"
            ) from None


def _difference(flat: nn.Module, path: Path, inputs: tuple[Tensor, ...]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {name: values.numpy() for name, values in zip(INPUTS, inputs, strict=True)})
    with torch.inference_mode():
        wanted = flat(*inputs)
    return max(float(np.abs(one - other.numpy()).max()) for one, other in zip(found, wanted, strict=True))


def made_up(side: int, seed: int = 0, grey: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Inputs of the right shape and range: two smooth pictures, a half ball, and a disc for the mask."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 3, 5, 5, generator=random) * 1.6 - 0.8
    pictures = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(-1, 1)
    if grey:
        pictures[1] = pictures[1, :1]
    at = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    inside = (x * x + y * y < 0.64).float()
    normals = torch.stack([x / 0.8, y / 0.8, (1 - (x * x + y * y) / 0.64).clamp_min(0).sqrt()]) * inside
    geometry = torch.cat([normals, (normals * 0.5 + 0.5) * inside])
    own = torch.cat([normals.flip(1), (normals * 0.5 + 0.5) * inside])
    return pictures[:1], pictures[1:], geometry[None], inside[None, None], own[None]
