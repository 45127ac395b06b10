"""The colour of irises beside their whites, and irises brought towards another's [ours].

How bright and how coloured an eye is follows the light; what an iris is beside its own white does not. An iris keeps its
light, its pupil and its catch-light; only its colour becomes another.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.masked import falling, rising
from aotface.reenact.lip_colour import Pixels, Plane, deep_of, from_traits, logarithm, mean_between, traits
from aotface.types import Crop, Gaze, Landmarks

RADIUS = 0.22
"""Of an iris, in widths of the eye."""

RING, WHITE = (0.45, 0.85), (1.15, 2.1)
"""Distance from an iris's centre, in its radii, where its colour shows, and the white's."""

DEEP = 1.0
"""Pixels at 256 from the lids within which neither counts: lashes and shadow."""

FEWEST = (8.0, 24.0)
"""Pixels of an iris from which its colour begins to count, and counts."""

NATURAL, OFF = ((-1.3, -0.55), (-0.13, 0.35)), 0.08
"""Irises beside their whites, see `aotface.reenact.lip_colour.traits`: how bright and red the middle four fifths of faces
are. What is less red is as much bluer, from brown to blue, or at most so far from that: none is violet."""

BLACK, BROWN = (-1.2, -0.95), 0.12
"""How bright irises are that are brown and tell no colour in a photograph, and those that may be blue; and how red brown
ones are at least."""

TURNED = (0.5, 0.7)
"""Width of an eye in its picture over that in space, from which on it counts, and counts wholly: not seen from its side."""

EVENED = 0.6
"""How much of the colours within an iris that differ from its own goes: noise and blocks, which a change makes vivid."""

MOST, LIGHTER = (0.35, 0.38, 0.38), 0.15
"""How far an iris is moved at most; and how much lighter it becomes, or an eye would lose its contrast."""

GLINT, PUPIL = (0.35, 0.7), (-1.4, -0.7)
"""How much brighter than its iris a pixel is, as a logarithm, that changes less, and not at all: it or one beside it is a
reflection. And how dark one is that does not, and does: it is the pupil."""

RINGS = RIGHT_EYE, LEFT_EYE


class IrisColour(NamedTuple):
    """Logarithms: ``iris``: how bright, red and blue irises are beside their whites; ``level``: without whites. ``sure``:
    0..1."""

    iris: Float32[np.ndarray, " 3"]
    level: Float32[np.ndarray, " 3"]
    sure: float


def iris_colour(crop: Crop, landmarks: Landmarks, gaze: Gaze) -> IrisColour | None:
    """Of both eyes of a face; None where they hardly show.

    Args:
        crop: side x side x 3, about 256 px.
        landmarks: 468 x 3, its pixels.
        gaze: where the irises lie.
    """
    found, counts = [], []
    for eye, ring in enumerate(RINGS):
        low = np.clip(np.floor(landmarks[ring, :2].min(axis=0)) - 2, 0, len(crop) - 1).astype(int)
        high = np.clip(np.ceil(landmarks[ring, :2].max(axis=0)) + 3, low + 1, len(crop)).astype(int)
        here = slice(low[1], high[1]), slice(low[0], high[0])
        depth, far = deep_of(landmarks[ring], here) > DEEP, distance(landmarks, eye, gaze, here)
        colours = traits(logarithm(crop[here]))
        iris, white = (colours[depth & (far > span[0]) & (far < span[1])] for span in (RING, WHITE))
        if (count := min(len(iris), len(white))) > 0:
            width = np.linalg.norm(eye_axes(landmarks, eye)[1]) / max(_width(landmarks, ring), 1e-3)
            counts.append(count * float(rising(np.array([width]), TURNED)[0]))
            spans = (iris, 0.15, 0.75), (white, 0.5, 0.9)
            found.append([mean_between(one, one[:, 0], *span) for one, *span in spans])
    if sum(counts) < FEWEST[0]:
        return None
    level, white = np.average(np.array(found), axis=0, weights=counts).astype(np.float32)
    return IrisColour(level - white, level, float(rising(np.array([sum(counts)]), FEWEST)[0]))


def recoloured_iris(
    log: Pixels, far: Plane, own: IrisColour, wanted: IrisColour, vivid: float
) -> Float32[np.ndarray, "rows columns 3"]:
    """What is added to the logarithm of an eye.

    Args:
        log: of its pixels.
        far: see `distance`.
        own: colour of its iris.
        wanted: towards which it goes.
        vivid: how coloured the picture is, 0..1: a grey one stays grey.
    """
    sure = min(own.sure, wanted.sure)
    most = np.array(MOST, np.float32) * [1, vivid, vivid] * sure
    change = np.clip(_natural(wanted.iris) - own.iris, -most, most)
    change[0] = min(change[0], LIGHTER)
    found = traits(log)
    even = (own.level - found) * np.array([0, EVENED, EVENED], np.float32) * np.float32(sure)
    lighter = cv2.GaussianBlur(found[..., 0], (0, 0), 0.5) - own.level[0]
    plain = cv2.erode(falling(lighter, GLINT), np.ones((3, 3), np.uint8)) * rising(lighter, PUPIL)
    share = falling(far, (0.85, 1.1)) * plain
    light = share * rising(far, (0.2, 0.5))
    return from_traits((change + even) * np.dstack([light, share, share]))


def distance(landmarks: Landmarks, eye: int, gaze: Gaze, here: tuple[slice, slice]) -> Plane:
    """How far pixels of a box are from the centre of an iris, in its radii."""
    middle, across, down = eye_axes(landmarks, eye)
    centre = middle + gaze[eye, 0] * across + gaze[eye, 1] * down
    rows, columns = np.mgrid[here]
    radius = max(RADIUS * _width(landmarks, RINGS[eye]), 1e-3)
    return (np.hypot(columns - centre[0], rows - centre[1]) / radius).astype(np.float32)


def _width(landmarks: Landmarks, ring: np.ndarray) -> float:
    """Of an eye in space."""
    return float(np.linalg.norm((landmarks[ring[0]] - landmarks[ring[8]]).astype(np.float64)))


def _natural(iris: Float32[np.ndarray, " 3"]) -> Float32[np.ndarray, " 3"]:
    """The nearest colour that irises have."""
    light, red = (np.clip(one, *span) for one, span in zip(iris[:2], NATURAL, strict=True))
    red += float(falling(np.array([light]), BLACK)[0]) * max(BROWN - red, 0.0)
    return np.array([light, red, np.clip(iris[2], -red - OFF, -red + OFF)], np.float32)
