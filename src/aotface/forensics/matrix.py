"""What an experiment compares, as a TOML file; and which samples each arm of it is trained on."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from aotface.errors import InputError, UsageError
from aotface.forensics.crops import Item
from aotface.forensics.data import Pool
from aotface.forensics.detectors import LISTED
from aotface.media.files import read_bytes, show

SHUFFLED = "shuffled"
"""The base set with labels dealt at random: it must tell nothing."""

Arm = Literal["none", "control", "aot", "shuffled"]
"""What is added to a base set: nothing, more of its own methods, or fakes of ``added_method``; or see `SHUFFLED`."""


class Matrix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An experiment.

    ``train``, ``test``: stores; ``train`` gives splits train and val, ``test`` the split test. ``bases``: sets of methods
    that detectors are trained on. ``number``: fakes that an arm adds. ``modes``: ``added`` adds them, ``fixed`` takes as
    many of the base's own out. ``stratum``: of the gap of added fakes and of the main table. ``share``: of the training
    people, drawn by seed. ``resamples``: of the bootstrap. ``cameras``: by name, patterns of people. Detectors are
    made blind to the difference of their reals, and a control looks whether they are. ``outside``: by name, CSV files of
    scores.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    bases: tuple[tuple[str, ...], ...]
    detectors: tuple[str, ...] = ("probe",)
    arms: tuple[Arm, ...] = ("none", "control", "aot", "shuffled")
    modes: tuple[Literal["added", "fixed"], ...] = ("added", "fixed")
    added_method: str = "aot"
    number: Annotated[int, msgspec.Meta(ge=1)] = 100
    stratum: str = "large"
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.85
    seeds: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    kind: Literal["picture", "clip"] = "picture"
    resamples: Annotated[int, msgspec.Meta(ge=10)] = 2000
    backbone: str = "lite0"
    epochs: Annotated[int, msgspec.Meta(ge=0)] = 4
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1e-4
    penalty: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    cameras: dict[str, tuple[str, ...]] = {}
    outside: dict[str, str] = {}

    def camera_of(self, person: str) -> int:
        """The place of a person's camera; below 0 where none is named."""
        fits = [any(fnmatchcase(person, p) for p in patterns) for patterns in self.cameras.values()]
        return fits.index(True) if True in fits else -1


@dataclass(frozen=True)
class Cell:
    """One detector trained on one arm with one seed. Arms without additions are the same in all modes."""

    base: tuple[str, ...]
    arm: str
    mode: str
    detector: str
    seed: int

    @property
    def name(self) -> str:
        """For files and tables."""
        return f"{'+'.join(self.base)}.{self.arm}.{self.mode}.{self.detector}.{self.seed}"


def read_matrix(path: Path) -> Matrix:
    """Read an experiment; relative paths in it count from its folder.

    Raises:
        InputError: it cannot be understood. UsageError: unknown detectors, no seed.
    """
    try:
        made = msgspec.convert(tomllib.loads(read_bytes(path).decode()), Matrix)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{show(path)}: not an experiment: {str(error).replace('`', '')}") from None
    if unknown := [name for name in made.detectors if name not in LISTED]:
        raise UsageError(f"expected detectors out of {', '.join(LISTED)}, got {unknown[0]!r}")
    if not made.bases or not all(made.bases) or not made.arms or not made.modes or not made.detectors:
        raise UsageError(f"{show(path)}: expected at least one base set, arm, mode and detector")
    folder = path.parent.absolute()
    placed = {side: tuple(str(folder / one) for one in getattr(made, side)) for side in ("train", "test")}
    outside = {name: str(folder / one) for name, one in made.outside.items()}
    return msgspec.structs.replace(made, **placed, outside=outside)


def cells_of(matrix: Matrix) -> list[Cell]:
    """Every cell, each once."""
    found = {
        Cell(base, arm, mode if arm in ("control", "aot") else "added", detector, seed): None
        for detector in matrix.detectors
        for base in matrix.bases
        for seed in range(matrix.seeds)
        for mode in matrix.modes
        for arm in matrix.arms
    }
    return list(found)


@dataclass(frozen=True)
class Drawn:
    """Training items of an arm, and whether each counts as a fake."""

    items: tuple[Item, ...]
    fake: tuple[bool, ...]


def draw(pool: Pool, matrix: Matrix, cell: Cell) -> Drawn:
    """Training samples of a cell: which ones depends on seed and base alone, so that arms differ in what is added only.

    Pairs with the wanted gap are put aside first: the base never holds them. ``control`` and ``aot`` add the same pairs.

    Raises:
        InputError: there are no fakes of a method, or no pairs to add.
    """
    rng = np.random.default_rng([cell.seed, *"+".join(cell.base).encode()])
    people = sorted({one.info.target_person for one in pool.items if one.info.split == "train"})
    chosen = set(rng.permutation(people)[: max(2, round(matrix.share * len(people)))].tolist())
    mine = [one for one in pool.of(split="train") if one.info.target_person in chosen]
    reals = list({one.name: one for one in mine if not one.fake}.values())
    fakes = {_pair(one): one for one in mine if one.fake}
    added_pairs = _added_pairs(fakes, matrix, cell, rng)
    base = [one for key, one in fakes.items() if key[0] in cell.base and key[1:] not in added_pairs]
    if not base:
        raise InputError(f"no fakes of {' or '.join(cell.base)} to train on; the set has {_methods(pool)}")
    order = rng.permutation(len(base))
    added = [fakes[(_method(cell, matrix, n), *pair)] for n, pair in enumerate(added_pairs)]
    if cell.arm not in ("control", "aot"):
        added = []
    if cell.mode == "fixed" and added:
        added = added[: len(base) // 2]
        base = [base[k] for k in sorted(order[len(added) :])]
    items = (*reals, *base, *added)
    fake = [one.fake for one in items]
    if cell.arm == SHUFFLED:
        fake = [fake[k] for k in rng.permutation(len(fake))]
    return Drawn(items, tuple(fake))


def _pair(item: Item) -> tuple[str, str, str]:
    return str(item.info.method), item.info.target, str(item.info.source)


def _methods(pool: Pool) -> str:
    return ", ".join(sorted({str(one.info.method) for one in pool.items if one.fake})) or "none"


def _method(cell: Cell, matrix: Matrix, number: int) -> str:
    return matrix.added_method if cell.arm == "aot" else cell.base[number % len(cell.base)]


def _added_pairs(
    fakes: dict[tuple[str, str, str], Item], matrix: Matrix, cell: Cell, rng: np.random.Generator
) -> list[tuple[str, str]]:
    wanted = (*cell.base, matrix.added_method)
    pairs = sorted({key[1:] for key, one in fakes.items() if one.info.stratum == matrix.stratum})
    pairs = [pair for pair in pairs if all((method, *pair) in fakes for method in wanted)]
    if not pairs:
        raise InputError(
            f"no pairs with a {matrix.stratum} gap that {' and '.join(wanted)} all have: build them into one set"
        )
    order = rng.permutation(len(pairs))[: matrix.number]
    return [pairs[k] for k in order]


def cell_key(matrix: Matrix, cell: Cell, pools: Sequence[str]) -> str:
    """The hash of everything that decides a cell's scores."""
    said = [cell.name, *pools, matrix.added_method, matrix.number, matrix.stratum, matrix.share]
    said += [matrix.backbone, matrix.penalty, matrix.cameras]
    said += [] if cell.detector == "probe" else [matrix.epochs, matrix.rate]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
