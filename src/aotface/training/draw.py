"""Chance: the light, the shadow from outside and the camera of each sample, all from one generator."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.colour_space import LUMINANCE
from aotface.training.degrade import Camera
from aotface.training.ranges import LightingConfig
from aotface.training.shading import Lamps, Surface

NEUTRAL_MIRED = 1e6 / 6504
"""Reciprocal colour temperature of the display's white, micro-reciprocal kelvin."""

STAGE = (
    (0.03, 0.08, 1.0),
    (1.0, 0.03, 0.05),
    (1.0, 0.7, 0.03),
    (0.05, 1.0, 0.12),
    (0.9, 0.04, 0.8),
    (0.03, 0.8, 0.9),
)
"""Linear RGB of gels: blue, red, amber, green, magenta, cyan."""


def rand(rng: torch.Generator, *shape: int) -> Tensor:
    """Numbers 0..1, on the generator's device."""
    return torch.rand(shape, generator=rng, device=rng.device)


def randn(rng: torch.Generator, *shape: int) -> Tensor:
    """Normal numbers, on the generator's device."""
    return torch.randn(shape, generator=rng, device=rng.device)


def const(rng: torch.Generator, values: Sequence[float] | Sequence[Sequence[float]]) -> Tensor:
    """Given numbers, on the generator's device."""
    return torch.tensor(values, device=rng.device)


def uniform(rng: torch.Generator, n: int, low: Tensor | float, high: Tensor | float) -> Tensor:
    """N numbers, evenly between two bounds (each one number, or one per sample)."""
    return low + (high - low) * rand(rng, n)


def chance(rng: torch.Generator, n: int, probability: Tensor | float) -> Tensor:
    """N booleans, true with the probability."""
    return rand(rng, n) < probability


def _lerp(low: float, high: float, share: Tensor) -> Tensor:
    return low + (high - low) * share


def draw_strength(n: int, mix: tuple[float, float, float], rng: torch.Generator) -> Tensor:
    """How far from neutral each sample is, 0..1; ``mix`` holds the shares of mild, medium and extreme."""
    kind = torch.multinomial(const(rng, mix), n, replacement=True, generator=rng)
    low, high = const(rng, (0.0, 0.2, 0.7))[kind], const(rng, (0.2, 0.7, 1.0))[kind]
    return uniform(rng, n, low, high)


def planckian(kelvin: Float[Tensor, "*any"]) -> Float[Tensor, "*any 3"]:
    """Linear sRGB of a black body, luminance 1, relative to 6504 K = white.

    Source: cubic fit of the Planckian locus, Kim et al., US patent 7024034 (1667 to 25000 K).
    """
    colour = _locus(kelvin) / _locus(kelvin.new_tensor(6504.0))
    colour = colour.clamp_min(0.02)
    return colour / (colour * colour.new_tensor(LUMINANCE)).sum(-1, keepdim=True)


def _locus(kelvin: Tensor) -> Tensor:
    t = 1e3 / kelvin
    warm = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    cool = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    x = torch.where(kelvin < 4000, warm, cool)
    low = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    middle = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    high = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    y = torch.where(kelvin < 2222, low, torch.where(kelvin < 4000, middle, high))
    big_x, big_z = x / y, (1 - x - y) / y
    red = 3.2404542 * big_x - 1.5371385 - 0.4985314 * big_z
    green = -0.9692660 * big_x + 1.8760108 + 0.0415560 * big_z
    blue = 0.0556434 * big_x - 0.2040259 + 1.0572252 * big_z
    return torch.stack((red, green, blue), -1)


def draw_lamps(strength: Tensor, rng: torch.Generator, config: LightingConfig) -> tuple[Lamps, Tensor]:
    """Three lamps per sample (key, fill, rim) and how far the camera's white balance follows them, 0..1."""
    n = len(strength)
    # The stronger the light, the less of it comes from everywhere.
    share = rand(rng, n) ** 1.3
    ambient = _lerp(0.6, 0.01, strength) + _lerp(0.35, 0.26, strength) * share
    fill = chance(rng, n, 0.55) * uniform(rng, n, 0.0, 0.4)
    rim = chance(rng, n, 0.35 * strength) * uniform(rng, n, 0.0, 1.2)
    power = torch.stack((torch.ones_like(fill), fill, rim), 1) * (1 - ambient)[:, None]
    tint, stage = _lamp_colours(strength, rng, config)
    near = chance(rng, n, config.point_probability * strength.clamp_min(0.2))
    distance = torch.zeros(n, 3, device=rng.device)
    distance[:, 0] = near * uniform(rng, n, 0.7, 2.0)
    penumbra = _lerp(*config.penumbra, rand(rng, n, 3) ** 2)
    upright = const(rng, (0.0, -1.0, 0.2)) + 0.35 * randn(rng, n, 3)
    shortest, longest = (math.log(value) for value in config.highlight_exponent)
    lamps = Lamps(
        direction=_lamp_directions(strength, rng),
        colour=power[:, :, None] * tint[:, :3],
        distance=distance,
        wrap=0.4 * rand(rng, n, 3) ** 2,
        penumbra=penumbra,
        sky=(ambient * uniform(rng, n, 0.8, 1.3))[:, None] * tint[:, 3],
        ground=(ambient * uniform(rng, n, 0.3, 1.0))[:, None] * tint[:, 4],
        up=F.normalize(upright, dim=1),
        exponent=torch.exp(uniform(rng, n, shortest, longest)),
    )
    adapt = torch.where(stage, uniform(rng, n, 0.0, 0.3), uniform(rng, n, 0.2, 1.0))
    return lamps, adapt


def draw_strobes(lamps: Lamps, strobe: Tensor, rng: torch.Generator, config: LightingConfig) -> Lamps:
    """Some pairs under one hard lamp each: on the source near the camera's axis, on the target anywhere.

    Args:
        lamps: of 2n pictures, sources first.
        strobe: which of the n pairs.
        rng: the only source of chance.
        config: ranges.
    """
    n = len(strobe)
    largest = const(rng, (22.0, config.strobe_degrees)).repeat_interleave(n)
    polar = torch.deg2rad(largest * rand(rng, 2 * n))
    direction = _direction(polar, 2 * math.pi * rand(rng, 2 * n))
    ambient = uniform(rng, 2 * n, *config.strobe_ambient)
    soft = uniform(rng, 2 * n, math.log(0.004), math.log(0.03)).exp()
    share = uniform(rng, 2 * n, 0.4, 1.0)
    rows = torch.cat((strobe, strobe)).nonzero()[:, 0]

    def put(old: Tensor, new: Tensor) -> Tensor:
        return old.index_copy(0, rows, new[rows])

    def key(old: Tensor, new: Tensor) -> Tensor:  # the first lamp
        return put(old, torch.cat((new[:, None], old[:, 1:]), 1))

    colour = torch.zeros_like(lamps.colour)
    colour[:, 0] = (1 - ambient)[:, None]
    return replace(
        lamps,
        direction=key(lamps.direction, direction),
        colour=put(lamps.colour, colour),
        distance=put(lamps.distance, torch.zeros_like(lamps.distance)),
        wrap=put(lamps.wrap, torch.zeros_like(lamps.wrap)),
        penumbra=key(lamps.penumbra, soft),
        sky=put(lamps.sky, ambient[:, None].expand(-1, 3)),
        ground=put(lamps.ground, (ambient * share)[:, None].expand(-1, 3)),
    )


def _lamp_directions(strength: Tensor, rng: torch.Generator) -> Tensor:
    """Directions n x 3 x 3: the key mostly from above, further aside when strong; the rim from behind."""
    n = len(strength)
    key = uniform(rng, n, _lerp(0.0, 40.0, strength), _lerp(35.0, 115.0, strength))
    around = uniform(rng, n, 0.0, math.pi)
    around = torch.where(chance(rng, n, 0.82), -around, around)
    fill = uniform(rng, n, 0.0, _lerp(40.0, 100.0, strength))
    rim = uniform(rng, n, 75.0, 130.0)
    polar = torch.deg2rad(torch.stack((key, fill, rim), 1))
    return _direction(polar, torch.cat((around[:, None], 2 * math.pi * rand(rng, n, 2)), 1))


def _direction(polar: Tensor, azimuth: Tensor) -> Tensor:
    return torch.stack((polar.sin() * azimuth.cos(), polar.sin() * azimuth.sin(), polar.cos()), -1)


def _lamp_colours(strength: Tensor, rng: torch.Generator, config: LightingConfig) -> tuple[Tensor, Tensor]:
    """Colours n x 5 x 3 of key, fill, rim, sky and ground, and which samples stand on a stage."""
    n = len(strength)
    cold, warm = 1e6 / config.temperature_kelvin[1], 1e6 / config.temperature_kelvin[0]
    mired = cold + (warm - cold) * rand(rng, n, 5)
    share = strength[:, None] ** 0.7
    colour = planckian(1e6 / (NEUTRAL_MIRED + share * (mired - NEUTRAL_MIRED)))
    magenta = torch.exp(0.12 * share * randn(rng, n, 5))
    colour[:, :, 1] = colour[:, :, 1] * magenta
    gels = const(rng, STAGE)[torch.randint(len(STAGE), (n, 3), generator=rng, device=rng.device)]
    purity = rand(rng, n, 3, 1)
    gels = gels**purity * 1.3
    stage = chance(rng, n, config.stage_probability * (1.6 * strength).clamp(0, 1))
    lit = stage[:, None] & (rand(rng, n, 3) < 0.75)
    colour[:, :3] = torch.where(lit[:, :, None], gels, colour[:, :3])
    return colour, stage


def draw_gobo(
    surface: Surface, lamps: Lamps, strength: Tensor, rng: torch.Generator, config: LightingConfig
) -> Float[Tensor, "m 1 h w"]:
    """Shadows of things outside the picture on the key light: a brim's or wall's edge, blinds, foliage."""
    side = surface.depth.shape[-1]
    visible = torch.ones(len(strength), 1, side, side, device=rng.device)
    rows = chance(rng, len(strength), config.gobo_probability * (0.3 + 0.9 * strength)).nonzero()[:, 0]
    k = len(rows)
    if not k:
        return visible
    place = _projected(surface.depth[rows % len(surface.depth)], lamps.direction[rows, 0])
    kind = torch.randint(3, (k, 1, 1), generator=rng, device=rng.device)
    value = torch.where(
        kind == 0, _edge(place, rng), torch.where(kind == 1, _blinds(place, rng), _leaves(place, rng))
    )
    soft = torch.exp(uniform(rng, k, math.log(0.01), math.log(0.07)))[:, None, None]
    through = uniform(rng, k, 0.0, 0.45)[:, None, None]
    visible[rows, 0] = through + (1 - through) * torch.sigmoid(4 * value / soft)
    return visible


def _projected(depth: Tensor, direction: Tensor) -> Tensor:
    """Where each pixel's ray to the lamp crosses a plane before the face, in crop sides: n 2 h w.

    The slant is limited: straight edges bend over the face's relief, but do not break into moire.
    """
    side = depth.shape[-1]
    axis = (torch.arange(side, device=depth.device) + 0.5) / side - 0.5
    flat = torch.stack(torch.meshgrid(axis, axis, indexing="xy"))[None]
    slant = direction[:, :2] / direction[:, 2:].clamp_min(0.3)
    slant = slant / slant.norm(dim=1, keepdim=True).clamp_min(1.0)
    relief = (depth - depth.amax((2, 3), keepdim=True)).clamp_min(-0.4 * side) / side
    return flat - slant[:, :, None, None] * relief


def _turned(place: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    angle = uniform(rng, len(place), -math.pi, math.pi)[:, None, None]
    along = place[:, 0] * angle.cos() + place[:, 1] * angle.sin()
    return along, place[:, 1] * angle.cos() - place[:, 0] * angle.sin()


def _edge(place: Tensor, rng: torch.Generator) -> Tensor:
    along, across = _turned(place, rng)
    n = len(place)
    bend = uniform(rng, n, -0.8, 0.8)[:, None, None]
    return along - uniform(rng, n, -0.25, 0.25)[:, None, None] + bend * across.square()


def _blinds(place: Tensor, rng: torch.Generator) -> Tensor:
    along, _ = _turned(place, rng)
    pace = 2 * math.pi * uniform(rng, len(place), 2.5, 7.0)[:, None, None]
    return torch.sin(pace * along) / pace


def _leaves(place: Tensor, rng: torch.Generator) -> Tensor:
    noise = randn(rng, len(place), 1, 7, 7)
    grid = 1.6 * place.permute(0, 2, 3, 1)
    blobs = F.grid_sample(noise, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return 0.08 * blobs[:, 0]


def draw_camera(strength: Tensor, strobe: Tensor, rng: torch.Generator, config: LightingConfig) -> Camera:
    """Cameras of 2n pictures; the first half takes the sources. Strobe pairs are mostly on grey film."""
    n = len(strength)
    half = n // 2
    share = 0.3 + 0.7 * strength if config.camera else torch.zeros_like(strength)
    odds = const(rng, (config.source_grey_probability, config.grey_probability)).repeat_interleave(half)
    tinted = chance(rng, n, config.tinted_probability)
    film_pair = (strobe & chance(rng, half, 0.8)).repeat(2)
    grey = (chance(rng, n, odds) | tinted | film_pair).float()
    luminance = const(rng, LUMINANCE)
    film = luminance * torch.exp(0.5 * randn(rng, n, 3))
    film = film / film.sum(1, keepdim=True)
    film = torch.where(grey[:, None] > 0, film, luminance)
    sepia = const(rng, (-1.0, 0.0, 1.4)) * uniform(rng, n, -0.12, 0.25)[:, None]
    return Camera(
        saturation=1 + share * uniform(rng, n, -0.5, 0.4),
        grey=grey,
        film=film,
        tint=torch.where(tinted[:, None], 1 + sepia, torch.ones_like(sepia)),
        contrast=share * uniform(rng, n, -0.3, 0.6),
        gamma=torch.exp(share * uniform(rng, n, -0.25, 0.25)),
        haze=share * chance(rng, n, 0.3) * uniform(rng, n, 0.0, 0.15),
    )
