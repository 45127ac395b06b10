"""Classical colour transfers, strict: statistics over the mask only, in float, seeded.

They are the baselines of every table, and a choice for the user. Each file holds one method as
``transfer(reenacted, target, mask, *, seed=0) -> crop``; this file is the list of them.
"""

from typing import Protocol, runtime_checkable

from aotface.errors import UsageError
from aotface.transfer.classical import (
    emd,
    histogram,
    idt,
    linear,
    mean,
    mkl,
    none,
    poisson,
    reinhard,
    sinkhorn,
    sliced,
)
from aotface.types import Crop, Mask


@runtime_checkable
class Transfer(Protocol):
    """Give a reenacted face the target's colours."""

    def __call__(self, reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
        """Return the recoloured crop, 0..1 float32; where the mask is 0, ``reenacted`` unchanged."""
        ...


TRANSFERS: dict[str, Transfer] = {
    "none": none.transfer,
    "mean": mean.transfer,
    "reinhard": reinhard.transfer,
    "linear": linear.transfer,
    "mkl": mkl.transfer,
    "histogram": histogram.transfer,
    "idt": idt.transfer,
    "sliced": sliced.transfer,
    "sinkhorn": sinkhorn.transfer,
    "emd": emd.transfer,
    "poisson": poisson.transfer,
}
"""Method by name, simple ones first."""

SUMMARIES: dict[str, str] = {
    "none": "leave the colours alone",
    "mean": "shift the mean colour; contrast stays: the gentle choice",
    "reinhard": "mean and contrast of L, a and b, each by itself (Reinhard 2001)",
    "linear": "mean and covariance through principal axes; may turn hues needlessly",
    "mkl": "mean and covariance with the least movement (optimal between Gaussians)",
    "histogram": "match red, green and blue histograms",
    "idt": "match the whole colour distribution by rotating axes (Pitie 2005)",
    "sliced": "match the whole colour distribution by sliced optimal transport",
    "sinkhorn": "entropic optimal transport between sampled colours",
    "emd": "exact optimal transport between sampled colours",
    "poisson": "gradient-domain blend: no seam, but the colours at the edge of the face bleed inwards",
}
"""One line per method, for help texts."""


def names() -> tuple[str, ...]:
    """Names of all methods, simple ones first."""
    return tuple(TRANSFERS)


def find(name: str) -> Transfer:
    """Descriptor a method up.

    Raises:
        UsageError: there is no method of that name.
    """
    if name not in TRANSFERS:
        raise UsageError(f"expected a colour transfer out of {', '.join(names())}, got {name!r}")
    return TRANSFERS[name]
