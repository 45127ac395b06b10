"""What a camera does to a picture: tone curve, saturation, black and white, haze; noise and blur. JPEG: see `jpeg.py`."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.training.tone import linear_to_srgb


@dataclass(frozen=True)
class Camera:
    """A batch of cameras; each field has one value per sample (``film`` and ``tint`` three).

    ``saturation`` 1 = as is; ``grey`` 0 or 1; ``film`` weights of R, G, B in a grey picture, sum 1; ``tint``
    exponent per channel of a toned monochrome, 1 = neutral; ``contrast`` -1..1; ``gamma``; ``haze`` black
    lift 0..1.
    """

    saturation: Tensor
    grey: Tensor
    film: Tensor
    tint: Tensor
    contrast: Tensor
    gamma: Tensor
    haze: Tensor

    def rows(self, which: slice) -> "Camera":
        """Some of the cameras."""
        return Camera(*(getattr(self, field.name)[which] for field in fields(self)))


def develop(linear: Float[Tensor, "n 3 h w"], camera: Camera) -> Float[Tensor, "n 3 h w"]:
    """Linear light, any positive range, to display values 0..1 through each sample's camera."""
    bright = _shoulder(linear)
    mono = (bright * camera.film[:, :, None, None]).sum(1, keepdim=True)
    # Grey must be exactly grey: mono + 0 * difference is the same number in every channel.
    chroma = (camera.saturation * (1 - camera.grey))[:, None, None, None]
    shown = linear_to_srgb((bright - mono).mul_(chroma).add_(mono).clamp_(0, 1))
    power = (camera.gamma[:, None] * camera.tint)[:, :, None, None]
    if bool((power != 1).any()):
        shown.clamp_min_(1e-6).pow_(power)
    bend = camera.contrast[:, None, None, None]
    if bool((bend != 0).any()):
        # s + bend * (smoothstep(s) - s) = s * (1 - bend + bend * s * (3 - 2 s))
        shown = (3 - 2 * shown).mul_(shown).mul_(bend).add_(1 - bend).mul_(shown)
    lift = camera.haze[:, None, None, None]
    return shown.mul_(1 - lift).add_(lift).clamp_(0, 1)


def _shoulder(linear: Tensor, knee: float = 0.8) -> Tensor:
    """Roll highlights off above the knee, as cameras do, instead of clipping them."""
    over = (linear - knee).clamp_min_(0).div_(1 - knee)
    return linear.clamp_max(knee).add_(over.div_(1 + over), alpha=1 - knee)


def add_noise(
    image: Float[Tensor, "n 3 h w"],
    level: Float[Tensor, " n"],
    grey: Float[Tensor, " n"],
    rng: torch.Generator,
) -> Float[Tensor, "n 3 h w"]:
    """Sensor noise on display values: a constant part and one that grows with the signal's root (Poisson)."""
    rows = (level > 0).nonzero()[:, 0]
    if not len(rows):
        return image
    part = image[rows]
    grain = torch.randn(part.shape, generator=rng, device=rng.device)
    grain = torch.where(grey[rows, None, None, None] > 0, grain[:, :1], grain)
    sigma = level[rows, None, None, None] * (0.4 + 0.6 * part.clamp_min(0).sqrt())
    return image.index_copy(0, rows, (part + sigma * grain).clamp(0, 1))


def soften(image: Float[Tensor, "n 3 h w"], amount: Float[Tensor, " n"]) -> Float[Tensor, "n 3 h w"]:
    """Slight defocus: mix with a 3x3 box, 0 = none, 1 = all of it."""
    rows = (amount > 0).nonzero()[:, 0]
    if not len(rows):
        return image
    part = image[rows]
    blurred = F.avg_pool2d(F.pad(part, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return image.index_copy(0, rows, part + amount[rows, None, None, None] * (blurred - part))
