"""Scores of forgery detectors are checked."""

from collections.abc import Sequence

import numpy as np
import pytest

from aotface.errors import UsageError
from aotface.forensics.base import ForgeryDetector, checked_score, names
from aotface.types import Frame

FRAMES = [np.zeros((4, 4, 3), np.uint8)]


class Fixed:
    name = "fixed"

    def __init__(self, value: float):
        self.value = value

    def score(self, frames: Sequence[Frame]) -> float:
        return self.value

    def identity(self) -> dict[str, str]:
        return {}


def test_a_score_is_passed_on() -> None:
    assert isinstance(Fixed(0.25), ForgeryDetector) and checked_score(Fixed(0.25), FRAMES) == 0.25
    assert names() == ()


@pytest.mark.parametrize("score", [1.5, -0.1, float("nan")])
def test_a_score_out_of_range_is_refused(score: float) -> None:
    with pytest.raises(UsageError, match="'fixed': expected a score from 0 to 1"):
        checked_score(Fixed(score), FRAMES)
