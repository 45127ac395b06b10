"""Face decoder, shared by the swapped face Y_{r,t} and the reconstruction Y_{t,t}."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transport.encoder import SILU_GAIN, ResidualBlock, start

GUIDE_CHANNELS = 16
"""Pixels of the input picture (6), log light of X_t (3), normals (3), mask (1), smooth matching (3)."""
LAST_CHANNELS = 16
FIELD_OUTPUTS = 5
PAINT_OUTPUTS = 3


class FaceDecoder(nn.Module):
    """From F^4 upwards, each level joined by its skip connection, then one thin level at the full side.

    Args:
        channels: of F^1 .. F^4.
        blocks: residual blocks per level.
        outputs: FIELD_OUTPUTS for the field [ours], PAINT_OUTPUTS for repainting [paper].
        guided: whether the last level reads the guide at full side [ours]: cast shadows have edges that no
            level below it can follow.

    Source: [paper] for skips and sharing; [ours] for the layers and the last level.
    """

    def __init__(self, channels: tuple[int, int, int, int], blocks: int, outputs: int, guided: bool):
        super().__init__()
        self.guided = guided
        self.narrows = nn.ModuleList(nn.Conv2d(channels[k + 1], channels[k], 1) for k in (2, 1, 0))
        self.joins = nn.ModuleList(nn.Conv2d(2 * channels[k], channels[k], 3, padding=1) for k in (2, 1, 0))
        self.levels = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(channels[k]) for _ in range(blocks))) for k in (2, 1, 0)
        )
        self.narrow_last = nn.Conv2d(channels[0], LAST_CHANNELS, 1)
        guide = GUIDE_CHANNELS if guided else 0
        self.join_last = nn.Conv2d(LAST_CHANNELS + guide, LAST_CHANNELS, 3, padding=1)
        self.level_last = ResidualBlock(LAST_CHANNELS)
        self.head = nn.Conv2d(LAST_CHANNELS, outputs, 3, padding=1)
        for layer in (*self.narrows, *self.joins, self.narrow_last, self.join_last):
            start(layer)  # type: ignore[arg-type]
        start(self.head, SILU_GAIN)
        if guided:
            # An untrained field is then exactly the smooth matching that it is added to.
            nn.init.zeros_(self.head.weight)

    def forward(
        self,
        skips: list[Tensor],
        bottleneck: Float[Tensor, "batch channels low low"],
        guide: Float[Tensor, "batch 16 side side"],
    ) -> Float[Tensor, "batch outputs side side"]:
        """Decode.

        Args:
            skips: three levels, finest first: F_Y for the swapped face, F_{X_t} for the reconstruction.
            bottleneck: F^4 of the picture that is changed.
            guide: see GUIDE_CHANNELS; ignored when not guided.

        Returns:
            Raw outputs, unbounded, at the full side.
        """
        values = bottleneck
        for level, skip in enumerate(reversed(skips)):
            values = torch.cat([_double(self.narrows[level](values)), skip.to(values.dtype)], dim=1)
            values = self.levels[level](self.joins[level](values))
        values = _double(self.narrow_last(values))
        if self.guided:
            values = torch.cat([values, guide.to(values.dtype)], dim=1)
        raw: Tensor = self.head(F.silu(self.level_last(self.join_last(values))))
        return raw


def _double(values: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch channels twice twice"]:
    return F.interpolate(values, scale_factor=2.0, mode="bilinear", align_corners=False)
