"""Eyes that the source's photograph does not show as the target has them [ours].

A shut eye of an open one: the mesh follows an open lower lid from inside, and a rim of white lies below its vertices. Where
the target's eye is shut, the opening closes to a line and this rim would be left as a white slit. So the source's lower lid
is read from a little further down.

An open eye of a shut, narrow or averted one: what lies between the target's lids is the target's.
"""

import numpy as np

from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE, opening
from aotface.face.pose import fit_pose
from aotface.masked import risen
from aotface.types import Landmarks

RIM = 0.2
"""How far down, in widths of the eye, the middle of the lower lid is moved where the target's eye is shut."""

SHUT, OPEN = (0.12, 0.02), (0.05, 0.15)
"""Opening (see `opening`) of the target's eye at which that begins, and is whole; and the same of the source's."""

SHUT_SOURCE, OPEN_TARGET = (0.072, 0.12), (0.12, 0.168)
"""Openings: of the source's eye at which it is shut, and shut no more; of the target's at which it opens, and is open."""

NARROW = 0.65, 0.5
"""The source's opening over the target's at which the target's eye begins to show, and shows wholly: a narrow one would be
stretched."""

AVERTED = 26.0, 38.0
"""The same for degrees between the two heads' turns: irises lie in the corners of the source's eyes."""


def lid_places(source: Landmarks, points: Landmarks) -> tuple[Landmarks, Landmarks]:
    """Where the source's vertices are read: for the new face's own sides, and for its mirrored ones.

    Args:
        source: 468 x 3, of the source.
        points: 468 x 3, of the new face.

    Returns:
        Twice 468 x 3, in the source's pixels and order; both equal ``source`` where no eye shuts.
    """
    shut = [risen(opening(points, ring), SHUT) for ring in (RIGHT_EYE, LEFT_EYE)]
    return _lowered(source, shut), _lowered(source, shut[::-1])


def unseen_eyes(source: Landmarks, target: Landmarks) -> tuple[float, float]:
    """How much of the target's own eyes shows where the source's gaze is wanted: of the person's right and left one.

    Args:
        source: 468 x 3, of the source.
        target: 468 x 3, of the target.

    Returns:
        0..1 each; 0 where both people's eyes are shut.
    """
    gaps = [(opening(source, ring), opening(target, ring)) for ring in (RIGHT_EYE, LEFT_EYE)]
    narrow = max(1 - risen(own / max(theirs, 1e-6), NARROW[::-1]) for own, theirs in gaps)
    both = max(narrow, risen(abs(_turn(source) - _turn(target)), AVERTED))  # or their colours would differ
    right, left = (
        max(both, (1 - risen(own, SHUT_SOURCE)) * risen(theirs, OPEN_TARGET)) for own, theirs in gaps
    )
    return right, left


def _turn(points: Landmarks) -> float:
    """To which side a head is turned, degrees."""
    rotation = fit_pose(MEAN.astype(np.float64), points.astype(np.float64)).rotation
    return float(np.degrees(np.arcsin(np.clip(rotation[0, 2], -1, 1))))


def _lowered(source: Landmarks, shut: list[float]) -> Landmarks:
    """The lower lids of the right and the left eye moved down, by a share."""
    moved = source.copy()
    for eye, ring in enumerate((RIGHT_EYE, LEFT_EYE)):
        share = shut[eye] * risen(opening(source, ring), OPEN)
        middle, across, down = eye_axes(source, eye)
        off = source[ring, :2] - middle
        along, below = (off @ axis / (across @ across) for axis in (across, down))
        bow = np.clip(1 - 4 * along**2, 0, 1) * (below > 0)
        moved[ring, :2] += (RIM * share * bow)[:, None] * down
    return moved
