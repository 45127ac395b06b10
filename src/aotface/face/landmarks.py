"""468 three-dimensional landmarks of one face; with `hands`, the only file that knows the landmark library.

The models ship inside the library's own package (mediapipe 0.10.21), so nothing is downloaded.
"""

import functools
import os
from typing import Any

import cv2
import numpy as np

from aotface.face.quiet import drawing_later, silenced
from aotface.types import Frame, Landmarks

os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WINDOW_SIDE = 512
"""Side in pixels of the window that the landmark model is shown; larger brings no precision."""

Box = tuple[float, float, float, float]


def to_uint8(frame: Frame) -> np.ndarray:
    """The frame at 8 bits a channel (uint16 keeps its upper byte): what the models read."""
    return frame if frame.dtype == np.uint8 else (frame >> 8).astype(np.uint8)


@functools.cache
def _mesh_model() -> Any:
    with silenced(), drawing_later():
        from mediapipe.python.solutions.face_mesh import FaceMesh

        model = FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )
        model.process(np.zeros((64, 64, 3), np.uint8))  # the delegate announces itself on first use
    return model


@functools.cache
def _detector(model_selection: int) -> Any:
    with silenced(), drawing_later():
        from mediapipe.python.solutions.face_detection import FaceDetection

        model = FaceDetection(model_selection=model_selection, min_detection_confidence=0.4)
        model.process(np.zeros((64, 64, 3), np.uint8))
    return model


def find_boxes(frame: np.ndarray, full_range: bool) -> list[tuple[Box, float]]:
    """Face boxes of one uint8 picture.

    Args:
        frame: uint8, height x width x 3, RGB.
        full_range: the far model (small faces) instead of the near one (close-ups).

    Returns:
        ``(box xyxy in pixels, score 0..1)``, in the model's order.
    """
    found = _detector(1 if full_range else 0).process(np.ascontiguousarray(frame)).detections or []
    height, width = frame.shape[:2]
    boxes = []
    for detection in found:
        b = detection.location_data.relative_bounding_box
        box = (b.xmin * width, b.ymin * height, (b.xmin + b.width) * width, (b.ymin + b.height) * height)
        boxes.append((box, float(detection.score[0])))
    return boxes


def locate(frame: np.ndarray, box: Box, margin: float = 0.6) -> Landmarks | None:
    """Landmarks of the face in a box.

    Args:
        frame: uint8, height x width x 3, RGB.
        box: xyxy in frame pixels.
        margin: how far the window reaches over the box on each side, in box sizes.

    Returns:
        468 x 3 in frame pixels, or None when the model sees no face in the window.
    """
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0) * (1 + 2 * margin)
    scale = min(1.0, WINDOW_SIDE / side) if side > WINDOW_SIDE else min(2.0, WINDOW_SIDE / side)
    centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2
    pixels = max(32, round(side * scale))
    matrix = np.array([[scale, 0, pixels / 2 - scale * centre_x], [0, scale, pixels / 2 - scale * centre_y]])
    shrunk, matrix = _shrink_first(frame, matrix)
    window = cv2.warpAffine(shrunk, matrix, (pixels, pixels), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    model = _mesh_model()
    with silenced():  # the graph warns when it meets its first face
        found = model.process(window).multi_face_landmarks
    if not found:
        return None
    relative = np.array([(p.x, p.y, p.z) for p in found[0].landmark[:468]], np.float64)
    # The model's coordinates run over pixel edges (0 = left edge), ours over pixel centres.
    points = relative * pixels - np.array([0.5, 0.5, 0.0])
    points[:, :2] = (points[:, :2] - (pixels / 2 - scale * np.array([centre_x, centre_y]))) / scale
    points[:, 2] /= scale
    return points.astype(np.float32)


def _shrink_first(frame: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area-average a frame that the matrix would shrink by 2 or more: bilinear sampling alone would alias."""
    factor = int(1 / max(matrix[0, 0], 1e-9))
    if factor < 2:
        return frame, matrix
    height, width = frame.shape[0] // factor, frame.shape[1] // factor
    small = cv2.resize(
        frame[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA
    )
    shifted = matrix.copy()
    shifted[:, :2] *= factor
    shifted[:, 2] += matrix[0, 0] * (factor - 1) / 2
    return small, shifted
