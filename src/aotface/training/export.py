"""From a run to weights that ship: averaged, fp16, and in the header all that builds the network."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from aotface.errors import UsageError, WeightsError
from aotface.media.files import check_output, show, write_bytes
from aotface.media.weights import in_order
from aotface.training.card import card
from aotface.training.checkpoint import load_checkpoint
from aotface.training.config import TrainConfig
from aotface.training.onnx import write_onnx
from aotface.training.session import load_run_config
from aotface.transfer.aot.generator import SIZES, RelightingGenerator
from aotface.transfer.aot.onnx_write import made_up

HALF_TOLERANCE = 0.05
"""Largest difference of a pixel, of a range of 2, that rounding the weights to fp16 may make."""


def export(
    run: Path,
    out: Path,
    overwrite: bool = False,
    onnx: Path | None = None,
    light_side: int | None = None,
) -> dict[str, float]:
    """Write the averaged generator of a run's checkpoint, and a model card beside it.

    Args:
        run: folder of a training run (``config.json`` and a checkpoint).
        out: the ``.safetensors`` file; the card has its name and ends in ``.md``.
        overwrite: replace existing files.
        onnx: where to write the same network as ONNX, if anywhere.
        light_side: of the octaves of light, see `transport.generator.Options`; left out, as in the run.

    Returns:
        What was checked: ``fp16``, and ``onnx`` where it was written: the largest difference of a pixel
        (-1..1) from the network in full precision, and of the ONNX file from the fp16 weights.

    Raises:
        UsageError: the folder holds no run, or a name does not fit.
        WeightsError: the checkpoint is broken, or a check failed; then nothing is left.
    """
    for path, suffix in ((out, ".safetensors"), (onnx, ".onnx")):
        if path is not None and path.suffix != suffix:
            raise UsageError(f"{show(path)}: expected a name that ends in {suffix}")
    places = [path for path in (out, out.with_suffix(".md"), onnx) if path is not None]
    for path in places:
        check_output(path, overwrite)
    config, saved = load_run_config(run), load_checkpoint(run)
    if light_side is not None:
        config = replace(config, options=replace(config.options, light_side=light_side))
    if saved is None:
        raise UsageError(f"{show(run)}: expected a checkpoint of `aotface train`, found none")
    halves: dict[str, Tensor] = {k: v.to(torch.float16).contiguous() for k, v in saved.average.items()}
    generator = _build(config, {k: v.float() for k, v in halves.items()}, run)
    found = {"fp16": _difference(_build(config, saved.average, run), generator)}
    if not found["fp16"] <= HALF_TOLERANCE:
        raise WeightsError(
            f"{show(run)}: rounding to fp16 moves a pixel by {found['fp16']:.3g}, "
            f"allowed is {HALF_TOLERANCE}; train with a lower learning rate"
        )
    if onnx is not None:
        found["onnx"] = write_onnx(generator, onnx, overwrite)
    write_bytes(out, in_order(save(halves, _facts(config, saved.step))), overwrite)
    text = card(run, out, config, saved.step, sum(v.numel() for v in halves.values()), onnx)
    write_bytes(out.with_suffix(".md"), text.encode(), overwrite)
    return found


def _facts(config: TrainConfig, step: int) -> dict[str, str]:
    return {
        "format": "1",
        "size": config.size,
        "options": json.dumps(asdict(config.options), sort_keys=True),
        "steps": str(step),
        "batch": str(config.batch * config.accumulate),
        "seed": str(config.seed),
    }


def _build(config: TrainConfig, state: dict[str, Tensor], run: Path) -> RelightingGenerator:
    generator = RelightingGenerator(SIZES[config.size], config.options)
    try:
        generator.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{show(run)}: the checkpoint does not fit config.json ({reason})") from None
    return generator.eval()


def _difference(generator: RelightingGenerator, other: RelightingGenerator) -> float:
    """Largest difference of a pixel on a made-up face; NaN where one of them is."""
    inputs = made_up(generator.input_side)
    with torch.inference_mode():
        return float((generator(*inputs).swapped - other(*inputs).swapped).abs().max())
