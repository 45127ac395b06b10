"""What decides a run: one frozen dataclass, read from TOML files, flags, and what an earlier run left."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from aotface.errors import UsageError
from aotface.media.config import read_toml
from aotface.training.ranges import Game, LampMix, LightingConfig
from aotface.transfer.aot.generator import SIZES, Options
from aotface.transfer.aot.objective import Weights

ADVERSARIAL_SHARE = 0.6
"""Share of the steps after which the games begin, unless ``games_from`` says otherwise."""

PRECISIONS = ("bf16-mixed", "32-true")

MAY_CHANGE = ("steps", "checkpoint_every", "sample_every", "validation_faces")
"""Fields that a run which goes on may take anew; all others decide what its steps so far were."""

T = TypeVar("T")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run; each default stands here and nowhere else.

    ``size``: tiny, small or base. ``batch``: faces a step and process, times ``accumulate``.
    ``learning_rate``: the peak, after ``warmup`` steps; a cosine leads down to ``final_rate`` of it, by the end or by the
    step ``restart``. There it rises to half the peak, and a second cosine leads down (0, or not before the end: no restart).
    ``betas``, ``weight_decay``, ``decoupled_decay`` (AdamW; off: Adam [paper]): of the generator.
    ``discriminators_rate``: of critics and discriminator, by RMSprop [paper]; ``plan_by_rmsprop``: Omega moves
    with them [paper]. ``conditional``: critics compare face by face. ``clip``: largest gradient norm.
    ``ema``: of the averaged weights. ``games_from``: first step with games, left out: after GAMES_SHARE of
    the steps; ``games_every``: on each step that this divides; ``games_ramp``: steps over which they gain
    their full weight; ``unpaired``: share of real targets, without ground truth, in steps with games.
    ``runaway``: stop when the watched terms' mean over about ``window`` steps is this many times its best.
    ``begin_from``: weights or a checkpoint that the generator starts with; empty: by chance.
    ``validation_faces``: judged every ``sample_every`` steps.
    ``game``: the games on photographs; with ``game.faces`` above 0 they take the place of those on the batch.
    ``photographs``: pairs of photographs without ground truth beside each batch, for the terms ``variation`` and ``follow``.
    ``saturation``: whether it is learnt; off: 1 for every face, as in the formula. Learnt, it pales fine colour.
    ``lamp_share``: of the batch, pairs under sums of real lamps; the shards must hold them. ``lamp_people``: "train",
    or "all", and then the result must not be judged on the people of the suite `lit`.
    """

    size: str = "small"
    steps: int = 8000
    batch: int = 16
    learning_rate: float = 1e-3
    discriminators_rate: float = 2e-4
    warmup: int = 150
    final_rate: float = 0.02
    restart: int = 0
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    decoupled_decay: bool = True
    plan_by_rmsprop: bool = False
    conditional: bool = True
    clip: float = 1.0
    ema: float = 0.999
    accumulate: int = 1
    unpaired: float = 0.125
    games_every: int = 8
    games_from: int | None = None
    games_ramp: int = 500
    runaway: float = 3.0
    window: int = 100
    precision: str = "bf16-mixed"
    seed: int = 0
    begin_from: str = ""
    checkpoint_every: int = 250
    sample_every: int = 500
    validation_faces: int = 48
    photographs: int = 0
    saturation: bool = True
    lamp_share: float = 0.0
    lamp_people: Literal["train", "all"] = "train"
    options: Options = field(default_factory=Options)
    weights: Weights = field(default_factory=lambda: Weights(reconstruction=2.0, edges=2.0))
    lighting: LightingConfig = field(
        default_factory=lambda: LightingConfig(target_mix=(0.12, 0.5, 0.38), grey_probability=0.18)
    )

    lamps: LampMix = field(default_factory=LampMix)
    game: Game = field(default_factory=Game)

    @property
    def lamp_faces(self) -> int:
        """Faces of a batch that are under sums of real lamps."""
        return round(self.lamp_share * self.batch)

    @property
    def games_start(self) -> int:
        """First step of the games."""
        return round(ADVERSARIAL_SHARE * self.steps) if self.games_from is None else self.games_from


def load_config(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> TrainConfig:
    """Defaults, then a TOML file, then flags; the last word counts.

    Args:
        file: a TOML file, or the bare name of a packaged one (``default``, ``paper``).
        flags: fields and values; None means not given.

    Raises:
        InputError: the file cannot be read.
        UsageError: an unknown key, a value of the wrong kind, or values that do not fit together.
    """
    config = TrainConfig()
    if file is not None:
        packaged = Path(str(resources.files("aotface"))) / "training" / "configs" / f"{file}.toml"
        path = packaged if file.suffix == "" and not file.exists() and packaged.is_file() else file
        config = merge(config, read_toml(path), str(file))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return checked(merge(config, given, "options"))


def merge(base: T, values: Mapping[str, Any], where: str, prefix: str = "") -> T:
    """A dataclass with some of its fields replaced, tables into nested ones.

    Args:
        base: what stays where nothing is said.
        values: from TOML or JSON.
        where: names the origin in errors.
        prefix: of the keys in errors.

    Raises:
        UsageError: an unknown key, or a value of the wrong kind.
    """
    hints = typing.get_type_hints(type(base))
    changes = {}
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(key, hints, 1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"known are {', '.join(hints)}"
            raise UsageError(f"{where}: unknown key {prefix}{key}; {hint}")
        changes[key] = _converted(hints[key], getattr(base, key), value, where, prefix + key)
    return dataclasses.replace(base, **changes)  # type: ignore[type-var]


def _converted(kind: Any, old: Any, value: Any, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise UsageError(f"{where}: expected [{key}] to be a table, got {value!r}")
        return merge(old, value, where, f"{key}.")
    arguments = typing.get_args(kind)
    if isinstance(kind, types.UnionType):  # only ever "kind or None"
        return None if value is None else _converted(arguments[0], old, value, where, key)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if typing.get_origin(kind) is typing.Literal:
        if value in arguments:
            return value
    elif typing.get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and len(value) == len(arguments):
            return tuple(_converted(k, None, v, where, key) for k, v in zip(arguments, value, strict=True))
    elif kind is float and number:
        return float(value)
    elif kind in (int, bool, str) and type(value) is kind:
        return value
    wanted = getattr(kind, "__name__", "") if not arguments else str(kind).replace("typing.", "")
    raise UsageError(f"{where}: expected {key} to be {wanted}, got {value!r}")


def checked(config: TrainConfig) -> TrainConfig:
    """The configuration, when its values can be trained with.

    Raises:
        UsageError: they cannot.
    """
    c = config
    share, least = "between 0 and 1", "at least"
    rules = (
        (c.size in SIZES, "size", f"one of {', '.join(SIZES)}", c.size),
        (c.precision in PRECISIONS, "precision", f"one of {', '.join(PRECISIONS)}", c.precision),
        *(
            (getattr(c, name) >= low, name, f"{least} {low}", getattr(c, name))
            for low, names in (
                (1, "steps batch accumulate games_every checkpoint_every sample_every window"),
                (0, "warmup restart games_start games_ramp seed validation_faces weight_decay photographs"),
            )
            for name in names.split()
        ),
        *(
            (0 <= getattr(c, n) <= 1, n, share, getattr(c, n))
            for n in ("unpaired", "final_rate", "ema", "lamp_share")
        ),
        *(
            (getattr(c, n) > 0, n, "above 0", getattr(c, n))
            for n in ("learning_rate", "discriminators_rate", "clip")
        ),
        (c.runaway > 1, "runaway", "above 1", c.runaway),
        *(
            (getattr(c.game, name) >= low, f"game.{name}", f"{least} {low}", getattr(c.game, name))
            for low, names in (
                (1, "judged_every judged_faces"),
                (0, "faces pace head_start catch_up blur whole least"),
            )
            for name in names.split()
        ),
        (
            c.game.side >= 32 and c.game.side % 16 == 0,
            "game.side",
            "a multiple of 16 from 32 on",
            c.game.side,
        ),
        (c.game.rate > 0, "game.rate", "above 0", c.game.rate),
    )
    for holds, name, wanted, value in rules:
        if not holds:
            raise UsageError(f"expected {name} to be {wanted}, got {value}")
    for name in ("identity", "perceptual"):
        if getattr(c.weights, name):
            raise UsageError(f"weights.{name} needs a network of your own: pass it to train() from Python")
    return c


def differences(config: TrainConfig, other: TrainConfig) -> list[str]:
    """Names of the fields that differ and may not change within a run."""
    pairs = ((f.name, getattr(config, f.name), getattr(other, f.name)) for f in dataclasses.fields(config))
    return [name for name, mine, theirs in pairs if mine != theirs and name not in MAY_CHANGE]


def as_dict(config: TrainConfig) -> dict[str, Any]:
    """Plain values, for JSON."""
    return dataclasses.asdict(config)
