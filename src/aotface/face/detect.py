"""Find every face of a frame, whichever way up, in a stable order: largest first."""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from aotface.errors import InputError, TooLargeError
from aotface.face.boxes import FULL_RANGE, SHORT_RANGE, Box, Detector, Found, find_boxes
from aotface.face.landmarks import (
    Located,
    bounds,
    locate,
    to_uint8,
    window_of_box,
    window_of_landmarks,
)
from aotface.types import Face, Frame

TILE_SIDE = 960
"""Frames larger than this are also searched in overlapping tiles, or faces of 64 px would be lost."""

LEAST_SCORE = 0.4
"""Of a box that is looked into."""

A_FACE = 4.0
"""`Located.certainty` from which there is a face."""

UPRIGHT, SURE_BOX = 15.0, 0.85
"""The same, and the score of its box, from which nobody asks whether the face lies another way up. On heads turned by 120 to
240 degrees, what was taken for an upright face had up to 19 and at most 0.79; the face itself then had 23 and more."""

PER_SCORE = 40.0
"""How much certainty a score of 1 is worth: inverted faces with a beard or a bald head are certain, but in poor boxes."""

LONGEST = 32_766
"""Side in pixels up to which OpenCV moves pictures."""

TURNS = (np.pi / 2, np.pi, -np.pi / 2)


class _Candidate(NamedTuple):
    """A face, and how sure the detector was of its box."""

    located: Located
    score: float

    @property
    def box(self) -> Box:
        return bounds(self.located.landmarks)

    @property
    def rank(self) -> float:
        """How sure both models are together."""
        return self.located.certainty + PER_SCORE * self.score


def detect(frame: Frame) -> list[Face]:
    """Faces of a frame with their landmarks.

    Where the surest face is not surely upright, or there is none, the frame is searched brightened and in all four quarter
    turns as well: dark pictures and turned heads are ordinary input.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Returns:
        Faces by decreasing size (ties: left first); ``index`` is the place in this list. Empty when there is none.

    Raises:
        InputError: the frame has no pixels.
        TooLargeError: a side is longer than `LONGEST`.
    """
    if not frame.size:
        raise InputError(
            f"expected a picture to search, got an empty one of {frame.shape[1]} x {frame.shape[0]} pixels"
        )
    if max(frame.shape[:2]) > LONGEST:
        raise TooLargeError(
            f"the picture is {frame.shape[1]} x {frame.shape[0]}: no side may have more than {LONGEST:,} pixels; "
            "cut the face's part out"
        )
    picture = to_uint8(frame)
    found = _search_every_way(picture) or _search_every_way(_brightened(picture))
    found.sort(key=lambda one: (-_area(one.box), one.box[0]))
    return [
        Face(i, one.box, one.score, one.located.landmarks, iris=one.located.iris)
        for i, one in enumerate(found)
    ]


def _search_every_way(picture: np.ndarray) -> list[_Candidate]:
    """Faces of a picture, upright or not."""
    found = [one for box in _candidates(picture) if (one := _look(picture, box)) is not None]
    if not any(one.located.certainty >= UPRIGHT and one.score >= SURE_BOX for one in found):
        turned = [one for turn in (1, 2, 3) for one in _search_turned(picture, turn)]
        sure = any(one.located.certainty >= UPRIGHT for one in turned)
        found += [one for one in turned if one.located.certainty >= UPRIGHT or not sure]
    return _distinct(found)


def _search_turned(picture: np.ndarray, quarter_turns: int) -> list[_Candidate]:
    """Faces that a detector finds in the turned picture, located in the picture itself."""
    turned = np.ascontiguousarray(np.rot90(picture, quarter_turns))
    boxes = (_turn_back(found, quarter_turns, picture.shape[:2]) for found in _candidates(turned))
    return [one for box in boxes if (one := _look(picture, box)) is not None]


def _look(picture: np.ndarray, box: Found) -> _Candidate | None:
    """The face in a box, the way up of which the landmark model is surest."""
    first = locate(picture, window_of_box(box))
    best = _refined(picture, first)
    if best.certainty < UPRIGHT:
        window = window_of_box(box)
        turned = [locate(picture, window._replace(turn=window.turn + turn)) for turn in TURNS]
        surest = max(turned, key=lambda one: one.certainty)
        if surest.certainty > first.certainty:
            best = max(best, _refined(picture, surest), key=lambda one: one.certainty)
    if best.certainty < A_FACE or _overlap(bounds(best.landmarks), box.box) < 0.2:
        return None
    return _Candidate(best, box.score)


def _refined(picture: np.ndarray, first: Located) -> Located:
    """Once more from the first landmarks: the same framing whoever found the box."""
    again = locate(picture, window_of_landmarks(first.landmarks))
    near = _overlap(bounds(again.landmarks), bounds(first.landmarks)) > 0.5
    return again if near and again.certainty > A_FACE else first


def _distinct(candidates: list[_Candidate]) -> list[_Candidate]:
    """Of several answers for one place the surest."""
    kept: list[_Candidate] = []
    for one in sorted(candidates, key=lambda one: -one.rank):
        if all(_overlap(one.box, other.box) < 0.4 for other in kept):
            kept.append(one)
    return kept


def _candidates(picture: np.ndarray) -> list[Found]:
    height, width = picture.shape[:2]
    if (
        min(height, width) < 24
    ):  # a strip, which scaled down has no height; no face of that size is looked for
        return []
    found = find_boxes(picture, FULL_RANGE, LEAST_SCORE)
    # A border lets the near model see faces that fill the whole picture.
    pad = max(height, width) // 4
    scale = min(1.0, 512 / (max(height, width) + 2 * pad))
    small = (
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    )
    edge = round(pad * scale)
    bordered = cv2.copyMakeBorder(small, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    for detector in (SHORT_RANGE, FULL_RANGE):
        found += _found_in(bordered, detector, (-edge, -edge), scale)
    if max(height, width) > 1.3 * TILE_SIDE:
        found += _tiled(picture)
    found.sort(key=lambda one: -one.score)
    kept: list[Found] = []
    for one in found:
        if _area(one.box) >= 24**2 and all(_overlap(one.box, other.box) < 0.4 for other in kept):
            kept.append(one)
    return kept


def _tiled(picture: np.ndarray) -> list[Found]:
    height, width = picture.shape[:2]
    found: list[Found] = []
    step = TILE_SIDE * 3 // 4
    for top in range(0, max(1, height - TILE_SIDE // 4), step):
        for left in range(0, max(1, width - TILE_SIDE // 4), step):
            tile = picture[top : top + TILE_SIDE, left : left + TILE_SIDE]
            found += _found_in(tile, FULL_RANGE, (left, top), 1.0)
    return found


def _found_in(part: np.ndarray, detector: Detector, corner: tuple[int, int], scale: float) -> list[Found]:
    """What a detector finds in a part of the picture, in the picture's pixels: (part + corner) / scale."""
    found = []
    for one in find_boxes(part, detector, LEAST_SCORE):
        x0, y0, x1, y1 = ((np.array(one.box) + np.array(corner * 2)) / scale).tolist()
        points = ((one.points + np.array(corner)) / scale).astype(np.float32)
        found.append(replace(one, box=(x0, y0, x1, y1), points=points))
    return found


def _brightened(picture: np.ndarray) -> np.ndarray:
    top = max(float(np.percentile(picture, 99)), 8.0)
    stretched = np.clip(picture.astype(np.float32) / top, 0, 1) ** 0.5
    return (stretched * 255).astype(np.uint8)


def _turn_back(found: Found, quarter_turns: int, size: tuple[int, ...]) -> Found:
    """Undo ``np.rot90(picture, quarter_turns)`` on a box; ``size`` is the unturned height and width."""
    height, width = size
    x0, y0, x1, y1 = found.box
    corners = np.array([(x0, y0), (x1, y1)], np.float32)
    points = []
    for x, y in (corners.T, found.points.T):
        if quarter_turns == 1:
            x, y = width - 1 - y, x
        elif quarter_turns == 2:
            x, y = width - 1 - x, height - 1 - y
        else:
            x, y = y, height - 1 - x
        points.append(np.stack([x, y], axis=1).astype(np.float32))
    return replace(found, box=bounds(points[0]), points=points[1])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(a: Box, b: Box) -> float:
    """Shared area over the smaller area: a tight box inside a loose one counts as the same face."""
    shared = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return shared / max(min(_area(a), _area(b)), 1e-9)
