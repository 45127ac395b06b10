"""Checkpoints that cannot carry code: every tensor in one safetensors file, plain numbers in its header."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from aotface.errors import WeightsError
from aotface.media.files import show, write_bytes

NAME = "checkpoint.safetensors"
_NETWORKS, _OPTIMISERS = ("generator", "average", "discriminators"), ("optimiser", "rival", "game")
State = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on; the random numbers need nothing, they follow from seed and step.

    ``generator``, ``discriminators``: their parameters. ``average``: the generator's, averaged. ``optimiser``,
    ``rival``, ``game``: state of the optimisers. ``watch``: running numbers of the look at divergence.
    """

    step: int
    generator: State
    average: State
    discriminators: State
    optimiser: dict[str, Any]
    rival: dict[str, Any]
    watch: dict[str, float] = field(default_factory=dict)
    game: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: Checkpoint) -> None:
    """Write one file, whole or not at all."""
    tensors: State = {}
    for part in _NETWORKS:
        tensors |= {f"{part}/{k}": v for k, v in getattr(state, part).items()}
    plain: dict[str, Any] = {"step": state.step, "watch": state.watch}
    for part in _OPTIMISERS:
        whole = getattr(state, part)
        if not whole:
            continue
        plain[part] = whole["param_groups"]
        for index, values in whole["state"].items():
            tensors |= {f"{part}/{index}/{k}": torch.as_tensor(v) for k, v in values.items()}
    # Copies: no two names may share memory, and safetensors writes memory as it lies (ours is channels-last).
    copies = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_bytes(folder / NAME, save(copies, {"run": json.dumps(plain)}), overwrite=True)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Read it back; None when there is none.

    Raises:
        WeightsError: the file is broken, or not a checkpoint.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            plain = json.loads((file.metadata() or {})["run"])
        tensors = load_file(str(path))
        return _sorted(plain, tensors)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{show(path)}: expected a checkpoint of `aotface train` ({reason})") from None


def _sorted(plain: dict[str, Any], tensors: State) -> Checkpoint:
    parts: dict[str, State] = {name: {} for name in _NETWORKS}
    states: dict[str, dict[int, State]] = {name: {} for name in _OPTIMISERS if name in plain}
    for name, value in tensors.items():
        part, rest = name.split("/", 1)
        # Copies, because the file is only mapped and the next checkpoint takes its place.
        if part in parts:
            parts[part][rest] = value.clone()
        else:
            index, key = rest.split("/", 1)
            states[part].setdefault(int(index), {})[key] = value.clone()
    optimisers = {
        name: {"state": states[name], "param_groups": plain[name]} if name in states else {}
        for name in _OPTIMISERS
    }
    return Checkpoint(plain["step"], **parts, **optimisers, watch=plain.get("watch", {}))
