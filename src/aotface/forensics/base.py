"""What a forgery detector is. Trained ones are files, packages offer others by ``aotface.forgery_detectors``."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from aotface import plugins
from aotface.errors import UsageError
from aotface.types import Frame

BUILT_IN: tuple[str, ...] = ()
"""Names of the forgery detectors in this package."""


@runtime_checkable
class ForgeryDetector(Protocol):
    """Says how likely a face is swapped. The factory of a plug-in is called without arguments.

    ``name``: goes into records and column headings.
    """

    name: str

    def score(self, frames: Sequence[Frame]) -> float:
        """Score one picture or one clip.

        Args:
            frames: height x width x 3, RGB, uint8: one picture, or consecutive frames of one size.

        Returns:
            0 (certainly original) to 1 (certainly swapped).
        """
        ...

    def identity(self) -> dict[str, str]:
        """What tells two versions apart, for records: version, sha256 of weights."""
        ...


def names() -> tuple[str, ...]:
    """Names of all forgery detectors, built-in ones first. Imports none of them."""
    return (*BUILT_IN, *plugins.names(plugins.FORGERY_DETECTORS, BUILT_IN))


def forgery_detector(name: str) -> ForgeryDetector:
    """A forgery detector by name: of a plug-in, or the file of a trained one (``.safetensors``).

    Raises:
        UsageError: there is none of that name, or its package is broken. WeightsError: the file is not a detector.
    """
    if name.endswith(".safetensors"):
        from pathlib import Path

        from aotface.forensics.trained import load

        trained: Any = load(Path(name))
        found: ForgeryDetector = trained
        return found
    made: Any = plugins.make(plugins.FORGERY_DETECTORS, name, protocol=ForgeryDetector, built_in=BUILT_IN)
    detector: ForgeryDetector = made
    return detector


def checked_score(detector: ForgeryDetector, frames: Sequence[Frame]) -> float:
    """`ForgeryDetector.score`, refused when it is no number from 0 to 1.

    Raises:
        UsageError: the score is not a finite number from 0 to 1.
    """
    score = float(detector.score(frames))
    if not (np.isfinite(score) and 0 <= score <= 1):
        raise UsageError(
            f"forgery detector {detector.name!r}: expected a score from 0 to 1, got {score}; update its package"
        )
    return score
