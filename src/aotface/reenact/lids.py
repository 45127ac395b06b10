"""A shut eye of an open one [ours]: the source's lower lid is read from a little further down.

The mesh follows an open lower lid from inside: a rim of white lies below its vertices. Where the target's eye is shut, the
opening closes to a line and this rim would be left as a white slit. So the vertices are moved over it.
"""

import numpy as np

from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE, opening
from aotface.types import Landmarks

RIM = 0.2
"""How far down, in widths of the eye, the middle of the lower lid is moved where the target's eye is shut."""

SHUT, OPEN = (0.12, 0.02), (0.05, 0.15)
"""Opening (see `opening`) of the target's eye at which that begins, and is whole; and the same of the source's."""


def lid_places(source: Landmarks, points: Landmarks) -> tuple[Landmarks, Landmarks]:
    """Where the source's vertices are read: for the new face's own sides, and for its mirrored ones.

    Args:
        source: 468 x 3, of the source.
        points: 468 x 3, of the new face.

    Returns:
        Twice 468 x 3, in the source's pixels and order; both equal ``source`` where no eye shuts.
    """
    shut = [_share(opening(points, ring), SHUT) for ring in (RIGHT_EYE, LEFT_EYE)]
    return _lowered(source, shut), _lowered(source, shut[::-1])


def _lowered(source: Landmarks, shut: list[float]) -> Landmarks:
    """The lower lids of the right and the left eye moved down, by a share."""
    moved = source.copy()
    for eye, ring in enumerate((RIGHT_EYE, LEFT_EYE)):
        share = shut[eye] * _share(opening(source, ring), OPEN)
        middle, across, down = eye_axes(source, eye)
        off = source[ring, :2] - middle
        along, below = (off @ axis / (across @ across) for axis in (across, down))
        bow = np.clip(1 - 4 * along**2, 0, 1) * (below > 0)
        moved[ring, :2] += (RIM * share * bow)[:, None] * down
    return moved


def _share(value: float, span: tuple[float, float]) -> float:
    """0 at the first end of a span, 1 at the second."""
    return float(np.clip((value - span[0]) / (span[1] - span[0]), 0, 1))
