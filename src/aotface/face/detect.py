"""Find every face of a frame, in a stable order: largest first."""

import cv2
import numpy as np

from aotface.face.landmarks import Box, find_boxes, locate, to_uint8
from aotface.types import Face, Frame, Landmarks

TILE_SIDE = 960
"""Frames larger than this are also searched in overlapping tiles, or faces of 64 px would be lost."""


def detect(frame: Frame) -> list[Face]:
    """Faces of a frame with their landmarks.

    A frame in which nothing is found is tried again brightened, then turned by a quarter, half and three
    quarters: dark and rotated photographs are ordinary input.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Returns:
        Faces by decreasing size (ties: left first); ``index`` is the place in this list. Empty when there is none.
    """
    picture = to_uint8(frame)
    found = _search(picture)
    if not found:
        found = _search(_brightened(picture))
    for quarter_turns in (1, 3, 2):
        if found:
            break
        turned = np.ascontiguousarray(np.rot90(picture, quarter_turns))
        found = [
            (_turn_back(p, quarter_turns, (picture.shape[0], picture.shape[1])), score)
            for p, score in _search(turned)
        ]
    found.sort(key=lambda item: (-_area(_bounds(item[0])), _bounds(item[0])[0]))
    return [Face(i, _bounds(points), score, points) for i, (points, score) in enumerate(found)]


def _search(picture: np.ndarray) -> list[tuple[Landmarks, float]]:
    faces: list[tuple[Landmarks, float]] = []
    for box, score in _candidates(picture):
        points = locate(picture, box)
        if points is None or _overlap(_bounds(points), box) < 0.2:
            continue
        refined = locate(picture, _bounds(points), margin=0.35)  # the same framing whoever found the box
        if refined is not None and _overlap(_bounds(refined), _bounds(points)) > 0.5:
            points = refined
        if all(_overlap(_bounds(points), _bounds(other)) < 0.4 for other, _ in faces):
            faces.append((points, score))
    return faces


def _candidates(picture: np.ndarray) -> list[tuple[Box, float]]:
    height, width = picture.shape[:2]
    found = find_boxes(picture, full_range=True)
    # A border lets the near model see faces that fill the whole picture.
    pad = max(height, width) // 4
    scale = min(1.0, 512 / (max(height, width) + 2 * pad))
    small = (
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    )
    edge = round(pad * scale)
    bordered = cv2.copyMakeBorder(small, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    for full_range in (False, True):
        for (x0, y0, x1, y1), score in find_boxes(bordered, full_range):
            found.append(((*(np.array([x0, y0, x1, y1]) - edge) / scale,), score))  # type: ignore[arg-type]
    if max(height, width) > 1.3 * TILE_SIDE:
        found += _tiled(picture)
    found.sort(key=lambda item: -item[1])
    kept: list[tuple[Box, float]] = []
    for box, score in found:
        if _area(box) >= 24**2 and all(_overlap(box, other) < 0.4 for other, _ in kept):
            kept.append((box, score))
    return kept


def _tiled(picture: np.ndarray) -> list[tuple[Box, float]]:
    height, width = picture.shape[:2]
    found: list[tuple[Box, float]] = []
    step = TILE_SIDE * 3 // 4
    for top in range(0, max(1, height - TILE_SIDE // 4), step):
        for left in range(0, max(1, width - TILE_SIDE // 4), step):
            tile = picture[top : top + TILE_SIDE, left : left + TILE_SIDE]
            for (x0, y0, x1, y1), score in find_boxes(tile, full_range=True):
                found.append(((x0 + left, y0 + top, x1 + left, y1 + top), score))
    return found


def _brightened(picture: np.ndarray) -> np.ndarray:
    top = max(float(np.percentile(picture, 99)), 8.0)
    stretched = np.clip(picture.astype(np.float32) / top, 0, 1) ** 0.5
    return (stretched * 255).astype(np.uint8)


def _turn_back(points: Landmarks, quarter_turns: int, size: tuple[int, int]) -> Landmarks:
    """Undo ``np.rot90(picture, quarter_turns)`` on points; ``size`` is the unturned height and width."""
    height, width = size
    x, y, z = points.T
    if quarter_turns == 1:
        x, y = width - 1 - y, x
    elif quarter_turns == 2:
        x, y = width - 1 - x, height - 1 - y
    else:
        x, y = y, height - 1 - x
    return np.stack([x, y, z], axis=1).astype(np.float32)


def _bounds(points: Landmarks) -> Box:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(a: Box, b: Box) -> float:
    """Shared area over the smaller area: a tight box inside a loose one counts as the same face."""
    shared = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return shared / max(min(_area(a), _area(b)), 1e-9)
