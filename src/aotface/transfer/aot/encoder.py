"""Perceptual encoder: one network for X_r and X_t; the face's geometry joins at every level but the last.

No normalisation over the picture or the batch anywhere: absolute exposure is what the method is about.
Vectors are scaled pixel by pixel, each by its own length; without that a chain of ten layers multiplied every
small growth, and training ran into saturated activations within a few hundred steps.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

GEOMETRY_CHANNELS = 6
PIXEL_CHANNELS = 6
"""Display-encoded RGB and the logarithm of linear light."""
LAST_SCALE = 0.1
SILU_GAIN = 1.7
"""SiLU shrinks a unit normal signal by about this factor."""


class PixelNorm(nn.Module):
    """Each pixel's vector at root mean square 1, times a learnt scale per channel; pixel by pixel.

    Source: Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(
        self, values: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Same shape in and out."""
        length = values.square().mean(1, keepdim=True).add(1e-4).rsqrt()
        return values * length * self.weight.to(values.dtype)


class ResidualBlock(nn.Module):
    """x + conv3(SiLU(conv3(SiLU(norm x)))), the last convolution small at first: depth stays stable."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        start(self.first, SILU_GAIN)
        start(self.last, LAST_SCALE)

    def forward(
        self, values: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Same shape in and out."""
        return values + self.last(F.silu(self.first(F.silu(self.norm(values)))))


def start(layer: nn.Conv2d, gain: float = 1.0) -> None:
    """Random weights that pass a signal on ``gain`` times as strong, and no bias.

    Without normalisation, torch's own start loses two thirds of the signal in each layer: at F^4 nothing of
    the picture would be left.
    """
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain / fan_in**0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class PerceptualEncoder(nn.Module):
    """F^1 .. F^3 with growing channels and shrinking size, and the bottleneck F^4.

    Args:
        channels: of F^1 .. F^4, multiples of 16; their sides are 1/2, 1/4, 1/8, 1/16 of the input's.
        blocks: residual blocks per level.
        geometry: whether normals and PNCC join F^1 .. F^3 (off: an ablation).

    Source: [paper] for the levels, the sharing and the geometry; [ours] for the layers.
    """

    def __init__(self, channels: tuple[int, int, int, int], blocks: int, geometry: bool = True):
        super().__init__()
        inputs = (4 * (PIXEL_CHANNELS + 2), *channels[:3])
        self.entries = nn.ModuleList(
            nn.Conv2d(fan_in, fan_out, 3, padding=1, stride=1 if level == 0 else 2)
            for level, (fan_in, fan_out) in enumerate(zip(inputs, channels, strict=True))
        )
        self.levels = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)), PixelNorm(width))
            for width in channels
        )
        # A 1x1 layer over the concatenation [F^k, geometry] is the sum of a 1x1 layer over each part; apart,
        # the geometry's part is computed once for X_r and X_t, and channel counts stay multiples of 16.
        self.merges = nn.ModuleList()
        self.shapes = nn.ModuleList()
        if geometry:
            self.merges.extend(nn.Conv2d(width, width, 1) for width in channels[:3])
            self.shapes.extend(nn.Conv2d(GEOMETRY_CHANNELS, width, 1, bias=False) for width in channels[:3])
        for layer in (*self.entries, *self.merges, *self.shapes):
            start(layer)  # type: ignore[arg-type]

    def forward(
        self,
        pixels: Float[Tensor, "pictures 6 side side"],
        mask: Float[Tensor, "pictures 1 side side"],
        geometry: Float[Tensor, "faces 6 side side"],
    ) -> list[Tensor]:
        """Encode pictures of the same faces.

        Args:
            pixels: display-encoded RGB -1..1 and log light, about -1..1.
            mask: the face, 0..1.
            geometry: normals -1..1 and PNCC 0..1; ``pictures`` is a whole multiple of ``faces`` (X_r and X_t
                stacked).

        Returns:
            F^1, F^2, F^3, F^4.
        """
        copies = pixels.shape[0] // geometry.shape[0]
        # The last channel is empty: 4 x 8 = 32 channels stay on the fast bf16 path, 4 x 7 = 28 fall off it.
        values = F.pixel_unshuffle(torch.cat([pixels, mask * 2.0 - 1.0, mask * 0.0], dim=1), 2)
        features = []
        for level, (entry, blocks) in enumerate(zip(self.entries, self.levels, strict=True)):
            values = blocks(entry(values))
            if level < len(self.merges):
                geometry = F.avg_pool2d(geometry, 2)
                shape = self.shapes[level](geometry)
                values = self.merges[level](values) + (shape if copies == 1 else torch.cat([shape] * copies))
            features.append(values)
        return features
