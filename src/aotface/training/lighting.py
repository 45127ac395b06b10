"""Pairs with ground truth: one portrait lit twice, so that what the network should paint is known exactly.

even A, even B -> pigments -> light 1 on A = x_r, light 2 on B = x_t, light 2 on A in B's tone = answer
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.training.degrade import Camera, add_noise, develop, soften
from aotface.training.delight import leftover_gain
from aotface.training.draw import (
    chance,
    draw_camera,
    draw_gobo,
    draw_lamps,
    draw_strength,
    draw_strobes,
    rand,
    randn,
    uniform,
)
from aotface.training.jpeg import jpeg
from aotface.training.ranges import LightingConfig
from aotface.training.shading import Lamps, Surface, mesh_coverage, shade, stack, unit, with_relief
from aotface.training.tone import (
    log_tone,
    luminance,
    neutral_part,
    pigment,
    skin_weight,
    srgb_to_linear,
    tinted,
    tone_gain,
    weighted_mean,
)

__all__ = ["LightingConfig", "Pairs", "Surface", "degrade", "make_pairs"]

BUMPS = 9
"""Bumps a side by which real faces differ from their mesh."""

FLOOR = 0.012
"""Stray light, of a mean of 1: no pixel is so black that no gain could bring it back."""


@dataclass(frozen=True)
class Pairs:
    """A training batch: three N3HW pictures, display-encoded 0..1, the mask N1HW, and what was drawn.

    The answer holds inside the mask only.
    """

    x_r: Tensor
    x_t: Tensor
    answer: Tensor
    mask: Tensor
    parameters: dict[str, Tensor]


def make_pairs(
    a: Float[Tensor, "n 3 h w"],
    b: Float[Tensor, "n 3 h w"],
    geometry: Surface,
    rng: torch.Generator,
    config: LightingConfig = LightingConfig(),  # noqa: B008 (frozen)
    own: Surface | None = None,
) -> Pairs:
    """Light evenly lit pictures so that the answer to "A in B's light and tone" is known.

    Args:
        a: person A, evenly lit, warped into B's geometry; display-encoded sRGB 0..1.
        b: person B, evenly lit; display-encoded sRGB 0..1.
        geometry: B's normals, depth in pixels and soft mask.
        rng: the only source of chance, on the device of the pictures.
        config: ranges.
        own: A's own shape in B's pose, on which x_r and the answer are lit; left out, B's.

    Returns:
        x_r (A, light 1), x_t (B, light 2), answer (A, light 2, B's tone), mask, parameters.

    Source: [ours]
    """
    n = len(a)
    strength = torch.cat((draw_strength(n, config.source_mix, rng), draw_strength(n, config.target_mix, rng)))
    strobe = chance(rng, n, config.strobe_probability)
    even_a, even_b, even_answer = _even_pictures(a, b, geometry, own or geometry, rng, config)
    lamps, adapt = draw_lamps(strength, rng, config)
    lamps = draw_strobes(lamps, strobe, rng, config)
    faces = _reliefs(own or geometry, geometry, rng, config)
    light, shine, stops = _light(faces, lamps, adapt, strength, rng, config)
    camera = draw_camera(strength, strobe, rng, config)
    of_r, of_t = camera.rows(slice(0, n)), camera.rows(slice(n, None))
    x_r = degrade(develop(even_a * light[:n] + shine[:n], of_r), of_r, rng, config)
    x_t = degrade(develop(even_b * light[n : 2 * n] + shine[n : 2 * n], of_t), of_t, rng, config)
    answer = develop(even_answer * light[2 * n :] + shine[2 * n :], of_t)
    both = {"strength": strength, "stops": stops, "grey": camera.grey}
    drawn = {
        f"{key}_{who}": part
        for key, two in both.items()
        for who, part in zip("rt", two.chunk(2), strict=True)
    }
    return Pairs(x_r, x_t, answer, geometry.mask, drawn)


def _reliefs(own: Surface, geometry: Surface, rng: torch.Generator, config: LightingConfig) -> Surface:
    """A's and B's shapes, each with the relief of a real face."""
    n, side = len(geometry.depth), geometry.depth.shape[-1]
    factor = uniform(rng, n, *config.relief)
    other = factor * torch.exp(config.relief_difference * randn(rng, n))
    coarse = config.bumps * side * randn(rng, 2 * n, 1, BUMPS, BUMPS)
    bumps = F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)
    return stack(with_relief(own, other, bumps[:n]), with_relief(geometry, factor, bumps[n:]))


def _even_pictures(
    a: Tensor, b: Tensor, geometry: Surface, own: Surface, rng: torch.Generator, config: LightingConfig
) -> tuple[Tensor, Tensor, Tensor]:
    """Before any light, in linear light: A and B each with a tone of their own, and A in B's tone.

    No photograph is without a light of its own. What smooth shading B's still has is light as well, as far as anybody
    can tell from the target: the answer has it, in place of A's.
    """
    mask = geometry.mask
    even_a, skin_a = _move_tone(srgb_to_linear(a), mask, rng, config)
    even_b, skin_b = _move_tone(srgb_to_linear(b), mask, rng, config)
    neutral = neutral_part(even_a, skin_a) if config.spare_neutral else None
    answer = tinted(even_a, tone_gain(even_a, even_b, skin_a, skin_b), neutral)
    if config.leftover:
        gain = leftover_gain(even_a, even_b, own.normals, geometry.normals, mask)
        answer = (answer * torch.exp(config.leftover * gain)).clamp_(0, 1)
    return even_a, even_b, answer


def _move_tone(
    even: Tensor, mask: Tensor, rng: torch.Generator, config: LightingConfig
) -> tuple[Tensor, Tensor]:
    """Move some samples' skin to a tone drawn evenly (in log) over human skin; picture and skin weight."""
    n = len(even)
    low, high = (math.log(value) for value in config.tone_luminance)
    wanted = uniform(rng, n, low, high)
    blood = uniform(rng, n, -0.15, 0.2)
    rows = chance(rng, n, config.tone_probability).nonzero()[:, 0]
    skin = skin_weight(even, mask)
    if not len(rows):
        return even, skin
    part, weight = even[rows], skin[rows]
    melanin = (log_tone(part, weight)[:, 1, 0, 0] - wanted[rows]).clamp(-1.0, 1.8)
    return even.index_copy(0, rows, pigment(part, mask[rows], weight, melanin, blood[rows])), skin


def _light(
    faces: Surface,
    lamps: Lamps,
    adapt: Tensor,
    strength: Tensor,
    rng: torch.Generator,
    config: LightingConfig,
) -> tuple[Tensor, Tensor, Tensor]:
    """Light and highlight of A under light 1, B under light 2, A under light 2, and the stops of exposure.

    Exposure and white balance are in the light; those of light 2 are metered on B.
    """
    n = len(strength)  # A's and B's
    small = _halved(faces) if config.half_shading else faces
    gobo = draw_gobo(small, lamps, strength, rng, config)
    everybody = torch.arange(n, device=rng.device)
    again = everybody[n // 2 :]
    answered = torch.cat((everybody, everybody[: n // 2]))
    surface = Surface(small.normals[answered], small.depth[answered], small.mask[answered])
    lamps = lamps.some(torch.cat((everybody, again)))
    light, shine = shade(surface, lamps, torch.cat((gobo, gobo[again])), config.self_shadow)
    mean = weighted_mean(light[:n], small.mask).clamp_min(1e-4)
    # A saturated lamp has little luminance; metering by that alone would burn its one channel.
    level = torch.maximum(luminance(mean), 0.6 * mean.amax(1, keepdim=True))
    white = (mean / level) ** adapt[:, None, None, None]
    low, high = config.exposure_stops
    stops = uniform(rng, n, low * strength, high * strength) * rand(rng, n).sqrt()
    gain = torch.exp2(stops)[:, None, None, None] / (level * white)
    # Drawn per light, not per person: x_t and the answer must have the same sheen.
    oil = uniform(rng, n, *config.oiliness).square()[:, None, None, None]
    gain, oil = (torch.cat((part, part[again])) for part in (gain, oil))
    light, shine = light * gain + FLOOR, shine * (gain * oil)
    size = faces.depth.shape[-2:]
    light, shine = (
        F.interpolate(part, size=size, mode="bilinear", align_corners=False) for part in (light, shine)
    )
    return light, shine, stops


def _halved(geometry: Surface) -> Surface:
    """The surface at half size; a pixel that is mostly not mesh is none. Depth is in the new pixels."""
    height, width = geometry.depth.shape[-2:]
    coverage = mesh_coverage(geometry.normals)
    maps = torch.cat((geometry.normals * coverage, geometry.depth * coverage, coverage, geometry.mask), 1)
    # Bilinear at exactly half size is the mean of 2 x 2 pixels.
    small = F.interpolate(maps, size=(height // 2, width // 2), mode="bilinear", align_corners=False)
    share = small[:, 4:5]
    known = (share > 0.5).float()
    depth = small[:, 3:4] / share.clamp_min(0.25) / 2 * known
    return Surface(unit(small[:, :3]) * known, depth, small[:, 5:6])


def degrade(shown: Tensor, camera: Camera, rng: torch.Generator, config: LightingConfig) -> Tensor:
    """Blur, noise and JPEG, on the inputs only."""
    n = len(shown)
    mono = (camera.grey > 0) & (camera.tint == 1).all(1)
    shown = soften(shown, chance(rng, n, config.blur_probability) * uniform(rng, n, 0.0, 0.7))
    level = chance(rng, n, config.noise_probability) * uniform(rng, n, 0.0, 1.0).square() * config.noise_level
    shown = add_noise(shown, level, mono.float(), rng)
    low, high = config.jpeg_quality
    quality = torch.randint(low, high + 1, (n,), generator=rng, device=rng.device)
    return jpeg(shown, chance(rng, n, config.jpeg_probability) * quality)
