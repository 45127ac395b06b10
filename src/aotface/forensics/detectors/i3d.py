"""`i3d`: the flat backbone inflated to three dimensions: its filters are repeated over time and divided by their number.

Source: Carreira and Zisserman, "Quo vadis, action recognition?", 2017; the backbone here is EfficientNet-Lite0.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aotface.forensics.backbone import Backbone, Parts, open_backbone
from aotface.forensics.detectors import tuned
from aotface.forensics.detectors.base import FitSettings

FRAMES = 8

REACH = 3
"""Frames that an inflated filter sees; filters of one pixel see one frame."""


class Inflated(tuned.Tuned):
    """Features of a stack of frames."""

    def __init__(self, backbone: Backbone):
        inflate(backbone)
        super().__init__(backbone)

    def parts(self, clips: Float[Tensor, "n frames 3 side side"]) -> Parts:
        """What the frozen blocks make of each stack."""
        return self.backbone.early(clips.transpose(1, 2))

    def features(self, parts: Parts) -> Float[Tensor, "n width"]:
        """Features of each stack."""
        return self.backbone.late(parts)


def network(settings: FitSettings, trained: bool = True) -> Inflated:
    """See `Kind.network`."""
    return Inflated(open_backbone(settings.backbone, trained)).eval()


def inflate(module: nn.Module) -> None:
    """Replace every flat layer below a module by one of three dimensions that gives the same on still clips."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            setattr(module, name, _convolution(child))
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, name, _normalisation(child))
        else:
            inflate(child)


def _convolution(flat: nn.Conv2d) -> nn.Module:
    reach = REACH if flat.kernel_size[0] > 1 else 1
    (down, across), (stride_y, stride_x) = flat.kernel_size[:2], flat.stride[:2]
    pad_y, pad_x = (0, 0) if isinstance(flat.padding, str) else flat.padding[:2]
    made = nn.Conv3d(
        flat.in_channels,
        flat.out_channels,
        (reach, down, across),
        (1, stride_y, stride_x),
        (0, pad_y, pad_x),
        groups=flat.groups,
        bias=flat.bias is not None,
    )
    with torch.no_grad():
        made.weight.copy_(flat.weight[:, :, None].expand_as(made.weight) / reach)
        if flat.bias is not None and made.bias is not None:
            made.bias.copy_(flat.bias)
    static = getattr(flat, "static_padding", None)
    left, right, top, bottom = static.padding if isinstance(static, nn.ZeroPad2d) else (0, 0, 0, 0)
    sides = (left, right, top, bottom, 0, 0)
    before: list[nn.Module] = [nn.ConstantPad3d(sides, 0.0)] if any(sides) else []
    before += [nn.ReplicationPad3d((0, 0, 0, 0, reach // 2, reach // 2))] if reach > 1 else []
    return nn.Sequential(*before, made) if before else made


def _normalisation(flat: nn.BatchNorm2d) -> nn.BatchNorm3d:
    made = nn.BatchNorm3d(flat.num_features, flat.eps, flat.momentum)
    made.load_state_dict(flat.state_dict())
    return made


fit = tuned.fit
