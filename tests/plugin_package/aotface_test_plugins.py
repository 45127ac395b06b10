"""A package with one plug-in of each kind, as a stranger would write it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class WarmChange:
    """Scales red by a smooth map."""

    temporal: np.ndarray

    def apply(self, reenacted: np.ndarray) -> np.ndarray:
        gain = np.array([self.temporal.mean(), 1, 1], np.float32)
        return np.clip(reenacted * gain, 0, 1).astype(np.float32)

    def in_frame(self, matrix: np.ndarray, side: int) -> None:
        return None


class Warm:
    """A transfer: a tenth more red. Its maps may be averaged over time."""

    name = "test-warm"
    summary = "a tenth more red"
    smooth = True

    def __init__(self, settings: Any = None):
        self.settings = settings

    def find(self, pair: Any) -> WarmChange:
        return WarmChange(np.full((8, 8, 1), 1.1, np.float32))

    def restore(self, temporal: np.ndarray) -> WarmChange:
        return WarmChange(temporal)

    def identity(self) -> dict[str, str]:
        return {"version": "1.2"}


@dataclass(frozen=True)
class StillSource:
    """One source, prepared."""

    crop: np.ndarray

    def reenact(self, target: Any) -> Any:
        from aotface.reenact.base import Reenacted

        side = len(target.crop)
        mask = np.zeros((side, side), np.float32)
        mask[side // 4 : -side // 4, side // 4 : -side // 4] = 1
        face = np.full_like(target.crop, self.crop.mean() / 255)
        return Reenacted(face, mask, np.zeros((side, side), np.float32), target.landmarks)


class Still:
    """A reenactor: a square of the source's mean grey."""

    name = "test-still"
    files: Sequence[Path] = ()

    def prepare(self, source: np.ndarray, face: Any) -> StillSource:
        return StillSource(source)


class Red:
    """A forgery detector: the share of red in the light of all frames."""

    name = "test-red"

    def score(self, frames: Sequence[np.ndarray]) -> float:
        means = np.mean([frame.reshape(-1, 3).mean(axis=0) for frame in frames], axis=0)
        return float(means[0] / max(means.sum(), 1e-6))

    def identity(self) -> dict[str, str]:
        return {"version": "1.2"}
