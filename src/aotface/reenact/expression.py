"""What a face does, by landmarks alone; and how nearly two faces do the same [ours].

One picture does not tell how a face is made from what it does: lips of a smile are thin, brows of a frown are low. Where two
faces do the same with a part, what they differ by there is how they are made.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from aotface.face.blendshapes import NAMES, blendshapes
from aotface.face.mesh import INNER_LIPS, LEFT_EYE, RIGHT_EYE, opening
from aotface.types import Iris, Landmarks

EYES, BROWS, MOUTH = ("eyeBlink", "eyeSquint", "eyeWide"), ("brow",), ("mouth", "jaw")
"""How names of the numbers begin that tell what a part does."""

ALIKE, OPENED, THICKER = 2.6, (-0.05, 0.12), 1.5
"""How differently two mouths may do something (see `apart`) for the source's lips to show, how much further the target's
may be open (lips around teeth make no shut ones), and how many times thicker lips may become."""

UPPER, LOWER = ((37, 0, 267), (82, 13, 312)), ((84, 17, 314), (87, 14, 317))
"""Vertices of a lip, outside and inside."""

_WAYS = ((0, 0, 0), (1, 0, 0), (0, -1, 0), (-1, 0, 0), (0, 1, 0))


def expression(landmarks: Landmarks) -> Float32[np.ndarray, " 52"]:
    """See `aotface.face.blendshapes`. Irises matter little to it: those of eyes that look ahead stand in.

    Args:
        landmarks: 468 x 3, any similarity that keeps the face about upright.
    """
    return _expression(np.ascontiguousarray(landmarks, np.float32).tobytes())


@lru_cache(maxsize=8)
def _expression(landmarks: bytes) -> Float32[np.ndarray, " 52"]:
    """A video asks for the same one of its source at every frame."""
    points = np.frombuffer(landmarks, np.float32).reshape(-1, 3)
    return blendshapes(points, _straight(points))


def apart(one: Landmarks, other: Landmarks, part: tuple[str, ...]) -> float:
    """How differently two faces do something with a part: the sum of what its numbers differ by.

    Args:
        one: 468 x 3, see `expression`.
        other: likewise.
        part: see `MOUTH`.
    """
    chosen = [number for number, name in enumerate(NAMES) if name.startswith(part)]
    return float(np.abs(expression(one) - expression(other))[chosen].sum())


def mouths_alike(source: Landmarks, target: Landmarks, points: Landmarks) -> bool:
    """Whether two mouths do so nearly the same that the source's lips fit in the target's place.

    Args:
        source: 468 x 3, see `expression`.
        target: likewise.
        points: of the new face, likewise.
    """
    opened = opening(target, INNER_LIPS) - opening(source, INNER_LIPS)
    thicker = max(_thickness(points, lip) / max(_thickness(source, lip), 1e-3) for lip in (UPPER, LOWER))
    near = OPENED[0] < opened < OPENED[1] and thicker < THICKER
    return near and apart(source, target, MOUTH) < ALIKE


def _thickness(points: Landmarks, lip: tuple[tuple[int, ...], ...]) -> float:
    """Of a lip, in widths of its mouth."""
    across = np.linalg.norm((points[INNER_LIPS[10]] - points[INNER_LIPS[0]])[:2])
    outer, inner = (points[list(line), :2] for line in lip)
    return float(np.linalg.norm(outer - inner, axis=1).mean() / max(across, 1e-6))


def _straight(landmarks: Landmarks) -> Iris:
    """Irises in the middle of their eyes."""
    places = []
    for ring in (RIGHT_EYE, LEFT_EYE):
        middle = landmarks[ring].mean(axis=0)
        reach = 0.2 * np.linalg.norm(landmarks[ring[8], :2] - landmarks[ring[0], :2])
        places += [middle + reach * np.array(way) for way in _WAYS]
    return np.array(places, np.float32)
