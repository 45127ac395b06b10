"""The visibility network: a U-Net of five levels behind a pixel-unshuffle, small enough for one core."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.face.visibility.classes import OUTPUTS, Surface


@dataclass(frozen=True)
class Size:
    """``widths``: channels at a half, a quarter ... of the side. ``blocks``: convolutions at each level on the way down.
    ``last``: channels before the logits."""

    widths: tuple[int, ...] = (16, 32, 48, 80, 112)
    blocks: tuple[int, ...] = (0, 1, 2, 2, 2)
    last: int = 24


class Convolution(nn.Module):
    """3 x 3, batch norm, ReLU; at export the norm melts into the weights."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.weights = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d _h _w"]:
        """One layer."""
        return F.relu(self.norm(self.weights(x)), inplace=True)


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Two layers and their input."""
        return x + self.second(self.first(x))


class VisibilityNet(nn.Module):
    """Logits of every pixel: one softmax over the surfaces, one sigmoid for the lens.

    Source: Ronneberger et al., "U-Net", 2015; pixel shuffle: Shi et al., 2016. Shortcuts are joined: added ones learnt thin
    frames at half the pace.
    """

    def __init__(self, size: Size | None = None):
        super().__init__()
        self.size = size or Size()
        widths = self.size.widths
        self.enter = Convolution(12, widths[0])
        self.down, self.encode = nn.ModuleList(), nn.ModuleList()
        for level, (width, blocks) in enumerate(zip(widths, self.size.blocks, strict=True)):
            if level:
                self.down.append(Convolution(widths[level - 1], width, stride=2))
            self.encode.append(_stack(width, blocks, residual=level > 1))
        self.narrow, self.decode = nn.ModuleList(), nn.ModuleList()
        for level in range(len(widths) - 1):
            self.narrow.append(nn.Conv2d(widths[level + 1], widths[level], 1))
            self.decode.append(Convolution(2 * widths[level], widths[level] if level else self.size.last))
        self.leave = nn.Conv2d(self.size.last, 4 * OUTPUTS, 1)

    def forward(self, pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n outputs h w"]:
        """Pictures 0..1; height and width divisible by 32."""
        return F.pixel_shuffle(self.quarters(pictures), 2)

    def quarters(self, pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n quarters _h _w"]:
        """The logits before the shuffle: ``outputs x 4`` channels at half the side."""
        return self.after_entry(self.enter(F.pixel_unshuffle(pictures - 0.5, 2)))

    def after_entry(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n quarters h w"]:
        """All but the first layer."""
        kept = []
        for level, encode in enumerate(self.encode):
            x = encode(self.down[level - 1](x) if level else x)
            kept.append(x)
        for level in reversed(range(len(self.decode))):
            x = F.interpolate(self.narrow[level](x), scale_factor=2.0, mode="nearest")
            x = self.decode[level](torch.cat((x, kept[level]), 1))
        return self.leave(x)


class Probabilities(nn.Module):
    """The network as it is exported: probabilities of each pixel's four quarters, which the runtime shuffles into place.

    A softmax and a pixel shuffle of 256 x 256 x 12 take ONNX Runtime longer than all the convolutions; for the same reason
    the first layer reads the picture itself, not the unshuffled one.
    """

    def __init__(self, net: VisibilityNet):
        super().__init__()
        self.net = net
        weights = (
            net.enter.weights.weight.detach()
        )  # 3 x 3 on the unshuffled picture: 6 x 6 with stride 2 on itself
        outputs = len(weights)
        kernel = weights.reshape(outputs, 3, 2, 2, 3, 3).permute(0, 1, 4, 2, 5, 3).reshape(outputs, 3, 6, 6)
        self.kernel = nn.Parameter(kernel.clone(), requires_grad=False)

    def forward(self, pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n outputs 4 _h _w"]:
        """Pictures 0..1."""
        entry = F.conv2d(pictures - 0.5, self.kernel, stride=2, padding=2)
        logits = self.net.after_entry(F.relu(self.net.enter.norm(entry))).clamp(-30, 30)
        n, _, height, width = logits.shape
        logits = logits.reshape(n, OUTPUTS, 4, height, width)
        shares = logits[:, : len(Surface)].exp()
        return torch.cat((shares / shares.sum(1, keepdim=True), logits[:, len(Surface) :].sigmoid()), 1)


def _stack(width: int, blocks: int, residual: bool) -> nn.Sequential:
    parts: Sequence[nn.Module] = [
        Residual(width) if residual else Convolution(width, width) for _ in range(blocks)
    ]
    return nn.Sequential(*parts)
