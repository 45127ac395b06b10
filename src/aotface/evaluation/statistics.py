"""Medians and means with their uncertainty: the bootstrap, seeded."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aotface.errors import InputError

Statistic = Literal["median", "mean"]


@dataclass(frozen=True)
class Interval:
    """An estimate between the ends of its confidence interval; ``count`` values went in, NaN not counted."""

    estimate: float
    low: float
    high: float
    count: int


def bootstrap(
    values: Sequence[float],
    statistic: Statistic = "median",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    groups: Sequence[Hashable] | None = None,
) -> Interval:
    """Percentile bootstrap of the median or the mean.

    Args:
        values: one number per item; NaN (not measurable there) is left out.
        statistic: "median" or "mean".
        level: of confidence, between 0 and 1.
        resamples: how many times to draw.
        seed: of the draws.
        groups: per value, whom it belongs to (a person, a clip): whole groups are drawn, because pictures
            of one person are not independent. None draws single values.

    Returns:
        The statistic of the values, and the interval's ends.

    Raises:
        InputError: no values, an infinite value, or groups of another length.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13; clusters as in Davison
        and Hinkley, "Bootstrap methods", 1997, section 3.8.
    """
    array = np.asarray(values, np.float64)
    labels = np.arange(len(array)) if groups is None else _numbered(groups, len(array))
    known = ~np.isnan(array)
    array, labels = array[known], labels[known]
    if not array.size or not np.isfinite(array).all():
        raise InputError(
            f"values: expected finite numbers, got {array[:5].tolist()}; measure before summarising"
        )
    reduce = np.median if statistic == "median" else np.mean
    members = [array[labels == label] for label in np.unique(labels)] if groups is not None else None
    rng = np.random.default_rng(seed)
    if members is None:
        drawn = reduce(array[rng.integers(0, len(array), (resamples, len(array)))], axis=1)
    else:
        picks = rng.integers(0, len(members), (resamples, len(members)))
        drawn = np.array([reduce(np.concatenate([members[i] for i in pick])) for pick in picks])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(reduce(array)), float(low), float(high), int(array.size))


def _numbered(groups: Sequence[Hashable], count: int) -> np.ndarray:
    """Number the groups in order of first appearance."""
    if len(groups) != count:
        raise InputError(f"groups: expected {count} like the values, got {len(groups)}; give one per value")
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], int)
