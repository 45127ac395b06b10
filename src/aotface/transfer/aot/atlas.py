"""An atlas of lamps: how each of many lamps lights a face, cast shadows and shine and all; fitted to X_t, read on X_r.

Light on a face has few degrees of freedom: light adds up, so a face under any light is a sum of itself under single lamps.
The atlas holds that for the mean face, relative to a lamp in front, so that skin cancels. The lamps' weights are fitted to
X_t, none below 0, and to X_r; their quotient, read on X_r's own shape, is the light that X_r lacks. Nothing of the target
but these weights takes part: no brow, no nostril, no beard of it can come along. The networks say how much is let through.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot.blur import blur

SIDE = 64
"""Of the atlas, pixels over the mean face's width and height."""

FIT_SIDE = 64
"""Of the pictures that the lamps are fitted to."""

RIDGE = 0.003
"""Penalty on the weights' squares, as a share of the lamps' mean strength."""

ROUNDS, STEPS = 3, 60
"""Fits, each without what the one before could not explain, and steps of each."""

FLOOR = 0.1
"""Share of the face's mean light below which errors count as absolute, above as relative."""

ROBUST = 4.0
"""Errors of so many standard deviations count half: beards, hair, make-up."""

UNSURE = 0.05
"""Added, as light, to what is compared before its logarithm, and, as a logarithm, to how far a face is from its fit."""

DARKEST = 0.08
"""Share of a face's mean that reaches every place, under the curve below."""

CURVE = 2.0
"""Lamps are fitted to this root of light, about as pictures are encoded: a mean over people is softer than each of them, and
cameras' curves are harder than light. 1.5 to 2.2 do as well; 1 costs .8 dB and more (docs/log/2026-11-30-atlas.md)."""

SMOOTHING = 4.0 / 256.0
"""Blur with which light goes on beside the mesh, in parts of the side."""

Pictures = Float[Tensor, "batch 3 side side"]
Shapes = Float[Tensor, "batch 6 side side"]
Masks = Float[Tensor, "batch 1 side side"]


class LampAtlas(nn.Module):
    """Light of ``count`` lamps on the mean face.

    Buffers, over the mean face's front view (x and y of PNCC): ``lamps``, linear light relative to the lamp in front;
    ``front``, a face under that lamp, mean 1; ``trust``, how well people agree there, mean 1. From chance all are even.

    Source: Georghiades, Belhumeur and Kriegman, "From few to many", 2001, for sums of lamps that are never negative;
    a mean over people in place of one person's pictures, and a light that is carried from one face to another [ours].
    """

    def __init__(self, count: int):
        super().__init__()
        self.lamps: Tensor
        self.front: Tensor
        self.trust: Tensor
        self.register_buffer("lamps", torch.ones(count, SIDE, SIDE))
        self.register_buffer("front", torch.ones(SIDE, SIDE))
        self.register_buffer("trust", torch.ones(SIDE, SIDE))

    def forward(
        self,
        light_r: Pictures,
        light_t: Pictures,
        shape_r: Shapes,
        shape_t: Shapes,
        mask: Masks,
        fine_r: Shapes,
    ) -> Float[Tensor, "batch 5 fine fine"]:
        """The light of X_t on X_r, and what it is made of.

        Args:
            light_r: linear light of X_r.
            light_t: linear light of X_t.
            shape_r: normals and PNCC of X_r's mesh, 0 beside it.
            shape_t: of the target's mesh.
            mask: the visible face, 0..1.
            fine_r: as ``shape_r``, at the side of the result.

        Returns:
            By how much X_r must be brighter for the light of X_t, a logarithm per channel (3); log light of X_t and of X_r
            on X_r's shape, as grey (2). Each is 0 in the mean of the face. No gradient.
        """
        with torch.no_grad(), torch.autocast(light_r.device.type, enabled=False):
            lights = torch.cat([light_r, light_t]).clamp_min(0.0) ** (1.0 / CURVE)
            weights = self.fit(lights, torch.cat([shape_r, shape_t]), torch.cat([mask, mask]))
            lit = torch.cat(weights.chunk(2), dim=2).transpose(1, 2) @ self.lamps.flatten(1)
            covered = _covered(fine_r)
            of_r, of_t = _log_light(_read(lit.unflatten(2, (SIDE, SIDE)), fine_r), covered).chunk(2, dim=1)
            gain = CURVE * (of_t - of_r)
            spread = blur(torch.cat([gain * covered, covered], dim=1), SMOOTHING * gain.shape[-1])
            gain = covered * gain + (1.0 - covered) * spread[:, :3] / (spread[:, 3:] + 0.01)
            found = torch.cat([gain, of_t.mean(1, keepdim=True), of_r.mean(1, keepdim=True)], dim=1)
            mean = (found * covered).sum((2, 3), keepdim=True) / (covered.sum((2, 3), keepdim=True) + 1e-3)
            return torch.cat([found[:, :3] - mean[:, :3], covered * (found[:, 3:] - mean[:, 3:])], dim=1)

    def fit(self, light: Pictures, shape: Shapes, mask: Masks) -> Float[Tensor, "batch lamps 3"]:
        """Weights of the lamps, per channel; the tone of the skin is a factor of them.

        Args:
            light: of a face, 0 and above; a sum of lamps is found as what it is, under whatever curve that holds.
            shape: normals and PNCC of its mesh.
            mask: the visible face, 0..1.
        """
        planes = torch.cat([self.lamps, self.front[None], self.trust[None]])
        every = planes[None].expand(len(shape), -1, -1, -1)
        lamps, front, trust = _read(every, shape).flatten(2).split([len(self.lamps), 1, 1], dim=1)
        lamps = lamps * front
        counts = (_covered(shape) * mask).flatten(2) * trust + 1e-6
        counts = counts / counts.sum(2, keepdim=True)
        seen = light.float().flatten(2)
        mean = (seen * counts).sum(2, keepdim=True) + 1e-4
        seen = seen / mean
        grey = seen.mean(1, keepdim=True)
        weights = seen.new_full((len(seen), len(self.lamps), 3), 1.0 / len(self.lamps))
        fitted, believed = torch.ones_like(grey), torch.ones_like(grey)
        for _ in range(ROUNDS):
            importance = counts * believed / (fitted + FLOOR) ** 2
            weighted = lamps * (importance / importance.sum(2, keepdim=True))
            products = weighted @ lamps.transpose(1, 2)
            strength = products.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
            products = products + RIDGE * strength * torch.eye(len(self.lamps), device=seen.device)
            weights = _never_negative(products, weighted @ seen.transpose(1, 2), weights)
            fitted = (weights.mean(2, keepdim=True).transpose(1, 2) @ lamps).clamp_min(0.0)
            apart = torch.log((grey.clamp_min(0.0) + UNSURE) / (fitted + UNSURE))
            certain = counts * believed
            spread = (
                (apart.square() * certain).sum(2, keepdim=True) / certain.sum(2, keepdim=True)
            ).sqrt() + UNSURE
            believed = 1.0 / (1.0 + (apart / (ROBUST * spread)) ** 2)
        return weights * mean.transpose(1, 2)


def _log_light(
    light: Float[Tensor, "batch channels side side"], covered: Masks
) -> Float[Tensor, "batch channels side side"]:
    """Log of light on a face, with a share of its mean everywhere."""
    mean = (light * covered).sum((2, 3), keepdim=True) / (covered.sum((2, 3), keepdim=True) + 1e-3)
    return torch.log(light + DARKEST * mean + 1e-5)


def _covered(shape: Shapes) -> Masks:
    """How far the mesh covers each pixel."""
    return shape[:, :3].square().sum(1, keepdim=True).add(1e-8).sqrt().clamp_max(1.0)


def _read(
    planes: Float[Tensor, "batch count rows columns"], shape: Shapes
) -> Float[Tensor, "batch count side side"]:
    """Planes of the atlas at the places of the mean face that each pixel shows."""
    places = shape[:, 3:5] / _covered(shape).clamp_min(0.05)  # at the mesh's edge pixels are half empty
    grid = 2.0 * places.permute(0, 2, 3, 1) - 1.0
    return F.grid_sample(planes, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _never_negative(
    products: Float[Tensor, "batch lamps lamps"],
    wanted: Float[Tensor, "batch lamps 3"],
    start: Float[Tensor, "batch lamps 3"],
) -> Float[Tensor, "batch lamps 3"]:
    """Least squares with no weight below 0, by accelerated projected gradients.

    Source: Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009.
    """
    largest = products.abs().sum(2).amax(1).view(-1, 1, 1)
    found, ahead, pace = start, start, 1.0
    for _ in range(STEPS):
        new = (ahead - (products @ ahead - wanted) / largest).clamp_min(0.0)
        faster = (1.0 + (1.0 + 4.0 * pace * pace) ** 0.5) / 2.0
        ahead, found, pace = new + (pace - 1.0) / faster * (new - found), new, faster
    return found
