"""Relighting generator: perceptual encoder, NOTPE and face decoder, and the picture they make."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot import colour_map as fields
from aotface.transfer.aot.atlas import FIT_SIDE, LampAtlas
from aotface.transfer.aot.colour_map import ColourMap
from aotface.transfer.aot.decoder import ATLAS_OUTPUTS, COLOUR_MAP_OUTPUTS, GATES, PAINT_OUTPUTS, FaceDecoder
from aotface.transfer.aot.encoder import PerceptualEncoder
from aotface.transfer.aot.harmonics import light_by_shape
from aotface.transfer.aot.notpe import NOTPE, pixel_pyramid
from aotface.transfer.aot.octaves import BROAD, gate_octaves, gated, match_light, remaining_light

GAIN_LIMIT = 3.0
SATURATION_LIMIT = 1.5
BIAS_LIMIT = 0.5
GATE_LIMIT = 3.0
GATES_FIRST = 4 * len(GATES)
DIRECTION_SHARE = 0.5
"""How much of what light by direction lacks is added, everywhere: a gate that was learned did worse (docs/adr/0009)."""
REST_SHARE, REST_LIMIT = 0.7, 0.3
"""How much of the broadest light that is still lacking at last is added, everywhere, and where a difference in
logarithms stops counting as light: a beard beside a shaven chin differs by more. Not in training, which would learn to
take it back (docs/adr/0013)."""
FINEST = slice(len(GATES) - 2, len(GATES))
"""The two finest octaves of X_t."""


@dataclass(frozen=True)
class Size:
    """How large the networks are. ``side``: of the pictures they see; channels are multiples of 16."""

    side: int
    channels: tuple[int, int, int, int]
    blocks: int
    omega_hidden: int
    critic_hidden: int
    msd_channels: tuple[int, int, int]


SIZES = {
    "tiny": Size(64, (16, 16, 32, 32), 1, 32, 32, (16, 16, 32)),
    "small": Size(128, (32, 64, 96, 128), 2, 64, 128, (16, 32, 64)),
    "base": Size(256, (64, 128, 192, 256), 2, 128, 256, (32, 64, 128)),
}


@dataclass(frozen=True)
class Options:
    """What the generator is made of; every default is the full method, every other value an ablation.

    ``head``: "field" [ours] or "paint" [paper]. ``geometry``: normals and PNCC. ``transport``: NOTPE.
    ``target_features``: Omega reads v_t. ``base``: start from the smooth matching. ``grey_rule``: a grey
    target gives a grey result. ``side``: of the pictures that the networks see, 0 for that of their size; the
    networks are convolutions, so weights that began at a small side can go on at a larger one. ``remainder``:
    a second pass over what still differs from X_t after the first map, and let a part of it through. ``light_side``: at
    which the octaves of light are taken that the gates let through, 0 for the networks' own: a finer one gives sharper
    edges of shadow, and needs no other weights, because octaves are parts of the face's size. In training it is never finer
    than the pictures. ``lamps``: of the atlas whose light the networks are shown, and may let through; 0: none.
    """

    head: Literal["field", "paint"] = "field"
    geometry: bool = True
    transport: bool = True
    target_features: bool = True
    base: bool = True
    grey_rule: bool = True
    remainder: bool = True
    side: int = 0
    light_side: int = 0
    lamps: int = 0


@dataclass  # not frozen: Lightning Fabric rebuilds it on the way out of a wrapped module
class Transported:
    """What one pass gives.

    ``swapped``: Y, -1..1, at the size of the picture that was changed. ``field``: the map behind it, None for
    the painting head. ``features_r``, ``features_t``: F^1 .. F^4 of the changed picture and of X_t.
    ``moved``: F_Y^1 .. F_Y^3. ``pixels``: [X_r, X_t] scaled to these levels. ``mask``: at the network's side.
    ``taken``: log-gain that the finest octaves of X_t gave, where edges of shadow and the target's own features lie
    together; None without a field. ``lit``: the part of the gain that comes from the atlas of lamps; None without one.
    """

    swapped: Float[Tensor, "batch 3 height width"]
    field: ColourMap | None
    features_r: list[Tensor]
    features_t: list[Tensor]
    moved: list[Tensor]
    pixels: list[Tensor]
    mask: Float[Tensor, "batch 1 side side"]
    taken: Tensor | None = None
    lit: Tensor | None = None


class _View(NamedTuple):
    """A picture at the network's side: linear light, and the pixels that networks read."""

    linear: Tensor
    pixels: Tensor


class RelightingGenerator(nn.Module):
    """Give X_r the appearance of X_t. Deterministic: no dropout, no noise; in training one pass fewer, see REST_SHARE.

    Source: [paper], figure "Relighting Generator"; [ours] for field, smooth matching and grey rule.
    """

    def __init__(self, size: Size, options: Options = Options()):
        super().__init__()
        self.size, self.options = replace(size, side=options.side or size.side), options
        paint = options.head == "paint"
        self.encoder = PerceptualEncoder(size.channels, size.blocks, options.geometry)
        self.notpe = NOTPE(size.channels[:3], size.omega_hidden, options.target_features, options.transport)
        outputs = PAINT_OUTPUTS if paint else COLOUR_MAP_OUTPUTS + (ATLAS_OUTPUTS if options.lamps else 0)
        self.decoder = FaceDecoder(size.channels, size.blocks, outputs, guided=not paint)
        self.atlas = LampAtlas(options.lamps) if options.lamps else None

    @property
    def input_side(self) -> int:
        """Side of pictures in which nothing is lost of what this generator reads."""
        return max(self.size.side, self.options.light_side)

    def forward(
        self,
        x_r: Float[Tensor, "batch 3 height width"],
        x_t: Float[Tensor, "batch 3 height_t width_t"],
        geometry: Float[Tensor, "batch 6 height_g width_g"],
        mask: Float[Tensor, "batch 1 height_t width_t"],
        geometry_r: Float[Tensor, "batch 6 height_g width_g"] | None = None,
    ) -> Transported:
        """Y_{r,t}.

        Args:
            x_r: reenacted face, display-encoded sRGB, -1..1, any square size.
            x_t: target, the same crop, -1..1.
            geometry: normals (x right, y down, z towards the camera) and PNCC 0..1 of the target's face mesh.
            mask: the visible face, 0..1.
            geometry_r: the same of X_r's own face mesh, in the target's pose; left out, that of the target.

        Returns:
            The swapped face at the size of ``x_r``, and what the losses need.
        """
        light = self.light(x_r, x_t, geometry, mask, geometry_r)
        return self.answer(x_r, x_t, geometry, mask, geometry_r, light)

    def light(
        self, x_r: Tensor, x_t: Tensor, geometry: Tensor, mask: Tensor, geometry_r: Tensor | None = None
    ) -> Float[Tensor, "batch 5 fine fine"] | None:
        """What the atlas of lamps says of X_r, see `atlas.py`; None without an atlas. Arguments: as in forward."""
        if self.atlas is None:
            return None
        shape_t = fields.resize(geometry, FIT_SIDE)
        shape_r, fine = geometry if geometry_r is None else geometry_r, min(self.input_side, x_r.shape[-1])
        lights = (fields.to_linear(fields.resize(images, FIT_SIDE)) for images in (x_r, x_t))
        small_mask = fields.resize(_never_empty(mask), FIT_SIDE)
        found: Tensor = self.atlas(
            *lights, fields.resize(shape_r, FIT_SIDE), shape_t, small_mask, fields.resize(shape_r, fine)
        )
        return found

    def answer(
        self,
        x_r: Tensor,
        x_t: Tensor,
        geometry: Tensor,
        mask: Tensor,
        geometry_r: Tensor | None = None,
        light: Tensor | None = None,
    ) -> Transported:
        """What the networks give; ``light``: see there, the same arguments else."""
        view_r, view_t = self._view(x_r), self._view(x_t)
        small_mask, shape_t = self._small(mask, geometry)
        shape_r = shape_t if geometry_r is None else self._small(mask, geometry_r)[1]
        both = torch.cat([view_r.pixels, view_t.pixels])
        shapes = torch.cat([shape_r, shape_t])
        features = self.encoder(both, torch.cat([small_mask, small_mask]), shapes)
        features_r, features_t = [list(part) for part in zip(*(f.chunk(2) for f in features), strict=True)]
        pixels = pixel_pyramid(view_r.pixels, view_t.pixels, levels=3)
        moved = self.notpe(features_r[:3], pixels, features_t[:3])
        swapped, field, taken, lit = self._decode(
            x_r, x_t, mask, (view_r, view_t, small_mask, shape_r, shape_t), moved, features_r[3], light
        )
        return Transported(swapped, field, features_r, features_t, moved, pixels, small_mask, taken, lit)

    def reconstruct(
        self,
        x_t: Float[Tensor, "batch 3 height width"],
        geometry: Float[Tensor, "batch 6 height_g width_g"],
        mask: Float[Tensor, "batch 1 height width"],
        features_t: list[Tensor] | None = None,
    ) -> Transported:
        """Y_{t,t}: the target through encoder and decoder, without transport.

        Args:
            x_t: target, -1..1.
            geometry: as in forward.
            mask: as in forward.
            features_t: F^1 .. F^4 of X_t when a forward pass has them already.

        Returns:
            ``swapped`` is the reconstruction; ``moved`` are the target's own features.
        """
        view = self._view(x_t)
        small_mask, shape = self._small(mask, geometry)
        features = self.encoder(view.pixels, small_mask, shape) if features_t is None else features_t
        parts = (view, view, small_mask, shape, shape)
        swapped, field, _, _ = self._decode(x_t, x_t, mask, parts, features[:3], features[3])
        pixels = pixel_pyramid(view.pixels, view.pixels, levels=3)
        return Transported(swapped, field, features, features, features[:3], pixels, small_mask)

    def features(
        self,
        images: Float[Tensor, "batch 3 height width"],
        geometry: Float[Tensor, "batch 6 height_g width_g"],
        mask: Float[Tensor, "batch 1 height width"],
    ) -> list[Tensor]:
        """F^1 .. F^4 of a picture, -1..1, with its own geometry; see forward."""
        small_mask, shape = self._small(mask, geometry)
        found: list[Tensor] = self.encoder(self._view(images).pixels, small_mask, shape)
        return found

    def _view(self, images: Float[Tensor, "batch 3 height width"]) -> _View:
        display = fields.resize(images, self.size.side)
        linear = fields.to_linear(display)
        return _View(linear, torch.cat([display, fields.log_light(linear)], dim=1))

    def _small(self, mask: Tensor, geometry: Tensor) -> tuple[Tensor, Tensor]:
        side = self.size.side
        shape = fields.resize(geometry, side)
        return fields.resize(_never_empty(mask), side), shape if self.options.geometry else shape * 0.0

    def _decode(
        self,
        x_in: Tensor,
        x_t: Tensor,
        mask: Tensor,
        parts: tuple[_View, _View, Tensor, Tensor, Tensor],
        skips: list[Tensor],
        bottleneck: Tensor,
        light: Tensor | None = None,
    ) -> tuple[Tensor, ColourMap | None, Tensor | None, Tensor | None]:
        view_in, view_t, small_mask, *shapes = parts
        base, octaves = match_light(view_in.linear, view_t.linear, small_mask)
        if not (self.options.base and self.options.head == "field"):
            base, octaves = base * 0.0, octaves * 0.0
        guide = _guide(view_in, view_t, shapes, small_mask, base, octaves, light)
        raw = self.decoder(skips, bottleneck, guide).float()
        weight = torch.ones_like(raw[:, :1, :1, :1])
        if self.options.grey_rule:
            weight = fields.colourfulness(x_t, _never_empty(mask))
        if self.options.head == "paint":
            painted = fields.forbid_colour(torch.tanh(_resample(raw, self.size.side)), weight)
            return fields.resize(painted, x_in.shape[-1]), None, None, None
        area = small_mask.sum((2, 3), keepdim=True)
        colour_t = (view_t.linear * small_mask).sum((2, 3), keepdim=True) / area
        side = min(self.options.light_side, x_in.shape[-1]) if self.training else self.options.light_side
        if side not in (0, self.size.side):
            base, octaves = self._fine_light(x_in, x_t, mask, side)
        raw = _resample(raw, octaves.shape[-1])
        first, again = (
            _gates(raw[:, 5 : 5 + GATES_FIRST]),
            _gates(raw[:, 5 + GATES_FIRST : COLOUR_MAP_OUTPUTS]),
        )
        start, lit = base + gate_octaves(octaves, first), None
        if light is not None:
            shares = _gates(raw[:, COLOUR_MAP_OUTPUTS:])
            lit = gated(_resample(light[:, :3], octaves.shape[-1])[:, None], shares)[:, 0]
            lit = fields.forbid_colour(lit, weight)
            start = start + lit
        field = _bounded(raw, start, colour_t, weight)
        if self.options.remainder:
            lacking = _resample(
                _look_again(field, again, (view_in, view_t), shapes, small_mask, last=not self.training),
                len(raw[0, 0]),
            )
            field = fields.brighter(field, fields.forbid_colour(lacking, weight))
        taken = gated(octaves[:, FINEST], first[:, 2 * FINEST.start : 2 * FINEST.stop])
        return fields.apply_colour_map(x_in, field), field, taken, lit

    def _fine_light(self, x_in: Tensor, x_t: Tensor, mask: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Mean gain and octaves at a side of their own."""
        light_in, light_t = (fields.to_linear(fields.resize(images, side)) for images in (x_in, x_t))
        base, octaves = match_light(light_in, light_t, fields.resize(_never_empty(mask), side))
        return (base, octaves) if self.options.base else (base * 0.0, octaves * 0.0)


def _guide(
    view_in: _View,
    view_t: _View,
    shapes: list[Tensor],
    mask: Tensor,
    base: Tensor,
    octaves: Tensor,
    light: Tensor | None,
) -> Float[Tensor, "batch 48 half half"]:
    """What the gates are decided on, at half the side; see GUIDE_CHANNELS."""
    brightness = octaves.mean(2)
    of_t = octaves[:, : octaves.shape[1] // 2]
    colour = (of_t - of_t.mean(2, keepdim=True))[:, :, ::2].flatten(
        1, 2
    )  # red and blue; green follows from them
    of_r, of_target = (shape[:, :3] for shape in shapes)
    parts = [view_in.pixels, view_t.pixels, of_target, mask, base.expand(-1, -1, *mask.shape[-2:])]
    parts += [2.0 * brightness, 4.0 * colour, of_r - of_target]  # about as strong as the pixels
    side = mask.shape[-1]
    parts += [
        mask.new_zeros(len(mask), 2, side, side) if light is None else fields.resize(light[:, 3:], side)
    ]
    return F.avg_pool2d(torch.cat(parts, dim=1), 2)


def lit_by(
    images: Float[Tensor, "batch 3 height width"], light: Float[Tensor, "batch 3 side side"]
) -> Float[Tensor, "batch 3 height width"]:
    """Pictures, -1..1, under more light: a log-gain of any size."""
    even = torch.ones_like(light[:, :1])
    return fields.apply_colour_map(images, ColourMap(light, even, torch.zeros_like(light)))


def _resample(values: Tensor, side: int) -> Tensor:
    return F.interpolate(values, size=(side, side), mode="bilinear", align_corners=False)


def _bounded(raw: Tensor, start: Tensor, colour_t: Tensor, weight: Tensor) -> ColourMap:
    """The field from raw outputs: each part is limited, and ``weight`` 0 (a grey target) forbids colour."""
    gain = start + GAIN_LIMIT * torch.tanh(raw[:, 0:3] / GAIN_LIMIT)
    saturation = torch.exp(SATURATION_LIMIT * torch.tanh(raw[:, 3:4] / SATURATION_LIMIT))
    bias = BIAS_LIMIT * torch.tanh(raw[:, 4:5] / BIAS_LIMIT) * fields.forbid_colour(colour_t, weight)
    return ColourMap(fields.forbid_colour(gain, weight), weight * saturation, bias)


def _gates(raw: Tensor) -> Tensor:
    return GATE_LIMIT * torch.tanh(raw / GATE_LIMIT)


def _look_again(
    field: ColourMap,
    gates: Tensor,
    views: tuple[_View, _View],
    shapes: list[Tensor],
    mask: Tensor,
    last: bool,
) -> Tensor:
    """What the light of the first answer still lacks of the target's, and the gates let through: log-gain to be added.

    A network guesses light from pictures and hedges where it is in doubt; how its own answer compares with the target,
    over the whole face, it cannot see before the answer is there. First a fixed share of light by direction
    (`harmonics.py`), which knows that the two faces differ in shape; then what blurred pictures still differ by, gated;
    ``last``, a fixed share of what the broadest light still differs by.
    """
    maps = torch.cat([field.gain, field.saturation, field.bias, gates], dim=1)
    sizes = [3, 1, 3, gates.shape[1]]
    gain, saturation, bias, shares = fields.resize(maps, mask.shape[-1]).split(sizes, dim=1)
    light_in, light_t = (view.linear for view in views)
    normals_r, normals_t = (shape[:, :3] for shape in shapes)
    first = fields.lit(light_in, gain, saturation, bias).clamp(0.0, 1.0)
    by_shape = DIRECTION_SHARE * light_by_shape(first, light_t, normals_r, normals_t, mask)
    second = (first * torch.exp(by_shape)).clamp(0.0, 1.0)
    seen = by_shape + gated(remaining_light(second, light_t, mask), shares).sum(1)
    if not last:
        return seen
    rest = remaining_light((first * torch.exp(seen)).clamp(0.0, 1.0), light_t, mask, BROAD).sum(1)
    return seen + REST_SHARE * REST_LIMIT * torch.tanh(rest / REST_LIMIT)


def _never_empty(mask: Tensor) -> Tensor:
    """A mask without a single face pixel means the whole crop."""
    return torch.where(mask.amax((2, 3), keepdim=True) > 0.0, mask, torch.ones_like(mask))
