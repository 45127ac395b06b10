"""Every solver and the learned plan on one triple: what distribution is reached, and what picture."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from aotface.evaluation.methods import Method
from aotface.evaluation.solvers.rows import AGAIN, LEARNED, LEVELS, NOTHING, TRUTH, WHOLE, Row
from aotface.evaluation.solvers.solve import SOLVERS, Moved, Solver
from aotface.evaluation.solvers.vectors import (
    Cloud,
    Places,
    Vectors,
    colours,
    column_of,
    decoded,
    features,
    rows_of,
    transported,
    truth_of,
)
from aotface.evaluation.triple import Triple
from aotface.metrics.ground_truth import psnr
from aotface.transfer.aot.generator import RelightingGenerator, Transported
from aotface.transfer.classical.extend import extend
from aotface.transfer.classical.masked import move_under_mask
from aotface.types import Crop

POINTS = 1000
"""Pixels of a picture between which colours are transported, as in `aotface.transfer.classical`."""

MOST_POINTS = 2000
"""Vectors of a feature map; the packaged network has fewer under its mask."""

_DECIMALS = 6
_Result = TypeVar("_Result")


def measure(triple: Triple, generator: RelightingGenerator, aot: Method) -> list[Row]:
    """All rows of one triple.

    Args:
        triple: with ground truth.
        generator: the trained networks.
        aot: the same networks as the method that makes a picture.

    Raises:
        InputError: there is no ground truth.
    """
    aot.run(triple)  # the first run sets things up
    seconds, picture = timed(partial(aot.run, triple))
    rows = _of_colours(triple, picture, seconds) + _of_features(triple, generator, picture)
    common = {"part": "pairs", "suite": triple.facts.suite, "pair": triple.name}
    common |= {"target_person": triple.facts.target_person}
    return [common | row for row in rows]


def wasserstein(one: Vectors, other: Vectors) -> tuple[float, float]:
    """Exact distances W1 and W2 between two equally large sets of vectors."""
    import ot  # takes seconds to import, so only when it is used

    distance = ot.dist(one, other, "euclidean")
    equal = np.full(len(one), 1 / len(one))
    first, second = (
        float(ot.emd2(equal, equal, cost, numItermax=10_000_000)) for cost in (distance, distance**2)
    )
    return first, max(second, 0.0) ** 0.5


def judge(cloud: Cloud, solver: str, moved: Vectors) -> Row:
    """How near moved vectors come to the target's as a distribution, and how far they went."""
    w1, w2 = wasserstein(moved, cloud.there)
    cost = float(np.linalg.norm(moved - cloud.here, axis=1).mean())
    values = {name: round(value, _DECIMALS) for name, value in (("w1", w1), ("w2", w2), ("cost", cost))}
    points, channels = moved.shape
    return {"vectors": cloud.name, "solver": solver, "points": points, "channels": channels, **values}


def timed(work: Callable[[], _Result]) -> tuple[float, _Result]:
    """CPU seconds of some work, and its result."""
    clock = time.process_time()
    result = work()
    return time.process_time() - clock, result


def picture_of(triple: Triple, cloud: Cloud, moved: Vectors) -> Crop:
    """The picture that follows from moved colours of some pixels: continued to all, as `aotface.transfer.classical` does."""
    return move_under_mask(
        lambda before, wanted, weights, random: extend(cloud.here, moved, before, random),
        triple.reenacted,
        triple.target,
        triple.mask,
        seed=0,
    )


def _judged() -> Sequence[Solver]:
    return [solver for solver in SOLVERS if solver.quality]


def _facts(solver: Solver, moved: Moved, seconds: float) -> Row:
    passes = {"passes": moved.passes} if moved.passes else {}
    return solver.facts | {"seconds": seconds, "timing": "whole"} | passes


def _of_colours(triple: Triple, picture: Crop, seconds: float) -> list[Row]:
    """Colours: a solver's time includes its picture, so that it is the time of what the learned plan does."""
    cloud, truth = colours(triple, POINTS), truth_of(triple)
    rows = []
    for name, crop in ((TRUTH, truth), (NOTHING, triple.reenacted), (LEARNED, picture)):
        moved = crop.reshape(-1, 3)[cloud.places].astype(np.float64)
        rows.append(judge(cloud, name, moved) | _fidelity(crop, triple))
    rows[-1] |= {"seconds": seconds, "timing": "whole"}
    for solver in _judged():
        solving, found = timed(partial(solver.run, cloud.here, cloud.there))
        painting, crop = timed(partial(picture_of, triple, cloud, found.vectors))
        row = judge(cloud, solver.name, found.vectors) | _facts(solver, found, solving + painting)
        rows.append(row | _fidelity(crop, triple))
    return rows


def _of_features(triple: Triple, generator: RelightingGenerator, picture: Crop) -> list[Row]:
    """Features of three levels; only the plan is timed, since every solver needs the encoder before it."""
    seen, true, again = (
        transported(generator, replace(triple, reenacted=crop))
        for crop in (triple.reenacted, truth_of(triple), picture)
    )
    clouds = [features(seen, true, level, MOST_POINTS) for level in range(len(LEVELS))]
    rows = []
    for level, cloud in enumerate(clouds):
        looked = rows_of(again.features_r[level], cloud.places)
        for name, moved in ((TRUTH, cloud.truth), (NOTHING, cloud.here), (AGAIN, looked)):
            rows.append(judge(cloud, name, moved))
        plan = learned(generator, seen, level, cloud.places)
        plan()
        seconds, _ = timed(plan)
        moved = rows_of(seen.moved[level], cloud.places)
        rows.append(judge(cloud, LEARNED, moved) | {"seconds": seconds, "timing": "whole"})
    rows.append(_together(row for row in rows if row["solver"] == LEARNED) | _fidelity(picture, triple))

    def paint(vectors: Sequence[np.ndarray]) -> Row:
        places = [cloud.places for cloud in clouds]
        return {"vectors": WHOLE} | _fidelity(decoded(generator, triple, places, vectors), triple)

    rows.append({"solver": TRUTH} | paint([cloud.truth for cloud in clouds]))
    rows.append({"solver": NOTHING} | paint([cloud.here for cloud in clouds]))
    for solver in _judged():
        solved = [timed(partial(solver.run, cloud.here, cloud.there)) for cloud in clouds]
        own = [
            judge(cloud, solver.name, found.vectors) | _facts(solver, found, seconds)
            for cloud, (seconds, found) in zip(clouds, solved, strict=True)
        ]
        rows += [*own, _together(own) | paint([found.vectors for _, found in solved])]
    return rows


def learned(
    generator: RelightingGenerator, passed: Transported, level: int, places: Places
) -> Callable[[], Tensor]:
    """The learned plan of one level for some places of a pass, ready to be run."""
    maps = (passed.features_r[level], passed.pixels[level], passed.features_t[level])
    columns = [column_of(part, places) for part in maps]

    def plan() -> Tensor:
        with torch.inference_mode():
            return generator.notpe.move(level, *columns)

    return plan


def _together(rows: Iterable[Row]) -> Row:
    """The three levels of one solver as one row, with the time that they take together."""
    (*_, last) = rows = list(rows)
    kept = {name: last[name] for name in ("solver", "share", "timing") if name in last}
    return kept | {"vectors": WHOLE, "seconds": sum(row["seconds"] for row in rows)}


def _fidelity(crop: Crop, triple: Triple) -> Row:
    return {"psnr": round(psnr(crop, truth_of(triple), triple.mask), _DECIMALS)}
