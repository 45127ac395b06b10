"""`xception`: a small Xception, from random weights: no package holds trained ones. Expect little of it on few samples.

Source: Chollet, "Xception", 2017: separable convolutions in residual blocks; widths and depth here are ours.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aotface.forensics.detectors.base import FitSettings, fit_network

FRAMES = 1

WIDTHS = (24, 48, 96, 192)


class Block(nn.Module):
    """Two separable convolutions, then half the size; beside them a flat shortcut."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.deep = nn.Sequential(
            *separable(before, after), nn.ReLU(), *separable(after, after), nn.MaxPool2d(3, 2, 1)
        )
        self.short = nn.Sequential(nn.Conv2d(before, after, 1, 2, bias=False), nn.BatchNorm2d(after))

    def forward(
        self, maps: Float[Tensor, "n before rows columns"]
    ) -> Float[Tensor, "n after half_rows half_columns"]:
        """Maps of half the size."""
        total: Tensor = self.deep(maps) + self.short(maps)
        return torch.relu(total)


def separable(before: int, after: int) -> tuple[nn.Module, ...]:
    """A convolution of each channel, one across channels, and a normalisation."""
    each = nn.Conv2d(before, before, 3, 1, 1, groups=before, bias=False)
    return each, nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after)


class SmallXception(nn.Module):
    """A logit for each frame; the clip's is their mean."""

    from_chance = True

    def __init__(self) -> None:
        super().__init__()
        blocks = [Block(a, b) for a, b in zip(WIDTHS[:-1], WIDTHS[1:], strict=True)]
        start = (nn.Conv2d(3, WIDTHS[0], 3, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
        self.body = nn.Sequential(*start, *blocks)
        self.head = nn.Linear(WIDTHS[-1], 1)

    def forward(self, clips: Float[Tensor, "n frames 3 side side"]) -> Float[Tensor, " n"]:
        """Mean logit over the frames."""
        n, frames = clips.shape[:2]
        maps = self.body(clips.flatten(0, 1) * 2 - 1)
        values: Tensor = self.head(maps.mean((2, 3)))
        return values.view(n, frames).mean(1)


def network(settings: FitSettings, trained: bool = True) -> SmallXception:
    """See `Kind.network`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return SmallXception()


fit = fit_network
