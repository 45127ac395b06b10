"""Is the mouth as far open as the target's? From the landmarks of both pictures."""

from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS, opening
from aotface.masked import Colours
from aotface.types import Landmarks


def mouth_opening(composite: Colours, target: Colours) -> float:
    """How much farther the swapped mouth is open than the target's: 0 = equal, above 0 = too far open.

    Args:
        composite: the result in the target, height x width x 3, 0..1.
        target: the same place before.

    Returns:
        Difference of areas between the inner lips, each over the squared width of its mouth. NaN where one of the
        pictures shows no face.

    Source: [ours].
    """
    found = [detect((picture * 255 + 0.5).clip(0, 255).astype("uint8")) for picture in (composite, target)]
    if not all(found):
        return float("nan")
    return opening_difference(found[0][0].landmarks, found[1][0].landmarks)


def opening_difference(own: Landmarks, theirs: Landmarks) -> float:
    """The same of landmarks.

    Args:
        own: 468 x 3, of the swapped face.
        theirs: 468 x 3, of the target.
    """
    return opening(own, INNER_LIPS) - opening(theirs, INNER_LIPS)
