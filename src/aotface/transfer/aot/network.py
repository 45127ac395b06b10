"""The trained relighting generator, found by name, checked, ready to move crops: the transfer `aot`."""

import copy
import functools
import json
from dataclasses import dataclass, fields, replace

import cv2
import torch

from aotface.errors import WeightsError
from aotface.face.render import render
from aotface.media.weights import find_weights, load_safetensors, read_facts, sha256
from aotface.options import DEFAULTS
from aotface.transfer.aot.apply import bf16_is_fast, transport_full
from aotface.transfer.aot.backends import Finder, open_finder
from aotface.transfer.aot.brows import without_brows
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, apply_colour_map_array, find_colour_map
from aotface.transfer.aot.eyes import limit_eye_whites
from aotface.transfer.aot.formula import FORMULA, formula_generator
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator
from aotface.transfer.aot.highlights import limit_highlights
from aotface.types import Crop, Landmarks, Mask

DEFAULT_WEIGHTS = DEFAULTS.weights
"""Name of the packaged weights that `aot` uses unless told otherwise."""


@dataclass(frozen=True)
class Network:
    """A generator with the identity of its weights; ``finder`` computes its fields in torch's stead."""

    generator: RelightingGenerator
    sha256: str
    facts: dict[str, str]
    finder: Finder | None = None

    @functools.cached_property
    def rounded(self) -> RelightingGenerator:
        """The generator with its convolutions' weights in bfloat16: what autocast would make of them at every call."""
        rounded = copy.deepcopy(self.generator)
        for module in rounded.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.bfloat16()
        return rounded

    def transport(
        self,
        reenacted: Crop,
        target: Crop,
        mask: Mask,
        landmarks: Landmarks,
        bf16: bool,
        own_landmarks: Landmarks | None = None,
    ) -> Crop:
        """Move X_r under the target's appearance.

        Args:
            reenacted: X_r, any side from the target's upwards.
            target: X_t, side x side x 3.
            mask: visible face, side x side.
            landmarks: of the target, in the target crop's pixels.
            bf16: run the networks in bfloat16.
            own_landmarks: of X_r, in the same pixels; left out, the target's.

        Returns:
            Y at the side of ``reenacted``.
        """
        field = self.find(reenacted, target, mask, landmarks, bf16, own_landmarks)
        if field is not None:
            return apply_colour_map_array(reenacted, field, next(self.generator.parameters()).device.type)
        geometry = render(landmarks, len(target))
        own = None if own_landmarks is None else render(own_landmarks, len(target))
        return transport_full(self.generator, reenacted, target, mask, geometry, bf16, own)

    def find(
        self,
        reenacted: Crop,
        target: Crop,
        mask: Mask,
        landmarks: Landmarks,
        bf16: bool,
        own_landmarks: Landmarks | None = None,
    ) -> ColourMapArray | None:
        """The map that `transport` lays on X_r, eyes and shine calmed; see there. None from networks that repaint."""
        geometry = render(landmarks, len(target))
        own = None if own_landmarks is None else render(own_landmarks, len(target))
        if self.finder is not None:
            field: ColourMapArray | None = self.finder.find(reenacted, target, mask, geometry, own)
        else:
            generator = self.rounded if bf16 else self.generator
            field = find_colour_map(generator, reenacted, target, mask, geometry, bf16, own)
        if field is None or own_landmarks is None:
            return field
        size = (len(target), len(target))
        small = (
            reenacted
            if len(reenacted) == len(target)
            else cv2.resize(reenacted, size, interpolation=cv2.INTER_AREA)
        )
        field = without_brows(field, own_landmarks, landmarks, len(target))
        field = limit_highlights(field, small, mask)
        return limit_eye_whites(field, small, target, own_landmarks, landmarks)


@functools.cache
def load_network(weights: str = DEFAULT_WEIGHTS, device: str = "cpu") -> Network:
    """Open weights and build the generator they belong to.

    Args:
        weights: packaged name or path of a ``.safetensors`` file made by `aotface export`; "formula" has none.
        device: where it runs.

    Raises:
        WeightsError: no such file, or it does not fit any generator of ours.
    """
    if weights == FORMULA:
        return Network(copy.deepcopy(formula_generator()).to(device), FORMULA, {})
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


@functools.cache
def load_network_for(backend: str, weights: str = DEFAULT_WEIGHTS) -> Network:
    """As `load_network`, on the CPU, with fields that another library than torch computes: see `open_finder`.

    Raises:
        UsageError: the backend is not installed, or does not do what these weights do.
        WeightsError: see `load_network`.
    """
    network = load_network(weights)
    return replace(network, finder=open_finder(backend, network.generator, network.sha256))


def fast_precision(device: str = "cpu") -> bool:
    """Whether bfloat16 is the faster way on this device."""
    return bf16_is_fast(device)
