"""Texture and grain of skin, octave by octave, as a picture shows them at its own pixels [ours]."""

from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.grain import plain_share
from aotface.face.texture import LUMA, PLAIN, TRIMMED, block_means, octaves
from aotface.types import Mask

OCTAVES = 3

LEAST_BLOCKS = 24
"""Blocks of skin without which nothing is matched: a face of about 60 pixels."""

LEAST_GRAIN = 0.15
"""Energy of grain in the finest octave of luma under which chroma is not looked at."""

TONES = 3
"""Brightnesses at which grain is measured."""

RIPPLE = (0.4, 2.5)
"""Least and greatest grain at one brightness, over that of all."""

CHROMA = np.array([[-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], np.float32)
"""Rows of Cb and Cr."""

Pixels = Float32[np.ndarray, "rows columns 3"]
Plane = Float32[np.ndarray, "rows columns"]

TextureArray = Float32[np.ndarray, "6 3"]
"""Rows: mean energy by octave; of grain; of grain in Cb; in Cr; brightnesses; grain's energy at these over that of all.
Squared levels of 255."""


class Seen:
    """A picture and its octaves, worked out once."""

    def __init__(self, picture: Pixels):
        self.picture = picture

    @cached_property
    def luma(self) -> Plane:
        """Levels of 255."""
        return np.asarray(cv2.transform(self.picture, 255 * LUMA), np.float32)

    @cached_property
    def octaves(self) -> list[Plane]:
        """Of luma."""
        return octaves(self.luma)

    @cached_property
    def chroma(self) -> list[list[Plane]]:
        """Octaves of Cb and Cr."""
        return [octaves(plane) for plane in cv2.split(cv2.transform(self.picture, 255 * CHROMA))]


def skin_of(weight: Mask, features: Mask) -> Mask:
    """1 on a face without its features."""
    return ((weight > 0.9) & (features < 0.2)).astype(np.float32)


def measure_texture(seen: Seen, skin: Mask, around: Mask | None = None) -> TextureArray | None:
    """Texture and grain of skin.

    Args:
        seen: at the frame's own pixels.
        skin: 1 where it counts, else 0.
        around: 1 in the surroundings of the face, where there is grain but no pores; None: they are not known.

    Returns:
        See `TextureArray`; None where there is too little skin.
    """
    squares = [band * band for band in seen.octaves]
    energies = [block_means(one, skin) for one in squares]
    if len(energies[0]) < LEAST_BLOCKS:
        return None
    plain = _plain(squares, energies, around)
    colour = np.zeros((2, OCTAVES))
    if around is not None and plain[0] > LEAST_GRAIN:
        for number, bands in enumerate(seen.chroma):
            squares = [band * band for band in bands]
            colour[number] = _plain(squares, [block_means(one, skin) for one in squares], around)
    tones, levels = _by_tone(block_means(seen.luma, skin), energies[0])
    return np.array([trimmed_energy(energies), plain, *colour, tones, levels], np.float32)


def trimmed_energy(energies: list[np.ndarray]) -> list[float]:
    """Mean energy of each octave without the blocks that have most of it."""
    kept = round(len(energies[0]) * TRIMMED / 100)
    return [float(np.partition(one, kept - 1)[:kept].mean()) for one in energies]


def _plain(squares: list[Plane], energies: list[np.ndarray], around: Mask | None) -> np.ndarray:
    """Energy of grain by octave: of the plainest fifth of blocks of skin, or of the surroundings where that is less."""
    found = []
    for octave, inside in zip(squares, energies, strict=True):
        least = _percentile(inside)
        if around is not None and len(others := block_means(octave, around)) >= LEAST_BLOCKS:
            least = min(least, _percentile(others))
        found.append(least)
    return np.array(found) / plain_share()


def spread_energy(bands: list[Plane], skin: Mask) -> Float32[np.ndarray, "2 octaves"]:
    """Mean energy of octaves on skin, and that of its plainest blocks."""
    energies = [block_means(band * band, skin) for band in bands]
    plain = np.array([_percentile(one) for one in energies]) / plain_share()
    return np.array([trimmed_energy(energies), plain], np.float32)


def _percentile(energy: np.ndarray) -> float:
    """That of plain blocks."""
    place = int(len(energy) * PLAIN / 100)
    return float(np.partition(energy, place)[place])


def _by_tone(tones: np.ndarray, energy: np.ndarray) -> tuple[list[float], np.ndarray]:
    """Brightness of the darker, middle and brighter third, and the grain's energy in each over that of all."""
    thirds = np.array_split(np.argsort(tones, kind="stable"), TONES)
    everywhere = _percentile(energy) + 0.02
    levels = [(_percentile(energy[third]) + 0.02) / everywhere for third in thirds]
    return [float(tones[third[len(third) // 2]]) for third in thirds], np.clip(levels, *RIPPLE)
