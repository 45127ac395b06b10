"""Hands in front of the face: palms are found, then the joints of each hand."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.boxes import PALMS, Found, find_boxes
from aotface.face.networks import run
from aotface.types import Crop, Geometry, Landmarks, Mask

FINGERS = [(0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16), (0, 17, 18, 19, 20)]
"""Chains of the 21 hand joints, from the wrist to each finger's tip."""

PALM = [0, 1, 5, 9, 13, 17]
"""Joints around the palm."""

SMALLEST = 0.35
"""Length of a hand, as a share of the face's height, under which it is taken for an ear."""

LEAST_OUTSIDE = 0.1
"""Share of a hand that lies beside the face: a wrist comes from somewhere, a nose taken for a fist not."""

LEAST_SCORE = 0.6
"""Of a palm."""

LEAST_CERTAINTY = 0.5
"""That a window shows a hand, 0..1."""

MOST_HANDS = 2

MODEL_SIDE = 224
"""Side in pixels of the window in which joints are found."""

WINDOW, FORWARD = 2.6, 0.5
"""Side of that window in sizes of the palm's box, and how far it lies towards the fingers, in the same."""


def covered_by_hands(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """How surely each pixel shows a hand.

    Args:
        crop: side x side x 3, 0..1.
        landmarks: 468 x 3, crop pixels.
        geometry: of the same crop.

    Returns:
        side x side, 0 (face) .. 1 (hand).
    """
    covered = np.zeros(geometry.mask.shape, np.float32)
    face_height = float(np.linalg.norm(landmarks[10] - landmarks[152]))
    for joints in find_hands(crop):
        length = float(np.linalg.norm(joints[12] - joints[0]))
        span = float(np.linalg.norm(np.ptp(joints, axis=0)))
        if max(length, span) < SMALLEST * face_height:
            continue
        glove = silhouette(joints, len(crop))
        if (glove * (geometry.mask == 0)).sum() > LEAST_OUTSIDE * glove.sum():
            covered = np.maximum(covered, glove)
    return covered * (geometry.mask > 0)


def find_hands(crop: Crop) -> list[Float32[np.ndarray, "21 2"]]:
    """Joints of up to two hands in crop pixels.

    Source: Zhang et al., "MediaPipe Hands", 2020 (arXiv 2006.10214), for window and joints; the models are Google's.
    """
    picture = (np.clip(crop, 0, 1) * 255 + 0.5).astype(np.uint8)
    palms = find_boxes(picture, PALMS, LEAST_SCORE)[:MOST_HANDS]
    return [joints for palm in palms if (joints := _joints(picture, palm)) is not None]


def _joints(picture: np.ndarray, palm: Found) -> Float32[np.ndarray, "21 2"] | None:
    """The joints of one hand; its fingers point upwards in the window."""
    x0, y0, x1, y1 = palm.box
    up = (palm.points[2] - palm.points[0]).astype(np.float64)  # from the wrist to the middle finger's root
    up /= max(float(np.linalg.norm(up)), 1e-6)
    size = max(x1 - x0, y1 - y0)
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + FORWARD * (y1 - y0) * up
    zoom = MODEL_SIDE / (WINDOW * max(size, 1.0))
    linear = zoom * np.array([[-up[1], up[0]], [-up[0], -up[1]]])
    shift = (MODEL_SIDE - 1) / 2 - linear @ centre
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    seen = cv2.warpAffine(picture, matrix, (MODEL_SIDE, MODEL_SIDE), flags=cv2.INTER_LINEAR)
    numbers, certainty, *_ = run("hand_landmarks", (seen[None] / np.float32(255)).astype(np.float32))
    if float(certainty.ravel()[0]) < LEAST_CERTAINTY:
        return None
    flat = numbers.reshape(21, 3)[:, :2].astype(np.float64) - 0.5
    return np.linalg.solve(linear, (flat - shift).T).T.astype(np.float32)


def silhouette(joints: Float32[np.ndarray, "21 2"], side: int) -> Mask:
    """A soft glove around the joints: the palm filled, a finger as thick as a quarter of the palm."""
    drawn = np.zeros((side, side), np.uint8)
    thick = max(3, round(float(np.linalg.norm(joints[9] - joints[0])) / 4.5))
    pixels = np.round(joints).astype(np.int32)
    cv2.fillConvexPoly(drawn, cv2.convexHull(pixels[PALM]), (1,))
    for finger in FINGERS:
        cv2.polylines(drawn, [pixels[list(finger)]], False, (1,), thick)
    return cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(1.0, thick / 8))
