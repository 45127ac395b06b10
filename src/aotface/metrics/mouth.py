"""Is the mouth as far open as the target's? From the landmarks of both pictures."""

import numpy as np

from aotface.face.detect import A_FACE
from aotface.face.landmarks import Window, locate, window_of_landmarks
from aotface.face.mesh import INNER_LIPS, opening
from aotface.masked import Colours
from aotface.types import Landmarks


def mouth_opening(composite: Colours, target: Colours) -> float:
    """How much farther the swapped mouth is open than the target's: 0 = equal, above 0 = too far open.

    Args:
        composite: the result in the target, height x width x 3, 0..1; an aligned crop, or one face that fills the picture.
        target: the same place before.

    Returns:
        Difference of areas between the inner lips, each over the squared width of its mouth. NaN where one of the
        pictures shows no face.

    Source: [ours].
    """
    own, theirs = _landmarks(composite), _landmarks(target)
    return float("nan") if own is None or theirs is None else opening_difference(own, theirs)


def _landmarks(picture: Colours) -> Landmarks | None:
    """Of the face that fills the picture; None where there is none."""
    seen = (picture * 255 + 0.5).clip(0, 255).astype(np.uint8)
    height, width = seen.shape[:2]
    first = locate(seen, Window(((width - 1) / 2, (height - 1) / 2), float(max(height, width)), 0.0))
    again = locate(seen, window_of_landmarks(first.landmarks))
    return again.landmarks if min(first.certainty, again.certainty) >= A_FACE else None


def opening_difference(own: Landmarks, theirs: Landmarks) -> float:
    """The same of landmarks.

    Args:
        own: 468 x 3, of the swapped face.
        theirs: 468 x 3, of the target.
    """
    return opening(own, INNER_LIPS) - opening(theirs, INNER_LIPS)
