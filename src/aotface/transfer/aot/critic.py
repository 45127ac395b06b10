"""Latent critic Psi_k: a potential on single vectors, one per level."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class LatentCritic(nn.Module):
    """A per-vector network without normalisation; smooth, since its gradient is differentiated again.

    Args:
        channels: length of a vector.
        hidden: width.
        condition: length of a further input that both distributions share, 0 for none. Over a batch of
            unrelated pairs, X_r and X_t come from the same population, so that their vectors have the same
            distribution whatever the plan does; told which picture a vector belongs to, the critic compares
            face by face [ours].

    Source: [paper] Psi_1 .. Psi_3 per pixel; [ours] for the layers and the condition.
    """

    def __init__(self, channels: int, hidden: int, condition: int = 0):
        super().__init__()
        self.enter = nn.Linear(channels + condition, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.leave = nn.Linear(hidden, 1)

    def forward(
        self,
        vectors: Float[Tensor, "*rows channels"],
        condition: Float[Tensor, "*rows shared"] | None = None,
    ) -> Float[Tensor, " *rows"]:
        """Potential of each vector."""
        inputs = vectors if condition is None else torch.cat([vectors, condition], dim=-1)
        hidden = F.silu(self.middle(F.silu(self.enter(inputs))))
        potential: Tensor = self.leave(hidden).squeeze(-1)
        return potential
