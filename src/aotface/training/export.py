"""From a training run to weights that ship: averaged generator, fp16, with everything needed to build it in the header."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from aotface.errors import UsageError
from aotface.media.files import replacing
from aotface.training.checkpoint import load_checkpoint


def export(run: Path, out: Path, overwrite: bool = False) -> Path:
    """Write the averaged generator of a run's checkpoint.

    Args:
        run: folder of a training run (``config.json`` and a checkpoint).
        out: the ``.safetensors`` file.
        overwrite: replace an existing file.

    Returns:
        ``out``.

    Raises:
        UsageError: the folder holds no run.
    """
    saved = load_checkpoint(run)
    config_path = run / "config.json"
    if saved is None or not config_path.exists():
        raise UsageError(f"{run}: expected config.json and a checkpoint of `aotface train`, found none")
    config = json.loads(config_path.read_text())
    facts = {
        "format": "1",
        "size": config["size"],
        "options": json.dumps(config["options"], sort_keys=True),
        "steps": str(saved.step),
        "batch": str(config["batch"] * config["accumulate"]),
        "seed": str(config["seed"]),
    }
    halves: dict[str, Tensor] = {k: v.to(torch.float16).contiguous() for k, v in saved.average.items()}
    with replacing(out, overwrite) as path:
        save_file(halves, path, metadata=facts)
    return out

