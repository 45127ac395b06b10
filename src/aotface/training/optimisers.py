"""Who moves which parameters: one optimiser for the generator, one for its discriminators."""

import torch

from aotface.training.config import TrainConfig
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.objective import Discriminators

RMSPROP_MEMORY = 0.9
"""Source: [paper]."""


def optimisers(
    c: TrainConfig, generator: RelightingGenerator, discriminators: Discriminators, apart: bool
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer | None]:
    """Adam for the generator, RMSprop for its discriminators, and for Omega where that is asked for [paper].

    ``apart``: the discriminators have an optimiser of their own, see `game.PhotographGame`.
    """
    plan = list(generator.notpe.parameters()) if c.plan_by_rmsprop else []
    known = {id(p) for p in plan}
    mine = [p for p in generator.parameters() if id(p) not in known]
    adam = torch.optim.AdamW if c.decoupled_decay else torch.optim.Adam
    optimiser = adam(mine, lr=c.learning_rate, betas=c.betas, weight_decay=c.weight_decay)
    rivals = [*([] if apart else discriminators.parameters()), *plan]
    if not rivals:
        return optimiser, None
    return optimiser, torch.optim.RMSprop(rivals, lr=c.discriminators_rate, alpha=RMSPROP_MEMORY)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate
