"""478 three-dimensional landmarks of one face: 468 of the mesh, then five for each iris."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.boxes import Box, Found
from aotface.face.networks import run
from aotface.types import Frame, Iris, Landmarks

MODEL_SIDE = 256
"""Side in pixels of the window that the model is shown."""

WINDOW = 1.5
"""Side of that window in units of the face's box, as the model was trained."""

MESH = 468
"""Landmarks of the mesh; the rest are the irises'."""

OUTER_CORNERS = 33, 263
"""Outer corners of the person's right and left eye: they tell which way up a face is."""


class Window(NamedTuple):
    """A square of a picture. ``centre``: x, y in pixels. ``side``: in pixels. ``turn``: radians, clockwise on the screen."""

    centre: tuple[float, float]
    side: float
    turn: float


@dataclass(frozen=True)
class Located:
    """Landmarks in pixels of the picture.

    ``certainty``: a log-odds. On portraits 13 to 29 the right way up, seldom over 10 when turned by 90 or 180 degrees, and
    below 0 where no face is.
    """

    landmarks: Landmarks
    iris: Iris
    certainty: float


def to_uint8(frame: Frame) -> np.ndarray:
    """The frame at 8 bits a channel (uint16 keeps its upper byte): what the models read."""
    return frame if frame.dtype == np.uint8 else (frame >> 8).astype(np.uint8)


def window_of_box(found: Found) -> Window:
    """Where to look for the landmarks of a box that a detector found, upright by its eyes."""
    x0, y0, x1, y1 = found.box
    return Window(((x0 + x1) / 2, (y0 + y1) / 2), WINDOW * max(x1 - x0, y1 - y0), _turn(*found.points[:2]))


def window_of_landmarks(points: Landmarks, size: float = WINDOW) -> Window:
    """Where to look for a face whose landmarks are nearly known.

    Args:
        points: in pixels.
        size: of the window, in units of the face's box.
    """
    turn = _turn(*points[list(OUTER_CORNERS), :2])
    upright = points[:, :2].astype(np.float64) @ _rotation(turn).T
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = (low + high) / 2 @ _rotation(turn)
    return Window((float(x), float(y)), size * float((high - low).max()), turn)


def locate(picture: np.ndarray, window: Window) -> Located:
    """Landmarks of the face in a window, whether or not there is one: see `Located.certainty`.

    Args:
        picture: uint8, height x width x 3, RGB.
        window: where.

    Source: Grishchenko et al., "Attention Mesh", 2020 (arXiv 2006.10962), for the points; the model is Google's.
    """
    zoom = MODEL_SIDE / max(window.side, 1.0)
    linear = zoom * _rotation(window.turn)
    middle = (MODEL_SIDE - 1) / 2
    matrix = np.concatenate([linear, (middle - linear @ np.array(window.centre))[:, None]], axis=1)
    part, shifted = _shrunk_first(picture, matrix, zoom)
    size = (MODEL_SIDE, MODEL_SIDE)
    seen = cv2.warpAffine(part, shifted, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    numbers, certainty, _ = run("face_landmarks", (seen[None] / np.float32(255)).astype(np.float32))
    points = numbers.reshape(-1, 3).astype(np.float64)
    # The model counts from the window's edge, we from the centre of its first pixel.
    flat = np.linalg.solve(linear, (points[:, :2] - 0.5 - matrix[:, 2]).T).T
    whole = np.concatenate([flat, points[:, 2:] / zoom], axis=1).astype(np.float32)
    return Located(whole[:MESH], whole[MESH:], float(certainty.ravel()[0]))


def bounds(points: Float32[np.ndarray, "n _axes"]) -> Box:
    """The box around some points."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _turn(right: np.ndarray, left: np.ndarray) -> float:
    """Of a face whose person's right and left eye lie there."""
    across = left.astype(np.float64) - right
    return float(np.arctan2(across[1], across[0]))


def _rotation(turn: float) -> np.ndarray:
    """Turns a face of that turn upright."""
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.array([[cosine, sine], [-sine, cosine]])


def _shrunk_first(picture: np.ndarray, matrix: np.ndarray, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """Area-average what the matrix would shrink by 2 or more: bilinear sampling alone would alias.

    Of the picture only the part that the window covers is read.
    """
    factor = int(1 / max(zoom, 1e-9))
    if factor < 2:
        return picture, matrix
    corners = np.array([(x, y) for x in (0, MODEL_SIDE) for y in (0, MODEL_SIDE)])
    places = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    low = np.clip(np.floor(places.min(axis=0)).astype(int) - factor, 0, None)
    high = np.ceil(places.max(axis=0)).astype(int) + factor
    part = picture[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
    height, width = part.shape[0] // factor, part.shape[1] // factor
    if not height or not width:
        return picture, matrix
    small = cv2.resize(
        part[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA
    )
    shifted = matrix.copy()
    shifted[:, :2] *= factor
    shifted[:, 2] += matrix[:, :2] @ (low + (factor - 1) / 2)
    return small, shifted
