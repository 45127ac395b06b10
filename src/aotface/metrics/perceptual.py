"""Perceptual distance in the features of SqueezeNet 1.0, from weights that the user has."""

import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from aotface.errors import InputError, WeightsError
from aotface.masked import Colours
from aotface.media.weights import verified_bytes
from aotface.types import Mask

FIRES = {
    2: (96, 16, 64),
    3: (128, 16, 64),
    4: (128, 32, 128),
    5: (256, 32, 128),
    6: (256, 48, 192),
    7: (384, 48, 192),
    8: (384, 64, 256),
    9: (512, 64, 256),
}
"""Channels in, squeezed, and out of each of the two expanding halves."""

POOL_AFTER = (4, 8)
CHANNEL_MEAN_BGR = (104.0, 117.0, 123.0)


def layer_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that is read from the weights. Source: Iandola et al., 2016."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (96, 3, 7, 7), "conv1.bias": (96,)}
    for number, (entry, squeezed, half) in FIRES.items():
        for part, shape in (
            ("conv1x1_1", (squeezed, entry, 1, 1)),
            ("conv1x1_2", (half, squeezed, 1, 1)),
            ("conv3x3_2", (half, squeezed, 3, 3)),
        ):
            shapes[f"fire{number}.{part}.weight"] = shape
            shapes[f"fire{number}.{part}.bias"] = shape[:1]
    return shapes


class SqueezeFeatures(nn.Module):
    """conv1 and fire2..fire9 of SqueezeNet 1.0 as features; the classifier (conv10) is not needed."""

    mean: torch.Tensor

    def __init__(self, weights: dict[str, torch.Tensor]):
        super().__init__()
        for name, tensor in weights.items():
            self.register_buffer(name.replace(".", "_"), tensor)
        self.register_buffer("mean", torch.tensor(CHANNEL_MEAN_BGR)[:, None, None])

    def forward(self, rgb: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """Features of a batch, nine levels.

        Args:
            rgb: N x 3 x height x width, 0..1 sRGB.
            mask: N x 1 x height x width, 0..1; the outside is shown to the network as its mean colour.
        """
        x = (rgb.flip(1) * 255 - self.mean) * mask
        # Padded by 3, unlike the original: a level's places then lie over the picture's, as the mask's do.
        x = self._conv(x, "conv1", stride=2, padding=3)
        levels = [x]
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for number in FIRES:
            squeezed = self._conv(x, f"fire{number}_conv1x1_1")
            halves = [
                self._conv(squeezed, f"fire{number}_conv1x1_2"),
                self._conv(squeezed, f"fire{number}_conv3x3_2", padding=1),
            ]
            x = torch.cat(halves, dim=1)
            levels.append(x)
            if number in POOL_AFTER:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return levels

    def _conv(self, x: torch.Tensor, name: str, stride: int = 1, padding: int = 0) -> torch.Tensor:
        weight, bias = self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias")
        return F.relu(F.conv2d(x, weight, bias, stride=stride, padding=padding))


class PerceptualMeter:
    """Perceptual distance of two crops, inside a mask."""

    def __init__(self, path: Path | str, sha256: str):
        """Load SqueezeNet 1.0.

        Args:
            path: npz of float16 or float32 arrays named as in `layer_shapes`; further arrays are ignored.
            sha256: what the file must hash to, in hexadecimal.

        Raises:
            WeightsError: the file is missing, has another hash, or an array is missing or of another shape.
        """
        data = verified_bytes(Path(path), sha256)
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        except (ValueError, OSError, EOFError) as error:
            kind = type(error).__name__
            raise WeightsError(f"{path}: expected an npz of arrays, got {kind}; check the file") from error
        for name, shape in layer_shapes().items():
            if name not in found or found[name].shape != shape:
                got = found[name].shape if name in found else "nothing"
                raise WeightsError(
                    f"{path}: expected {name} of shape {shape}, got {got}; take SqueezeNet 1.0"
                )
        weights = {name: torch.from_numpy(found[name].astype(np.float32)) for name in layer_shapes()}
        self._features = SqueezeFeatures(weights).eval()

    @torch.inference_mode()
    def distance(self, result: Colours, other: Colours, mask: Mask) -> float:
        """Mean over nine levels of mean_m |f(result) - f(other)|^2, f of unit length at each place.

        No unit, 0..4, lower is better. The mask is averaged down to each level's size.

        Args:
            result, other: height x width x 3, 0..1 sRGB.
            mask: height x width, 0..1; nothing outside it is looked at.

        Raises:
            InputError: the mask is empty.

        Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR
            2018; without its learned weights per channel [ours].
        """
        if not (mask > 0).any():
            raise InputError("mask: expected some covered pixels, got an empty mask; nothing can be measured")
        pair = np.where(mask[..., None] > 0, np.stack([result, other]), np.float32(0))  # 2 h w 3
        cover = torch.from_numpy(np.ascontiguousarray(mask))[None, None]
        levels = self._features(torch.from_numpy(pair).permute(0, 3, 1, 2), cover.expand(2, -1, -1, -1))
        distances = []
        for level in levels:  # 2 c h w
            unit = level / torch.linalg.vector_norm(level, dim=1, keepdim=True).clamp_min(1e-8)
            weight = F.interpolate(cover, level.shape[2:], mode="area")[0, 0]
            distances.append((((unit[0] - unit[1]) ** 2).sum(0) * weight).sum() / weight.sum())
        return float(torch.stack(distances).mean())
