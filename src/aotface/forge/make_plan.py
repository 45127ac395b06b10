"""From files to a plan: look at every face, split the people, pair by appearance gap."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from aotface.errors import FaceError, InputError, UsageError
from aotface.forge.inputs import Listed, hashed, list_inputs
from aotface.forge.look import Look, look_at
from aotface.forge.pairs import allowed, bounds_of, choose_pairs, confusions, totals
from aotface.forge.plan import CONTROLS, SPLITS, Method, Pair, Plan, PlanInput
from aotface.forge.split import Person, order_key, split_people
from aotface.media.files import show
from aotface.metrics.identity import IdentityMeter
from aotface.reporter import Reporter
from aotface.tracking.descriptor import similarities

UNLIKE, SURELY_UNLIKE = -0.1, 0.18
"""Likeness below which two inputs of one name are questioned: by descriptor, and by an identity network. On 94 portraits of
40 people, one pair in a hundred of the same person is below the second."""

ALIKE, SURELY_ALIKE = 0.9, 0.5
"""Likeness from which people of two splits may be one, by the same two."""


@dataclass(frozen=True)
class PlanRequest:
    """What a plan is made from.

    ``places``, ``person``, ``manifest``: see `list_inputs`. ``shares``: of the people, by split. ``frames``: of a clip.
    ``most``: pictures and clips at most of each, drawn by seed; 0 = all. ``licence``, ``consent``: of inputs of which the
    list says nothing. ``keep_splits``: those of the list. ``meter``: tells people apart, if there is one.
    """

    places: tuple[Path, ...]
    methods: tuple[str, ...] = ("aot",)
    controls: tuple[str, ...] = ("self", "paste")
    person: str = "auto"
    manifest: Path | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    frames: int = 32
    partners: int = 1
    most: int = 0
    seed: int = 0
    licence: str = ""
    consent: str = ""
    keep_splits: bool = False
    meter: IdentityMeter | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


def make_plan(request: PlanRequest, reporter: Reporter) -> Plan:
    """Look at every input, and choose splits and pairs.

    Raises:
        UsageError: too few people, unknown methods.
    """
    methods = methods_of(request.methods, request.controls, request.seed)
    listed = hashed(list_inputs(request.places, request.person, request.manifest), reporter.warn)
    looks = _looks(_drawn(listed, request), request, reporter)
    people = _people(looks, request.keep_splits)
    split = split_people(people, request.shares, request.seed)
    splits = [split[one.listed.person] for one in looks]
    _question(looks, splits, reporter.warn)
    bounds = bounds_of(totals(looks), allowed(looks, splits))
    chosen = choose_pairs(looks, splits, bounds, request.partners, request.seed)
    used = sorted({place for pair in chosen for place in (pair.a, pair.b)})
    for place in sorted(set(range(len(looks))) - set(used)):
        reporter.warn(
            f"left out: {show(looks[place].listed.file)}: nobody of its kind in its split to pair with"
        )
    if not chosen:
        raise UsageError(
            "no pair can be made: give pictures (or clips) of at least two people for each split"
        )
    ids = {place: f"{number:0{max(3, len(str(len(used))))}d}" for number, place in enumerate(used)}
    plan = Plan(
        seed=request.seed,
        bounds=bounds,
        methods=methods,
        inputs=tuple(_input(looks[p], ids[p], splits[p], request) for p in used),
        pairs=tuple(Pair(a=ids[c.a], b=ids[c.b], stratum=c.stratum, gap=c.gap) for c in chosen),  # type: ignore[arg-type]
        **request.settings,  # type: ignore[arg-type]
    )
    plan.check()
    return plan


def methods_of(names: Sequence[str], controls: Sequence[str], seed: int) -> tuple[Method, ...]:
    """Methods by name: a transfer, or ``REENACTOR+TRANSFER``; and controls out of `CONTROLS`."""
    found = []
    for name in names:
        first, plus, second = name.partition("+")
        reenact, transfer = (first, second) if plus else ("mesh", name)
        word = name.replace("+", "-").replace("_", "-").lower()
        found.append(Method(name=word, seed=seed, reenact=reenact, transfer=transfer))
    if unknown := [name for name in controls if name not in CONTROLS]:
        raise UsageError(f"expected --controls out of {', '.join(CONTROLS)}, got {unknown[0]!r}")
    return (*found, *(msgspec.structs.replace(CONTROLS[name], seed=seed) for name in controls))


def _drawn(listed: list[Listed], request: PlanRequest) -> list[Listed]:
    """At most so many pictures and so many clips; whole people first, so that people stay together."""
    from aotface.forge.inputs import kind_of

    if not request.most:
        return listed
    order = sorted(listed, key=lambda one: (order_key(request.seed, one.person), one.sha256))
    left = {"picture": request.most, "clip": request.most}
    found = []
    for one in order:
        kind = kind_of(one.file)
        if left[kind]:
            left[kind] -= 1
            found.append(one)
    return sorted(found, key=lambda one: (one.person, str(one.file)))


def _looks(listed: list[Listed], request: PlanRequest, reporter: Reporter) -> list[Look]:
    found = []
    for number, one in enumerate(listed, 1):
        try:
            found.append(look_at(one, request.frames, request.meter))
        except (InputError, FaceError) as error:
            reporter.warn(f"left out: {error}")
        reporter.progress("looking at faces", number, len(listed))
    if not found:
        raise UsageError("none of the inputs shows a face: see the lines above")
    return found


def _people(looks: Sequence[Look], keep: bool) -> list[Person]:
    found: dict[str, Person] = {}
    for one in looks:
        wanted = one.listed.split if keep else ""
        person = found.setdefault(
            one.listed.person, Person(one.listed.person, f"{one.kind} {one.tone}", wanted)
        )
        if person.wanted != wanted:
            raise UsageError(
                f"person {person.name!r} is in two splits of the list, {person.wanted!r} and {wanted!r}: correct it"
            )
    if keep and (unsaid := [name for name, person in found.items() if person.wanted not in SPLITS]):
        raise UsageError(f"--keep-splits: the list gives {unsaid[0]!r} no split out of {', '.join(SPLITS)}")
    return list(found.values())


def _question(looks: Sequence[Look], splits: Sequence[str], warn: Callable[[str], None]) -> None:
    """Say which names may hold two people, and which people of two splits may be one.

    Raises:
        UsageError: an identity network was given, and says that a name holds two people.
    """
    vectors = [one.embedding for one in looks if one.embedding is not None]
    sure = len(vectors) == len(looks)
    descriptors = [one.descriptor for one in looks]
    alike = np.array(vectors) @ np.array(vectors).T if sure else similarities(descriptors, descriptors)
    for i, j, value in confusions(looks, alike, SURELY_UNLIKE if sure else UNLIKE):
        line = (
            f"{show(looks[i].listed.file)} and {show(looks[j].listed.file)} are both called "
            f"{looks[i].listed.person!r} but look like two people (likeness {value:.2f})"
        )
        if sure:
            raise UsageError(f"{line}: give them two names, or leave one out")
        warn(f"{line}; check, or say --identity NETWORK")
    high = SURELY_ALIKE if sure else ALIKE
    place, other = np.nonzero(np.triu(alike >= high, 1))
    for i, j in zip(place.tolist(), other.tolist(), strict=True):
        if splits[i] != splits[j]:
            warn(
                f"{show(looks[i].listed.file)} ({splits[i]}) and {show(looks[j].listed.file)} ({splits[j]}) look like "
                f"one person (likeness {alike[i, j]:.2f}) in two splits; if so, give them one name"
            )


def _input(look: Look, id: str, split: str, request: PlanRequest) -> PlanInput:
    listed = look.listed
    same = {
        name: getattr(look, name)
        for name in (
            "kind",
            "height",
            "width",
            "frames",
            "tone",
            "tone_degrees",
            "light",
            "exposure",
            "colour",
        )
    }
    return PlanInput(
        id=id,
        file=str(listed.file.absolute()),
        sha256=listed.sha256,
        person=listed.person,
        split=split,  # type: ignore[arg-type]
        licence=listed.licence or request.licence,
        consent=listed.consent or request.consent,
        rate=str(look.rate),
        **same,
    )
