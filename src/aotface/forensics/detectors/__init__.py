"""Trainable forgery detectors: one file each, one line of `LISTED`, and one protocol. Imports nothing heavy.

A file holds ``FRAMES`` (how many frames of a clip it looks at), ``network(settings)`` and ``fit(network, data, settings)``:
see `aotface.forensics.detectors.base`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from aotface.errors import UsageError

if TYPE_CHECKING:
    from aotface.forensics.detectors.base import Kind

LISTED: dict[str, str] = {
    "probe": "logistic regression on frozen features: quick, one frame",
    "efficientnet": "EfficientNet-Lite0, fine-tuned, one frame",
    "sbi": "the same, trained on reals and their self-blended images alone",
    "xception": "a small Xception from random weights: none are in a package",
    "tsn": "EfficientNet-Lite0 on snippets of a clip, mean logit",
    "i3d": "EfficientNet-Lite0 inflated to three dimensions, on a stack of frames",
}
"""What each is, by name."""


def kind(name: str) -> "Kind":
    """A detector's file.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in LISTED:
        raise UsageError(f"expected a detector out of {', '.join(LISTED)}, got {name!r}")
    return cast("Kind", import_module(f"aotface.forensics.detectors.{name}"))
