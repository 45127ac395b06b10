"""Everything that can be judged, as one kind of function: a triple in, Y out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aotface.errors import UsageError, WeightsError
from aotface.evaluation.baselines import BASELINES
from aotface.evaluation.triple import Triple
from aotface.media.weights import find_weights, sha256
from aotface.transfer.classical import TRANSFERS, Transfer
from aotface.types import Crop

DEFAULT_WEIGHTS = "aot_small"
"""Name of the packaged weights of `aot`, as in `aotface.transfer.aot.network`."""

Kind = Literal["classical", "peer", "network", "reference"]


@dataclass(frozen=True)
class Method:
    """``run`` makes Y of a triple. ``fingerprint`` tells two versions apart (weights), "" for a formula.

    ``over_time`` makes Y of consecutive frames, where that is more than one after the other.
    ``needs_truth``: it only exists where the answer is known.
    """

    name: str
    kind: Kind
    run: Callable[[Triple], Crop]
    over_time: Callable[[Sequence[Triple]], list[Crop]] | None = None
    fingerprint: str = ""
    needs_truth: bool = False


def _formula(triple: Triple) -> Crop:
    from aotface.face.render import render
    from aotface.transfer.aot.formula import transfer  # imports torch

    own = render(triple.landmarks, len(triple.target))
    return transfer(triple.reenacted, triple.target, triple.mask, triple.geometry, own)


def _shu(triple: Triple) -> Crop:
    from aotface.face.render import render
    from aotface.transfer.classical import shu

    own = render(triple.landmarks, len(triple.target))
    return shu.transfer(triple.reenacted, triple.target, triple.mask, triple.geometry, own, seed=0)


SHAPED: dict[str, Callable[[Triple], Crop]] = {"formula": _formula, "shu2017": _shu}
"""Methods without learned numbers that look at the faces' shapes, too."""


def names() -> tuple[str, ...]:
    """Names of all methods that need no weights, references first."""
    return ("truth", "copy", *TRANSFERS, *SHAPED, *BASELINES)


def find_methods(chosen: Sequence[str], weights: Path | None = None) -> list[Method]:
    """Methods by name, each once; ``truth`` and ``copy``, against which others are judged, are always there.

    Args:
        chosen: names out of `names`, or "aot"; empty means all.
        weights: of `aot`; with them it is always judged.

    Raises:
        UsageError: an unknown name, or aot without weights.
        WeightsError: the weights cannot be used.
    """
    trained = weights is not None or (not chosen and packaged_weights() is not None)
    wanted = list(dict.fromkeys(["truth", "copy", *(chosen or names()), *(["aot"] if trained else [])]))
    if unknown := [name for name in wanted if name not in (*names(), "aot")]:
        raise UsageError(f"expected methods out of {', '.join(names())} and aot, got {', '.join(unknown)}")
    return [_method(name, weights) for name in wanted]


def packaged_weights() -> Path | None:
    """The weights that come with the package; None while there are none."""
    try:
        return find_weights(DEFAULT_WEIGHTS)
    except WeightsError:
        return None


def _method(name: str, weights: Path | None) -> Method:
    if name == "truth":
        return Method(name, "reference", _truth, needs_truth=True)
    if name == "copy":
        return Method(name, "reference", lambda triple: triple.target)
    if name in TRANSFERS:
        return Method(name, "classical", _by_colours(TRANSFERS[name]))
    if name in SHAPED:
        return Method(name, "classical", SHAPED[name])
    if name in BASELINES:
        return Method(name, "peer", _by_colours(BASELINES[name]))
    file = weights or packaged_weights()
    if file is None:
        raise UsageError("aot needs trained weights: say --weights FILE")
    return Method(name, "network", *_network(file), fingerprint=sha256(file))


def _truth(triple: Triple) -> Crop:
    if triple.truth is None:
        raise UsageError(f"{triple.name}: there is no known answer; leave the method truth out")
    return triple.truth


def _by_colours(transfer: Transfer) -> Callable[[Triple], Crop]:
    return lambda triple: transfer(triple.reenacted, triple.target, triple.mask, seed=0)


def _network(weights: Path) -> tuple[Callable[[Triple], Crop], Callable[[Sequence[Triple]], list[Crop]]]:
    """Of one picture; and of a clip, steadied as `swap` does it."""
    from aotface.face.render import render
    from aotface.transfer.aot.apply import transport_crop
    from aotface.transfer.aot.checkpoint import load_generator
    from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array, find_colour_map
    from aotface.video.temporal_filter import MAP_REACH, light_grid, temporal_filter, window

    generator = load_generator(weights)

    def run(t: Triple) -> Crop:
        own = render(t.landmarks, len(t.target))
        return transport_crop(generator, t.reenacted, t.target, t.mask, t.geometry, own=own)

    def over_time(clip: Sequence[Triple]) -> list[Crop]:
        owns = [render(t.landmarks, len(t.target)) for t in clip]
        fields = [
            find_colour_map(generator, t.reenacted, t.target, t.mask, t.geometry, own=own)
            for t, own in zip(clip, owns, strict=True)
        ]
        if any(field is None for field in fields):
            return [run(t) for t in clip]
        maps, lights = dict(enumerate(fields)), {i: light_grid(t.target) for i, t in enumerate(clip)}
        stretch = range(len(clip))
        return [
            apply_colour_map_array(
                t.reenacted,
                temporal_filter(window(maps, i, MAP_REACH, stretch), window(lights, i, MAP_REACH, stretch)),
            )
            for i, t in enumerate(clip)
        ]

    return run, over_time
