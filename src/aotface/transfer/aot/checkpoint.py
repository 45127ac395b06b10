"""A trained generator to be judged: exported weights, or the checkpoint of a run that still goes on."""

import json
from pathlib import Path
from typing import Any

from aotface.errors import WeightsError
from aotface.media.files import read_bytes, show
from aotface.media.weights import load_safetensors, read_facts, sha256
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator
from aotface.transfer.aot.network import Network, load_network

PART = "average/"
"""Where a checkpoint keeps the averaged generator; exported weights have no such part."""


def load_trained(weights: str, device: str = "cpu") -> Network:
    """Load what `aotface export` made, or a run's checkpoint.

    Args:
        weights: packaged name, or path; beside a ``checkpoint.safetensors`` lies the run's ``config.json``.
        device: where it runs.

    Raises:
        WeightsError: the file or its configuration is missing, or the two do not fit.
    """
    path = Path(weights).expanduser()
    if not path.is_file() or "size" in read_facts(path):
        return load_network(weights, device)
    tensors = load_safetensors(path)
    averaged = {name.removeprefix(PART): value for name, value in tensors.items() if name.startswith(PART)}
    if not averaged:
        return load_network(weights, device)  # which says what is wrong
    config = _config(path.with_name("config.json"))
    try:
        generator = RelightingGenerator(SIZES[config["size"]], Options(**config["options"]))
        generator.load_state_dict(averaged)
    except (KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{show(path)}: does not fit its config.json ({reason})") from error
    return Network(generator.to(device).eval(), sha256(path), {})


def load_generator(path: Path) -> RelightingGenerator:
    """The generator alone, on the CPU; see `load_trained`."""
    return load_trained(str(path)).generator


def _config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise WeightsError(f"{show(path)}: expected the configuration of the run beside its checkpoint")
    try:
        return dict(json.loads(read_bytes(path)))
    except ValueError as error:
        raise WeightsError(f"{show(path)}: expected JSON ({error}); get a whole copy") from error
