"""The atlas of lamps, from shards of people under lamps: the mean over people and their mirror images."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from aotface.errors import UsageError
from aotface.training.lamp_data import Stacks
from aotface.transfer.aot.atlas import SIDE, LampAtlas
from aotface.transfer.aot.blur import blur

DARKEST = 0.01
"""Added to linear light before a logarithm."""

UNSURE = 0.02
"""Variance of log light between people that halves the trust in a place where they all agree."""

HOLES = 0.7
"""Blur that closes holes between pixels, in pixels of the atlas."""


def fill_atlas(atlas: LampAtlas, stacks: Stacks) -> None:
    """Write the atlas of these people, in place.

    Args:
        atlas: of as many lamps as the shards and their mirror images have.
        stacks: people under lamps; only those that may be trained on.

    Raises:
        UsageError: another number of lamps.
    """
    pairs = with_mirrors(stacks.lamps)
    if len(pairs) != len(atlas.lamps):
        raise UsageError(f"these lamp shards show {len(pairs)} lamps: set options.lamps to that, or to 0")
    front = int(torch.argmin(stacks.angles))
    total, squares, count = (torch.zeros(len(pairs), SIDE * SIDE) for _ in range(3))
    faces, seen = torch.zeros(SIDE * SIDE), torch.zeros(SIDE * SIDE)
    for person in range(len(stacks)):
        logs, pncc, present = _face(stacks, person)
        for turn in (0, 1):
            x = 1.0 - pncc[0] if turn else pncc[0]
            found, here = _spread(logs, x, pncc[1])
            at_front = found[front]
            faces += here * (at_front - (at_front * here).sum() / here.sum())
            seen += here
            for number, pair in enumerate(pairs):
                lamp = pair[turn]
                if lamp is not None and present[lamp]:
                    change = here * (found[lamp] - at_front)
                    total[number] += change
                    squares[number] += change.square()
                    count[number] += here
    known = ((count / count.amax(1, keepdim=True).clamp_min(1.0)).amin(0) > 0.5).float()
    mean = total / count.clamp_min(1.0)
    variance = (squares / count.clamp_min(1.0) - mean.square()).clamp_min(0.0).mean(0)
    every = torch.cat([mean, variance[None], (faces / seen.clamp_min(1.0))[None]])
    every = _filled(every.view(1, -1, SIDE, SIDE), known.view(1, 1, SIDE, SIDE))[0]
    trust, face = 1.0 / (every[-2] + UNSURE), every[-1].exp()
    atlas.lamps.copy_(every[:-2].exp())
    atlas.front.copy_(face / face.mean())
    atlas.trust.copy_(trust / trust.mean())


def with_mirrors(lamps: Sequence[tuple[float, float]]) -> list[tuple[int | None, int | None]]:
    """All lamps and their mirror images in order: number of the lamp there, and of that whose mirror image stands there."""
    at = {lamp: number for number, lamp in enumerate(lamps)}
    places = sorted({(turn * azimuth, elevation) for azimuth, elevation in lamps for turn in (1.0, -1.0)})
    return [(at.get((azimuth, elevation)), at.get((-azimuth, elevation))) for azimuth, elevation in places]


def _face(
    stacks: Stacks, person: int
) -> tuple[Float[Tensor, "lamps pixels"], Float[Tensor, "3 pixels"], Bool[Tensor, " lamps"]]:
    """Log light of a face's pixels under each lamp, where they lie on the mean face, and which lamps there are."""
    stack, pncc, mask = (stacks.take(name, [person])[0] for name in ("stack", "pncc", "mask"))
    inside = (mask > 0.9).flatten()
    logs = torch.log(stack.flatten(1)[:, inside] + DARKEST)
    return logs, pncc.flatten(1)[:, inside], stacks.parts[person]["present"].bool()


def _spread(
    values: Float[Tensor, "count pixels"], x: Float[Tensor, " pixels"], y: Float[Tensor, " pixels"]
) -> tuple[Float[Tensor, "count places"], Float[Tensor, " places"]]:
    """Pixels' values in their places of the atlas, and 1 where there are some."""
    sums = torch.zeros(len(values) + 1, SIDE * SIDE)
    both = torch.cat([values, torch.ones_like(values[:1])])
    at_x, at_y = ((at * (SIDE - 1)).clamp(0.0, SIDE - 1.001) for at in (x, y))
    for right in (0, 1):
        for down in (0, 1):
            share = (1.0 - (at_x.floor() + right - at_x).abs()) * (1.0 - (at_y.floor() + down - at_y).abs())
            place = (at_y.long() + down) * SIDE + at_x.long() + right
            sums.index_add_(1, place, both * share)
    spread = blur(sums.view(1, -1, SIDE, SIDE), HOLES).flatten(2)[0]
    return spread[:-1] / spread[-1].clamp_min(1e-6), (spread[-1] > 0.05).float()


def _filled(
    values: Float[Tensor, "1 count rows columns"], known: Float[Tensor, "1 1 rows columns"]
) -> Float[Tensor, "1 count rows columns"]:
    """What is not known becomes a mean of what is around; wider means where that is far."""
    whole = (values * known).sum((2, 3), keepdim=True) / known.sum().clamp_min(1.0)
    for width in (SIDE / 4, SIDE / 16, SIDE / 32):
        near = blur(torch.cat([values * known, known], dim=1), width)
        whole = (near[:, :-1] + 0.02 * whole) / (near[:, -1:] + 0.02)
    return known * values + (1.0 - known) * whole
