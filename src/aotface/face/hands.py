"""Hands in front of the face, found by the landmark library's hand model (it ships inside that package)."""

import functools
import threading
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.quiet import drawing_later, silenced
from aotface.types import Crop, Geometry, Landmarks, Mask

FINGERS = [(0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16), (0, 17, 18, 19, 20)]
"""Chains of the 21 hand joints, from the wrist to each finger's tip."""

PALM = [0, 1, 5, 9, 13, 17]
"""Joints around the palm."""

SMALLEST = 0.35
"""Length of a hand, as a share of the face's height, under which it is taken for an ear."""

LEAST_OUTSIDE = 0.1
"""Share of a hand that lies beside the face: a wrist comes from somewhere, a nose taken for a fist not."""


_ONE_AT_A_TIME = threading.Lock()  # the model crashes when two threads enter it


@functools.cache
def _model() -> Any:
    with silenced(), drawing_later():
        from mediapipe.python.solutions.hands import Hands

        model = Hands(
            static_image_mode=True, max_num_hands=2, model_complexity=0, min_detection_confidence=0.6
        )
        model.process(np.zeros((64, 64, 3), np.uint8))  # the delegate announces itself on first use
    return model


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
    """Joints of up to two hands in crop pixels."""
    with _ONE_AT_A_TIME, silenced():
        found = _model().process((np.clip(crop, 0, 1) * 255 + 0.5).astype(np.uint8)).multi_hand_landmarks
    side = len(crop)
    return [np.array([(p.x, p.y) for p in hand.landmark], np.float32) * side - 0.5 for hand in found or []]


def silhouette(joints: Float32[np.ndarray, "21 2"], side: int) -> Mask:
    """A soft glove around the joints: the palm filled, a finger as thick as a quarter of the palm."""
    drawn = np.zeros((side, side), np.uint8)
    thick = max(3, round(float(np.linalg.norm(joints[9] - joints[0])) / 4.5))
    pixels = np.round(joints).astype(np.int32)
    cv2.fillConvexPoly(drawn, cv2.convexHull(pixels[PALM]), (1,))
    for finger in FINGERS:
        cv2.polylines(drawn, [pixels[list(finger)]], False, (1,), thick)
    return cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(1.0, thick / 8))
