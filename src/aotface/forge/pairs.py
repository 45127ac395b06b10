"""Who is swapped with whom: appearance gaps, and pairs from small, middle and large ones alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float64

from aotface.forge.look import Look
from aotface.forge.plan import STRATA, Gap
from aotface.forge.split import order_key

UNITS = {"tone_degrees": 20.0, "light_degrees": 45.0, "exposure": 12.0, "colour": 8.0}
"""Differences that count as one unit each: about the spread of each between unrelated portraits."""


@dataclass(frozen=True)
class Chosen:
    """A pair of places in the list of inputs, with its gap and stratum."""

    a: int
    b: int
    stratum: str
    gap: Gap


def gap_between(a: Look, b: Look) -> Gap:
    """How far two appearances are apart; symmetric."""
    tones = (a.tone_degrees, b.tone_degrees)
    tone = None if tones[0] is None or tones[1] is None else abs(tones[0] - tones[1])
    dot = float(np.dot(a.light, b.light))
    light = math.degrees(math.acos(min(1.0, max(-1.0, dot))))
    exposure = abs(a.exposure - b.exposure)
    colour = math.dist(a.colour, b.colour)
    parts = [
        value / UNITS[name]
        for name, value in zip(UNITS, (tone, light, exposure, colour), strict=True)
        if value is not None
    ]
    return Gap(
        tone_degrees=None if tone is None else round(tone, 2),
        light_degrees=round(light, 2),
        exposure=round(exposure, 2),
        colour=round(colour, 2),
        total=round(sum(parts) / len(parts), 4),
    )


def totals(looks: Sequence[Look]) -> Float64[np.ndarray, "n n"]:
    """`Gap.total` of each with each, at once."""
    tone = np.array([np.nan if one.tone_degrees is None else one.tone_degrees for one in looks])
    light = np.array([one.light for one in looks])
    exposure = np.array([one.exposure for one in looks])
    colour = np.array([one.colour for one in looks])
    parts = np.stack(
        [
            np.abs(tone[:, None] - tone) / UNITS["tone_degrees"],
            np.degrees(np.arccos(np.clip(light @ light.T, -1, 1))) / UNITS["light_degrees"],
            np.abs(exposure[:, None] - exposure) / UNITS["exposure"],
            np.linalg.norm(colour[:, None] - colour, axis=2) / UNITS["colour"],
        ]
    )
    return np.asarray(np.nanmean(parts, axis=0), np.float64)


def bounds_of(gaps: Float64[np.ndarray, "n n"], allowed: np.ndarray) -> tuple[float, float]:
    """Bounds that cut all possible pairs into three strata of one size."""
    values = gaps[np.triu(allowed, 1)]
    if not len(values):
        return 0.0, 0.0
    low, high = np.quantile(values, (1 / 3, 2 / 3))
    return round(float(low), 4), round(float(high), 4)


def stratum_of(total: float, bounds: tuple[float, float]) -> str:
    """The stratum of a gap."""
    return STRATA[int(total > bounds[0]) + int(total > bounds[1])]


def choose_pairs(
    looks: Sequence[Look], splits: Sequence[str], bounds: tuple[float, float], partners: int, seed: int
) -> list[Chosen]:
    """Pair inputs of one kind and one split, two people each, and fill the strata evenly.

    Args:
        looks: the inputs.
        splits: of each.
        bounds: between strata, see `bounds_of`.
        partners: rounds; in each, every input gets a partner that it does not have yet.
        seed: same seed, same pairs.

    Returns:
        Each pair once; one that finds nobody new in its split and kind is left out of a round.
    """
    gaps = totals(looks)
    found: list[Chosen] = []
    for split in dict.fromkeys(splits):
        for kind in ("picture", "clip"):
            group = [i for i, one in enumerate(looks) if splits[i] == split and one.kind == kind]
            group.sort(key=lambda i: order_key(seed, looks[i].listed.sha256))
            found += _match(group, looks, gaps, bounds, partners)
    return found


def _match(
    group: list[int],
    looks: Sequence[Look],
    gaps: Float64[np.ndarray, "n n"],
    bounds: tuple[float, float],
    partners: int,
) -> list[Chosen]:
    found: list[Chosen] = []
    known: set[tuple[int, int]] = set()
    counts = dict.fromkeys(STRATA, 0)
    for _ in range(partners):
        free = list(group)
        for one in group:
            if one not in free:
                continue
            others = [j for j in free if _may(one, j, looks, known)] or [
                j for j in group if _may(one, j, looks, known)
            ]
            free.remove(one)
            if not others:
                continue
            strata = {j: stratum_of(float(gaps[one, j]), bounds) for j in others}
            other = min(others, key=lambda j: counts[strata[j]])
            if other in free:
                free.remove(other)
            known |= {(one, other), (other, one)}
            counts[strata[other]] += 1
            found.append(Chosen(one, other, strata[other], gap_between(looks[one], looks[other])))
    return found


def _may(a: int, b: int, looks: Sequence[Look], known: set[tuple[int, int]]) -> bool:
    return looks[a].listed.person != looks[b].listed.person and (a, b) not in known


def allowed(looks: Sequence[Look], splits: Sequence[str]) -> np.ndarray:
    """Which two inputs may be paired: of one split and kind, and two people; n x n, bool."""
    people = np.array([one.listed.person for one in looks])
    places = np.array([f"{split} {one.kind}" for split, one in zip(splits, looks, strict=True)])
    found: np.ndarray = (people[:, None] != people) & (places[:, None] == places)
    return found


def confusions(looks: Sequence[Look], alike: np.ndarray, low: float) -> list[tuple[int, int, float]]:
    """Inputs of one name that do not look like one person: places and their likeness, the most unlike first.

    Args:
        looks: the inputs.
        alike: n x n likeness.
        low: likeness below which two are somebody else.
    """
    pairs = combinations(range(len(looks)), 2)
    found = [
        (i, j, float(alike[i, j]))
        for i, j in pairs
        if looks[i].listed.person == looks[j].listed.person and alike[i, j] < low
    ]
    return sorted(found, key=lambda row: row[2])
