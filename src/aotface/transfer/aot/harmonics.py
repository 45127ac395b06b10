"""Light as a function of the surface's direction: fitted to one face, read on the shape of another.

Blurred pictures compare the target's light with the answer's place by place, and where the two faces differ in shape, a
nose is lit like the cheek that the target has there. Light by direction has no such trouble: nine numbers a channel, fitted
to the whole face, hold it for every matt surface. Source: Basri and Jacobs, "Lambertian reflectance and linear subspaces",
2003; that a relighting network is corrected by it is [ours].
"""

import torch
from jaxtyping import Float
from torch import Tensor

from aotface.transfer.aot.blur import blur

TERMS = 9
RIDGE = 0.01
"""Weight of the penalty on every coefficient but the constant, as a share of the terms' mean strength: half of the
sphere is never seen."""
DARKEST = 0.05
"""Share of the face's mean light below which a fit is not believed."""
FLOOR = 1e-3
LIMIT = 4.0
SMOOTHING = 4.0 / 256.0
"""Blur of the result, in parts of the side: hides where the mesh ends."""
STEPS = 20

Shapes = Float[Tensor, "batch 3 side side"]
Lights = Float[Tensor, "batch 3 side side"]


def harmonics(normals: Shapes) -> Float[Tensor, "batch 9 side side"]:
    """Real spherical harmonics to order 2 of unit vectors, without their constants."""
    x, y, z = normals.unbind(1)
    terms = (torch.ones_like(x), y, z, x, x * y, y * z, 3.0 * z * z - 1.0, x * z, x * x - y * y)
    return torch.stack(terms, dim=1)


def light_by_shape(
    light_y: Lights,
    light_t: Lights,
    normals_r: Shapes,
    normals_t: Shapes,
    mask: Float[Tensor, "batch 1 side side"],
) -> Lights:
    """By how much the light of X_t, fitted on its shape and read on X_r's, differs from that of the answer.

    Args:
        light_y: linear light of the answer so far, which has X_r's shape.
        light_t: linear light of X_t.
        normals_r: of X_r's face mesh, about unit length, 0 beside it.
        normals_t: of the target's face mesh.
        mask: the face, 0..1.

    Returns:
        Differences of logarithms, smooth, 0 far from the mesh; differentiable in ``light_y``.
    """
    with torch.autocast(light_y.device.type, enabled=False):
        terms_r, on_r = _terms(normals_r.float())
        terms_t, on_t = _terms(normals_t.float())
        read = [
            _read(terms_r, _fit(light.float(), terms, on * mask))
            for light, terms, on in ((light_t, terms_t, on_t), (light_y, terms_r, on_r))
        ]
        apart = (torch.log(read[0]) - torch.log(read[1])).clamp(-LIMIT, LIMIT)
        stacked = blur(torch.cat([apart * on_r, on_r], dim=1), SMOOTHING * light_y.shape[-1])
        return stacked[:, :3] / (stacked[:, 3:] + 0.01)


def _terms(normals: Shapes) -> tuple[Float[Tensor, "batch 9 side side"], Float[Tensor, "batch 1 side side"]]:
    """Harmonics, and 1 where there is a surface."""
    length = normals.square().sum(1, keepdim=True).add(1e-8).sqrt()
    return harmonics(normals / length), (length > 0.5).float()


def _fit(
    light: Lights, terms: Float[Tensor, "batch 9 side side"], weight: Float[Tensor, "batch 1 side side"]
) -> Float[Tensor, "batch 9 3"]:
    """Coefficients of each channel by penalised least squares."""
    weight = weight + 1e-6
    weighted = (terms * weight / weight.sum((2, 3), keepdim=True)).flatten(2)
    matrix = weighted @ terms.flatten(2).transpose(1, 2)
    strength = matrix.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
    penalty = torch.eye(TERMS, device=light.device)
    penalty[0, 0] = 1e-4
    return _inverse(matrix + RIDGE * strength * penalty) @ (weighted @ light.flatten(2).transpose(1, 2))


def _inverse(matrix: Float[Tensor, "batch 9 9"]) -> Float[Tensor, "batch 9 9"]:
    """Newton's iteration (Schulz, 1933): products only, which every exchange format knows."""
    both = matrix.abs().sum(1).amax(1) * matrix.abs().sum(2).amax(1)
    found = matrix.transpose(1, 2) / both.view(-1, 1, 1)
    twice = 2.0 * torch.eye(TERMS, device=matrix.device)
    for _ in range(STEPS):
        found = found @ (twice - matrix @ found)
    return found


def _read(terms: Float[Tensor, "batch 9 side side"], light: Float[Tensor, "batch 9 3"]) -> Lights:
    """Light on a shape, never darker than a share of its mean."""
    side = terms.shape[-1]
    values = (light.transpose(1, 2) @ terms.flatten(2)).unflatten(2, (side, side))
    least = DARKEST * light[:, :1].transpose(1, 2).clamp_min(0.0).unsqueeze(3) + FLOOR
    return torch.maximum(values, least)
