"""Surfaces for made covers: pieces of clothes and backgrounds out of the portraits, and plain made ones."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.training.visibility.covers.canvas import noise


@dataclass(frozen=True)
class Textures:
    """``pieces``: squares out of pictures' lower corners; may be empty."""

    pieces: UInt8[np.ndarray, "n size size 3"]

    def draw(self, rng: np.random.Generator, side: int) -> Float32[np.ndarray, "side side 3"]:
        """One surface, 0..1, of any kind and colour."""
        if len(self.pieces) and rng.random() < 0.55:
            piece = self.pieces[rng.integers(len(self.pieces))]
            piece = np.ascontiguousarray(np.rot90(piece, int(rng.integers(4))))
            plane = cv2.resize(piece, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
            if rng.random() < 0.5:
                plane = plane[..., rng.permutation(3)] * rng.uniform(0.6, 1.4, 3)
            return np.clip(plane, 0, 1).astype(np.float32)
        return made(rng, side)


def made(rng: np.random.Generator, side: int) -> Float32[np.ndarray, "side side 3"]:
    """Plain, cloudy, striped, checked or grained."""
    first, second = rng.uniform(0, 1, (2, 3)) ** rng.choice([1.0, 2.0])
    if rng.random() < 0.4:
        first, second = (np.full(3, v) for v in rng.uniform(0, 1, 2))
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.015, 0.2) * side
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    kind = rng.integers(4)
    if kind == 0:
        share = 0.15 * noise(rng, side, 4) + 0.5
    elif kind == 1:
        share = np.clip(wave * 3, -1, 1) / 2 + 0.5
    elif kind == 2:
        other = np.sin((x * np.sin(angle) - y * np.cos(angle)) * 2 * np.pi / period)
        share = np.clip(wave * other * 3, -1, 1) / 2 + 0.5
    else:
        share = noise(rng, side, int(rng.integers(3, 60))) / 2 + 0.5
    plane = (
        first + (second - first) * share[..., None] + rng.uniform(0, 0.06) * rng.normal(size=(side, side, 1))
    )
    return np.clip(plane, 0, 1).astype(np.float32)
