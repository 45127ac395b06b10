"""The generator without a learned number: matching of mean light, light by direction, and what then remains.

What training buys is what the network does better than this. The first map is the gain between the two faces' mean light;
its gates are 0, those of the second map `GATE`, and nothing is added freely.
"""

import copy
from functools import lru_cache

import torch
from torch import Tensor, nn

from aotface.transfer import LISTED, TransferSettings
from aotface.transfer.aot.decoder import COLOUR_MAP_OUTPUTS, REMAINDER_GATES
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator
from aotface.transfer.aot.network import Network
from aotface.transfer.aot.transfer import AotTransfer

FORMULA = "formula"
"""Its name among transfers."""

GATE = 0.7
"""How much of what remains after the first map is let through, in every octave, brightness and colour."""

SIDE = 128
"""Side at which light is compared, pixels."""


class _Constant(nn.Module):
    """A decoder that answers the same everywhere."""

    def __init__(self) -> None:
        super().__init__()
        outputs = torch.zeros(1, COLOUR_MAP_OUTPUTS, 1, 1)
        outputs[:, -2 * len(REMAINDER_GATES) :] = GATE
        self.outputs = nn.Parameter(outputs, requires_grad=False)

    def forward(self, skips: list[Tensor], bottleneck: Tensor, guide: Tensor) -> Tensor:
        return self.outputs.expand(len(guide), -1, *guide.shape[-2:])


class _Nothing(nn.Module):
    """An encoder that sees nothing."""

    def forward(self, images: Tensor, mask: Tensor, shapes: Tensor) -> list[Tensor]:
        return [images[:, :1, :1, :1]] * 4


class _Unmoved(nn.Module):
    """A plan that moves nothing."""

    def forward(
        self, features_r: list[Tensor], pixels: list[Tensor], features_t: list[Tensor]
    ) -> list[Tensor]:
        return features_r


@lru_cache(maxsize=1)
def formula_generator() -> RelightingGenerator:
    """The generator whose networks are replaced by constants; the rest of it is what ships."""
    generator = RelightingGenerator(SIZES["tiny"], Options(side=SIDE))
    generator.encoder, generator.notpe, generator.decoder = _Nothing(), _Unmoved(), _Constant()  # type: ignore[assignment]
    return generator.eval()


def open_transfer(settings: TransferSettings) -> AotTransfer:
    """The formula as a transfer: like the network's in all else, but without weights.

    Source: [ours].
    """
    generator = copy.deepcopy(formula_generator()).to(settings.device)
    summary = LISTED[FORMULA].summary
    return AotTransfer(Network(generator, "", {}), generator, settings.device, name=FORMULA, summary=summary)
