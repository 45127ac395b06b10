"""The jobs of a plan: one for each sample, each known by a hash of everything that decides its bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import aotface
from aotface.forge.plan import Method, Pair, Plan, PlanInput
from aotface.forge.store import real_id

VERSION = 1
"""Of the stored files: raised when the same job begins to give other ones."""

_DECIDE = (
    *("types.py", "options.py", "colour_space.py", "masked.py", "light.py"),
    *("media", "face", "tracking", "metrics", "reenact", "transfer", "provenance", "compose", "video"),
    *("forge/cut.py", "forge/make.py", "forge/target.py", "forge/detail.py"),
)
"""Code that decides pixels."""


@dataclass(frozen=True)
class Work:
    """One sample to make: a real where there is no ``method``."""

    id: str
    target: PlanInput
    source: PlanInput | None = None
    method: Method | None = None
    pair: Pair | None = None


def works_of(plan: Plan) -> list[Work]:
    """Every sample of a plan; those of one target follow each other."""
    by_id = {one.id: one for one in plan.inputs}
    directed = [(pair.a, pair.b, pair) for pair in plan.pairs] + [(p.b, p.a, p) for p in plan.pairs]
    found = []
    for target in plan.inputs:
        found.append(Work(real_id(target.id), target))
        mine = sorted((b, pair) for a, b, pair in directed if a == target.id)
        for method in plan.methods:
            if method.source == "own":
                found.append(Work(f"{method.name}-{target.id}", target, target, method))
                continue
            for source, pair in mine:
                name = f"{method.name}-{target.id}_{source}"
                found.append(Work(name, target, by_id[source], method, pair))
    return found


def key_of(plan: Plan, work: Work, facts: Mapping[str, Any]) -> str:
    """The hash of everything that decides a sample's files.

    Args:
        plan: for what holds of all samples.
        work: the sample.
        facts: of its method: hashes of weights and of the reenactor's files; empty for a real.
    """
    target, source = work.target, work.source
    method = None if work.method is None else msgspec.to_builtins(work.method)
    if method is not None:  # where files lie does not matter; their hashes are among the facts
        method = {name: value for name, value in method.items() if not name.startswith("reenact_")}
    decides = {
        "version": VERSION,
        "code": code_hash(),
        "target": [target.sha256, target.kind, target.first, target.frames, target.person, target.split],
        "source": None if source is None else [source.sha256, source.kind, source.first, source.person],
        "described": msgspec.to_builtins((target.licence, target.consent, target.tone, target.light)),
        "pair": None if work.pair is None else [work.pair.stratum, msgspec.to_builtins(work.pair.gap)],
        "method": method,
        "facts": facts,
        "stored": [plan.region, plan.side, plan.shrink, plan.match_detail, plan.seed],
        "mark": plan.purpose == "show",
        "id": work.id,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=str).encode()).hexdigest()


@cache
def code_hash() -> str:
    """Of the code that decides pixels, and of the versions of the libraries below it."""
    from aotface.media.runlog import environment

    folder = Path(aotface.__file__).parent
    files = [path for name in _DECIDE for path in sorted([*(folder / name).rglob("*.py")] or [folder / name])]
    found = hashlib.sha256(json.dumps(environment()["versions"], sort_keys=True).encode())
    for path in files:
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()
