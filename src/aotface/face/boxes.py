"""Boxes of faces and palms: single-shot detectors of Google's MediaPipe (BlazeFace), their outputs decoded here."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.networks import run

Box = tuple[float, float, float, float]
"""xyxy, pixels."""

SAME_BOX = 0.3
"""Intersection over union from which two answers of a detector are one face."""


@dataclass(frozen=True)
class Found:
    """One answer. ``box``: xyxy, pixels. ``points``: n x 2, pixels; of a face right eye, left eye, nose, mouth, right ear,
    left ear (the person's right is first). ``score``: 0..1."""

    box: Box
    points: Float32[np.ndarray, "n 2"]
    score: float


@dataclass(frozen=True)
class Detector:
    """How a detector is fed and read. ``side``: of its input, pixels. ``layers``: stride and anchors per cell of each.

    ``black``: what black is in its input; white is 1.
    """

    model: str
    side: int
    layers: tuple[tuple[int, int], ...]
    black: float = -1.0


FULL_RANGE = Detector("face_detection_full_range", 192, ((4, 1),))
"""Faces from afar."""

SHORT_RANGE = Detector("face_detection_short_range", 128, ((8, 2), (16, 6)))
"""Faces that fill much of the picture."""

PALMS = Detector("palm_detection", 192, ((8, 2), (16, 6)), black=0.0)


def find_boxes(picture: np.ndarray, detector: Detector, least_score: float) -> list[Found]:
    """Run a detector on one picture.

    Args:
        picture: uint8, height x width x 3, RGB, not empty.
        detector: which one.
        least_score: 0..1.

    Returns:
        Answers by decreasing score; those that overlap are averaged.

    Source: Bazarevsky et al., "BlazeFace", 2019 (arXiv 1907.05047): anchors, and blending in place of suppression.
    """
    height, width = picture.shape[:2]
    scale = detector.side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    corner = (detector.side - size[0]) // 2, (detector.side - size[1]) // 2
    square = np.zeros((detector.side, detector.side, 3), np.float32)
    square[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = small
    values = square / 255 * (1 - detector.black) + detector.black
    numbers, logits = sorted(
        run(detector.model, values[None].astype(np.float32)), key=lambda out: -out.shape[-1]
    )
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -80, 80)))
    kept = scores >= least_score
    pairs = (
        numbers[0][kept].reshape(int(kept.sum()), numbers.shape[-1] // 2, 2).astype(np.float64)
        / detector.side
    )
    centres = _anchors(detector)[kept]
    pairs[:, 0] += centres
    pairs[:, 2:] += centres[:, None]
    back = np.array([(width, height)]) / np.array([size])  # exact, where rounding made the sides uneven
    return [_in_picture(one, corner, detector.side, back) for one in _blended(pairs, scores[kept])]


@cache
def _anchors(detector: Detector) -> np.ndarray:
    """Centres, 0..1, in the order of the model's outputs."""
    layers = []
    for stride, count in detector.layers:
        places = (np.arange(detector.side // stride) + 0.5) * stride / detector.side
        y, x = np.meshgrid(places, places, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(layers)


def _blended(pairs: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Answers that overlap the best one left, averaged by score: corners of the box and points, 0..1; and the best score."""
    corners = np.concatenate([pairs[:, 0] - pairs[:, 1] / 2, pairs[:, 0] + pairs[:, 1] / 2], axis=1)
    numbers = np.concatenate([corners.reshape(len(pairs), 2, 2), pairs[:, 2:]], axis=1)
    left, found = np.argsort(-scores, kind="stable"), []
    while len(left):
        near = _overlaps(corners[left[0]], corners[left]) > SAME_BOX
        near[0] = True
        group = left[near]
        found.append((np.average(numbers[group], axis=0, weights=scores[group]), float(scores[left[0]])))
        left = left[~near]
    return found


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(np.maximum(others[:, 2:] - others[:, :2], 0), axis=1)
    return shared / np.maximum(areas + np.prod(box[2:] - box[:2]) - shared, 1e-12)


def _in_picture(one: tuple[np.ndarray, float], corner: tuple[int, int], side: int, back: np.ndarray) -> Found:
    points = (one[0] * side - np.array(corner)) * back
    x0, y0, x1, y1 = points[:2].ravel().tolist()
    return Found((x0, y0, x1, y1), points[2:].astype(np.float32), one[1])
