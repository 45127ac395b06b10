"""What a pixel may be, as a set of surfaces: one bit each, so that half a label is worth half.

A portrait without hand labels still says much: the mesh knows eyes, lips and brows, and no frame is on a face that
wears none. What nothing is known of has every bit set, and costs nothing in the loss.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt16

from aotface.face.mesh import INNER_LIPS, LEFT_BROW, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_BROW, RIGHT_EYE
from aotface.face.visibility.classes import Surface
from aotface.types import Landmarks

Sets = UInt16[np.ndarray, "_side _side"]
Region = Bool[np.ndarray, "side side"]

EVERY = (1 << len(Surface)) - 1
"""Nothing is known."""

OUTSIDE, UNLABELLED = 255, 254
"""Hand labels of a store: beyond the picture, or of a picture without hand labels; and within it, not labelled."""

BACKGROUND_RANGE = 9
"""Largest difference from a corner's colour, of 255, at which a pixel passes for plain background."""

DARKER = 0.82
"""Share of the skin's brightness around a brow under which a pixel within the mesh's outline is surely brow."""

NOSE_BASE = 2
"""The vertex under the nose: beards grow below it."""


@dataclass(frozen=True)
class Traits:
    """What a person said about a portrait after looking at it. ``skip``: something covers the face; not used."""

    glasses: bool = False
    beard: bool = False
    skip: bool = False


def bits(*surfaces: Surface) -> int:
    """The set of these surfaces."""
    return sum(1 << surface for surface in surfaces)


BARE = bits(Surface.BACKGROUND, Surface.SKIN, Surface.HAIR)


def mesh_sets(landmarks: Landmarks, side: int, traits: Traits) -> Sets:
    """Sets of a portrait that nobody labelled, from its mesh.

    Args:
        landmarks: 468 x 3, pixels.
        side: of the picture.
        traits: what it wears.
    """
    height = float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2]))
    beard = bits(Surface.BEARD) if traits.beard else 0
    low = below_the_nose(landmarks, side)
    sets = np.where(low, BARE | beard, BARE).astype(np.uint16)
    sure = eroded(filled(landmarks, OVAL, side), 0.05 * height)
    forehead = sure & ~below_the_brows(landmarks, side, 0.05 * height)
    sets[sure & ~low] = bits(Surface.SKIN)
    sets[sure & low] = bits(Surface.SKIN) | beard
    sets[forehead] = bits(Surface.SKIN, Surface.HAIR)
    sets[under_the_chin(landmarks, side, height)] = bits(Surface.BACKGROUND, Surface.SKIN) | beard
    draw_parts(sets, landmarks, height)
    if traits.glasses:
        sets[goggles(landmarks, side, height)] |= bits(Surface.FRAME, Surface.COVER)
    return sets


def draw_parts(sets: Sets, landmarks: Landmarks, height: float) -> None:
    """Eyes, brows, lips and the open mouth into sets, in place; a doubtful edge around each."""
    side = len(sets)
    for ring in (LEFT_BROW, RIGHT_BROW):
        hull = filled(landmarks, ring, side, hull=True)
        sets[dilated(hull, 0.03 * height)] |= bits(Surface.BROW)
        sets[hull] = bits(Surface.BROW)
    edge = max(1.0, 0.008 * height)
    for ring in (LEFT_EYE, RIGHT_EYE):
        eye = filled(landmarks, ring, side)
        sets[dilated(eye, edge)] |= bits(Surface.EYE)
        sets[eroded(eye, edge)] = bits(Surface.EYE)
    lips = filled(landmarks, OUTER_LIPS, side)
    sets[dilated(lips, 1.5 * edge)] |= bits(Surface.LIPS)
    sets[eroded(lips, edge)] = bits(Surface.LIPS)
    inner = filled(landmarks, INNER_LIPS, side)
    sets[dilated(inner, edge)] |= bits(Surface.INNER_MOUTH) if inner.any() else 0
    sets[eroded(inner, edge)] = bits(Surface.INNER_MOUTH)


def thin_brows(sets: Sets, picture: UInt8[np.ndarray, "side side 3"], landmarks: Landmarks) -> None:
    """Let the bright pixels of the mesh's brows be skin too, in place: its outline is wider than the hair in it."""
    height = float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2]))
    light = cv2.GaussianBlur(picture.mean(axis=2).astype(np.float32), (0, 0), 1.0)
    for ring in (LEFT_BROW, RIGHT_BROW):
        hull = filled(landmarks, ring, len(sets), hull=True)
        around = dilated(hull, 0.04 * height) & ~hull
        if around.any():
            sets[hull & (light > DARKER * np.median(light[around]))] |= bits(Surface.SKIN)


def hand_sets(labels: UInt8[np.ndarray, "side side"], landmarks: Landmarks, traits: Traits) -> Sets:
    """Sets of a picture with the six hand labels of FASSEG; the mesh splits hair from brows, lips from mouth.

    Args:
        labels: 0 background, 1 hair and brows, 2 skin, 3 eyes, 4 nose, 5 mouth; or see `OUTSIDE`.
        landmarks: 468 x 3, pixels.
        traits: what the person wears.
    """
    side = len(labels)
    height = float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2]))
    low, brows = below_the_nose(landmarks, side), np.zeros((side, side), bool)
    for ring in (LEFT_BROW, RIGHT_BROW):
        brows |= dilated(filled(landmarks, ring, side, hull=True), 0.06 * height)
    sure = filled(landmarks, OVAL, side)
    mouth, lips = bits(Surface.LIPS, Surface.INNER_MOUTH), bits(Surface.LIPS)
    inner = filled(landmarks, INNER_LIPS, side)
    skin = bits(Surface.SKIN) | (bits(Surface.BEARD) if traits.beard else 0)
    sets = np.full((side, side), EVERY, np.uint16)
    sets[labels == 0] = bits(Surface.BACKGROUND)
    sets[labels == 1] = bits(Surface.HAIR)
    sets[(labels == 1) & brows] = bits(Surface.BROW)
    sets[(labels == 1) & low & sure] = bits(Surface.BEARD, Surface.HAIR, Surface.SKIN)
    sets[(labels == 2) | (labels == 4)] = bits(Surface.SKIN)
    sets[(labels == 2) & low] = skin
    sets[labels == 3] = bits(Surface.EYE)
    sets[labels == 5] = lips
    sets[(labels == 5) & dilated(inner, 0.01 * height)] = mouth
    sets[(labels == 5) & eroded(inner, 0.01 * height)] = bits(Surface.INNER_MOUTH)
    if traits.glasses:
        sets[goggles(landmarks, side, height)] |= bits(Surface.FRAME, Surface.COVER)
    return sets


def plain_background(picture: UInt8[np.ndarray, "side side 3"], landmarks: Landmarks) -> Region:
    """What hangs together with the upper corners and has their colour; empty where that runs into the face.

    Args:
        picture: RGB.
        landmarks: 468 x 3, pixels.
    """
    side, soft = len(picture), cv2.GaussianBlur(picture, (0, 0), 1.5)
    found = np.zeros((side + 2, side + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    for x, y in ((3, 3), (side - 4, 3), (3, side // 3), (side - 4, side // 3)):
        cv2.floodFill(soft, found, (x, y), (0,), (BACKGROUND_RANGE,) * 3, (BACKGROUND_RANGE,) * 3, flags)
    region = eroded(found[1:-1, 1:-1] > 0, 2.0)
    return region & (not (region & filled(landmarks, OVAL, side)).any())


def under_the_chin(landmarks: Landmarks, side: int, height: float) -> Region:
    """A column below the chin, of neck, collar and tie: no hair hangs there."""
    down = _down(landmarks)
    at = np.arange(side, dtype=np.float32)
    x, y = at[None] - landmarks[152, 0], at[:, None] - landmarks[152, 1]
    return (x * down[0] + y * down[1] > 0.12 * height) & (np.abs(x * down[1] - y * down[0]) < 0.22 * height)


def goggles(landmarks: Landmarks, side: int, height: float) -> Region:
    """Where spectacles may lie: around the eyes and to the ears."""
    points = landmarks[np.concatenate([LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW]), :2]
    hull = _fill(cv2.convexHull(np.round(points).astype(np.int32)), side)
    return dilated(hull, 0.22 * height)


def filled(landmarks: Landmarks, ring: Int[np.ndarray, " n"], side: int, hull: bool = False) -> Region:
    """The inside of a ring of vertices, or of its convex hull."""
    points = np.round(landmarks[ring, :2]).astype(np.int32)
    return _fill(cv2.convexHull(points) if hull else points, side)


def below_the_nose(landmarks: Landmarks, side: int) -> Region:
    """The half plane under the nose, whichever way the head leans."""
    return _below(landmarks, landmarks[NOSE_BASE, :2], side)


def below_the_chin(landmarks: Landmarks, side: int) -> Region:
    """The half plane under the chin."""
    return _below(landmarks, landmarks[152, :2], side)


def below_the_brows(landmarks: Landmarks, side: int, above: float) -> Region:
    """The half plane under the brows' upper edge and a little more."""
    down = _down(landmarks)
    brows = landmarks[np.concatenate([LEFT_BROW, RIGHT_BROW]), :2]
    return _below(landmarks, brows[(brows @ down).argmin()] - above * down, side)


def dilated(region: Region, by: float) -> Region:
    """A region grown by some pixels."""
    return np.asarray(cv2.dilate(region.astype(np.uint8), _disc(by))) > 0


def eroded(region: Region, by: float) -> Region:
    """A region without its outer pixels."""
    return np.asarray(cv2.erode(region.astype(np.uint8), _disc(by))) > 0


def _down(landmarks: Landmarks) -> np.ndarray:
    down = landmarks[152, :2] - landmarks[10, :2]
    return down / max(float(np.linalg.norm(down)), 1e-6)


def _below(landmarks: Landmarks, point: np.ndarray, side: int) -> Region:
    down, at = _down(landmarks), np.arange(side, dtype=np.float32)
    return (at[None] - point[0]) * down[0] + (at[:, None] - point[1]) * down[1] > 0


def _fill(points: np.ndarray, side: int) -> Region:
    drawn = np.zeros((side, side), np.uint8)
    cv2.fillPoly(drawn, [points], (1,))
    return drawn > 0


def _disc(radius: float) -> np.ndarray:
    size = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
