"""A face picture on which covers are drawn, with exactly known labels."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from aotface.face.mesh import OVAL
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.labels import bits
from aotface.types import Landmarks

FINE = 3
"""Outlines are filled at this many times the side and averaged: coverage is exact to a ninth."""

SEEN, DOUBTFUL = 0.35, 0.12
"""Coverage from which a pixel is the cover's; between the two it may be either."""


@dataclass
class Canvas:
    """``picture``: 0..1. ``sets``: see `labels`. ``lens``: 1 behind a lens, 0 not, 255 unknown. Changed in place."""

    picture: Float32[np.ndarray, "side side 3"]
    sets: UInt16[np.ndarray, "side side"]
    lens: UInt8[np.ndarray, "side side"]
    landmarks: Landmarks

    @property
    def side(self) -> int:
        """In pixels."""
        return len(self.picture)

    @property
    def height(self) -> float:
        """Of the face, forehead to chin, in pixels."""
        return float(np.linalg.norm(self.landmarks[10, :2] - self.landmarks[152, :2]))

    def lay(
        self,
        colour: Float32[np.ndarray, "..."],
        alpha: Float32[np.ndarray, "side side"],
        surface: Surface,
    ) -> None:
        """Draw a cover.

        Args:
            colour: 0..1, of every pixel or one for all.
            alpha: its coverage, 0..1.
            surface: what it is.
        """
        a = alpha[..., None]
        self.picture = (self.picture * (1 - a) + np.clip(colour, 0, 1) * a).astype(np.float32)
        self.mark(alpha, surface)

    def mark(self, alpha: Float32[np.ndarray, "side side"], surface: Surface) -> None:
        """Only the labels of a cover."""
        self.sets[alpha > DOUBTFUL] |= bits(surface)
        self.sets[alpha > SEEN] = bits(surface)
        self.lens[alpha > SEEN] = 0

    def shade(
        self, alpha: Float32[np.ndarray, "side side"], shift: tuple[float, float], blur: float, dark: float
    ) -> None:
        """The shadow that a cover throws: its shape moved, blurred and multiplied; labels stay."""
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
        moved = cv2.warpAffine(alpha, matrix, (self.side, self.side))
        soft = cv2.GaussianBlur(moved, (0, 0), max(blur, 0.3))
        self.picture = self.picture * (1 - np.float32(dark) * soft)[..., None]

    def polygon(self, *outlines: Float32[np.ndarray, "n 2"] | np.ndarray) -> Float32[np.ndarray, "side side"]:
        """Coverage of the inside of outlines; where they overlap, even and odd take turns."""
        drawn = np.zeros((FINE * self.side,) * 2, np.uint8)
        cv2.fillPoly(drawn, [self._fine(o) for o in outlines], (255,), cv2.LINE_8, 3)
        return self._averaged(drawn)

    def line(
        self, points: np.ndarray, width: float, closed: bool = False
    ) -> Float32[np.ndarray, "side side"]:
        """Coverage of a line of some width in pixels."""
        drawn = np.zeros((FINE * self.side,) * 2, np.uint8)
        thick = max(1, round(width * FINE))
        cv2.polylines(drawn, [self._fine(points)], closed, (255,), thick, cv2.LINE_8, 3)
        return self._averaged(drawn) * np.float32(min(1.0, width * FINE))

    def oval(self) -> Float32[np.ndarray, "side side"]:
        """Coverage of the mesh's outline."""
        return self.polygon(self.landmarks[OVAL, :2])

    def tone(self) -> Float32[np.ndarray, " 3"]:
        """The face's own middle colour, 0..1."""
        points = np.round(self.landmarks[[50, 280, 4, 205, 425, 151, 117, 346], :2]).astype(int)
        inside = points[((points >= 0) & (points < self.side)).all(axis=1)]
        if not len(inside):
            return np.array([0.7, 0.55, 0.45], np.float32)
        return np.median(self.picture[inside[:, 1], inside[:, 0]], axis=0).astype(np.float32)

    def _fine(self, points: np.ndarray) -> np.ndarray:
        return np.round(((points + 0.5) * FINE - 0.5) * 8).astype(np.int32)

    def _averaged(self, drawn: np.ndarray) -> Float32[np.ndarray, "side side"]:
        small = cv2.resize(drawn, (self.side, self.side), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / np.float32(255)


def noise(rng: np.random.Generator, side: int, cells: int, channels: int = 1) -> np.ndarray:
    """Smooth noise, about -1..1, side x side (x channels); ``cells``: bumps along the side."""
    coarse = rng.standard_normal((cells + 2, cells + 2, channels), np.float32) / 2
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))


def strands(rng: np.random.Generator, side: int, angle: float, fine: float = 1.0) -> np.ndarray:
    """Noise drawn out along one direction, about -1..1: hair. ``angle``: radians from upright. ``fine``: thickness."""
    tall = rng.normal(0, 1, (max(4, side // 24), round(side * 1.5 / fine))).astype(np.float32)
    wide = round(side * 1.5)
    plane = cv2.resize(tall, (wide, wide), interpolation=cv2.INTER_LINEAR)
    cosine, sine, middle = np.cos(angle), np.sin(angle), (wide - 1) / 2
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0]])
    matrix[:, 2] = (side - 1) / 2 - matrix[:, :2] @ np.array([middle, middle])
    turned = cv2.warpAffine(plane, matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
    return np.clip(turned, -2, 2).astype(np.float32) / 2
