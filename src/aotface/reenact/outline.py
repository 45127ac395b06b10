"""The outline of the source's face, read from a little inside it [ours].

A landmark of the outline lies on the edge between cheek and background. Off by two pixels it reads the background, and a
target whose cheek is turned to the camera makes a patch out of them: white on a dark cheek.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from aotface.face.mesh import MEAN, OVAL

PULL = 0.05
"""How far the outline is moved towards the middle of the face, as a share of the distance."""
REACH = 0.45
"""Mean-face units within which the move fades to nothing."""


def inside(places: Float[np.ndarray, "468 2"]) -> Float[np.ndarray, "468 2"]:
    """Places to read a face's texture at: the outline's drawn inwards, those of the inner face as they are.

    Args:
        places: landmarks in the source's picture, x and y, pixels.
    """
    middle = places.mean(axis=0)
    return (middle + (places - middle) * (1 - PULL * _nearness()[:, None])).astype(places.dtype)


@lru_cache(maxsize=1)
def _nearness() -> Float[np.ndarray, " 468"]:
    """1 on the outline, 0 from REACH inwards, smooth between."""
    distance = np.linalg.norm(MEAN[:, None] - MEAN[OVAL][None], axis=2).min(axis=1)
    t = np.clip(1 - distance / REACH, 0, 1)
    return t * t * (3 - 2 * t)
