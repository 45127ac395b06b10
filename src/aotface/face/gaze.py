"""Where eyes look: the iris's place in its eye, measured from the middle between the corners in widths of the eye."""

import numpy as np
from jaxtyping import Float64

from aotface.types import Face, Gaze, Iris, Landmarks

CORNERS = (33, 133), (362, 263)
"""Corners of the person's right and left eye, each from the picture's left to its right where the face is upright."""

CENTRES = 0, 5
"""Centres of the right and left iris, of `Iris`."""


def gaze_of(landmarks: Landmarks, iris: Iris) -> Gaze:
    """Where both irises lie in their eyes.

    Args:
        landmarks: 468 x 3, of a face.
        iris: of the same face, same pixels.
    """
    found = []
    for eye, centre in enumerate(CENTRES):
        middle, across, down = eye_axes(landmarks, eye)
        off = iris[centre, :2].astype(np.float64) - middle
        found.append([off @ across / (across @ across), off @ down / (down @ down)])
    return np.array(found, np.float32)


def gaze_at(face: Face) -> Gaze | None:
    """Where a face looks; None where that is not known."""
    if face.gaze is not None or face.iris is None:
        return face.gaze
    return gaze_of(face.landmarks, face.iris)


def eye_axes(
    landmarks: Landmarks, eye: int
) -> tuple[Float64[np.ndarray, " 2"], Float64[np.ndarray, " 2"], Float64[np.ndarray, " 2"]]:
    """The middle between an eye's corners, and its width along and down.

    Args:
        landmarks: 468 x 3.
        eye: 0: the person's right, 1: the left.
    """
    first, last = landmarks[list(CORNERS[eye]), :2].astype(np.float64)
    across = last - first
    return (first + last) / 2, across, np.array([-across[1], across[0]])
