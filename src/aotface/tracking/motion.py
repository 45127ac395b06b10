"""Landmarks held to the skin: the picture itself tells how far a face has moved since the frame before.

A landmark model looks at every frame anew and gives slightly different points each time; optical flow looks at two frames
and tells their difference much more precisely, but errs a little further with every step. So a landmark goes with the
flow, and is drawn towards where the model sees it: gently while both agree, at once where they do not. Lids and lips,
which open over something that does not move with them, are left to the model.
"""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from aotface.face.mesh import INNER_LIPS, LEFT_EYE, MEAN, OUTER_LIPS, RIGHT_EYE
from aotface.types import Landmarks

PULL = 0.1
"""Share of the distance to where the model sees a landmark that is taken in a frame while both agree."""

AGREED = (0.01, 0.03)
"""Distance between flow and model, in face heights, from which the pull grows, and at which the model is followed."""

UNEXPLAINED = (6.0, 12.0)
"""Levels of 255 by which the picture changes beside what the flow explains: from here the flow counts less, then nothing."""

SIDE = 256
"""Pixels of the window's longer side: larger faces are shrunk to it, as flow needs no more."""

MARGIN = 0.15
"""How far the window reaches over the face, in face sizes."""

SURROUNDINGS = 0.06
"""Standard deviation, in face heights, of the neighbourhood in which flow and model are compared."""

OPENING = 0.03
"""How far from lids and lips, in face heights, the model alone is asked."""

HEIGHT = float(np.ptp(MEAN[:, 1]))


def _apart(others: np.ndarray) -> Float64[np.ndarray, "468 others"]:
    """Distances on the mean face, in face heights."""
    return np.linalg.norm(MEAN[:, None].astype(np.float64) - MEAN[None, others], axis=2) / HEIGHT


def _near() -> Float64[np.ndarray, "468 468"]:
    weights = np.exp(-0.5 * (_apart(np.arange(468)) / SURROUNDINGS) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


NEAR = _near()

OPENS: Float64[np.ndarray, " 468"] = np.exp(
    -0.5 * (_apart(np.concatenate([LEFT_EYE, RIGHT_EYE, OUTER_LIPS, INNER_LIPS])).min(axis=1) / OPENING) ** 2
)
"""1 on lids and lips, 0 away from them."""


def held(before: np.ndarray, now: np.ndarray, known: Landmarks, found: Landmarks) -> Landmarks:
    """Landmarks of a frame, held to how the picture moved.

    Args:
        before: the frame before, uint8, height x width x 3.
        now: this frame, of the same size.
        known: landmarks in the frame before, as this function gave them.
        found: landmarks in this frame, as the model sees them.

    Returns:
        468 x 3: x and y held; z as found. Of two equal frames, nearly the known ones.

    Source: [ours]; flow by Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.
    """
    window = _window(np.concatenate([known, found]), *now.shape[:2])
    if window is None:
        return found
    step, unexplained = _steps(before, now, window, known)
    carried = known[:, :2] + step
    away = (found[:, :2] - carried).astype(np.float64)
    height = max(float(np.ptp(found[:, 1])), 1.0)
    distance = np.sqrt(NEAR @ (away**2).sum(axis=1)) / height
    doubt = np.maximum(_ramp(distance, AGREED), _ramp(NEAR @ unexplained, UNEXPLAINED))
    pull = PULL + (1 - PULL) * np.maximum(doubt, OPENS)
    result = found.copy()
    result[:, :2] = carried + pull[:, None] * away
    return result


def _ramp(values: Float64[np.ndarray, " 468"], between: tuple[float, float]) -> Float64[np.ndarray, " 468"]:
    return np.clip((values - between[0]) / (between[1] - between[0]), 0, 1)


def _window(points: Float32[np.ndarray, "n 3"], height: int, width: int) -> tuple[slice, slice] | None:
    """Rows and columns around all points; None where too little of them is in the picture."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    margin = MARGIN * float((high - low).max())
    x0, y0 = np.maximum(np.floor(low - margin), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(high + margin) + 1, (width, height)).astype(int).tolist()
    return (slice(y0, y1), slice(x0, x1)) if min(x1 - x0, y1 - y0) >= 32 else None


def _steps(
    before: np.ndarray, now: np.ndarray, window: tuple[slice, slice], known: Landmarks
) -> tuple[Float32[np.ndarray, "468 2"], Float64[np.ndarray, " 468"]]:
    """How far each landmark moved, in pixels, and by how many levels the picture differs there after that motion."""
    greys = [cv2.cvtColor(np.ascontiguousarray(f[window]), cv2.COLOR_RGB2GRAY) for f in (before, now)]
    scale = min(1.0, SIDE / max(greys[0].shape))
    if scale < 1:
        size = (max(16, round(greys[0].shape[1] * scale)), max(16, round(greys[0].shape[0] * scale)))
        greys = [cv2.resize(grey, size, interpolation=cv2.INTER_AREA) for grey in greys]
    zoom = np.array(greys[0].shape[::-1]) / (
        window[1].stop - window[1].start,
        window[0].stop - window[0].start,
    )
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = estimator.calc(greys[0], greys[1], None)  # type: ignore[call-overload]  # None: start from no motion
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    moved = cv2.remap(greys[1], x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    rest = cv2.absdiff(moved, greys[0]).astype(np.float32)
    corner = np.array([window[1].start, window[0].start])
    places = ((known[:, :2] - corner + 0.5) * zoom - 0.5).astype(np.float32)
    read = [_read(plane, places) for plane in (flow[..., 0], flow[..., 1], rest)]
    return np.stack(read[:2], axis=1) / zoom.astype(np.float32), read[2].astype(np.float64)


def _read(plane: Float32[np.ndarray, "height width"], places: Float32[np.ndarray, "468 2"]) -> np.ndarray:
    x, y = (np.ascontiguousarray(places[:, k : k + 1]) for k in (0, 1))
    return cv2.remap(np.ascontiguousarray(plane), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[
        :, 0
    ]
