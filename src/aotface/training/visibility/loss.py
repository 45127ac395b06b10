"""The loss of sets: what is sure costs as ever, what is half known costs half, and what nobody knows costs nothing."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from aotface.face.visibility.classes import LENS, Surface
from aotface.training.visibility.labels import EVERY

WORTH = {
    Surface.FRAME: 8.0,
    Surface.HAND: 3.0,
    Surface.EYE: 8.0,
    Surface.BROW: 4.0,
    Surface.LIPS: 4.0,
    Surface.INNER_MOUTH: 8.0,
    Surface.BEARD: 3.0,
    Surface.COVER: 1.5,
}
"""Weight of a pixel that surely shows a small or rare surface; every other counts 1. With weights half as large, 400 steps
of 8 faces taught no eye and no lips at all."""

LENS_WEIGHT = 1.0
"""Of the lens's loss beside the surfaces'."""


def set_loss(
    logits: Float[Tensor, "n outputs h w"], sets: Int[Tensor, "n h w"], lens: Int[Tensor, "n h w"]
) -> dict[str, Tensor]:
    """Loss of a batch.

    Args:
        logits: of the network.
        sets: one bit for every surface that a pixel may show.
        lens: 1 behind a lens, 0 not, 255 unknown.

    Returns:
        ``surface``: minus the logarithm of the probability that the surface is in the set, weighted mean over pixels of
        which anything is known. ``lens``: weighted binary cross entropy. Their sum is ``total``.

    Source: partial labels as in Cour et al., "Learning from partial labels", JMLR 2011.
    """
    shares = logits[:, :LENS].clamp(-30, 30).exp()
    places = torch.arange(LENS, device=sets.device, dtype=sets.dtype)
    allowed = ((sets[:, None] >> places[None, :, None, None]) & 1).to(shares.dtype)
    chance = ((shares * allowed).sum(1) + 1e-12).log() - shares.sum(1).log()
    weights = (sets != EVERY).float()
    for rare, worth in WORTH.items():
        weights = torch.where(sets == 1 << rare, worth, weights)
    surface = -(weights * chance).sum() / weights.sum().clamp_min(1)
    known = (lens != 255).float()
    answer = (lens == 1).float()
    each = F.binary_cross_entropy_with_logits(logits[:, LENS], answer, reduction="none")
    behind = ((1 + answer) * known * each).sum() / known.sum().clamp_min(1)
    return {"surface": surface, "lens": behind, "total": surface + LENS_WEIGHT * behind}
