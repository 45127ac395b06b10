"""NOTPE, neural optimal transport plan estimation: a small network per level moves each pixel's vector."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot.encoder import PIXEL_CHANNELS, SILU_GAIN, start

LAST_SCALE = 1.0


class Omega(nn.Module):
    """Omega_k: 1x1 convolutions only, so no pixel ever sees its neighbours.

    Source: [paper] for v_y = Omega(v_r, [X_r, X_t]); [ours] for the residual form and the input v_t.
    """

    def __init__(self, channels: int, hidden: int, target_features: bool):
        super().__init__()
        self.target_features = target_features
        # One 1x1 layer over a concatenation, written as a sum over its parts.
        self.enter = nn.Conv2d(channels, hidden, 1)
        self.enter_pixels = nn.Conv2d(2 * PIXEL_CHANNELS, hidden, 1, bias=False)
        self.enter_target = nn.Conv2d(channels, hidden, 1, bias=False) if target_features else None
        self.middle = nn.Conv2d(hidden, hidden, 1)
        self.leave = nn.Conv2d(hidden, channels, 1)
        for layer in (self.enter, self.enter_pixels, self.enter_target):
            if layer is not None:
                start(layer, 3.0**-0.5)
        start(self.middle, SILU_GAIN)
        start(self.leave, LAST_SCALE)

    def forward(
        self,
        v_r: Float[Tensor, "batch channels height width"],
        pixels: Float[Tensor, "batch 12 height width"],
        v_t: Float[Tensor, "batch channels height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        """v_y for every pixel; ``pixels`` holds X_r and X_t there, each display-encoded and as log light."""
        hidden = self.enter(v_r) + self.enter_pixels(pixels)
        if self.enter_target is not None:
            hidden = hidden + self.enter_target(v_t)
        hidden = F.silu(self.middle(F.silu(hidden)))
        return v_r + self.leave(hidden)


class NOTPE(nn.Module):
    """The transport plan of all three levels: F_Y^k = Omega_k(F_{X_r}^k, [X_r, X_t]).

    Args:
        channels: of F^1 .. F^3.
        hidden: width of each Omega.
        target_features: let Omega also read v_t of the same pixel [ours].
        enabled: off gives v_y = v_r, an ablation.

    Source: [paper], figure "NOTPE".
    """

    def __init__(
        self, channels: tuple[int, ...], hidden: int, target_features: bool = True, enabled: bool = True
    ):
        super().__init__()
        self.omegas = nn.ModuleList(Omega(width, hidden, target_features) for width in channels if enabled)

    def forward(
        self, features_r: list[Tensor], pixels: list[Tensor], features_t: list[Tensor]
    ) -> list[Tensor]:
        """Move every pixel of every level; three lists, finest level first."""
        levels = enumerate(zip(features_r, pixels, features_t, strict=True))
        return [self.move(level, *parts) for level, parts in levels]

    def move(
        self,
        level: int,
        v_r: Float[Tensor, "batch channels height width"],
        pixels: Float[Tensor, "batch 12 height width"],
        v_t: Float[Tensor, "batch channels height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        """Move the vectors of one level, laid out in any way: a picture, or a column of sampled pixels."""
        if not self.omegas:
            return v_r
        moved: Tensor = self.omegas[level](v_r, pixels, v_t)
        return moved


def pixel_pyramid(
    pixels_r: Float[Tensor, "batch 6 side side"], pixels_t: Float[Tensor, "batch 6 side side"], levels: int
) -> list[Tensor]:
    """[X_r, X_t] scaled to each level: the area mean over each feature's pixels."""
    scaled = torch.cat([pixels_r, pixels_t], dim=1)
    pyramid = []
    for _ in range(levels):
        scaled = F.avg_pool2d(scaled, 2)
        pyramid.append(scaled)
    return pyramid
