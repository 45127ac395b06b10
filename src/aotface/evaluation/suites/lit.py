"""Suites `lit` and `lit-reversed`: real lamps with ground truth, from people who held still while the lamps changed.

The data is a folder like the Extended Yale Face Database B: ``index.csv`` with file, person,
azimuth_degrees, elevation_degrees; all pictures of a person are aligned to the pixel. Of that database only the people
are used that no network may be trained on (`shots.TEST_PEOPLE`).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from aotface.datasets.ground_truth import times, tone_gain
from aotface.datasets.lamps import FRONTAL_DEGREES, Shot, judged, lamp_angle, read_shots
from aotface.datasets.portraits import Entry, Say, Seen, look, usable
from aotface.datasets.shown import feathered, shown, valid
from aotface.errors import UsageError
from aotface.evaluation.triple import Facts, Plan, Triple
from aotface.face.align import align
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.reenact.mesh import reenact
from aotface.types import Crop, Mask

BINS = ((6.0, 25.0), (25.0, 50.0), (50.0, 77.0))
"""Lights that are used: between these angles from the camera's axis, in degrees; bins take turns."""

_MAGIC, _MAGIC_REVERSED = 202, 203


def plan(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """Choose who meets whom under which lamp; see `relit.plan` for the arguments."""
    return _plans(data, pairs, seed, say, _plan)


def plan_reversed(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """The same with the lamp on the source, and the target under the lamp in front."""
    return _plans(data, pairs, seed, say, _plan_reversed)


def _plans(data: Path, pairs: int, seed: int, say: Say, one: "_One") -> list[Plan]:
    shots = judged(read_shots(data, say), say)
    stills = {person: min(own, key=lambda shot: shot.angle) for person, own in shots.items()}
    entries = [Entry(still.file, person) for person, still in stills.items() if still.angle < FRONTAL_DEGREES]
    people = [entry.person for entry, _ in usable(data, entries, say)]
    if len(people) < 2:
        raise UsageError(
            f"{show(data)}: expected two people or more with a lamp in front, found {len(people)}"
        )
    order = [people[i] for i in np.random.default_rng([_MAGIC, seed]).permutation(len(people))]
    return [one(shots, stills, order, number, seed) for number in range(pairs)]


def _plan(
    shots: dict[str, list[Shot]], stills: dict[str, Shot], order: list[str], number: int, seed: int
) -> Plan:
    """One target, one source, and a lamp of this turn's bin under which both were photographed."""
    rng = np.random.default_rng([_MAGIC, seed, number])
    low, high = BINS[number % len(BINS)]
    lamps = {person: {shot.lamp for shot in shots[person] if low <= shot.angle < high} for person in order}
    turn = number + number // len(order)  # the shift makes every person meet every bin
    for target in (order[(turn + more) % len(order)] for more in range(len(order))):
        others = sorted(person for person in order if person != target and lamps[person] & lamps[target])
        if others:
            break
    else:
        raise UsageError(f"lit: no two people share a lamp between {low:g} and {high:g} degrees")
    source = str(rng.choice(others))
    shared = [shot for shot in shots[target] if shot.lamp in lamps[source] and shot.lamp in lamps[target]]
    lit = shared[rng.integers(len(shared))]
    files = {
        "source": stills[source].file,
        "again": sorted(shots[source], key=lambda shot: shot.angle)[1].file,
        "answer": next(shot.file for shot in shots[source] if shot.lamp == lit.lamp),
        "target_still": stills[target].file,
        "target": lit.file,
    }
    numbers = {"azimuth_degrees": lit.azimuth, "elevation_degrees": lit.elevation}
    return Plan(f"lit-{number:04d}", files, source, target, numbers)


_One = Callable[[dict[str, list[Shot]], dict[str, Shot], list[str], int, int], Plan]


def _plan_reversed(
    shots: dict[str, list[Shot]], stills: dict[str, Shot], order: list[str], number: int, seed: int
) -> Plan:
    """One target under the lamp in front, one source, and a lamp of this turn's bin on that source."""
    rng = np.random.default_rng([_MAGIC_REVERSED, seed, number])
    low, high = BINS[number % len(BINS)]
    target = order[(number + number // len(order)) % len(order)]
    lamps = {
        person: [shot for shot in shots[person] if low <= shot.angle < high]
        for person in sorted(order)
        if person != target
    }
    sources = [person for person, own in lamps.items() if own]
    if not sources:
        raise UsageError(f"lit-reversed: nobody has a lamp between {low:g} and {high:g} degrees")
    source = str(rng.choice(sources))
    lit = lamps[source][rng.integers(len(lamps[source]))]
    files = {
        "source": stills[source].file,
        "again": sorted(shots[source], key=lambda shot: shot.angle)[1].file,
        "lit": lit.file,
        "target": stills[target].file,
    }
    numbers = {"azimuth_degrees": lit.azimuth, "elevation_degrees": lit.elevation}
    return Plan(f"lit-reversed-{number:04d}", files, source, target, numbers)


def build_reversed(plan: Plan, data: Path) -> Triple:
    """Make one triple of `lit-reversed`.

    X_r is person A under a lamp of its own, X_t person B under the lamp in front. The truth is A under the lamp in
    front, through the same warp, in B's tone: one gain, from the two frontal pictures. The light's angle in the facts is
    that of the lamp on X_r.
    """
    source, target = look(data / plan.files["source"]), look(data / plan.files["target"])
    lit = read_image(data / plan.files["lit"]).frame
    even = reenact(source.frame, source.aligned.face, target.aligned)
    made = reenact(lit, source.aligned.face, target.aligned)
    mask = feathered(
        made.mask * (1 - made.from_target) * shown(source, target.aligned) * target.visible * valid(target)
    )
    crop = target.aligned.crop
    answer = np.clip(times(even.crop, _tone(even.crop, target, mask)), 0, 1)
    truth = (crop + (answer - crop) * (mask > 0)[..., None]).astype(np.float32)
    angle = lamp_angle(plan.numbers["azimuth_degrees"], plan.numbers["elevation_degrees"])
    facts = Facts("lit-reversed", plan.source_person, plan.target_person, light_angle_degrees=angle)
    again = align(read_image(data / plan.files["again"]).frame, source.aligned.face)
    return Triple(
        plan.name,
        made.crop,
        crop,
        truth,
        mask,
        target.geometry,
        target.aligned.landmarks,
        made.landmarks,
        again.crop,
        again.landmarks,
        facts,
    )


def build(plan: Plan, data: Path) -> Triple:
    """Make one triple.

    Faces are found under the frontal lamp, and the same warp carries every lamp. The truth is person A under
    B's lamp, in B's tone: one gain, from the two frontal pictures.
    """
    source, still = look(data / plan.files["source"]), look(data / plan.files["target_still"])
    target = align(read_image(data / plan.files["target"]).frame, still.aligned.face)
    answer = read_image(data / plan.files["answer"]).frame
    made = reenact(source.frame, source.aligned.face, target)
    mask = feathered(
        made.mask * (1 - made.from_target) * shown(source, target) * still.visible * valid(still)
    )
    lit = np.clip(
        times(reenact(answer, source.aligned.face, target).crop, _tone(made.crop, still, mask)), 0, 1
    )
    truth = (target.crop + (lit - target.crop) * (mask > 0)[..., None]).astype(np.float32)
    azimuth, elevation = plan.numbers["azimuth_degrees"], plan.numbers["elevation_degrees"]
    angle = lamp_angle(azimuth, elevation)
    facts = Facts("lit", plan.source_person, plan.target_person, light_angle_degrees=angle)
    again = align(read_image(data / plan.files["again"]).frame, source.aligned.face)
    return Triple(
        plan.name,
        made.crop,
        target.crop,
        truth,
        mask,
        still.geometry,
        target.landmarks,
        made.landmarks,
        again.crop,
        again.landmarks,
        facts,
    )


def _tone(reenacted: Crop, still: Seen, mask: Mask) -> np.ndarray:
    """Gain from the source's tone to the target's: both pictures are under the lamp in front."""
    return tone_gain(reenacted, still.aligned.crop, mask) if mask.any() else np.ones(3)
