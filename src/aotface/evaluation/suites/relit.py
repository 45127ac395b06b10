"""Suites `relit` and `relit-reversed`: portraits under synthetic lights; the ground truth is known because the light is."""

from pathlib import Path

import numpy as np

from aotface.datasets.ground_truth import eight_bit, times, tone_gain
from aotface.datasets.portraits import Entry, Say, lay, look, read_portraits, usable
from aotface.errors import UsageError
from aotface.evaluation.lamps import draw_hard_scene, draw_scene
from aotface.evaluation.relit import apply_light, light_on
from aotface.evaluation.triple import Facts, Plan, Triple
from aotface.face.render import render
from aotface.types import CROP_SIDE

EVEN = "london_"
"""Sets whose name begins like this are lit evenly; where an index names some, only they are used."""

_MAGIC, _MAGIC_REVERSED = 101, 107  # keep these suites' numbers apart from every other use of the seed


def plan(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """Choose who meets whom, and under which light.

    Args:
        data: portraits, see `read_portraits`.
        pairs: how many.
        seed: of all choices; more pairs continue where fewer stopped.
        say: told of pictures that are left out.

    Raises:
        UsageError: fewer than two people.
    """
    return _plans(data, pairs, seed, say, "relit", _MAGIC)


def plan_reversed(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """The same for `relit-reversed`."""
    return _plans(data, pairs, seed, say, "relit-reversed", _MAGIC_REVERSED)


def _plans(data: Path, pairs: int, seed: int, say: Say, suite: str, magic: int) -> list[Plan]:
    entries = read_portraits(data)
    even = [entry for entry in entries if entry.dataset.startswith(EVEN)]
    entries = [entry for entry, _ in usable(data, even or entries, say)]
    people = sorted({entry.person for entry in entries})
    if len(people) < 2:
        raise UsageError(f"{suite}: expected portraits of at least two people, found {len(people)}")
    return [_plan(entries, people, number, seed, suite, magic) for number in range(pairs)]


def _plan(entries: list[Entry], people: list[str], number: int, seed: int, suite: str, magic: int) -> Plan:
    rng = np.random.default_rng([magic, seed, number])
    order = np.random.default_rng([magic, seed]).permutation(len(people))
    target_person = people[order[number % len(people)]]
    source_person = str(rng.choice([person for person in people if person != target_person]))
    pictures = {
        person: [entry.file for entry in entries if entry.person == person]
        for person in (source_person, target_person)
    }
    source = str(rng.choice(pictures[source_person]))
    again = [file for file in pictures[source_person] if file != source] or [source]
    files = {"source": source, "again": again[0], "target": str(rng.choice(pictures[target_person]))}
    return Plan(f"{suite}-{number:04d}", files, source_person, target_person, seed=(magic + 1, seed, number))


def build(plan: Plan, data: Path) -> Triple:
    """Make one triple.

    X_t is person B under the scene. X_r is person A's photograph in B's geometry. The ground truth is that X_r in
    B's tone under the same scene, with the same exposure, on its own shape.
    """
    source, target = look(data / plan.files["source"]), look(data / plan.files["target"])
    scene = draw_scene(np.random.default_rng(plan.seed))
    light, metering = light_on(target.geometry, scene)
    crop = eight_bit(apply_light(target.aligned.crop, light))
    made, mask = lay(source, target, crop)
    gain = tone_gain(made.crop, target.aligned.crop, mask)
    own_shape = render(made.landmarks, CROP_SIDE)
    own_light, _ = light_on(own_shape, scene, metering)
    ground_truth = apply_light(times(made.crop, gain), own_light)
    shown = (own_shape.mask * (1 - made.from_target))[..., None]
    again = look(data / plan.files["again"])
    facts = Facts(
        "relit", plan.source_person, plan.target_person, target.tone, source.tone, scene.angle_degrees
    )
    return Triple(
        plan.name,
        made.crop,
        crop,
        (crop + (ground_truth - crop) * shown).astype(np.float32),
        mask,
        target.geometry,
        target.aligned.landmarks,
        made.landmarks,
        again.aligned.crop,
        again.aligned.landmarks,
        facts,
    )


def build_reversed(plan: Plan, data: Path) -> Triple:
    """Make one triple of `relit-reversed`.

    X_r is person A's photograph in B's geometry under a hard lamp, X_t is B as photographed, evenly lit. The truth is
    A's photograph in B's geometry and tone without that lamp. The light's angle in the facts is that of the lamp on X_r.
    """
    source, target = look(data / plan.files["source"]), look(data / plan.files["target"])
    scene = draw_hard_scene(np.random.default_rng(plan.seed))
    crop = eight_bit(target.aligned.crop)
    made, mask = lay(source, target, crop)
    own_shape = render(made.landmarks, CROP_SIDE)
    light, _ = light_on(own_shape, scene)
    shown = (own_shape.mask * (1 - made.from_target))[..., None]
    reenacted = crop + (eight_bit(apply_light(made.crop, light)) - crop) * shown
    ground_truth = np.clip(times(made.crop, tone_gain(made.crop, crop, mask)), 0, 1)
    again = look(data / plan.files["again"])
    facts = Facts(
        "relit-reversed",
        plan.source_person,
        plan.target_person,
        target.tone,
        source.tone,
        scene.angle_degrees,
    )
    return Triple(
        plan.name,
        reenacted.astype(np.float32),
        crop,
        (crop + (ground_truth - crop) * shown).astype(np.float32),
        mask,
        target.geometry,
        target.aligned.landmarks,
        made.landmarks,
        again.aligned.crop,
        again.aligned.landmarks,
        facts,
    )
