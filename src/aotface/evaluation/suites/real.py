"""Suites `cross`, `same` and `segmenter`: real photographs without ground truth; two people, or one person twice."""

import math
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np

from aotface.datasets.portraits import (
    Entry,
    Say,
    Seen,
    angle_from_camera,
    lay,
    look,
    read_portraits,
    usable,
)
from aotface.errors import UsageError
from aotface.evaluation.triple import Facts, Plan, Triple
from aotface.masked import lab_pixels, weighted_means

TONE_STEPS = (12.0, 30.0)
"""Degrees of typology angle at which the next bin of the tone gap begins."""

LIGHT_STEPS = (20.0, 45.0)
"""Degrees between the two estimated lights at which the next bin of the light gap begins."""

LEAST_GAP = 4.0
"""dE between the mean colours of one person's two photographs; below it there is nothing to move."""

HALVES = 2
"""Groups of people, of which one trains a segmenter and the other is judged by it."""

_CROSS, _SAME, _SEGMENTER = 303, 404, 505
_Found = list[tuple[Entry, Seen]]


def plan_cross(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """Two people, drawn evenly over the gaps between them; see `relit.plan` for the arguments."""
    found = usable(data, read_portraits(data), say)
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for a, b in permutations(range(len(found)), 2):
        if found[a][0].person != found[b][0].person:
            cells.setdefault(_gap(found[a][1], found[b][1]), []).append((a, b))
    if not cells:
        raise UsageError("cross: expected portraits of at least two people")
    chosen = _in_turns([cells[key] for key in sorted(cells)], pairs, np.random.default_rng([_CROSS, seed]))
    return [_plan("cross", number, found, *pair) for number, pair in enumerate(chosen)]


def plan_segmenter(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """Two people of the same half of all people; see `relit.plan` for the arguments."""
    found = usable(data, read_portraits(data), say)
    rng = np.random.default_rng([_SEGMENTER, seed])
    people = sorted({entry.person for entry, _ in found})
    half = {people[i]: int(place) % HALVES for place, i in enumerate(rng.permutation(len(people)))}
    groups: list[list[tuple[int, int]]] = [[] for _ in range(HALVES)]
    for a, b in permutations(range(len(found)), 2):
        first, second = found[a][0].person, found[b][0].person
        if first != second and half[first] == half[second]:
            groups[half[first]].append((a, b))
    if not all(groups):
        raise UsageError("segmenter: expected portraits of at least four people")
    chosen = _in_turns(groups, pairs, rng)
    plans = [_plan("segmenter", number, found, *pair) for number, pair in enumerate(chosen)]
    return [replace(plan, numbers={"half": float(half[plan.target_person])}) for plan in plans]


def plan_same(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """One person, two photographs; see `relit.plan` for the arguments."""
    people: dict[str, list[Entry]] = {}
    for entry in read_portraits(data):
        if not entry.dataset.startswith("london_"):  # one studio, one light: nothing to move
            people.setdefault(entry.person, []).append(entry)
    several = [entry for own in people.values() if len(own) > 1 for entry in own]
    found = usable(data, several, say)
    cells: dict[str, list[tuple[int, int]]] = {}
    for a, b in permutations(range(len(found)), 2):
        if found[a][0].person == found[b][0].person and _differ(found[a][1], found[b][1]):
            cells.setdefault(found[a][0].person, []).append((a, b))
    if not cells:
        raise UsageError(
            "same: expected one person or more with two photographs that differ in colour or light"
        )
    rng = np.random.default_rng([_SAME, seed])
    groups = [cells[key] for key in sorted(cells)]
    chosen = _in_turns([groups[i] for i in rng.permutation(len(groups))], pairs, rng)
    return [_plan("same", number, found, *pair) for number, pair in enumerate(chosen)]


def build(plan: Plan, data: Path) -> Triple:
    """Make one triple."""
    source, target = look(data / plan.files["source"]), look(data / plan.files["target"])
    people = plan.source_person, plan.target_person
    return triple_of(plan.name, people, source, target, look(data / plan.files["again"]))


def triple_of(name: str, people: tuple[str, str], source: Seen, target: Seen, again: Seen) -> Triple:
    """The triple of two photographs.

    Args:
        name: of the triple; what stands before its first hyphen is the suite.
        people: of the source, and of the target.
        source: whose identity is wanted.
        target: whose appearance is wanted.
        again: another photograph of the source's person, or the same one.
    """
    made, mask = lay(source, target)
    facts = Facts(
        name.split("-")[0],
        *people,
        target.tone,
        source.tone,
        angle_from_camera(target.light),
    )
    return Triple(
        name,
        made.crop,
        target.aligned.crop,
        None,
        mask,
        target.geometry,
        target.aligned.landmarks,
        made.landmarks,
        again.aligned.crop,
        again.aligned.landmarks,
        facts,
    )


def _plan(suite: str, number: int, found: _Found, source: int, target: int) -> Plan:
    (prepared, _), (taker, _) = found[source], found[target]
    others = [
        e.file for e, _ in found if e.person == prepared.person and e.file not in (prepared.file, taker.file)
    ]
    files = {"source": prepared.file, "again": (others or [prepared.file])[0], "target": taker.file}
    return Plan(f"{suite}-{number:04d}", files, prepared.person, taker.person)


def _differ(one: Seen, other: Seen) -> bool:
    """Whether the two faces' mean colours are apart: archives hold one photograph under two names."""
    means = [weighted_means(*lab_pixels(seen.aligned.crop, seen.geometry.mask)) for seen in (one, other)]
    return float(np.linalg.norm(means[0] - means[1])) >= LEAST_GAP


def _gap(source: Seen, target: Seen) -> tuple[int, int]:
    """Bins of how far tones and lights are apart; a grey picture has a tone bin of its own."""
    tones = abs(source.tone_degrees - target.tone_degrees)
    tone = len(TONE_STEPS) + 1 if math.isnan(tones) else int(np.digitize(tones, TONE_STEPS))
    lights = math.degrees(math.acos(float(np.clip(source.light @ target.light, -1, 1))))
    return tone, int(np.digitize(lights, LIGHT_STEPS))


def _in_turns(
    groups: list[list[tuple[int, int]]], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """One from each group in turn, without putting back, until there are enough or none are left."""
    mixed = [[group[i] for i in rng.permutation(len(group))] for group in groups]
    longest = max(len(group) for group in mixed)
    turns = (group[k] for k in range(longest) for group in mixed if k < len(group))
    return [pair for pair, _ in zip(turns, range(count), strict=False)]
