"""Pairs with ground truth from real lamps: light adds up, so any sum of a person's pictures is a picture.

sum 1 of A = x_r, sum 2 of B = x_t, sum 2 of A in B's tone = answer. A is warped into B's geometry throughout.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from aotface.training.data import Batches, cut, elsewhere, mirrored_geometry, turned
from aotface.training.degrade import Camera, develop
from aotface.training.draw import chance, draw_camera, draw_strength, rand, uniform
from aotface.training.lamp_data import Stacks
from aotface.training.lamp_light import (
    Weights,
    even_light,
    few_lamps,
    lamp_and_fill,
    lamp_colours,
    one_lamp,
    skin_colours,
)
from aotface.training.lighting import degrade
from aotface.training.ranges import LampMix, LightingConfig
from aotface.training.tone import linear_to_srgb, luminance, srgb_to_linear
from aotface.transfer.aot.objective import Batch

SEED_OFFSET = 7_919
"""These pairs are drawn from numbers of their own: the synthetic ones stay what they are without them."""

LEVEL = 0.9
"""Quantile of the face's light that is exposed to a display value."""


@dataclass(frozen=True)
class Lights:
    """``source``, ``target``: light of each lamp on X_r and on X_t. ``plain``: values are shown as they stand."""

    source: Weights
    target: Weights
    plain: Bool[Tensor, " n"]


def draw_lights(
    present: Bool[Tensor, "n lamps"], angles: Float[Tensor, " lamps"], rng: torch.Generator, mix: LampMix
) -> Lights:
    """Draw the light on both pictures of each pair.

    Args:
        present: lamps under which both people were photographed.
        angles: of each lamp from the camera's axis, degrees.
        rng: the only source of chance.
        mix: see LampMix.
    """
    n = len(present)
    plain, hard = chance(rng, n, mix.single), chance(rng, n, mix.hard_source)
    reverse = hard & chance(rng, n, mix.even_target)
    few = chance(rng, n, mix.few / max(1e-6, 1 - mix.single))
    front, aside = angles <= angles.min() + 12, angles >= mix.hard_degrees

    def either(which: Tensor, yes: Tensor, no: Tensor) -> Tensor:
        return torch.where(which[:, None, None], yes, no)

    frontal, even = (
        one_lamp(_or_any(present & front, present), rng),
        even_light(present, angles < mix.even_degrees, rng),
    )
    mild = either(plain | chance(rng, n, 0.5), frontal, even)
    single = one_lamp(present, rng)
    sums = either(few, few_lamps(present, rng, mix), lamp_and_fill(present, rng, mix))
    target = either(reverse, mild, either(plain, single, sums))
    keyed = one_lamp(_or_any(present & aside, present), rng)
    bright = either(chance(rng, n, 0.7), keyed, few_lamps(present, rng, mix))
    source = either(hard, either(plain, keyed, bright), either(plain, frontal, mild))
    # Where values do not stand as they are, even white lamps have a colour, mostly a mild one.
    tint = lamp_colours(2 * n, 1, rng, replace(mix, stage=0.0)) ** rand(rng, 2 * n, 1, 1)
    tint = either(torch.cat((plain, plain)), torch.ones_like(tint), tint)
    return Lights(source * tint[:n], target * tint[n:], plain)


def _or_any(some: Bool[Tensor, "n lamps"], present: Bool[Tensor, "n lamps"]) -> Bool[Tensor, "n lamps"]:
    """Some of the lamps, or all that are there for pairs that share none of these."""
    return torch.where(some.any(1, keepdim=True), some, present)


class LampBatches:
    """Draws pairs under sums of real lamps.

    Args:
        stacks: the people.
        size: faces a batch.
        mix: which sums.
        lighting: how cameras and files degrade pictures.
        seed: with the step it decides everything.
    """

    def __init__(self, stacks: Stacks, size: int, mix: LampMix, lighting: LightingConfig, seed: int):
        self.stacks, self.size, self.mix, self.lighting = stacks, size, mix, lighting
        self.seed = seed + SEED_OFFSET

    def draw(self, step: int, rank: int = 0) -> Batch:
        """The batch of one step (of one of several processes)."""
        stacks, n = self.stacks, self.size
        rng = torch.Generator(stacks.device).manual_seed((self.seed * 1_000_003 + step) * 4099 + rank)
        people, rows, sources = self._who(rng)
        flip = rand(rng, n) < 0.5
        present = (stacks.take("present", people) * stacks.take("present", sources)) > 0
        lights = draw_lights(present, stacks.angles, rng, self.mix)
        mask, face = (
            stacks.take(name, people, at)[:, None] for name, at in (("warped_mask", rows), ("mask", None))
        )
        x_r, x_t, answer = self._pictures(people, rows, lights, mask, rng)
        x_t = elsewhere(x_t, face, rng)
        x_r = x_t + (x_r - x_t) * stacks.take("inside", people, rows)[:, None]
        x_r, x_t, answer, mask = (turned(part, flip) for part in (x_r, x_t, answer, mask))
        shapes = [self._shape(people, None, flip), self._shape(people, rows, flip)]
        pictures = (2 * x_r - 1, 2 * x_t - 1, shapes[0], cut(mask, rng), 2 * answer - 1)
        return Batch(*pictures, torch.ones(n, device=rng.device), shapes[1])

    def _who(self, rng: torch.Generator) -> tuple[list[int], list[int], list[int]]:
        """Targets, the rows of those warped onto them, and who these are."""
        numbers = torch.rand(self.size, 2, generator=rng, device=rng.device).tolist()
        people = [int(first * len(self.stacks)) for first, _ in numbers]
        pairs = [
            self.stacks.others[p][int(second * len(self.stacks.others[p]))]
            for p, (_, second) in zip(people, numbers, strict=True)
        ]
        return people, [row for _, row in pairs], [source for source, _ in pairs]

    def _pictures(
        self, people: list[int], rows: list[int], lights: Lights, mask: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """X_r, X_t and the answer, display values 0..1."""
        n, config = self.size, self.lighting
        stack, warped = self.stacks.take("stack", people), self.stacks.take("warped", people, rows)
        light_r, light_t = (_summed(warped, lights.source), _summed(stack, lights.target))
        light_a, gains = _summed(warped, lights.target), self.stacks.take("gains", people, rows)
        strength = torch.cat([draw_strength(n, m, rng) for m in (config.source_mix, config.target_mix)])
        camera = draw_camera(strength, torch.zeros(n, dtype=torch.bool, device=rng.device), rng, config)
        camera = _mono_where(camera, torch.cat((lights.plain, lights.plain)))
        of_r, of_t = camera.rows(slice(0, n)), camera.rows(slice(n, None))
        skin_r, skin_t = skin_colours(n, rng, self.mix), skin_colours(n, rng, self.mix)
        gain_r = skin_r * _exposure(light_r * skin_r, mask, rng, self.mix)
        gain_t = skin_t * _exposure(light_t * skin_t, mask, rng, self.mix)
        plain = lights.plain[:, None, None, None]
        both = gains[:, :, None, None, None]
        x_r = torch.where(plain, light_r, develop(light_r * gain_r, of_r))
        x_t = torch.where(plain, light_t, develop(light_t * gain_t, of_t))
        as_it_stands = linear_to_srgb(srgb_to_linear(light_a) * both[:, 0]).clamp(0, 1)
        answer = torch.where(plain, as_it_stands, develop(light_a * both[:, 1] * gain_t, of_t))
        return degrade(x_r, of_r, rng, config), degrade(x_t, of_t, rng, config), answer

    def _shape(
        self, people: list[int], rows: list[int] | None, flip: Tensor
    ) -> Float[Tensor, "n 6 side side"]:
        """Normals and PNCC of the targets, or of those warped onto them."""
        prefix = "" if rows is None else "own_"
        normals, pncc = (self.stacks.take(prefix + name, people, rows) for name in ("normals", "pncc"))
        normals, pncc, _ = mirrored_geometry(normals, pncc, normals[:, 0], flip)
        return torch.cat((normals, pncc), dim=1)


class MixedBatches:
    """Synthetic pairs first, then pairs under sums of real lamps."""

    def __init__(self, synthetic: Batches | None, lamps: LampBatches):
        self.synthetic, self.lamps = synthetic, lamps

    def draw(self, step: int, rank: int = 0, games: bool = True) -> Batch:
        """The batch of one step; see `Batches.draw`."""
        real = self.lamps.draw(step, rank)
        if self.synthetic is None:
            return real
        made = self.synthetic.draw(step, rank, games)
        names = ("x_r", "x_t", "geometry", "mask", "answer", "known", "geometry_r")
        return Batch(**{name: _joined(getattr(made, name), getattr(real, name)) for name in names})


def _joined(made: Tensor, real: Tensor) -> Tensor:
    return torch.cat((made, real.to(made.device)))


def _summed(stack: Float[Tensor, "n lamps side side"], weights: Weights) -> Float[Tensor, "n 3 side side"]:
    """The weighted sum of every stack: linear light of any range."""
    n, lamps, side, _ = stack.shape
    return (weights.transpose(1, 2) @ stack.reshape(n, lamps, -1)).view(n, 3, side, side)


def _exposure(
    light: Float[Tensor, "n 3 side side"],
    mask: Float[Tensor, "n 1 side side"],
    rng: torch.Generator,
    mix: LampMix,
) -> Float[Tensor, "n 3 1 1"]:
    """Gain per channel that brings the face's bright parts to a display value, and takes some of the cast away."""
    n = len(light)
    wanted = srgb_to_linear(uniform(rng, n, *mix.brightness))
    adapt = rand(rng, n)[:, None, None, None]
    area = mask.sum((2, 3), keepdim=True).clamp_min(1e-6)
    mean = ((light * mask).sum((2, 3), keepdim=True) / area).clamp_min(1e-6)
    white = (mean / luminance(mean)) ** -adapt
    # A saturated lamp has little luminance; metering by that alone would burn its one channel.
    bright = torch.maximum(luminance(light * white), 0.6 * (light * white).amax(1, keepdim=True))
    levels = torch.stack([_quantile(part, cover) for part, cover in zip(bright, mask, strict=True)])
    return white * (wanted / levels.clamp_min(1e-5))[:, None, None, None]


def _quantile(values: Tensor, cover: Tensor) -> Float[Tensor, ""]:
    inside = values[cover > 0.5]
    return torch.quantile(inside, LEVEL) if len(inside) else values.amax()


def _mono_where(camera: Camera, grey: Bool[Tensor, " n"]) -> Camera:
    """Cameras of grey pictures: grain and JPEG then stay grey."""
    return replace(
        camera,
        grey=torch.where(grey, torch.ones_like(camera.grey), camera.grey),
        tint=torch.where(grey[:, None], torch.ones_like(camera.tint), camera.tint),
    )
