"""What the mix-and-segment game asks of the generator: `python runs/games/freedom.py SHARDS WEIGHTS BLUR STEPS`.

A discriminator learns against the given weights, which stand still. Then, on held-out pairs: its accuracy, the share of the
game's gradient at Y that is broader than some widths (the colour map has no others to give), and the norm of the gradient
at the generator's parameters, for both goals.
"""

import sys
from pathlib import Path

import torch

from aotface.training.game import PhotographGame, _in_use, fooling
from aotface.training.photographs import load_photographs
from aotface.training.ranges import Game
from aotface.transfer.aot.checkpoint import load_generator
from aotface.transfer.aot.objective import Discriminators, Weights
from aotface.transfer.aot.octaves import masked_blur

WIDTHS = (2, 4, 8, 16)
"""Sigma in pixels of a face of 256."""
FACES = 16


def main(shards: Path, weights: Path, blur: float, steps: int) -> None:
    """Print it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = load_generator(weights)
    pairs = load_photographs(shards), load_photographs(shards, "validation")
    game = Game(faces=8, side=pairs[0].side, blur=blur, head_start=steps, least=0.0, judged_faces=48)
    play = PhotographGame(
        game, Weights(transport=0.0, cost=0.0, mix=1.0), *pairs, Discriminators(generator.size), 0
    )
    print("accuracy", round(play.prepare(generator)["segment_accuracy"], 3), flush=True)
    batch = pairs[1].batch(torch.arange(FACES))
    for goal in ("undecided", "real"):
        generator.zero_grad()
        made = _in_use(generator, batch)
        made.swapped.retain_grad()
        mixed = play._mixed(batch, made, torch.Generator().manual_seed(1))
        loss = fooling(play.discriminators.msd(mixed.y_mix), mixed.m, goal)
        loss.backward()
        gradient = made.swapped.grad
        assert gradient is not None
        whole = gradient.square().sum()
        shares = {}
        for width in WIDTHS:
            broad = masked_blur(gradient, batch.mask.clamp_min(1e-6), width * pairs[0].side / 256)
            shares[width] = round(float((broad * batch.mask).square().sum() / whole), 4)
        norm = sum(float(p.grad.square().sum()) for p in generator.parameters() if p.grad is not None) ** 0.5
        print(
            goal,
            "loss",
            round(float(loss), 4),
            "at Y",
            float(whole.sqrt()),
            "broader than",
            shares,
            "at parameters",
            norm,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
