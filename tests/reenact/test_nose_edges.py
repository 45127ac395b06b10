"""Edges of hard light beside one side of a nose go; what both sides or the target have stays, and so do even noses."""

import cv2
import numpy as np
import pytest

from aotface.face.mesh import LEFT_NOSTRIL, MEAN, RIGHT_NOSTRIL
from aotface.face.render import rasterize
from aotface.reenact.nose_edges import without_one_sided_edges
from aotface.types import Crop, Landmarks, Mask

SIDE = 256
POINTS: Landmarks = (MEAN * 70 + 128).astype(np.float32)
MOVED: Landmarks = POINTS + np.array([6, -4, 0], np.float32)
SKIN = np.array([0.7, 0.55, 0.45], np.float32)
RASTER = rasterize(POINTS, SIDE)
RIGHT, LEFT = 129, 358
"""Vertices beside the wings."""


def skin(points: Landmarks, *wings: int, shade: float = 0.0, line: float = 0.6) -> Crop:
    """Skin with a line beside wings, darker from the middle of the face to its left by ``shade``, a logarithm."""
    face = np.ones((SIDE, SIDE, 3), np.float32)
    for wing in wings:
        x, y = np.round(points[wing, :2]).astype(int).tolist()
        cv2.line(face, (x, y - 5), (x, y + 5), (line,) * 3, 2)
    columns = np.arange(SIDE, dtype=np.float32)[:, None] - points[4, 0]
    return face * SKIN * np.exp(-shade / (1 + np.exp(-columns / 3)))


def light(face: Crop, target: Crop, seen: Mask | None = None) -> np.ndarray | None:
    return without_one_sided_edges(face, target, POINTS, MOVED, RASTER, seen)


def at(values: np.ndarray, wing: int) -> float:
    """The mean over the middle of a wing's line."""
    x, y = np.round(POINTS[wing, :2]).astype(int).tolist()
    return float(values[y - 2 : y + 3, x].mean())


def test_a_line_of_one_side_goes_and_nothing_is_drawn_elsewhere() -> None:
    face = skin(POINTS, LEFT, shade=0.5)
    added = light(face, skin(MOVED))
    assert added is not None
    plain = skin(POINTS, shade=0.5)
    lacking = at(plain - face, LEFT)
    assert lacking > 0.08
    assert 0.6 * lacking < at(added, LEFT) < 1.3 * lacking
    assert abs(at(added, RIGHT)) < 0.2 * lacking
    assert not added[: int(POINTS[10, 1])].any()
    assert not added[int(POINTS[17, 1]) :].any()


@pytest.mark.parametrize("line", [0.6, 1.3])
def test_what_both_sides_have_stays(line: float) -> None:
    one, both = (skin(POINTS, *wings, shade=0.5, line=line) for wings in ((LEFT,), (LEFT, RIGHT)))
    gone, kept = (light(face, skin(MOVED)) for face in (one, both))
    assert gone is not None and kept is not None
    assert abs(at(kept, LEFT)) < 0.3 * abs(at(gone, LEFT))


def test_what_the_target_has_there_stays() -> None:
    face = skin(POINTS, LEFT, shade=0.5)
    gone, kept = light(face, skin(MOVED)), light(face, skin(MOVED, LEFT))
    assert gone is not None and kept is not None
    assert abs(at(kept, LEFT)) < 0.3 * at(gone, LEFT)


def test_even_light_changes_nothing() -> None:
    assert light(skin(POINTS, LEFT), skin(MOVED)) is None


def test_what_is_not_the_source_is_not_compared() -> None:
    seen = np.ones((SIDE, SIDE), np.float32)
    seen[:, : int(POINTS[4, 0])] = 0
    assert light(skin(POINTS, LEFT, shade=0.5), skin(MOVED), seen) is None


def test_nostrils_stay() -> None:
    face = skin(POINTS, shade=0.5)
    x, y = np.round(POINTS[LEFT_NOSTRIL, :2].mean(axis=0)).astype(int).tolist()
    cv2.circle(face, (x, y), 2, (0.1, 0.05, 0.05), -1)
    added = light(face, skin(MOVED))
    assert added is not None
    assert abs(added[y, x]).max() < 0.01
    other = np.round(POINTS[RIGHT_NOSTRIL, :2].mean(axis=0)).astype(int)
    assert abs(added[other[1], other[0]]).max() < 0.05


def test_grids_of_other_sides() -> None:
    face, target = (
        cv2.resize(one, (128, 128), interpolation=cv2.INTER_AREA)
        for one in (skin(POINTS, LEFT, shade=0.5), skin(MOVED))
    )
    points, moved = ((one + 0.5) / 2 - 0.5 for one in (POINTS, MOVED))
    added = without_one_sided_edges(face, target, points, moved, rasterize(points, 128))
    assert added is not None
    x, y = np.round(points[LEFT, :2]).astype(int)
    assert added[y, x].min() > 0.03
