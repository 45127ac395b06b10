"""The source's noise is taken away before it is lit: a gain that lifts dark skin must not multiply its grain [ours].

Once for each source, at its picture's own pixels. So every target, and every frame of a video, gets the same texture.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.grain import plain_share
from aotface.face.texture import PLAIN, block_means, octaves
from aotface.types import Face, Frame

AROUND = 0.35
"""How far around the landmarks' box noise is measured and taken away, in box sizes."""

TONES = 4
"""Brightnesses at which noise is measured."""

MOST = 4.0
"""Energy of noise at one brightness, at most, over that at all: beyond that a brightness shows nothing plain."""

LOCAL = 2.5
"""Standard deviation, in pixels, of the neighbourhood whose energy tells texture from noise."""

LEAST = 0.15
"""Noise (standard deviation in levels of 255) below which a picture is clean, and stays as it is."""

LEFT = 0.1
"""Least share of an octave that is left: skin without any of it looks like wax."""

TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], np.float32)
TO_RGB = np.linalg.inv(TO_YCC).astype(np.float32)


def without_noise(frame: Frame, face: Face) -> Frame:
    """A source's picture whose face has no grain.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.

    Returns:
        The picture, changed around that face; the very same where it is clean.

    Source: [ours]; shrinking by local energy: Lee, "Digital image enhancement and noise filtering", PAMI 1980.
    """
    x0, y0, x1, y1 = _box(frame, face)
    white = np.float32(np.iinfo(frame.dtype).max)
    planes = cv2.split(cv2.transform(frame[y0:y1, x0:x1].astype(np.float32) * (255 / white), TO_YCC))
    noise = [_noise(plane, planes[0]) for plane in planes]
    if max(float(levels.max()) for _, levels in noise) < LEAST**2:
        return frame
    cleaned = [_shrunk(plane, planes[0], *found) for plane, found in zip(planes, noise, strict=True)]
    part = cv2.transform(cv2.merge(cleaned), TO_RGB)
    result = frame.copy()
    result[y0:y1, x0:x1] = np.rint(np.clip(part, 0, 255) * (white / 255)).astype(frame.dtype)
    return result


def _box(frame: Frame, face: Face) -> tuple[int, int, int, int]:
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    more = AROUND * (high - low)
    height, width = frame.shape[:2]
    x0, y0 = (int(v) for v in np.clip(np.floor(low - more), 0, (width - 1, height - 1)))
    x1, y1 = (int(v) for v in np.clip(np.ceil(high + more) + 1, (x0 + 1, y0 + 1), (width, height)))
    return x0, y0, x1, y1


def _noise(
    plane: Float32[np.ndarray, "rows columns"], luma: Float32[np.ndarray, "rows columns"]
) -> tuple[Float32[np.ndarray, " tones"], Float32[np.ndarray, "tones octaves"]]:
    """Brightnesses, and the energy of noise at each, by octave: of the plainest blocks, be they skin or wall."""
    whole = np.ones_like(luma)
    tones = block_means(luma, whole)
    energies = np.stack([block_means(band * band, whole) for band in octaves(plane)], axis=1)
    if len(tones) < 8 * TONES:
        return np.zeros(1, np.float32), np.zeros((1, energies.shape[1]), np.float32)
    parts = np.array_split(np.argsort(tones, kind="stable"), TONES)
    at = np.array([np.median(tones[part]) for part in parts], np.float32)
    bound = MOST * np.percentile(energies, PLAIN / 2, axis=0)
    found = [np.minimum(np.percentile(energies[part], PLAIN / 2, axis=0), bound) for part in parts]
    return at, np.array(found / plain_share(), np.float32)


def _shrunk(
    plane: Float32[np.ndarray, "rows columns"],
    luma: Float32[np.ndarray, "rows columns"],
    tones: Float32[np.ndarray, " tones"],
    levels: Float32[np.ndarray, "tones octaves"],
) -> Float32[np.ndarray, "rows columns"]:
    """Each octave, less where it has no more energy than noise has."""
    result, brightness = plane.copy(), np.clip(luma, 0, 255).astype(np.uint8)
    for number, band in enumerate(octaves(plane)):
        level = np.interp(np.arange(256), tones, levels[:, number]).astype(np.float32)[brightness]
        energy = cv2.GaussianBlur(band * band, (0, 0), LOCAL * (1 + number))
        result -= band * np.minimum(level / np.maximum(energy, np.float32(1e-3)), np.float32(1 - LEFT))
    return result
