"""Everything that can be judged, as one kind of function: a triple in, Y out. A transfer runs as it does in a swap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from aotface.errors import UsageError, WeightsError
from aotface.evaluation.baselines import BASELINES
from aotface.evaluation.triple import Triple
from aotface.media.weights import find_weights
from aotface.options import DEFAULTS
from aotface.transfer import TransferSettings, listed, open_transfer
from aotface.transfer import names as transfers
from aotface.transfer.base import Transfer
from aotface.types import Crop
from aotface.video.temporal_filter import (
    MAP_REACH,
    FilterableChange,
    filterable,
    light_grid,
    temporal_filter,
    window,
)

Kind = Literal["classical", "baseline", "network", "reference"]

MODFLOWS = "modflows"
"""The further network of this name is a baseline: see `aotface.evaluation.modflows`."""


@dataclass(frozen=True)
class Method:
    """``run`` makes Y of a triple. ``fingerprint`` tells two versions apart (weights, plug-ins), "" for a formula.

    ``over_time`` makes Y of consecutive frames, where that is more than one after the other.
    ``needs_truth``: it only exists where the answer is known.
    """

    name: str
    kind: Kind
    run: Callable[[Triple], Crop]
    over_time: Callable[[Sequence[Triple]], list[Crop]] | None = None
    fingerprint: str = ""
    needs_truth: bool = False


def names() -> tuple[str, ...]:
    """Names of all methods that need no weights, references first."""
    formulas = (name for name in transfers() if not listed(name).uses_network)
    return ("truth", "copy", *formulas, *BASELINES)


def networks() -> tuple[str, ...]:
    """Names of the methods with a network."""
    return tuple(name for name in transfers() if listed(name).uses_network)


def find_methods(
    chosen: Sequence[str], weights: Path | None = None, further: Sequence[tuple[str, Path]] = ()
) -> list[Method]:
    """Methods by name, each once; ``truth`` and ``copy``, against which others are judged, are always there.

    Args:
        chosen: names out of `names` and `networks`; empty means all.
        weights: of the network; with them it is always judged.
        further: names and weights of networks that are judged beside the others; `MODFLOWS` is that peer's.

    Raises:
        UsageError: an unknown name, a name that is taken, a network without weights, or a package that is missing.
        WeightsError: the weights cannot be used.
    """
    trained = networks() if weights or (not chosen and packaged_weights()) else ()
    wanted = list(dict.fromkeys(["truth", "copy", *(chosen or names()), *trained]))
    known = (*names(), *networks())
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"expected methods out of {', '.join(known)}, got {', '.join(unknown)}")
    taken = [*known, *(name for name, _ in further)]
    if twice := [name for name, _ in further if taken.count(name) > 1]:
        raise UsageError(f"expected a new name for each further network, got {twice[0]}")
    return [_method(name, weights) for name in wanted] + [_network(name, file) for name, file in further]


def packaged_weights() -> Path | None:
    """The weights that come with the package; None while there are none."""
    try:
        return find_weights(DEFAULTS.weights)
    except WeightsError:
        return None


def _method(name: str, weights: Path | None) -> Method:
    if name == "truth":
        return Method(name, "reference", _truth, needs_truth=True)
    if name == "copy":
        return Method(name, "reference", lambda triple: triple.target)
    if name in BASELINES:
        return _of_transfer("baseline", BASELINES[name])
    if not listed(name).uses_network:
        return _of_transfer("classical", open_transfer(name))
    file = weights or packaged_weights()
    if file is None:
        raise UsageError(f"{name} needs trained weights: say --weights FILE")
    return _of_transfer("network", open_transfer(name, TransferSettings(weights=str(file))))


def _network(name: str, weights: Path) -> Method:
    if name == MODFLOWS:
        from aotface.evaluation.modflows import open_modflows  # imports torch

        return _of_transfer("baseline", open_modflows(weights))
    return replace(_method("aot", weights), name=name)


def _truth(triple: Triple) -> Crop:
    if triple.truth is None:
        raise UsageError(f"{triple.name}: there is no ground truth; leave the method truth out")
    return triple.truth


def _of_transfer(kind: Kind, transfer: Transfer) -> Method:
    fingerprint = " ".join(value for value in transfer.identity().values() if value)
    over_time = partial(run_over_time, transfer)
    return Method(transfer.name, kind, partial(run_once, transfer), over_time, fingerprint)


def run_once(transfer: Transfer, triple: Triple) -> Crop:
    """Y of one triple, as a picture gets it."""
    return transfer.find(triple.pair).apply(triple.reenacted)


def run_over_time(transfer: Transfer, clip: Sequence[Triple]) -> list[Crop]:
    """Y of consecutive frames, as a video gets it: filtered over time.

    Args:
        transfer: see there.
        clip: the frames.
    """
    changes = dict(enumerate(_filterable(transfer, triple) for triple in clip))
    maps = {number: change.maps for number, change in changes.items()}
    lights = {number: light_grid(triple.target) for number, triple in enumerate(clip)}
    stretch, made = range(len(clip)), []
    for number, triple in enumerate(clip):
        around = (window(values, number, MAP_REACH, stretch) for values in (maps, lights))
        made.append(changes[number].apply(transfer, triple.reenacted, temporal_filter(*around)))
    return made


def _filterable(transfer: Transfer, triple: Triple) -> FilterableChange:
    change = transfer.find(triple.pair)
    if change.temporal is not None:
        return FilterableChange(change.temporal, None)
    return filterable(triple.reenacted, change.apply(triple.reenacted), triple.mask)
