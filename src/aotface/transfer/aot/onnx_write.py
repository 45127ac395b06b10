"""Write a network as ONNX, run the file, and keep it only when it gives what torch gives."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aotface.errors import UsageError, WeightsError
from aotface.media.files import replacing, show
from aotface.media.onnx_runtime import open_session

OPSET = 18
TOLERANCE = 2e-3
"""Largest difference of an output from torch's: of a picture, with its range of 2, a quarter of an 8-bit step; of a gain,
which is a natural logarithm, a fifth of a per cent of light."""

INPUTS = ("x_r", "x_t", "geometry", "mask", "geometry_r")
"""All float32 at the generator's ``input_side``: ``x_r``, ``x_t`` 1x3, sRGB -1..1; ``geometry`` 1x6, normals and PNCC of the
target's mesh; ``mask`` 1x1, 0..1; ``geometry_r`` as ``geometry``, of X_r's own mesh."""

ANSWER_INPUTS = (*INPUTS, "light")
"""Of the networks without the fit of the atlas: what that finds is ``light`` 1x5, see `atlas.LampAtlas`."""


def write_checked(
    flat: nn.Module,
    path: Path,
    outputs: Sequence[str],
    side: int,
    advice: str,
    overwrite: bool,
    names: Sequence[str] = INPUTS,
) -> float:
    """Write the file, run it on made-up faces, and compare.

    Args:
        flat: takes ``names``, gives a tuple of tensors.
        path: the ``.onnx`` file.
        outputs: their names.
        side: of the inputs, pixels.
        advice: what a user can do where the exporter is missing.
        overwrite: replace an existing file.
        names: of the inputs, `INPUTS` or `ANSWER_INPUTS`.

    Returns:
        The largest difference of any output from torch's.

    Raises:
        UsageError: the exporter is not installed.
        WeightsError: the file does not give what torch gives; it is not left.
    """
    flat = flat.eval()
    with replacing(path, overwrite) as temporary:
        faces = (made_up(side, seed=1), made_up(side, seed=2), made_up(side, seed=3, grey=True))
        tries = [(*face, made_up_light(face))[: len(names)] for face in faces]
        _export(flat, tries[0], temporary, outputs, advice, names)
        found = max(_difference(flat, temporary, inputs, names) for inputs in tries)
        if not found <= TOLERANCE:
            raise WeightsError(
                f"{show(path)}: expected the outputs of torch, but one differs by {found:.3g} "
                f"(allowed {TOLERANCE}); nothing was written: "
                "please report this with the versions of torch and onnxruntime"
            )
    return found


def _export(
    flat: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    outputs: Sequence[str],
    advice: str,
    names: Sequence[str],
) -> None:
    # The older exporter: the newer one needs packages that nothing else here does.
    options: dict[str, Any] = {"dynamo": False, "opset_version": OPSET}
    with warnings.catch_warnings(), torch.no_grad():  # weights may have been read in inference mode
        warnings.simplefilter("ignore")  # that it is older, and that shapes are fixed
        try:
            torch.onnx.export(flat, inputs, path, input_names=list(names), output_names=outputs, **options)
        except (ImportError, torch.onnx.errors.OnnxExporterError) as error:
            raise UsageError(f"{advice} ({' '.join(str(error).split())[:160]})") from None


def _difference(flat: nn.Module, path: Path, inputs: tuple[Tensor, ...], names: Sequence[str]) -> float:
    session = open_session(path)
    found = session.run(None, {name: values.numpy() for name, values in zip(names, inputs, strict=True)})
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


def made_up_light(face: tuple[Tensor, ...]) -> Tensor:
    """Light for a made-up face: the slopes of its half ball."""
    return torch.cat([face[2][:, :3] - face[4][:, :3], face[2][:, :2]], dim=1)
