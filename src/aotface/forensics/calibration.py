"""Logits to probabilities that mean what they say: a slope and an offset, fitted on validation samples."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from aotface.forensics.measures import Scores, probability

LEAST_SLOPE = 1e-3
"""A detector that tells nothing says about .5; the order of its scores stays."""


@dataclass(frozen=True)
class Calibration:
    """What a logit is multiplied by, and what is added to it."""

    slope: float = 1.0
    offset: float = 0.0

    def logits(self, raw: Scores) -> Float64[np.ndarray, " n"]:
        """Calibrated logits, in the same order."""
        return np.asarray(self.slope * np.asarray(raw, np.float64) + self.offset, np.float64)

    def probability(self, raw: Scores) -> Float64[np.ndarray, " n"]:
        """Of a fake where reals and fakes are as many, 0..1."""
        return probability(self.logits(raw))


def calibrate(reals: Scores, fakes: Scores) -> Calibration:
    """Fit slope and offset to logits of samples that took no part in training; both classes count alike.

    Targets are not 0 and 1 but as sure as so few samples allow, so that a set that is told apart fully is no certainty.

    Args:
        reals, fakes: logits. Without some of both nothing is changed.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    from scipy.optimize import minimize

    if not len(reals) or not len(fakes):
        return Calibration()
    raw = np.concatenate([reals, fakes]).astype(np.float64)
    scale = max(float(raw.std()), 1e-9)
    wanted = np.repeat([1 / (len(reals) + 2), (len(fakes) + 1) / (len(fakes) + 2)], [len(reals), len(fakes)])
    share = np.repeat([0.5 / len(reals), 0.5 / len(fakes)], [len(reals), len(fakes)])

    def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
        logit = x[0] * raw / scale + x[1]
        pull = share * (probability(logit) - wanted)
        value = float((share * (np.logaddexp(0, logit) - wanted * logit)).sum())
        return value, np.array([(pull * raw / scale).sum(), pull.sum()])

    limits = [(LEAST_SLOPE, None), (None, None)]
    found = minimize(cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=limits)
    return Calibration(float(found.x[0]) / scale, float(found.x[1]))
