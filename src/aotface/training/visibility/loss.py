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


KEPT, KEPT_WEIGHT = (Surface.BROW, Surface.BEARD), 60.0
"""Surfaces of which `kept_loss` keeps what another network says, and its weight: they cover a small part of a view."""

DRAWN = (Surface.HAIR, Surface.HAND, Surface.COVER, Surface.FRAME, Surface.BEARD)
"""Where one of these is sure, its label counts alone. Ground is not among them, as in the training of the shipped file."""


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


def kept_loss(
    logits: Float[Tensor, "n outputs h w"], taught: Float[Tensor, "n outputs h w"], sets: Int[Tensor, "n h w"]
) -> Tensor:
    """How far a network moves away from what another one says of brows and beards: cross entropy less its least.

    No label tells real beards, and rules of swaps rely on how faintly the network sees them (`face.parse.kept_beard`).

    Args:
        logits: of the network.
        taught: of the other one.
        sets: see `set_loss`.

    Source: Li and Hoiem, "Learning without forgetting", ECCV 2016.
    """
    said, wanted = (one[:, :LENS].softmax(1)[:, list(KEPT)].clamp(1e-6, 1 - 1e-6) for one in (logits, taught))
    drawn = torch.stack([sets == 1 << surface for surface in DRAWN]).any(0)
    cross = F.binary_cross_entropy(said, wanted, reduction="none")
    least = F.binary_cross_entropy(wanted, wanted, reduction="none")
    return KEPT_WEIGHT * ((cross - least) * ~drawn[:, None]).sum(1).mean()
