"""The plan of a set: a file to read and edit, JSON or TOML, that decides every sample. Imports nothing heavy."""

import hashlib
import json
import re
import tomllib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from aotface.errors import InputError, UsageError
from aotface.options import Options

VERSION = 1
"""Of the file format."""

SPLITS = ("train", "val", "test")
STRATA = ("small", "middle", "large")
"""Of the appearance gap between the two inputs of a pair."""

REAL = "real"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PATHS = ("reenact_config", "reenact_model", "reenact_embedding", "reenact_converter")


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are errors."""


class PlanInput(Strict, frozen=True, kw_only=True):
    """A picture or clip: it is a target, a source, and a real sample.

    ``id``: digits, unique. ``consent``: how the person agreed to be swapped; empty = not said, which stops `build`.
    ``first``, ``frames``: of a clip, which frames are used; ``rate``: its frames per second. ``tone``: group of skin tone;
    ``tone_degrees``: None in grey pictures. ``light``: unit vector towards the main light (x right, y down, z towards the
    camera). ``exposure``: mean L*. ``colour``: mean a*, b*.
    """

    id: str
    file: str
    sha256: str
    kind: Literal["picture", "clip"]
    person: str
    split: Literal["train", "val", "test"]
    licence: str = ""
    consent: str = ""
    height: int
    width: int
    first: int = 0
    frames: int = 1
    rate: str = "25"
    tone: str = "unknown"
    tone_degrees: float | None = None
    light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    exposure: float = 0.0
    colour: tuple[float, float] = (0.0, 0.0)


class Gap(Strict, frozen=True, kw_only=True):
    """How far two appearances are apart. ``tone_degrees``: None where one is grey. ``light_degrees``: between directions.

    ``exposure``: difference of L*. ``colour``: distance of a*, b*. ``total``: mean of all, each in units of `pairs.UNITS`.
    """

    tone_degrees: float | None = None
    light_degrees: float
    exposure: float
    colour: float
    total: float


class Pair(Strict, frozen=True, kw_only=True):
    """Two inputs of one split; both directions are made: ``a_b`` puts the person of b onto a, ``b_a`` the reverse."""

    a: str
    b: str
    stratum: Literal["small", "middle", "large"]
    gap: Gap


class Method(Strict, frozen=True, kw_only=True):
    """How fakes of a kind are made. ``source``: ``own`` puts the target's own face onto it, which is a control.

    ``reenact``, ``transfer``: any built-in or plug-in by name; the other fields are as in `aotface.jobs.spec.JobSpec`.
    """

    name: str
    transfer: str = Options.transfer
    reenact: str = "mesh"
    source: Literal["pair", "own"] = "pair"
    control: bool = False
    seed: Annotated[int, msgspec.Meta(ge=0)] = Options.seed
    weights: str = Options.weights
    backend: str = Options.backend
    reenact_config: str | None = None
    reenact_model: str | None = None
    reenact_embedding: str | None = None
    reenact_converter: str | None = None


CONTROLS = {
    "self": Method(name="self", transfer="none", source="own", control=True),
    "paste": Method(name="paste", transfer="none", control=True),
}
"""By name: the person's own face through mesh and blend; and another's without a transfer."""


class Plan(Strict, frozen=True, kw_only=True):
    """What shall be made.

    ``purpose``: ``train`` leaves every mark out, ``show`` keeps them. ``region``: the whole ``frame``, or a square around
    the ``face``. ``side``: longest side of a stored frame in pixels; nothing is enlarged. ``bounds``: of the total gap,
    between the strata. ``shrink``: share of their own resolution at which frames are stored at most, so that the
    grid of old compression goes. ``match_detail``: see `aotface.forge.detail`. ``licence``, ``motivation``: of the set.
    """

    name: str
    version: int = VERSION
    seed: int = 0
    purpose: Literal["train", "show"] = "train"
    region: Literal["frame", "face"] = "frame"
    side: Annotated[int, msgspec.Meta(ge=64, le=4096)] = 1024
    shrink: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8
    match_detail: bool = True
    licence: str = ""
    motivation: str = ""
    refused_uses: str = (
        "Deceiving anybody about what a person said or did; recognising, profiling or ranking people."
    )
    bounds: tuple[float, float] = (0.0, 0.0)
    methods: tuple[Method, ...] = ()
    inputs: tuple[PlanInput, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def input(self, id: str) -> PlanInput:
        """An input by its id."""
        return next(one for one in self.inputs if one.id == id)

    @property
    def sha256(self) -> str:
        """Of everything in the plan, wherever its files lie."""
        table = msgspec.to_builtins(self.without_paths())
        for row in table["inputs"]:
            del row["file"]
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def without_paths(self) -> "Plan":
        """The same with names in place of paths, for a store: where its maker's files lay is nobody's business."""
        inputs = [msgspec.structs.replace(one, file=Path(one.file).name) for one in self.inputs]
        methods = [
            msgspec.structs.replace(
                m, **{n: Path(v).name for n in _PATHS if (v := getattr(m, n)) is not None}
            )
            for m in self.methods
        ]
        return msgspec.structs.replace(self, inputs=tuple(inputs), methods=tuple(methods))

    def check(self) -> None:
        """Refuse what does not fit together, before anything is made.

        Raises:
            UsageError: see the message.
        """
        if self.version != VERSION:
            raise UsageError(f"expected a plan of version {VERSION}, got {self.version}")
        if not self.inputs or not self.methods:
            raise UsageError("expected a plan with inputs and methods: make one with `aotface forge plan`")
        _check_methods(self.methods)
        _check_inputs(self.inputs)
        _check_pairs(self)


def _check_methods(methods: tuple[Method, ...]) -> None:
    from aotface.jobs.spec import JobSpec

    names = [method.name for method in methods]
    for name in names:
        if not _NAME.fullmatch(name) or name == REAL or names.count(name) > 1:
            raise UsageError(
                f"method {name!r}: expected small letters, digits and dashes, each name once, and not 'real'"
            )
    for method in methods:
        job_of(method, mark=False, spec=JobSpec).check()


def job_of(method: Method, mark: bool, spec: Any) -> Any:
    """The `JobSpec` of one swap by a method; paths are filled in where it runs."""
    same = {
        name: getattr(method, name) for name in ("transfer", "reenact", "seed", "weights", "backend", *_PATHS)
    }
    return spec(kind="swap", source="-", target="-", output="-", mark=mark, **same)


def _check_inputs(inputs: tuple[PlanInput, ...]) -> None:
    split: dict[str, PlanInput] = {}
    by_hash: dict[str, PlanInput] = {}
    ids: set[str] = set()
    for one in inputs:
        if not one.id.isdecimal() or len(one.id) < 3 or one.id in ids:
            raise UsageError(f"input {one.id!r}: expected an id of three or more digits that is there once")
        ids.add(one.id)
        if one.first < 0 or one.frames < 1 or not is_rate(one.rate):
            raise UsageError(
                f"input {one.id}: expected frames from 1, first from 0 and a rate such as 30000/1001, got "
                f"{one.frames}, {one.first} and {one.rate!r}"
            )
        first = split.setdefault(one.person, one)
        if first.split != one.split:
            raise UsageError(
                f"person {one.person!r} is in two splits: input {first.id} in {first.split}, {one.id} in {one.split}; "
                "put all of a person into one"
            )
        same = by_hash.setdefault(one.sha256, one)
        if same is not one:
            whom = "" if same.person == one.person else f", as {same.person!r} and {one.person!r}"
            raise UsageError(f"inputs {same.id} and {one.id} are one file{whom}: take one of them out")


def is_rate(text: str) -> bool:
    """Whether frames per second stand there, as ``25``, ``29.97`` or ``30000/1001``; a file may say anything."""
    if not re.fullmatch(r"\d{1,9}([/.]\d{1,9})?", text, re.ASCII):
        return False
    with suppress(ZeroDivisionError):
        return Fraction(text) > 0
    return False


def _check_pairs(plan: Plan) -> None:
    by_id = {one.id: one for one in plan.inputs}
    seen: set[frozenset[str]] = set()
    for pair in plan.pairs:
        name = f"pair {pair.a}, {pair.b}"
        if missing := [id for id in (pair.a, pair.b) if id not in by_id]:
            raise UsageError(f"{name}: there is no input {missing[0]}")
        a, b = by_id[pair.a], by_id[pair.b]
        if a.person == b.person:
            raise UsageError(f"{name}: both are {a.person!r}; pair two people")
        if a.split != b.split:
            raise UsageError(f"{name}: {a.id} is in {a.split}, {b.id} in {b.split}; no pair may cross splits")
        if frozenset((pair.a, pair.b)) in seen:
            raise UsageError(f"{name}: is there twice, and both directions are made of each")
        seen.add(frozenset((pair.a, pair.b)))


def without_permission(plan: Plan) -> list[PlanInput]:
    """Inputs of which licence or consent is not said."""
    return [one for one in plan.inputs if not one.licence.strip() or not one.consent.strip()]


def read_plan(path: Path) -> Plan:
    """Read a plan; relative paths in it count from its folder.

    Raises:
        InputError: the file cannot be read, or is no plan. UsageError: see `Plan.check`.
    """
    from aotface.media.files import read_bytes, show

    data = read_bytes(path)
    try:
        table = tomllib.loads(data.decode()) if path.suffix.lower() == ".toml" else msgspec.json.decode(data)
        plan = msgspec.convert(table, Plan)
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{show(path)}: not a plan: {str(error).replace('`', '')}") from None
    placed = tuple(
        msgspec.structs.replace(one, file=str(path.parent.absolute() / one.file)) for one in plan.inputs
    )
    methods = tuple(_placed(method, path.parent.absolute()) for method in plan.methods)
    plan = msgspec.structs.replace(plan, inputs=placed, methods=methods)
    plan.check()
    return plan


def _placed(method: Method, folder: Path) -> Method:
    named = {name: str(folder / value) for name in _PATHS if (value := getattr(method, name)) is not None}
    if method.weights.endswith((".safetensors", ".onnx", ".pt")):
        named["weights"] = str(folder / method.weights)
    return msgspec.structs.replace(method, **named)


def encode_plan(plan: Plan, toml: bool = False) -> bytes:
    """The plan as the content of a file."""
    table = msgspec.to_builtins(plan)
    if not toml:
        return (json.dumps(table, indent=1, ensure_ascii=False) + "\n").encode()
    lines = [f"{key} = {_toml(value)}" for key, value in table.items() if not isinstance(value, list | tuple)]
    lines += [f"bounds = {_toml(table['bounds'])}"]
    for name in ("methods", "inputs", "pairs"):
        for row in table[name]:
            lines += ["", f"[[{name}]]"]
            lines += [f"{key} = {_toml(value)}" for key, value in row.items() if value is not None]
    return ("\n".join(lines) + "\n").encode()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
