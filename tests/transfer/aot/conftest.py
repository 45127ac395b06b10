"""Made-up faces for the networks: smooth pictures, a disc for a mask, a half ball for the geometry."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator


class Faces(NamedTuple):
    x_r: Tensor
    x_t: Tensor
    geometry: Tensor
    mask: Tensor


def disc(side: int) -> tuple[Tensor, Tensor, Tensor]:
    at = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    return x / 0.8, y / 0.8, ((0.8 - (x * x + y * y).sqrt()) * side / 8).clamp(0, 1)


def make_faces(batch: int = 2, side: int = 64, seed: int = 0) -> Faces:
    random = torch.Generator().manual_seed(seed)

    def picture() -> Tensor:
        coarse = torch.rand(batch, 3, 3, 3, generator=random) * 1.4 - 0.7
        smooth = F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)
        return (smooth + 0.1 * torch.randn(batch, 3, side, side, generator=random)).clamp(-0.95, 0.95)

    x, y, mask = disc(side)
    inside = (mask > 0).float()
    depth = (1 - x * x - y * y).clamp_min(0).sqrt()
    normals = torch.stack([x, y, depth]) * inside
    pncc = (normals * 0.5 + 0.5) * inside
    shape = torch.cat([normals, pncc])[None].expand(batch, -1, -1, -1)
    return Faces(picture(), picture(), shape.clone(), mask[None, None].expand(batch, 1, -1, -1).clone())


@pytest.fixture
def faces() -> Callable[..., Faces]:
    return make_faces


@pytest.fixture
def tiny() -> Callable[..., RelightingGenerator]:
    """A tiny generator as users run it; ``wake`` gives its zero head weights, as training would."""

    def build(wake: bool = False, seed: int = 0, **options: object) -> RelightingGenerator:
        torch.manual_seed(seed)
        generator = RelightingGenerator(SIZES["tiny"], Options(**options))  # type: ignore[arg-type]
        if wake:
            torch.nn.init.normal_(generator.decoder.head.weight, std=0.1)
            torch.nn.init.normal_(generator.decoder.head.bias, std=0.1)
        return generator.eval()

    return build
