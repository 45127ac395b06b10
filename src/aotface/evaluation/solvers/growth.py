"""How the time of each solver grows with the number of vectors, from 1,024 to 65,536, on one face.

What would take longer or more memory than the budget is not run, and its row says so. ``one pass``: one pass of our
Sinkhorn was measured at that very size, and multiplied by the passes of its largest whole run. ``predicted``: the
straight line through the last two measured sizes on logarithmic axes is extended, and no steeper than the solver can
be. ``memory``: the same, and it could not even be run, because its matrix is too large.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from aotface.evaluation.methods import Method
from aotface.evaluation.solvers.measure import learned, timed
from aotface.evaluation.solvers.rows import LEARNED, Row, label_of
from aotface.evaluation.solvers.sinkhorn import Sinkhorn
from aotface.evaluation.solvers.solve import SHARES, SOLVERS, Solver
from aotface.evaluation.solvers.vectors import Cloud, colours, features, scaled, transported, wide
from aotface.evaluation.triple import Triple
from aotface.transfer.aot.generator import RelightingGenerator

SIZES = tuple(1024 << step for step in range(7))
"""Numbers of vectors; the last is a face of 256 x 256 pixels."""


@dataclass(frozen=True)
class Budget:
    """What one solver may take at one size: CPU seconds, as predicted, and memory."""

    seconds: float = 5.0
    bytes: int = 2 << 30


SHARES_FOLLOWED = (SHARES[0], SHARES[2])
"""Entropies whose growth is followed; a pass takes the same time at all of them."""

_QUICK_SECONDS = 0.5
_REPEATS = 3
_FEW = 64

Clouds = Mapping[int, Cloud]
Say = Callable[[str], None]


def grow(
    triple: Triple,
    generator: RelightingGenerator,
    aot: Method,
    say: Say,
    sizes: Sequence[int] = SIZES,
    budget: Budget = Budget(),
) -> list[Row]:
    """Rows of all solvers at all sizes, on colours and on the finest features.

    Args:
        triple: the face.
        generator: the trained networks.
        aot: the same as a method.
        say: told of progress.
        sizes: numbers of vectors, rising.
        budget: see there.
    """
    parts = (_colours(triple, aot, sizes), _features(triple, generator, sizes))
    rows: list[Row] = []
    for clouds, plans in parts:
        name = clouds[sizes[0]].name
        common: Row = {"part": "growth", "suite": triple.facts.suite, "pair": triple.name, "vectors": name}
        common |= {"channels": clouds[sizes[0]].here.shape[1]}
        say(f"growth {name}: {LEARNED}")
        found: list[Row] = [
            {"solver": LEARNED, "points": size, "seconds": steady(plan)[0], "timing": "whole"}
            for size, plan in plans.items()
        ]
        passes: dict[int, float] = {}
        for solver in _followed():
            say(f"growth {name}: {label_of(solver.facts)}")
            if solver.name == "sinkhorn" and not passes:
                passes = {size: _one_pass(cloud) for size, cloud in clouds.items()}
            found += follow(solver, clouds, budget, passes)
        rows += [common | row for row in found]
    return rows


def follow(solver: Solver, clouds: Clouds, budget: Budget, passes: Mapping[int, float]) -> list[Row]:
    """One solver at all sizes: measured while the budget lasts, then predicted, and marked so.

    Args:
        solver: the solver.
        clouds: by number of vectors, rising.
        budget: see there.
        passes: seconds of one pass of our Sinkhorn at each size.
    """
    known: dict[int, float] = {}
    rows, count = [], 0
    smallest = next(iter(clouds.values()))
    solver.run(smallest.here[:_FEW], smallest.there[:_FEW])  # loads what is loaded only once
    by_passes = solver.name == "sinkhorn"
    for size, cloud in clouds.items():
        guess = passes[size] * count if by_passes else predict(known, size, solver.steepest)
        fits = solver.bytes_a_pair * size * size <= budget.bytes
        if not known or (guess <= budget.seconds and fits):
            seconds, moved = steady(partial(solver.run, cloud.here, cloud.there))
            known[size], count = seconds, moved.passes
            timing = "whole"
        else:
            seconds, timing = guess, "one pass" if by_passes else "predicted" if fits else "memory"
        row = solver.facts | {"points": size, "seconds": seconds, "timing": timing}
        rows.append(row | ({"passes": count, "pass_seconds": passes[size]} if by_passes else {}))
    return rows


def predict(known: Mapping[int, float], size: int, steepest: float) -> float:
    """Seconds at a size, along the straight line through the last two known ones on logarithmic axes.

    Args:
        known: size to seconds, sizes rising; without any, 0.
        size: larger than all of them.
        steepest: largest exponent; also that of a single known size.
    """
    if not known:
        return 0.0
    last, exponent = list(known)[-1], steepest
    if len(known) > 1:
        before = list(known)[-2]
        slope = math.log(max(known[last], 1e-9) / max(known[before], 1e-9)) / math.log(last / before)
        exponent = min(slope, steepest)
    return float(known[last] * (size / last) ** exponent)


def steady(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds; of quick work the median of several, after one that sets things up."""
    seconds, result = timed(work)
    if seconds < _QUICK_SECONDS:
        seconds = float(np.median([timed(work)[0] for _ in range(_REPEATS)]))
    return seconds, result


def _followed() -> list[Solver]:
    return [solver for solver in SOLVERS if solver.share is None or solver.share in SHARES_FOLLOWED]


def _one_pass(cloud: Cloud) -> float:
    """Seconds of one iteration of our Sinkhorn over all pairs of vectors."""
    with torch.inference_mode():
        plan = Sinkhorn(
            torch.from_numpy(cloud.here).float(), torch.from_numpy(cloud.there).float(), SHARES[0]
        )
        return steady(lambda: plan.iterate(plan.entropy))[0]


Plans = Mapping[int, Callable[[], Any]]


def _colours(triple: Triple, aot: Method, sizes: Sequence[int]) -> tuple[Clouds, Plans]:
    """The face at rising resolution; the learned plan is the whole network with its picture."""
    faces = {size: scaled(triple, size) for size in sizes}
    clouds = {size: colours(face, size) for size, face in faces.items()}
    return clouds, {size: partial(aot.run, face) for size, face in faces.items()}


def _features(triple: Triple, generator: RelightingGenerator, sizes: Sequence[int]) -> tuple[Clouds, Plans]:
    """Vectors of the finest level, of a pass large enough for the last size; the learned plan is Omega_1."""
    large = scaled(triple, int(4.2 * sizes[-1]))  # the level has half the picture's side; its edge falls away
    passed = transported(wide(generator, len(large.mask)), large)
    clouds = {size: features(passed, passed, 0, size) for size in sizes}
    plans = {size: learned(generator, passed, 0, cloud.places) for size, cloud in clouds.items()}
    return clouds, plans
