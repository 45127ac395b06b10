"""Gaussian blur as matrix products: exact for the narrowest and the widest, and cheap for both."""

import math
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

NARROW = 1e-9
"""Share of a blur's largest eigenvalue from which its smaller ones are left out: far under float32's own rounding."""

TAIL, BLOCK = 6.0, 32
"""Standard deviations beyond which a Gaussian is 0 in float32, beside its middle; rows that are blurred at once."""


def blur(
    values: Float[Tensor, "batch channels side side"], sigma: float
) -> Float[Tensor, "batch channels side side"]:
    """Gaussian blur of standard deviation ``sigma`` pixels; what falls outside the picture counts as 0.

    Computed in the cheapest of three ways, which differ by rounding only. Always in float32.

    Args:
        values: any.
        sigma: pixels, more than 0.

    Source: [ours].
    """
    with torch.autocast(values.device.type, enabled=False):
        side, device = values.shape[-1], values.device
        thin = _thin_factors(side, sigma, device)
        if thin is not None:
            left, right = thin
            return left @ (right @ values @ left) @ right
        matrix, reach = _kept_matrix(side, sigma, device), math.ceil(TAIL * sigma)
        if device.type != "cpu" or BLOCK + 2 * reach >= side:  # other devices rather do much at once
            return matrix @ values @ matrix.T
        down = _blur_rows(values, matrix, reach)
        return _blur_rows(down.transpose(-1, -2), matrix, reach).transpose(-1, -2)


def _blur_rows(
    values: Float[Tensor, "batch channels side side"], matrix: Float[Tensor, "side side"], reach: int
) -> Float[Tensor, "batch channels side side"]:
    """``matrix @ values``, of which only the diagonal band within ``reach`` is not 0: block by block."""
    side = len(matrix)
    blocks = []
    for start in range(0, side, BLOCK):
        low, high = max(0, start - reach), min(side, start + BLOCK + reach)
        blocks.append(matrix[start : start + BLOCK, low:high] @ values[..., low:high, :])
    return torch.cat(blocks, dim=-2)


def gaussian_matrix(side: int, sigma: float, device: torch.device) -> Float[Tensor, "side side"]:
    """Gaussian blur along one axis as a matrix; what falls outside the picture counts as 0."""
    at = torch.arange(side, dtype=torch.float32, device=device)
    kernel = torch.exp(-0.5 * ((at[:, None] - at[None, :]) / sigma) ** 2)
    return kernel / (sigma * (2.0 * torch.pi) ** 0.5)


@lru_cache(maxsize=64)
def _thin_factors(
    side: int, sigma: float, device: torch.device
) -> tuple[Float[Tensor, "side rank"], Float[Tensor, "rank side"]] | None:
    """Two thin matrices whose product is `gaussian_matrix`; None where they would not be thin.

    A wide blur knows few patterns: at a quarter of the side's width ten are all that float32 can tell from the whole
    matrix, and each product costs a tenth.
    """
    at = np.arange(side)
    kernel = np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2) / (sigma * (2.0 * np.pi) ** 0.5)
    strengths, patterns = np.linalg.eigh(kernel)
    kept = strengths > NARROW * strengths[-1]
    if 2 * int(kept.sum()) > side:
        return None
    # asarray: while torch traces a network, NumPy's eigenvectors come out as tensors.
    factor = np.asarray(patterns[:, kept] * np.sqrt(strengths[kept]), dtype=np.float32)
    with torch.inference_mode(False):  # kept for whoever comes next: he may want gradients
        left = torch.from_numpy(factor).to(device)
        return left, left.T.contiguous()


@lru_cache(maxsize=64)
def _kept_matrix(side: int, sigma: float, device: torch.device) -> Float[Tensor, "side side"]:
    with torch.inference_mode(False):
        return gaussian_matrix(side, sigma, device)
