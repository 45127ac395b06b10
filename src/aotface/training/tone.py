"""Skin tone in linear light: the tone rule, pigments, and taking baked-in shading out of a portrait.

Every function takes torch batches, N3HW images and N1HW masks, and is differentiable nowhere on purpose:
this is data, not model.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.colour_space import LUMINANCE

MELANIN = (0.87, 1.0, 1.2)
"""Relative optical density of melanin in R, G, B, G = 1.

Melanin absorbs as wavelength^-3.33 (Jacques, "Optical properties of biological tissues: a review", 2013),
which is (0.69, 1, 1.76) at 610, 545 and 460 nm; in photographs sheen and scattering dilute it: the first
principal axis of log skin colour over the people of the London set is (0.94, 1, 1.07). The value lies between
the two.
"""

HAEMOGLOBIN = (0.12, 1.0, 0.85)
"""Relative absorption by oxygenated blood in R, G, B, G = 1: after Prahl's tabulated extinction (1999)."""


def srgb_to_linear(image: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Decode display values 0..1 into linear light 0..1 (IEC 61966-2-1)."""
    curve = image.add(0.055).div_(1.055).clamp_min_(0.09).pow_(2.4)
    return torch.where(image <= 0.04045, image / 12.92, curve)


def linear_to_srgb(image: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Encode linear light 0..1 for display (IEC 61966-2-1)."""
    curve = image.clamp_min(0.0031308).pow_(1 / 2.4).mul_(1.055).sub_(0.055)
    return torch.where(image <= 0.0031308, image * 12.92, curve)


def luminance(image: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 h w"]:
    """Rec. 709 luminance of linear RGB."""
    r, g, b = LUMINANCE
    return r * image[:, 0:1] + g * image[:, 1:2] + b * image[:, 2:3]


def weighted_mean(
    field: Float[Tensor, "n c h w"], weight: Float[Tensor, "n 1 h w"]
) -> Float[Tensor, "n c 1 1"]:
    """Mean over the picture under a weight; 0 where the weight is empty."""
    total = weight.sum((2, 3), keepdim=True).clamp_min(1e-6)
    return (field * weight).sum((2, 3), keepdim=True) / total


def skin_weight(
    linear: Float[Tensor, "n 3 h w"], mask: Float[Tensor, "n 1 h w"], rounds: int = 3
) -> Float[Tensor, "n 1 h w"]:
    """Soft membership of each masked pixel in the face's main skin colour.

    Brows, nostrils, lips, highlights and beard lie far from the main colour in log RGB and lose their weight
    (Welsch weights, re-estimated). One gain per channel on ``linear`` does not change the result.

    Source: [ours]
    """
    log = _log(linear, mask)
    # Begin with what is not dark, or a full beard pulls the first guess half-way between beard and skin.
    weight = mask * (linear[:, 1:2] / weighted_mean(linear[:, 1:2], mask).clamp_min(1e-4)).clamp_max(1)
    for _ in range(rounds):
        distance = (log - weighted_mean(log, weight)).square_().sum(1, keepdim=True)
        scale = weighted_mean(distance, weight).clamp_min(0.03)
        weight = mask * distance.div_(-1.2 * scale).exp_()
    return weight


def _log(linear: Tensor, mask: Tensor) -> Tensor:
    # The floor follows the picture's own brightness: so a gain per channel stays a shift of the logarithm.
    return (linear + 0.01 * weighted_mean(linear, mask).clamp_min(1e-4)).log_()


def log_tone(linear: Float[Tensor, "n 3 h w"], skin: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n 3 1 1"]:
    """Mean log colour under the weight of the skin."""
    return weighted_mean(_log(linear, skin), skin)


def tone_gain(
    a: Float[Tensor, "n 3 h w"],
    b: Float[Tensor, "n 3 h w"],
    skin_a: Float[Tensor, "n 1 h w"],
    skin_b: Float[Tensor, "n 1 h w"],
) -> Float[Tensor, "n 3 1 1"]:
    """Gain per channel that brings A's skin to the log-mean of B's skin."""
    return torch.exp(log_tone(b, skin_b) - log_tone(a, skin_a))


def tinted(
    linear: Float[Tensor, "n 3 h w"],
    gain: Float[Tensor, "n 3 #h #w"],
    neutral: Float[Tensor, "n 1 h w"] | None = None,
) -> Float[Tensor, "n 3 h w"]:
    """Apply a gain to all of a picture, or to all but its neutral part; clipped to 0..1."""
    if neutral is None:
        return (linear * gain).clamp_(0, 1)
    return (linear - neutral).mul_(gain).add_(neutral).clamp_(0, 1)


def neutral_part(
    linear: Float[Tensor, "n 3 h w"], skin: Float[Tensor, "n 1 h w"]
) -> Float[Tensor, "n 1 h w"]:
    """What skin pigment does not colour: highlights, eye whites, teeth, grey hair; equal in R, G and B.

    Each pixel is skin colour times a number plus white times a number (dichromatic reflection); this is the
    second number. A change of skin tone must scale the first part only: else dark skin made light gets
    glowing highlights, and light skin made dark gets brown teeth. Lips are redder than skin and have none of
    it. A grey picture has no colour to tell by, and there the part is 0.

    Args:
        linear: evenly lit picture, linear light 0..1.
        skin: weight of the skin, see ``skin_weight``.

    Source: Shafer, "Using color to separate reflection components", 1985; its use here [ours]
    """
    colour = weighted_mean(linear, skin).clamp_min(1e-4)
    red, blue = colour[:, 0:1], colour[:, 2:3]
    chroma = (red - blue).clamp_min(0.02 * red)
    amount = (linear[:, 0:1] - linear[:, 2:3]) / chroma
    # Skin itself varies by a quarter or so around its mean colour, and blotches must not count as highlights.
    rest = (linear[:, 2:3] - 1.3 * blue * amount.clamp_min_(0)).clamp_min_(0)
    rest = rest**3 / (rest**2 + (0.5 * red) ** 2)
    sure = (chroma / red).square()
    sure = sure / (sure + 0.1**2) * (chroma > 0.021 * red)
    # JPEG stores colour in blocks; without smoothing they would show.
    rest = F.avg_pool2d(rest * sure, 3, 1, 1, count_include_pad=False)
    return torch.minimum(rest, linear.amin(1, keepdim=True))


def pigment(
    linear: Float[Tensor, "n 3 h w"],
    mask: Float[Tensor, "n 1 h w"],
    skin: Float[Tensor, "n 1 h w"],
    melanin: Float[Tensor, " n"],
    haemoglobin: Float[Tensor, " n"],
) -> Float[Tensor, "n 3 h w"]:
    """Move skin along the melanin and haemoglobin axes, by Beer-Lambert absorption exp(-m e_mel - h e_hae).

    Beyond the mask skin is found by likeness to the masked skin's colour, so that neck and ears go along.

    Args:
        linear: evenly lit picture, linear light 0..1.
        mask: face, 0..1.
        skin: weight of the skin, see ``skin_weight``.
        melanin: optical density added, in the green band; negative lightens.
        haemoglobin: the same for blood.

    Returns:
        The picture with moved skin, linear light 0..1.
    """
    density = melanin[:, None] * linear.new_tensor(MELANIN) + haemoglobin[:, None] * linear.new_tensor(
        HAEMOGLOBIN
    )
    like = mask + (1 - mask) * _likeness(linear, skin)
    return tinted(linear, torch.exp(-density[:, :, None, None] * like), neutral_part(linear, skin))


def _likeness(linear: Float[Tensor, "n 3 h w"], skin: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n 1 h w"]:
    """How much each pixel of the whole picture looks like the skin under the mask, 0..1, smooth."""
    log = torch.log(linear + 0.01)
    log[:, 0::2] -= log[:, 1:2]  # log R/G, log G, log B/G
    far = (log - weighted_mean(log, skin)).div_(log.new_tensor((0.35, 0.9, 0.35))[:, None, None]).square_()
    like = far.sum(1, keepdim=True).mul_(-0.5).exp_()
    return F.avg_pool2d(like, 5, 1, 2, count_include_pad=False)
