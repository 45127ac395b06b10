"""Transfers: each moves a reenacted face into its target's light and tone. This file lists them; imports nothing heavy.

A new transfer is one file and one line of `LISTED`. The file holds either a function ``transfer(reenacted, target, mask, *,
seed=0) -> crop``, or a function ``open_transfer(settings) -> Transfer``: see `aotface.transfer.base`. A function with
parameters ``geometry`` and ``own`` gets the maps of both meshes, too.
"""

import threading
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from aotface import plugins
from aotface.errors import UsageError
from aotface.options import DEFAULTS, Options

if TYPE_CHECKING:
    from aotface.transfer.base import Transfer


@dataclass(frozen=True)
class Listed:
    """One line of the list. ``uses_network``: it takes weights, and runs on a device by a backend.

    A plug-in has no ``module``; its factory is called with the `TransferSettings`.
    """

    module: str
    summary: str
    uses_network: bool = False


LISTED: dict[str, Listed] = {
    "aot": Listed("aot.transfer", "the trained network: light and tone, found place by place", True),
    "formula": Listed("aot.formula", "light by direction and place from a formula: no learned number"),
    "none": Listed("classical.none", "leave the colours alone"),
    "mean": Listed("classical.mean", "shift the mean colour; contrast stays: the gentle choice"),
    "reinhard": Listed(
        "classical.reinhard", "mean and contrast of L, a and b, each by itself (Reinhard 2001)"
    ),
    "linear": Listed(
        "classical.linear", "mean and covariance through principal axes; may turn hues needlessly"
    ),
    "mkl": Listed("classical.mkl", "mean and covariance with the least movement (optimal between Gaussians)"),
    "histogram": Listed("classical.histogram", "match red, green and blue histograms"),
    "idt": Listed("classical.idt", "match the whole colour distribution by rotating axes (Pitie 2005)"),
    "sliced": Listed("classical.sliced", "match the whole colour distribution by sliced optimal transport"),
    "sinkhorn": Listed("classical.sinkhorn", "entropic optimal transport between sampled colours"),
    "emd": Listed("classical.emd", "exact optimal transport between sampled colours"),
    "poisson": Listed(
        "classical.poisson",
        "gradient-domain blend: no seam, but the colours at the edge of the face bleed inwards",
    ),
    "shu2017": Listed(
        "classical.shu", "mass transport over colour, position and normal (Shu 2017): the direct ancestor"
    ),
}
"""By name; simple classical methods first."""


@dataclass(frozen=True)
class TransferSettings:
    """What a network needs beside pictures. See `Options`."""

    weights: str = DEFAULTS.weights
    device: str = DEFAULTS.device
    backend: str = DEFAULTS.backend


_OPENED: "dict[tuple[str, TransferSettings], Transfer]" = {}
_OPENS = threading.Lock()
"""Held while a transfer is opened: of several threads that want the same one, one loads it."""


def names() -> tuple[str, ...]:
    """Names of all transfers, plug-ins last; none of them is imported."""
    return (*LISTED, *plugins.names(plugins.TRANSFERS, LISTED))


def listed(name: str) -> Listed:
    """The line of a transfer.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in LISTED and name in names():
        return Listed("", "plug-in")
    if name not in LISTED:
        raise UsageError(f"expected a transfer out of {', '.join(names())}, got {name!r}")
    return LISTED[name]


def open_transfer(name: str, settings: TransferSettings = TransferSettings()) -> "Transfer":
    """A transfer, loaded once and shared by all threads.

    Args:
        name: out of `names`.
        settings: ignored by a transfer without a network.

    Raises:
        UsageError: there is no transfer of that name, its backend is not installed, or the plug-in is broken.
        WeightsError: its weights cannot be used.
    """
    line = listed(name)
    key = (name, settings if line.uses_network or not line.module else TransferSettings())
    with _OPENS:
        if key not in _OPENED:
            _OPENED[key] = _opened(name, line, settings)
        return _OPENED[key]


def transfer_for(options: Options) -> "Transfer":
    """The transfer that some options name; see `open_transfer`."""
    return open_transfer(options.transfer, TransferSettings(options.weights, options.device, options.backend))


def _opened(name: str, line: Listed, settings: TransferSettings) -> "Transfer":
    from aotface.transfer.base import Recolour, Transfer  # brings OpenCV: only who transfers pays

    if not line.module:
        made: Transfer = plugins.make(plugins.TRANSFERS, name, settings, protocol=Transfer, built_in=LISTED)
        return made
    module = import_module(f"aotface.transfer.{line.module}")
    if not hasattr(module, "open_transfer"):
        return Recolour(name, module.transfer, line.summary)
    transfer: Transfer = module.open_transfer(settings)
    return transfer
