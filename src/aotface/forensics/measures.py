"""How well logits tell fakes from reals, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

Scores = Float[np.ndarray, " _n"]


def auc(reals: Scores, fakes: Scores) -> float:
    """Share of pairs in which the fake has the higher score; ties count half. 0.5 tells nothing, under it is the wrong way.

    Source: Mann and Whitney, 1947.
    """
    return float(wins(reals, fakes).mean()) if len(reals) and len(fakes) else float("nan")


def wins(reals: Scores, fakes: Scores) -> Float64[np.ndarray, "fakes reals"]:
    """1 where the fake scores higher than the real, one half for a tie."""
    gap = np.asarray(fakes, np.float64)[:, None] - np.asarray(reals, np.float64)[None]
    return (np.sign(gap) + 1) / 2


def equal_error_rate(reals: Scores, fakes: Scores) -> float:
    """Where as large a share of reals is called fake as of fakes is missed."""
    cuts = np.unique(np.concatenate([reals, fakes]))
    alarms = np.array([(reals >= cut).mean() for cut in cuts])
    misses = np.array([(fakes < cut).mean() for cut in cuts])
    best = int(np.argmin(np.abs(alarms - misses)))
    return float((alarms[best] + misses[best]) / 2)


def threshold(reals: Scores, fakes: Scores) -> float:
    """The cut with the best mean of both classes' accuracy; frozen on validation samples, then used on test samples."""
    cuts = np.unique(np.concatenate([reals, fakes]))
    cuts = (cuts[1:] + cuts[:-1]) / 2 if len(cuts) > 1 else cuts
    right = [((reals < cut).mean() + (fakes >= cut).mean()) / 2 for cut in cuts]
    return float(cuts[int(np.argmax(right))])


def accuracy(reals: Scores, fakes: Scores, cut: float) -> float:
    """Mean of both classes' accuracy at a cut."""
    return float(((reals < cut).mean() + (fakes >= cut).mean()) / 2)


def probability(logits: Scores) -> Float64[np.ndarray, " n"]:
    """0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64), -60, 60))), np.float64)


def reliability(reals: Scores, fakes: Scores, bins: int = 5) -> tuple[list[tuple[float, float, int]], float]:
    """Said probability against the share of fakes, in bins of equal width; both classes count alike.

    Returns:
        Of each bin that holds something: mean said, share of fakes, number. And the mean distance of both.
    """
    said = probability(np.concatenate([reals, fakes]))
    fake = np.repeat([0.0, 1.0], [len(reals), len(fakes)])
    weight = np.where(fake > 0, 0.5 / max(len(fakes), 1), 0.5 / max(len(reals), 1))
    place = np.minimum((said * bins).astype(int), bins - 1)
    rows, error = [], 0.0
    for number in range(bins):
        here = place == number
        if here.any():
            mean, share = (float(np.average(v[here], weights=weight[here])) for v in (said, fake))
            rows.append((mean, share, int(here.sum())))
            error += float(weight[here].sum()) * abs(mean - share)
    return rows, error


@dataclass(frozen=True)
class Interval:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def resolved(self) -> bool:
        """Whether it excludes 0."""
        return self.low > 0 or self.high < 0

    def words(self, signed: bool = False) -> str:
        """As ``+.031 [.010, .052]``."""
        form = "+.3f" if signed else ".3f"
        return f"{self.value:{form}} [{self.low:{form}}, {self.high:{form}}]"


@dataclass(frozen=True)
class Compared:
    """Test samples of one comparison. ``wins``: (arm, seed, fakes, reals), see `wins`.

    ``fake_targets``, ``fake_sources``, ``real_people``: whom each sample shows.
    """

    wins: Float64[np.ndarray, "seeds fakes reals"]
    fake_targets: Sequence[str]
    fake_sources: Sequence[str]
    real_people: Sequence[str]


def interval(cells: Sequence[Compared], resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean over cells with its bootstrap interval: target people, source people and seeds are drawn anew, each by itself.

    The same people and seeds are drawn for all cells, so a difference of arms (``wins`` of one minus those of another)
    is paired.

    Source: Owen, "The pigeonhole bootstrap", 2007; [ours] for the third way.
    """
    rng = np.random.default_rng(seed)
    targets = sorted({p for cell in cells for p in (*cell.fake_targets, *cell.real_people)})
    sources = sorted({p for cell in cells for p in cell.fake_sources})
    at = {name: k for k, name in enumerate(targets)}
    by = {name: k for k, name in enumerate(sources)}
    places = [
        (
            np.array([at[p] for p in cell.fake_targets]),
            np.array([by[p] for p in cell.fake_sources]),
            np.array([at[p] for p in cell.real_people]),
        )
        for cell in cells
    ]
    seeds = len(cells[0].wins)
    t, s, w = (np.zeros((resamples, size)) for size in (len(targets), len(sources), seeds))
    for k in range(resamples):
        t[k], s[k] = (rng.multinomial(n, np.full(n, 1 / n)) for n in (len(targets), len(sources)))
        w[k] = rng.multinomial(seeds, np.full(seeds, 1 / seeds)) / seeds
    found = np.full((len(cells), resamples), np.nan)
    for row, cell, (fake_at, fake_by, real_at) in zip(found, cells, places, strict=True):
        f, r = t[:, fake_at] * s[:, fake_by], t[:, real_at]
        means = np.stack([((one @ r.T) * f.T).sum(axis=0) for one in cell.wins])
        size = f.sum(axis=1) * r.sum(axis=1)
        np.divide((w.T * means).sum(axis=0), size, out=row, where=size > 0)
    found = found[:, ~np.isnan(found).all(axis=0)]
    value = float(np.mean([cell.wins.mean() for cell in cells]))
    low, high = np.percentile(np.nanmean(found, axis=0), (2.5, 97.5))
    return Interval(value, float(low), float(high))
