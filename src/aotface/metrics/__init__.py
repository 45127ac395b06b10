"""Every number the bench can take, by name: which way is better, its unit, and what it needs.

The formulas stand in the files of this folder; `measure` takes all that a sample allows. What cannot be
taken, because ground truth, a model or a clip is not there, is left out of the result, never filled in.
A new metric is one file and one row of `METRICS`, which may name its formula as ``"file.function"``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, runtime_checkable

from aotface.errors import UsageError
from aotface.light import Normals, light_distance
from aotface.masked import Colours
from aotface.metrics.colour import ita_difference, lf_de, mean_de, swd
from aotface.metrics.detail import detail_retention, leakage_floor, target_leakage
from aotface.metrics.edge import edge_texture, edge_tone
from aotface.metrics.eyes import eye_contrast
from aotface.metrics.ground_truth import ciede2000, psnr, ssim
from aotface.metrics.identity import Embedder, identity_drop, similarity
from aotface.metrics.seam import seam
from aotface.metrics.temporal import Clip, clip_de, clip_de_floor, rerun_de
from aotface.metrics.texture import fine_detail, grain
from aotface.types import Landmarks, Mask

Better = Literal["lower", "higher", "target"]
Need = Literal["truth", "target", "reenacted", "source", "normals", "model", "frames"]


@runtime_checkable
class Perceptual(Protocol):
    """What the perceptual metric asks of a model; `perceptual.PerceptualMeter` is one."""

    def distance(self, result: Colours, other: Colours, mask: Mask) -> float:
        """Distance of two crops inside a mask."""


@dataclass(frozen=True)
class Sample:
    """One result and all that is known about it; everything is in the target's geometry except the source.

    ``composite`` is the result blended into the target; without it the mask does the blending here. ``finished`` is the
    picture as a swap ends, with the target's grain, texture and eye contrast.
    ``landmarks`` are those of the reenacted shape, for result and reenacted; ``target_landmarks`` the target's.
    ``rerun`` is the result of a
    second run with another seed. ``identity`` and ``perceptual`` are models, and optional.
    """

    result: Colours
    mask: Mask
    target: Colours | None = None
    reenacted: Colours | None = None
    truth: Colours | None = None
    composite: Colours | None = None
    finished: Colours | None = None
    normals: Normals | None = None
    landmarks: Landmarks | None = None
    target_landmarks: Landmarks | None = None
    source: Colours | None = None
    source_landmarks: Landmarks | None = None
    rerun: Colours | None = None
    frames: Clip | None = None
    identity: Embedder | None = None
    perceptual: Perceptual | None = None

    @property
    def blended(self) -> Colours | None:
        """The composite, made with the mask where none was given; None without a target."""
        if self.composite is not None or self.target is None:
            return self.composite
        weight = self.mask[..., None]
        return weight * self.result + (1 - weight) * self.target

    @property
    def shown(self) -> Colours | None:
        """What a person gets to see: the finished picture where there is one, else `blended`."""
        return self.blended if self.finished is None else self.finished


_NEEDS: dict[str, Need] = {
    "target": "target",
    "reenacted": "reenacted",
    "truth": "truth",
    "source": "source",
    "normals": "normals",
    "identity": "model",
    "perceptual": "model",
    "frames": "frames",
    "rerun": "frames",
}


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    ``better`` "target" means: the nearer to ``ideal`` the better; with ``ideal`` None the column is a
    reference that others are judged against. ``reads`` are the fields of a `Sample` that the formula takes.
    ``formula`` is a function, or ``"file.function"`` of this folder, imported when it is used.
    """

    name: str
    better: Better
    unit: str
    formula: Callable[..., float] | str
    reads: tuple[str, ...]
    ideal: float | None = None

    @property
    def needs(self) -> frozenset[Need]:
        """What there must be besides the result and its mask."""
        return frozenset(_NEEDS[field] for field in self.reads if field in _NEEDS)

    @property
    def function(self) -> Callable[..., float]:
        """The formula."""
        if not isinstance(self.formula, str):
            return self.formula
        file, _, name = self.formula.partition(".")
        found: Callable[..., float] = getattr(import_module(f"{__name__}.{file}"), name)
        return found

    def possible(self, sample: Sample) -> bool:
        """Whether the sample holds all that this metric reads."""
        return all(getattr(sample, field) is not None for field in self.reads)

    def take(self, sample: Sample) -> float:
        """Evaluate the formula on a sample for which it is possible."""
        return self.function(*(getattr(sample, field) for field in self.reads))


def measure(sample: Sample, names: Iterable[str] | None = None) -> dict[str, float]:
    """Take every metric that the sample allows.

    Args:
        sample: one result with what is known about it.
        names: only these; all of `METRICS` unless given.

    Returns:
        Name to value, in the registry's order; metrics whose needs are not met are absent.

    Raises:
        UsageError: a name that no metric has.
        InputError: pictures and masks that do not fit together.
    """
    wanted = set(METRICS) if names is None else set(names)
    if unknown := sorted(wanted - set(METRICS)):
        raise UsageError(f"metrics: expected names among {', '.join(METRICS)}; got {', '.join(unknown)}")
    chosen = (metric for metric in METRICS.values() if metric.name in wanted)
    return {metric.name: metric.take(sample) for metric in chosen if metric.possible(sample)}


def _perceptual(meter: Perceptual, result: Colours, truth: Colours, mask: Mask) -> float:
    return meter.distance(result, truth, mask)


_PAIR = ("result", "target", "mask")
_BOTH = ("landmarks", "target_landmarks")
_BLENDED = ("blended", "target", "mask")
_SHOWN = ("shown", "target", "mask")
_GROUND_TRUTH = ("result", "truth", "mask")
_SOURCE = ("source", "source_landmarks")

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mean_de", "lower", "dE76", mean_de, _PAIR),
        Metric("lf_de", "lower", "dE76", lf_de, _PAIR),
        Metric("swd", "lower", "dE76", swd, _PAIR),
        Metric("ciede2000", "lower", "dE00", ciede2000, _PAIR),
        Metric("ita_difference", "lower", "degree", ita_difference, _PAIR),
        Metric("light_distance", "lower", "", light_distance, ("result", "target", "normals", "mask")),
        Metric("keep", "higher", "", detail_retention, ("result", "reenacted", "mask")),
        Metric("leak", "lower", "", target_leakage, _PAIR),
        Metric("leak_floor", "target", "", leakage_floor, ("reenacted", "target", "mask")),
        Metric("seam", "target", "", seam, _BLENDED, ideal=1.0),
        Metric("edge_tone", "lower", "dE76", edge_tone, _SHOWN),
        Metric("edge_texture", "lower", "", edge_texture, _SHOWN),
        Metric("fine_detail", "target", "", fine_detail, (*_SHOWN, *_BOTH), ideal=1.0),
        Metric("grain", "target", "", grain, (*_SHOWN, *_BOTH), ideal=1.0),
        Metric("eye_contrast", "target", "", eye_contrast, (*_SHOWN, *_BOTH), ideal=1.0),
        Metric("seam", "target", "", seam, ("blended", "target", "mask"), ideal=1.0),
        Metric("mouth_opening", "target", "", "mouth.mouth_opening", ("blended", "target"), ideal=0.0),
        Metric("psnr", "higher", "dB", psnr, _GROUND_TRUTH),
        Metric("ssim", "higher", "", ssim, _GROUND_TRUTH),
        Metric("de_truth", "lower", "dE00", ciede2000, _GROUND_TRUTH),
        Metric("perceptual", "lower", "", _perceptual, ("perceptual", *_GROUND_TRUTH)),
        Metric(
            "identity_reenacted",
            "higher",
            "",
            similarity,
            ("identity", "result", "landmarks", "reenacted", "landmarks"),
        ),
        Metric("identity_source", "higher", "", similarity, ("identity", "result", "landmarks", *_SOURCE)),
        Metric(
            "identity_drop",
            "lower",
            "",
            identity_drop,
            ("identity", "result", "reenacted", "landmarks", *_SOURCE),
        ),
        Metric("warped_de", "lower", "dE76", clip_de, ("frames",)),
        Metric("warped_de_floor", "target", "dE76", clip_de_floor, ("frames",)),
        Metric("rerun_de", "lower", "dE76", rerun_de, ("result", "rerun", "mask")),
    )
}
"""Key to metric, in the order of tables. Keys are those of stored rows and stay: ``keep`` is detail retention,
``leak`` target leakage, ``truth`` ground truth."""
