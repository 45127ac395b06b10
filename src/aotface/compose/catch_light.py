"""Catch-lights: the target's own are laid on the new iris, and those of the source's photograph are taken out [ours].

They belong to the light, not to the person. They are added, not multiplied: reflected light has no iris's colour.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.gaze import eye_axes
from aotface.types import Landmarks

IRIS, SMALL, STANDS = 0.2, 0.16, (0.06, 0.16)
"""A catch-light: how far from the iris's centre, how large at most, in widths of the eye; and by how much luma it stands out
of what is around it to count not at all, and fully."""

Plane = Float32[np.ndarray, "rows columns"]
Pixels = Float32[np.ndarray, "rows columns 3"]


class Glint(NamedTuple):
    """A catch-light. ``luma``, ``weight``: 0..1."""

    luma: Plane
    weight: Plane


def find_glint(
    luma: Plane, opening: Plane, landmarks: Landmarks, eye: int, gaze: Float32[np.ndarray, " 2"]
) -> Glint | None:
    """The catch-light of an eye; None where there is none.

    Args:
        luma: 0..1.
        opening: of the eye, 0 or 1.
        landmarks: pixels of ``luma``.
        eye: 0: the person's right, 1: the left.
        gaze: where its iris lies, see `aotface.face.gaze`.
    """
    stands = _standing_out(luma, landmarks, eye, gaze) * (opening > 0)
    weight = np.clip((stands - STANDS[0]) / (STANDS[1] - STANDS[0]), 0, 1).astype(np.float32)
    return Glint(luma, weight) if weight.any() else None


def moved_glint(glint: Glint, by: Float32[np.ndarray, " 2"]) -> Glint:
    """A catch-light so many pixels further to the right and down."""
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float64)
    size = glint.luma.shape[1], glint.luma.shape[0]
    both = (cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_LINEAR) for plane in glint)
    return Glint(*both)


def without_glint(picture: Pixels, landmarks: Landmarks, eye: int, gaze: Float32[np.ndarray, " 2"]) -> Pixels:
    """An eye without what stands out of its iris; arguments as in `find_glint`."""
    middle, reach, kernel = _iris(landmarks, eye, gaze)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    far = np.hypot(columns - middle[0], rows - middle[1]) / reach
    inside = np.clip((1.2 - far) / 0.4, 0, 1).astype(np.float32)
    opened = cv2.morphologyEx(picture, cv2.MORPH_OPEN, kernel)
    return picture + (opened - picture) * inside[..., None]


def _standing_out(luma: Plane, landmarks: Landmarks, eye: int, gaze: Float32[np.ndarray, " 2"]) -> Plane:
    middle, reach, kernel = _iris(landmarks, eye, gaze)
    rows, columns = np.mgrid[: luma.shape[0], : luma.shape[1]]
    near = np.hypot(columns - middle[0], rows - middle[1]) < reach
    return cv2.morphologyEx(luma, cv2.MORPH_TOPHAT, kernel) * near


def _iris(
    landmarks: Landmarks, eye: int, gaze: Float32[np.ndarray, " 2"]
) -> tuple[np.ndarray, float, np.ndarray]:
    """Its centre, how far catch-lights may lie from it, and an ellipse larger than any of them."""
    middle, across, down = eye_axes(landmarks, eye)
    width = float(np.linalg.norm(across))
    size = max(3, round(SMALL * width) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return middle + gaze[0] * across + gaze[1] * down, IRIS * width, kernel
