"""Chance over real lamps: how much light of which colour each lamp gives, and the colour of each skin."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from aotface.colour_space import LUMINANCE
from aotface.training.draw import STAGE, chance, const, planckian, rand, randn, uniform
from aotface.training.ranges import LampMix
from aotface.training.tone import HAEMOGLOBIN, MELANIN

SKIN = (0.52, 0.35, 0.27)
"""Linear reflectance of light skin; other skins follow from it by pigments."""

Weights = Float[Tensor, "n lamps 3"]
"""Light of each lamp in linear RGB."""


def one_lamp(usable: Bool[Tensor, "n lamps"], rng: torch.Generator) -> Weights:
    """One white lamp of strength 1 out of the usable ones; where none is usable, any."""
    odds = usable.float() + 1e-6
    chosen = torch.multinomial(odds, 1, generator=rng)
    return torch.zeros_like(odds).scatter(1, chosen, 1.0)[:, :, None].expand(-1, -1, 3)


def few_lamps(present: Bool[Tensor, "n lamps"], rng: torch.Generator, mix: LampMix) -> Weights:
    """Two to nine coloured lamps, of powers that differ by a factor of several."""
    n, lamps = present.shape
    order = torch.where(present, rand(rng, n, lamps), 2.0).argsort(1).argsort(1)
    span = mix.most_lamps + 1 - mix.fewest_lamps
    count = mix.fewest_lamps + (span * rand(rng, n)).long().clamp_max(span - 1)
    power = torch.exp(1.0 * randn(rng, n, lamps)) * ((order < count[:, None]) & present)
    return power[:, :, None] * lamp_colours(n, lamps, rng, mix)


def lamp_and_fill(present: Bool[Tensor, "n lamps"], rng: torch.Generator, mix: LampMix) -> Weights:
    """One coloured lamp, and fill from all lamps in a colour that turns from one side of the list to the other."""
    n, lamps = present.shape
    key = one_lamp(present, rng) * lamp_colours(n, 1, rng, mix)
    low, high = (math.log(value) for value in mix.fill)
    share = torch.exp(uniform(rng, n, low, high))[:, None]
    uneven = rand(rng, n, lamps).square() * present
    fill = share * uneven / uneven.sum(1, keepdim=True).clamp_min(1e-6)
    ends = lamp_colours(n, 2, rng, mix)
    place = torch.linspace(0, 1, lamps, device=present.device)[None, :, None]
    return key + fill[:, :, None] * (ends[:, :1] * (1 - place) + ends[:, 1:] * place)


def even_light(
    present: Bool[Tensor, "n lamps"], near: Bool[Tensor, " lamps"], rng: torch.Generator
) -> Weights:
    """Much the same light from every lamp that is not far aside."""
    n, lamps = present.shape
    power = uniform(rng, n * lamps, 0.4, 1.0).view(n, lamps) * (present & near)
    return power[:, :, None].expand(-1, -1, 3)


def lamp_colours(n: int, lamps: int, rng: torch.Generator, mix: LampMix) -> Float[Tensor, "n lamps 3"]:
    """Colours of luminance about 1: temperatures around one of the scene's own; in some scenes gels."""
    cold, warm = 1e6 / mix.temperature_kelvin[1], 1e6 / mix.temperature_kelvin[0]
    middle, spread = uniform(rng, n, cold, warm)[:, None], 120 * rand(rng, n)[:, None]
    colour = planckian(1e6 / (middle + spread * randn(rng, n, lamps)).clamp(cold, warm))
    gels = const(rng, STAGE)[torch.randint(len(STAGE), (n, lamps), generator=rng, device=rng.device)]
    gels = 1.3 * gels ** rand(rng, n, lamps, 1)
    lit = chance(rng, n, mix.stage)[:, None] & (rand(rng, n, lamps) < 0.75)
    return torch.where(lit[:, :, None], gels, colour)


def skin_colours(n: int, rng: torch.Generator, mix: LampMix) -> Float[Tensor, "n 3 1 1"]:
    """Colours of skins, luminance 1: brightness is a matter of exposure."""
    melanin, blood = uniform(rng, n, *mix.melanin), uniform(rng, n, *mix.haemoglobin)
    density = melanin[:, None] * const(rng, MELANIN) + blood[:, None] * const(rng, HAEMOGLOBIN)
    colour = const(rng, SKIN) * torch.exp(-density)
    return (colour / (colour * const(rng, LUMINANCE)).sum(1, keepdim=True))[:, :, None, None]
