"""Face decoder, shared by the swapped face Y_{r,t} and the reconstruction Y_{t,t}."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot.encoder import SILU_GAIN, PixelNorm, ResidualBlock, start

GUIDE_CHANNELS = 48
"""Pixels of the input picture (6) and of X_t (6), the target's normals (3), mask (1), mean gain (3), brightness
of the octaves (12), colour of the octaves of X_t (12), by how much the input's own normals differ (3), and the atlas'
shading (2), 0 without an atlas."""
GATES = ((0.45, 0.45), (1.2, 1.2), (0.15, 0.5), (0.55, 0.8), (0.0, 0.5), (0.0, 0.4))
"""Where the gates start, brightness and colour of each octave: about the best constants on training pairs."""
REMAINDER_GATES = ((0.6, 0.6), (0.5, 0.5), (0.4, 0.4), (0.3, 0.3), (0.1, 0.1))
"""Where the gates of what remains start: of the mean, then of each octave."""
COLOUR_MAP_OUTPUTS = 5 + 4 * len(GATES) + 2 * len(REMAINDER_GATES)
"""Log-gain (3), saturation, bias, the gates of the octaves of X_t and of X_r, and those of what remains."""
ATLAS_OUTPUTS = 2
"""Two more with an atlas of lamps: the gates of its light, brightness and colour. They start at 0."""
SATURATION = 3
"""Where it stands among them: 0 keeps colour as deep as it is."""
PAINT_OUTPUTS = 3


class FaceDecoder(nn.Module):
    """From F^4 upwards, each level joined by its skip connection; what comes out lies at half the side.

    Args:
        channels: of F^1 .. F^4.
        blocks: residual blocks per level; the last, where the gates are decided, has one more.
        outputs: FIELD_OUTPUTS for the field [ours], PAINT_OUTPUTS for repainting [paper].
        guided: whether the last level reads the guide [ours]: what the gates decide on.

    Source: [paper] for skips and sharing; [ours] for the layers and the last level.
    """

    def __init__(self, channels: tuple[int, int, int, int], blocks: int, outputs: int, guided: bool):
        super().__init__()
        self.guided = guided
        self.narrows = nn.ModuleList(nn.Conv2d(channels[k + 1], channels[k], 1) for k in (2, 1, 0))
        self.joins = nn.ModuleList(nn.Conv2d(2 * channels[k], channels[k], 3, padding=1) for k in (2, 1, 0))
        self.levels = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(channels[k]) for _ in range(blocks)), PixelNorm(channels[k]))
            for k in (2, 1, 0)
        )
        width = channels[0]
        guide = GUIDE_CHANNELS if guided else 0
        self.join_last = nn.Conv2d(width + guide, width, 3, padding=1)
        self.level_last = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks + 1)), PixelNorm(width))
        self.head = nn.Conv2d(width, outputs, 3, padding=1)
        for layer in (*self.narrows, *self.joins, self.join_last):
            start(layer)  # type: ignore[arg-type]
        start(self.head, SILU_GAIN)
        if guided:
            # An untrained field is then the same for every pixel: the mean gain and the constant gates.
            nn.init.zeros_(self.head.weight)
            constants = [torch.tensor(gates).flatten() for gates in (GATES, GATES, REMAINDER_GATES)]
            with torch.no_grad():
                self.head.bias[5:COLOUR_MAP_OUTPUTS] = torch.cat(constants)  # type: ignore[index]

    def clear_saturation(self) -> None:
        """Let colour keep its depth in every picture; nor has the output a gradient, where there are some."""
        for values in (self.head.weight, self.head.bias):
            assert values is not None
            values.data[SATURATION] = 0.0
            if values.grad is not None:
                values.grad[SATURATION] = 0.0

    def forward(
        self,
        skips: list[Tensor],
        bottleneck: Float[Tensor, "batch channels low low"],
        guide: Float[Tensor, "batch 48 half half"],
    ) -> Float[Tensor, "batch outputs half half"]:
        """Decode.

        Args:
            skips: three levels, finest first: F_Y for the swapped face, F_{X_t} for the reconstruction.
            bottleneck: F^4 of the picture that is changed.
            guide: see GUIDE_CHANNELS; ignored when not guided.

        Returns:
            Raw outputs, unbounded, at half the side.
        """
        values = bottleneck
        for level, skip in enumerate(reversed(skips)):
            values = torch.cat([_double(self.narrows[level](values)), skip.to(values.dtype)], dim=1)
            values = self.levels[level](self.joins[level](values))
        if self.guided:
            values = torch.cat([values, guide.to(values.dtype)], dim=1)
        raw: Tensor = self.head(F.silu(self.level_last(self.join_last(values))))
        return raw


def _double(values: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch channels twice twice"]:
    return F.interpolate(values, scale_factor=2.0, mode="bilinear", align_corners=False)
