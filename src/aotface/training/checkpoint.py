"""Checkpoints that cannot carry code: tensors in safetensors, optimiser states as flat tensors beside them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from aotface.media.files import replacing

NAME = "checkpoint.safetensors"
State = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on; the random numbers need nothing, they follow from seed and step."""

    step: int
    generator: State
    average: State
    opponents: State
    optimiser: dict[str, Any]
    rival: dict[str, Any]


def save_checkpoint(folder: Path, state: Checkpoint) -> None:
    """Write one file, whole or not at all."""
    tensors: State = {}
    for part in ("generator", "average", "opponents"):
        tensors |= {f"{part}/{k}": v for k, v in getattr(state, part).items()}
    plain: dict[str, Any] = {"step": state.step}
    for part in ("optimiser", "rival"):
        whole = getattr(state, part)
        plain[part] = whole["param_groups"]
        for index, values in whole["state"].items():
            tensors |= {f"{part}/{index}/{k}": torch.as_tensor(v) for k, v in values.items()}
    whole_tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    facts = {"run": json.dumps(plain)}
    with replacing(folder / NAME, overwrite=True) as path:
        save_file(whole_tensors, path, metadata=facts)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Read it back; None when there is none."""
    path = folder / NAME
    if not path.exists():
        return None
    with safe_open(str(path), framework="pt") as file:
        plain = json.loads(file.metadata()["run"])
    tensors = load_file(str(path))
    parts: dict[str, Any] = {"generator": {}, "average": {}, "opponents": {}}
    states: dict[str, dict[int, State]] = {"optimiser": {}, "rival": {}}
    for name, value in tensors.items():
        part, rest = name.split("/", 1)
        if part in parts:
            parts[part][rest] = value
        else:
            index, key = rest.split("/", 1)
            states[part].setdefault(int(index), {})[key] = value
    optimisers = {k: {"state": states[k], "param_groups": plain[k]} for k in states}
    return Checkpoint(plain["step"], **parts, **optimisers)
