"""The transfer `aot`: the trained network finds a colour map; what is known to go wrong in such maps is put right."""

from dataclasses import dataclass

from aotface.errors import InputError
from aotface.options import BACKENDS
from aotface.transfer import LISTED, TransferSettings
from aotface.transfer.aot.apply import bf16_is_fast, transport_full
from aotface.transfer.aot.backends import Finder, open_finder, version_of
from aotface.transfer.aot.both_sides import without_one_sided_light
from aotface.transfer.aot.bounds import bound_octaves
from aotface.transfer.aot.brows import hold_brows
from aotface.transfer.aot.change import ColourMapChange
from aotface.transfer.aot.checkpoint import load_trained
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, find_colour_map
from aotface.transfer.aot.eyes import limit_eye_whites
from aotface.transfer.aot.fine_detail import without_target_detail
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.highlights import limit_highlights, with_targets_shine
from aotface.transfer.aot.network import Network
from aotface.transfer.aot.nose import warm_nostrils
from aotface.transfer.base import FacePair, Maps, Recoloured

NAME = "aot"


@dataclass(frozen=True)
class AotTransfer:
    """The network as a transfer.

    ``generator``: what runs, of ``network``; its convolutions are rounded where ``bf16`` is. ``finder``: another library
    that finds the map in its stead. ``backend``: who computes.
    """

    network: Network
    generator: RelightingGenerator
    device: str = "cpu"
    bf16: bool = False
    finder: Finder | None = None
    backend: str = BACKENDS[0]
    name: str = NAME
    summary: str = LISTED[NAME].summary

    @property
    def smooth(self) -> bool:
        """Whether the network gives maps; some paint pictures instead."""
        return self.generator.options.head == "field"

    def find(self, pair: FacePair) -> ColourMapChange | Recoloured:
        """What the network does to one face; see `aotface.transfer.base.Transfer`."""
        if self.smooth:
            return ColourMapChange(self.colour_map(pair), self.device)
        small = pair.small
        inputs = (pair.reenacted, small.target, small.mask, small.geometry, self.bf16, small.own_geometry)
        return Recoloured(transport_full(self.network.generator, *inputs))

    def restore(self, temporal: Maps) -> ColourMapChange:
        """The change of a colour map.

        Raises:
            InputError: the network paints, and has no maps.
        """
        if not self.smooth:
            raise InputError("these weights paint and give no maps: find the change again")
        return ColourMapChange(temporal, self.device)

    def identity(self) -> dict[str, str | None]:
        """The hash of the weights, and the version of another backend than torch."""
        found: dict[str, str | None] = {"model_sha256": self.network.sha256 or None}
        if self.backend != BACKENDS[0]:
            found["backend"] = version_of(self.backend)
        return found

    def colour_map(self, pair: FacePair) -> ColourMapArray:
        """The map that is applied to X_r: the network's, put right: fine detail, brows, light, what stands out, eyes."""
        small = pair.small
        given = (pair.reenacted, small.target, small.mask, small.geometry, self.bf16, small.own_geometry)
        parts = find_colour_map(self.generator, *given, self.finder)
        assert parts is not None  # it is a network that gives maps
        own, theirs = small.own_landmarks, small.landmarks
        found = without_target_detail(parts.field, parts.lit, small.mask, small.own_geometry)
        found = parts.with_light(found)
        found = without_one_sided_light(found, small)
        found = limit_highlights(found, small.reenacted, small.mask)
        found = bound_octaves(found, small)
        found = warm_nostrils(hold_brows(found, small), small)
        found = with_targets_shine(found, small)
        return limit_eye_whites(found, small.reenacted, small.target, own, theirs)


def open_transfer(settings: TransferSettings) -> AotTransfer:
    """Load the network.

    Args:
        settings: ``weights`` are a packaged name, a file made by `aotface export`, or a run's checkpoint. Other backends
            than torch run on the CPU.

    Raises:
        UsageError: the backend is not installed, or cannot do what these weights do.
        WeightsError: the weights cannot be used.
    """
    if settings.backend != BACKENDS[0]:
        network = load_trained(settings.weights)
        finder = open_finder(settings.backend, network.generator, network.sha256)
        return AotTransfer(network, network.generator, finder=finder, backend=settings.backend)
    network, bf16 = load_trained(settings.weights, settings.device), bf16_is_fast(settings.device)
    generator = network.rounded if bf16 else network.generator
    return AotTransfer(network, generator, settings.device, bf16)
