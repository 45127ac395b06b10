"""Take most of the smooth shading out of a real portrait, so that it can be lit anew.

Log luminance is fitted by the nine spherical-harmonic functions of the normal (enough for diffuse light:
Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", SIGGRAPH 2001),
robustly, so that brows, lips, beard and highlights, which are not shading, do not steer the fit.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.training.shading import extend, mesh_coverage
from aotface.training.tone import linear_to_srgb, luminance, srgb_to_linear, weighted_mean

RIDGE = (0.0, 0.01, 0.03, 0.06, 0.04, 0.01, 0.06, 0.04, 0.06)
"""Reluctance per basis function (1, x, y, z, xy, xz, yz, x2-y2, 3z2-1): left-right shading is almost always
light, top-down shading is often a beard, and falloff to the rim is there in even light too."""

QUIET, LOUD = 0.14, 0.32
"""Spread of log shading up to which a portrait counts as even, and from which on it is corrected in full."""

LARGEST = 1.2
"""Log gain that is approached but never passed: deep shadow holds noise, not skin."""


def harmonics(normals: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 9 h w"]:
    """The nine real spherical harmonics up to degree 2, scaled to about unit range."""
    x, y, z = normals.unbind(1)
    return torch.stack(
        (torch.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 1.5 * z * z - 0.5), 1
    )


def fit_shading(
    field: Float[Tensor, "n 1 h w"],
    basis: Float[Tensor, "n 9 h w"],
    mask: Float[Tensor, "n 1 h w"],
    ridge: float = 1.0,
) -> Float[Tensor, "n 9"]:
    """Coefficients of a log field on the basis: ridge regression, re-weighted three times (Welsch weights).

    Args:
        field: what to explain.
        basis: functions of the normal.
        mask: where to look, 0..1.
        ridge: times ``RIDGE``.
    """
    n = len(field)
    phi, values = basis.reshape(n, 9, -1), field.reshape(n, 1, -1)
    seen = mask.reshape(n, 1, -1)
    penalty = torch.diag(ridge * phi.new_tensor(RIDGE) + 1e-6)
    weight = seen
    for turn in range(4):
        total = weight.sum(2, keepdim=True).clamp_min(1e-6)
        matrix = (phi * weight / total) @ phi.transpose(1, 2) + penalty  # n 9 9
        right = (phi * weight / total) @ values.transpose(1, 2)  # n 9 1
        found = torch.linalg.solve(matrix, right)
        residual = (values - found.transpose(1, 2) @ phi).square()
        scale = (residual * weight).sum(2, keepdim=True) / total
        if turn < 3:
            weight = seen * torch.exp(-0.5 * residual / scale.clamp_min(1e-4))
    return found[..., 0]


def delight(
    image: Float[Tensor, "n 3 h w"],
    normals: Float[Tensor, "n 3 h w"],
    mask: Float[Tensor, "n 1 h w"],
    strength: float = 0.8,
) -> Float[Tensor, "n 3 h w"]:
    """Divide most of the smooth shading out of portraits; evenly lit ones come back unchanged.

    Args:
        image: portraits, display-encoded sRGB 0..1.
        normals: unit normals, 0 outside the mesh.
        mask: where the face's skin shows, 0..1.
        strength: share of the log shading that is taken out, 0..1.

    Returns:
        Flatter portraits of the same mean log luminance, display-encoded 0..1.

    Source: [ours]
    """
    linear = srgb_to_linear(image)
    coverage = mesh_coverage(normals)
    mask = mask * coverage
    basis = harmonics(F.normalize(normals, dim=1))
    light = luminance(linear)
    tints = torch.log((linear[:, 0::2] + 0.01) / (light + 0.01))
    shading, share = _shading(torch.log(light + 0.005), basis, mask, 1.0)
    red, _ = _shading(tints[:, :1], basis, mask, 3.0)
    blue, _ = _shading(tints[:, 1:], basis, mask, 3.0)
    # Luminance must not move with the tints: green takes what red and blue leave.
    tint = 0.5 * torch.cat((red, -(0.2126 * red + 0.0722 * blue) / 0.7152, blue), 1)
    gain = extend(strength * share * (shading + tint), coverage)
    return linear_to_srgb((linear * torch.exp(-gain)).clamp(0, 1))


def own_shading(
    image: Float[Tensor, "n 3 h w"], normals: Float[Tensor, "n 3 h w"], mask: Float[Tensor, "n 1 h w"]
) -> Float[Tensor, " n"]:
    """How strongly portraits are shaded by their own light: spread of the smooth log shading over the face.

    Args: as for `delight`. About 0.1 is studio light, 0.3 a lamp from the side.
    """
    mask = mask * mesh_coverage(normals)
    basis = harmonics(F.normalize(normals, dim=1))
    field = torch.log(luminance(srgb_to_linear(image)) + 0.005)
    smooth = (fit_shading(field, basis, mask)[:, :, None, None] * basis).sum(1, keepdim=True)
    spread = weighted_mean((smooth - weighted_mean(smooth, mask)).square(), mask).sqrt()
    return spread.flatten()


def leftover_gain(
    linear_a: Float[Tensor, "n 3 h w"],
    linear_b: Float[Tensor, "n 3 h w"],
    normals_a: Float[Tensor, "n 3 h w"],
    normals_b: Float[Tensor, "n 3 h w"],
    mask: Float[Tensor, "n 1 h w"],
) -> Float[Tensor, "n 1 h w"]:
    """Log gain that puts the smooth shading which B still has in the place of A's, read on A's shape.

    Args:
        linear_a, linear_b: evenly lit pictures of A, in B's geometry, and of B; linear light.
        normals_a, normals_b: of either shape, 0 outside the mesh.
        mask: where both faces show, 0..1.

    Returns:
        Of mean 0 over the mask; 0 outside A's mesh.

    Source: [ours]
    """
    cover_a, cover_b = mesh_coverage(normals_a), mesh_coverage(normals_b)
    basis_a, basis_b = (harmonics(F.normalize(normals, dim=1)) for normals in (normals_a, normals_b))
    pairs = ((linear_a, basis_a, cover_a), (linear_b, basis_b, cover_b))
    found_a, found_b = (
        fit_shading(torch.log(luminance(linear) + 0.005), basis, mask * cover)
        for linear, basis, cover in pairs
    )
    gain = ((found_b - found_a)[:, :, None, None] * basis_a).sum(1, keepdim=True)
    gain = gain - weighted_mean(gain, mask * cover_a)
    return LARGEST * torch.tanh(gain / LARGEST) * cover_a


def _shading(field: Tensor, basis: Tensor, mask: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """The fitted smooth part of a log field, of mean 0, softly limited, and the share to take out, 0..1."""
    found = fit_shading(field, basis, mask, ridge)
    smooth = (found[:, :, None, None] * basis).sum(1, keepdim=True)
    smooth = smooth - weighted_mean(smooth, mask)
    spread = weighted_mean(smooth.square(), mask).sqrt()
    share = ((spread - QUIET) / (LOUD - QUIET)).clamp(0, 1)
    return LARGEST * torch.tanh(smooth / LARGEST), share * share * (3 - 2 * share)
