"""The trained relighting generator: found by name, checked, loaded."""

import copy
import functools
import json
from dataclasses import dataclass, fields

import torch

from aotface.errors import WeightsError
from aotface.media.weights import find_weights, load_safetensors, read_facts, sha256
from aotface.options import DEFAULTS
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator

DEFAULT_WEIGHTS = DEFAULTS.weights
"""Name of the packaged weights that `aot` uses unless told otherwise."""


@dataclass(frozen=True)
class Network:
    """A generator with the identity of its weights. ``facts``: of the file's header."""

    generator: RelightingGenerator
    sha256: str
    facts: dict[str, str]

    @functools.cached_property
    def rounded(self) -> RelightingGenerator:
        """The generator with its convolutions' weights in bfloat16: what autocast would make of them at every call."""
        rounded = copy.deepcopy(self.generator)
        for module in rounded.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.bfloat16()
        return rounded


@functools.cache
def load_network(weights: str = DEFAULT_WEIGHTS, device: str = "cpu") -> Network:
    """Open weights and build the generator they belong to.

    Args:
        weights: packaged name or path of a ``.safetensors`` file made by `aotface export`.
        device: where it runs.

    Raises:
        WeightsError: no such file, or it does not fit any generator of ours.
    """
    path = find_weights(weights)
    facts = read_facts(path)
    size, options = facts.get("size", ""), facts.get("options", "{}")
    known = {field.name for field in fields(Options)}
    try:
        chosen = json.loads(options)
        if size not in SIZES or not isinstance(chosen, dict) or not set(chosen) <= known:
            raise ValueError(f"size {size!r}, options {options}")
        generator = RelightingGenerator(SIZES[size], Options(**chosen))
        generator.load_state_dict({k: v.float() for k, v in load_safetensors(path).items()})
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(
            f"{path.name}: expected weights made by `aotface export`, found something else ({reason})"
        ) from error
    generator = generator.to(device).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    return Network(generator, sha256(path), facts)
