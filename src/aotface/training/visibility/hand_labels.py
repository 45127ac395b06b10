"""The test set: outlines and lines drawn by hand over real pictures, as sets of surfaces in the network's view."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt16

from aotface.face.align import scale_of, transform_points
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.view import VIEW_SIDE
from aotface.training.visibility.labels import EVERY, bits
from aotface.types import Matrix

EDGE = 1
"""Pixels along the edge of a drawn outline that are not judged: nobody draws better."""


@dataclass(frozen=True)
class Stroke:
    """A piece of a spectacle frame: its middle line and width, in pixels of the view. ``part``: rim, bridge or arm."""

    part: str
    width: float
    points: Float64[np.ndarray, "n 2"]


@dataclass(frozen=True)
class Labels:
    """One picture. ``matrix``: frame to view. ``sets``: what each pixel may be, see `labels`; of what was not drawn nothing
    is known. ``strokes``: of frames; ``areas``: outlines of frames too broad for strokes; ``holes``: in these, of lenses."""

    file: str
    matrix: Matrix
    sets: UInt16[np.ndarray, "side side"]
    strokes: list[Stroke]
    areas: list[Float64[np.ndarray, "_points 2"]]
    holes: list[Float64[np.ndarray, "_points 2"]] = field(default_factory=list)


def read_hand_labels(path: Path) -> list[Labels]:
    """All pictures of a JSON file of the test set."""
    return [labels_of(picture) for picture in json.loads(path.read_text())["pictures"]]


def labels_of(picture: dict[str, Any]) -> Labels:
    """One picture of the file."""
    matrix = np.array(picture["landmark_view"], np.float64)
    scale, strokes, broad = scale_of(matrix), list[Stroke](), {"area": list[np.ndarray](), "hole": []}
    sets = np.full((VIEW_SIDE, VIEW_SIDE), EVERY, np.uint16)
    for shape in picture["shapes"]:
        if "line" in shape:
            points = transform_points(np.array(shape["line"], np.float64), matrix)
            closed = np.concatenate([points, points[:1]]) if shape["closed"] else points
            strokes.append(Stroke(shape["part"], shape["width"] * scale, closed))
            continue
        outline = transform_points(np.array(shape["outline"], np.float64), matrix)
        if shape["shows"] == ["frame"]:
            broad[shape["part"]].append(outline)
            continue
        fill(sets, outline, allowed(shape["shows"]))
    for stroke in strokes:
        line = np.round(stroke.points * 8).astype(np.int32)
        doubt = np.zeros(sets.shape, np.uint8)
        cv2.polylines(doubt, [line], False, (1,), max(1, round(stroke.width + 3)), cv2.LINE_8, 3)
        sets[doubt > 0] = EVERY
    return Labels(picture["file"], matrix, sets, strokes, broad["area"], broad["hole"])


def allowed(names: list[str]) -> int:
    """The set of some names; skin is drawn around eyes and brows, so that it may be these."""
    surfaces = [Surface[name.upper()] for name in names]
    if Surface.SKIN in surfaces:
        surfaces += [Surface.BROW, Surface.EYE]
    return bits(*surfaces)


def fill(sets: UInt16[np.ndarray, "side side"], outline: Float64[np.ndarray, "n 2"], value: int) -> None:
    """Write a set inside an outline, and nothing known along its edge, in place."""
    points = [np.round(outline * 8).astype(np.int32)]
    inside, edge = np.zeros(sets.shape, np.uint8), np.zeros(sets.shape, np.uint8)
    cv2.fillPoly(inside, points, (1,), cv2.LINE_8, 3)
    cv2.polylines(edge, points, True, (1,), 2 * EDGE + 1, cv2.LINE_8, 3)
    sets[inside > 0] = value
    sets[edge > 0] = EVERY
