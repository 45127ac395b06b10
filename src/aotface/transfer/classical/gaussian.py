"""Square roots of covariances, safe where a face is (nearly) grey or of one colour."""

import numpy as np
from jaxtyping import Float64

Covariance = Float64[np.ndarray, "3 3"]

NOISE = 0.005
"""Standard deviation, 0..1 display units. A direction of colour in which the reenacted face varies less than
this holds quantisation noise, not colour: it is not blown up to the target's variance. Elsewhere the formulas
are exact."""

_TINY = 1e-12


def floored(covariance: Covariance) -> Covariance:
    """Raise eigenvalues below the noise to the noise: the inverse cannot amplify what is not there."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, NOISE**2)) @ vectors.T


def power(covariance: Covariance, exponent: float) -> Covariance:
    """Symmetric power of a positive semi-definite matrix; null directions stay null at any exponent."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    solid = values > _TINY * max(values[-1], _TINY)
    powered = np.where(solid, np.where(solid, values, 1.0) ** exponent, 0.0)
    return (vectors * powered) @ vectors.T
