"""JPEG's losses as tensors: a whole batch at once, on any device. A file format it is not.

Source: ITU-T T.81, annexes A.3 and K.1 (tables); their scaling by quality is that of the Independent JPEG Group's
library, and so is the halved chroma. Checked in the tests against pictures that went through Pillow.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def jpeg(images: Float[Tensor, "n 3 h w"], quality: Int[Tensor, " n"]) -> Float[Tensor, "n 3 h w"]:
    """Pictures as a JPEG file gives them back.

    Args:
        images: display-encoded RGB, 0..1.
        quality: 1 to 100 each; 0 leaves a picture alone.

    Returns:
        The same, with 8 bits; grey stays exactly grey.
    """
    height, width = images.shape[-2:]
    whole = F.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate")
    whole = (whole * 255).round()
    red, green, blue = whole.split(1, 1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.cat(((blue - luma) / 1.772, (red - luma) / 1.402), 1)
    luma = _quantised(luma - 128, _table(LUMA_TABLE, quality)) + 128
    small = _quantised(F.avg_pool2d(chroma, 2), _table(CHROMA_TABLE, quality))
    to_blue, to_red = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False).split(1, 1)
    to_green = -(0.299 * 1.402 * to_red + 0.114 * 1.772 * to_blue) / 0.587
    coded = torch.cat((luma + 1.402 * to_red, luma + to_green, luma + 1.772 * to_blue), 1)
    coded = coded.round().clamp(0, 255)[..., :height, :width] / 255
    return torch.where((quality > 0)[:, None, None, None], coded, images)


def _table(table: tuple[tuple[int, ...], ...], quality: Tensor) -> Float[Tensor, "n 1 1 8 1 8"]:
    """Quantisation steps for each picture, laid out like `_blocks`."""
    at = quality.float().clamp_min(1)
    scale = torch.where(at < 50, 5000 / at, 200 - 2 * at)
    steps = ((at.new_tensor(table) * scale[:, None, None] + 50) / 100).floor().clamp(1, 255)
    return steps[:, None, None, :, None, :]


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Each block of 8 x 8 pixels by its rounded cosine coefficients."""
    cosines = _cosines(planes.device)
    n, c, height, width = planes.shape
    blocks = planes.reshape(n, c, height // 8, 8, width // 8, 8)
    waves = torch.einsum("ui,ncyixj,vj->ncyuxv", cosines, blocks, cosines)
    waves = (waves / steps).round() * steps
    return torch.einsum("ui,ncyuxv,vj->ncyixj", cosines, waves, cosines).reshape(planes.shape)


@lru_cache(maxsize=4)
def _cosines(device: torch.device) -> Float[Tensor, "8 8"]:
    """The orthonormal cosine transform of 8 values, one row a frequency."""
    at = torch.arange(8, dtype=torch.float64)
    waves = torch.cos(math.pi / 8 * at[:, None] * (at + 0.5)) / 2
    waves[0] /= math.sqrt(2)
    return waves.float().to(device)
