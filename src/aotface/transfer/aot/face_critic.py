"""Face critic: swapped or photograph, told from how strong light and colour vary over a face, octave by octave.

A smooth colour map can change all of these numbers. A segmenter has to find them first, and does not within thousands of
faces (docs/log/2026-11-29-games.md). Source: [ours].
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot.colour_map import to_linear
from aotface.transfer.aot.octaves import masked_blur

WIDTHS = tuple(sigma / 256.0 for sigma in (48.0, 24.0, 12.0, 6.0, 3.0))
"""Widths of the blurs between which octaves lie, in parts of the side."""
FLOOR, FAINT = 0.004, 1e-5
"""Linear light, and mean square of a logarithm, below which noise would rule."""
STATISTICS = 3 * (len(WIDTHS) + 1) + 2
TINY = 1e-6


def face_statistics(
    images: Float[Tensor, "batch 3 side side"], mask: Float[Tensor, "batch 1 side side"]
) -> Float[Tensor, "batch statistics"]:
    """Log of the mean square of brightness and of two colours in each octave, and the mean of the two colours.

    Brightness is the logarithm of linear luminance; colours are those of red and blue relative to it, so that no gain
    alone changes an octave of theirs.

    Args:
        images: display-encoded, -1..1.
        mask: the face, not empty.
    """
    light = to_linear(images.float()).clamp_min(0.0)
    red, green, blue = light.split(1, 1)
    brightness = torch.log((0.2126 * red + 0.7152 * green + 0.0722 * blue).clamp_min(FLOOR))
    colours = [torch.log(channel.clamp_min(FLOOR)) - brightness for channel in (red, blue)]
    values, solid = torch.cat([brightness, *colours], dim=1), mask.float().clamp_min(TINY)
    weight = solid / solid.sum((2, 3), keepdim=True)
    coarse, found = (values * weight).sum((2, 3), keepdim=True), []
    mean = coarse[:, 1:, 0, 0]
    for width in WIDTHS:
        fine = masked_blur(values, solid, width * images.shape[-1])
        found.append((fine - coarse).square().mul(weight).sum((2, 3)))
        coarse = fine
    found.append((values - coarse).square().mul(weight).sum((2, 3)))
    return torch.cat([torch.log(torch.cat(found, dim=1) + FAINT), mean], dim=1)


class FaceCritic(nn.Module):
    """A linear judge of `face_statistics`, in units of the photographs' own mean and spread."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Linear(STATISTICS, 1)
        nn.init.zeros_(self.weigh.weight)
        nn.init.zeros_(self.weigh.bias)
        self.register_buffer("mean", torch.zeros(STATISTICS))
        self.register_buffer("spread", torch.ones(STATISTICS))

    def adopt(self, statistics: Float[Tensor, "many statistics"]) -> None:
        """Take mean and spread of photographs as units."""
        self.mean.copy_(statistics.mean(0))
        self.spread.copy_(statistics.std(0) + TINY)

    def forward(self, statistics: Float[Tensor, "batch statistics"]) -> Float[Tensor, " batch"]:
        """Logit of being swapped."""
        told: Tensor = self.weigh((statistics - self.mean) / self.spread)
        return told.squeeze(1)
