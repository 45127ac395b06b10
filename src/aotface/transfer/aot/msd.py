"""Mix-and-segment discriminator: which part of a mixed face is swapped and which is reconstructed?"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot.encoder import LAST_SCALE, SILU_GAIN, PixelNorm, start

SMALLEST, LARGEST = 0.25, 0.75


class Mixed(NamedTuple):
    """``y_mix``: the mixed face. ``m``: +1 where Y_{r,t} shows, -1 where Y_{t,t}, 0 outside; soft edges."""

    y_mix: Float[Tensor, "batch 3 height width"]
    m: Float[Tensor, "batch 1 height width"]


def random_sides(
    mask: Float[Tensor, "batch 1 height width"], generator: torch.Generator
) -> Float[Tensor, "batch 1 height width"]:
    """+1 and -1 on the two sides of an axis-aligned rectangle that lies at random over each face.

    Args:
        mask: the face; the rectangle's centre falls into its bounding box, and it is a quarter to three
            quarters of the box wide and high.
        generator: on the CPU, so that the same seed gives the same rectangles on every device.

    Returns:
        +1 or -1 everywhere; which of them lies inside the rectangle is a matter of chance.
    """
    draws = torch.rand(mask.shape[0], 5, generator=generator).to(mask.device)
    inside = torch.ones(mask.shape, dtype=torch.bool, device=mask.device)
    for k, axis in enumerate((3, 2)):
        occupied = mask.amax(5 - axis, keepdim=True) > 0.5
        length = mask.shape[axis]
        at = torch.arange(length, device=mask.device).view([-1 if d == axis else 1 for d in range(4)])
        low = torch.where(occupied, at, length).amin(axis, keepdim=True)
        high = torch.where(occupied, at, -1).amax(axis, keepdim=True)
        low, high = low.clamp_max(length - 1).float(), high.clamp_min(0).float()
        extent = (high - low).clamp_min(0.0) + 1.0
        centre = low + draws[:, 2 * k].view(-1, 1, 1, 1) * (extent - 1.0)
        size = (SMALLEST + (LARGEST - SMALLEST) * draws[:, 2 * k + 1].view(-1, 1, 1, 1)) * extent
        inside = inside & ((at - centre).abs() <= size / 2.0)
    flip = torch.where(draws[:, 4] < 0.5, -1.0, 1.0).view(-1, 1, 1, 1)
    return torch.where(inside, 1.0, -1.0) * flip


def mix(
    y_rt: Float[Tensor, "batch 3 height width"],
    y_tt: Float[Tensor, "batch 3 height width"],
    mask: Float[Tensor, "batch 1 height width"],
    generator: torch.Generator,
    whole: float = 0.0,
) -> Mixed:
    """Mix the swapped and the reconstructed face by a random three-valued mask.

    Y_mix = max(M, 0) Y_{r,t} + (1 - max(M, 0)) Y_{t,t}. Source: [paper].

    Args:
        y_rt: the swapped face.
        y_tt: the reconstructed face, or the photograph itself.
        mask: the face.
        generator: see random_sides.
        whole: share of the faces that are one or the other as a whole, without a rectangle [ours].
    """
    sides = random_sides(mask, generator)
    if whole:
        draws = torch.rand(len(mask), 2, 1, 1, 1, generator=generator).to(mask.device)
        sides = torch.where(draws[:, 0] < whole, torch.where(draws[:, 1] < 0.5, -1.0, 1.0), sides)
    m = sides * mask
    shown = m.clamp_min(0.0)
    return Mixed(shown * y_rt + (1.0 - shown) * y_tt, m)


def accuracy(
    told: Float[Tensor, "batch 1 height width"], m: Float[Tensor, "batch 1 height width"]
) -> list[float]:
    """Balanced accuracy per pixel of each face: the mean of how many swapped and how many real pixels were told.

    Args:
        told: predicted M; its sign counts.
        m: true M; pixels at soft edges do not count. A side without a pixel counts as half right.

    Returns:
        0..1 for each face; .5 is chance.
    """
    found = []
    for one, true in zip(told, m, strict=True):
        sides = [(true * sign > 0.5, one * sign > 0) for sign in (1.0, -1.0)]
        right = [float(yes[side].float().mean()) if side.any() else 0.5 for side, yes in sides]
        found.append(sum(right) / 2)
    return found


class MixAndSegmentDiscriminator(nn.Module):
    """Encoder-decoder that predicts M from Y_mix; works at a part of the picture's side inside.

    Which side of an edge is the swapped one, only what lies around the face can tell: the deepest level must see that
    far. Three levels see 48 px at half the side; every further one doubles that, and so does each doubling of ``fold``.
    With torch's own start the signal dies on the way, and the network stays at chance for hundreds of steps
    (docs/log/2026-11-29-games.md).

    Args:
        channels: at 1/fold, 1/(2 fold), 1/(4 fold) ... of the side; two levels at least.
        fold: side of the square of pixels that is one place inside.

    Source: [paper] for the task; [ours] for the layers.
    """

    def __init__(self, channels: tuple[int, ...], fold: int = 2):
        super().__init__()
        self.fold = fold
        self.enter = nn.Conv2d(3 * fold**2, channels[0], 3, padding=1)
        steps = list(zip(channels[:-1], channels[1:], strict=True))
        self.downs = nn.ModuleList(nn.Conv2d(fine, deep, 4, stride=2, padding=1) for fine, deep in steps)
        self.norms = nn.ModuleList(PixelNorm(width) for width in channels)
        self.middle = nn.Conv2d(channels[-1], channels[-1], 3, padding=1)
        self.narrows = nn.ModuleList(nn.Conv2d(deep, fine, 1) for fine, deep in steps)
        self.ups = nn.ModuleList(nn.Conv2d(2 * fine, fine, 3, padding=1) for fine, _ in steps)
        self.leave = nn.Conv2d(channels[0], fold**2, 3, padding=1)
        for layer in (self.enter, *self.downs, self.middle, *self.narrows, *self.ups):
            start(layer, SILU_GAIN)  # type: ignore[arg-type]
        start(self.leave, LAST_SCALE)

    def forward(self, y_mix: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 1 height width"]:
        """Predicted M in -1..1; height and width are multiples of fold * 2 ** (levels - 1)."""
        levels = [self.norms[0](F.silu(self.enter(F.pixel_unshuffle(y_mix, self.fold))))]
        for down, norm in zip(self.downs, self.norms[1:], strict=True):
            levels.append(norm(F.silu(down(levels[-1]))))
        values = F.silu(self.middle(levels.pop()))
        for narrow, up, level in zip(
            reversed(self.narrows), reversed(self.ups), reversed(levels), strict=True
        ):
            values = F.interpolate(narrow(values), scale_factor=2.0, mode="nearest")
            values = F.silu(up(torch.cat([values, level], dim=1)))
        return torch.tanh(F.pixel_shuffle(self.leave(values), self.fold).float())
