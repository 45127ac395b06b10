"""Rounding that does not flicker: of the two steps around a value, the one nearer to the frame before.

A soft face in even light changes by less than a step from frame to frame. Each value rounded by itself then jumps by a
whole step, in luma here and in chroma there, and that is more than the change was. So where a face goes on, the finished
frame before is moved along the target's own motion, and each value is rounded up or down towards it. It is never further
than one step from the exact value, and wrong motion costs no more than that.
"""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.media.video.colour import lightened, rounded, unrounded
from aotface.media.video.decode import VideoFrame, differing, paste, stored_box
from aotface.media.video.layout import Planes
from aotface.media.video.orientation import Box
from aotface.types import Frame, Mask

SIDE = 320
"""Pixels of the longer side at which motion is looked for; larger faces are shrunk to it."""

Flow = Float32[np.ndarray, "_rows _columns 2"]


class Finished(NamedTuple):
    """A frame of the target, and the same frame finished."""

    target: VideoFrame
    frame: VideoFrame


def quantise_towards_previous(
    before: Finished | None, here: Finished, composited: Frame, mark: Mask | None, box: Box
) -> VideoFrame:
    """One face of a finished frame, rounded towards the frame before.

    Args:
        before: the frame before; None: each value is rounded to the nearest step.
        here: this frame, as far as it is finished.
        composited: the target with the faces, without a mark, uint16: where it is the target, nothing is changed.
        mark: what is added to it, height x width, in levels of 255.
        box: of the face, in upright pixels.

    Returns:
        The finished frame with each value of the face rounded up or down. Of two equal frames it is the one before, where
        that had these two choices.

    Source: [ours]; flow by Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.
    """
    target, info = here.target, here.target.info
    layout = info.layout
    x0, y0, x1, y1 = stored = stored_box(box, info)

    def cut(pixels: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(info.orientation.stored(pixels)[y0:y1, x0:x1])

    faces = cut(composited)
    values = unrounded(faces, layout, info.colour)
    if mark is not None:
        values = lightened(values, cut(mark), layout, info.colour)
    if before is None:
        steps = Planes(*(rounded(value, layout.depth) for value in values))
    else:
        now, then, known = (
            frame.planes.cut(stored, layout) for frame in (target, before.target, before.frame)
        )
        flow = _flow(now.y, then.y, layout.depth - 8)
        pairs, top = zip(values, known, strict=True), (1 << layout.depth) - 1
        steps = Planes(*(_towards(value, _moved(plane, flow), top) for value, plane in pairs))
    planes = Planes(*(plane.copy() for plane in here.frame.planes))
    paste(planes.cut(stored, layout), steps, differing(cut(target.rgb), faces), layout)
    return replace(here.frame, planes=planes)


def _towards(value: np.ndarray, known: np.ndarray, top: int) -> np.ndarray:
    """Round up or down, as is nearer to what is known, which is rounded and gives the type."""
    low, high = (np.clip(edge(value), 0, top).astype(known.dtype) for edge in (np.floor, np.ceil))
    return np.clip(known, low, high)


def _moved(plane: np.ndarray, flow: Flow) -> np.ndarray:
    """A plane of the frame before where its parts are now, in whole steps."""
    height, width = plane.shape
    scale = np.float32(width / flow.shape[1]), np.float32(height / flow.shape[0])
    steps = cv2.resize(
        flow, (width, height), interpolation=cv2.INTER_AREA if scale[0] < 1 else cv2.INTER_LINEAR
    )
    x = steps[..., 0] * scale[0] + np.arange(width, dtype=np.float32)
    y = steps[..., 1] * scale[1] + np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _flow(now: np.ndarray, before: np.ndarray, beyond: int = 0) -> Flow:
    """Where each part of a luma plane was before, at most `SIDE` pixels long, in pixels of that size.

    ``beyond``: bits of the planes beyond 8.
    """
    scale = min(1.0, SIDE / max(now.shape))
    size = tuple(max(16, round(length * scale)) for length in now.shape[::-1])
    eight = [
        plane if plane.dtype == np.uint8 else (plane >> beyond).astype(np.uint8) for plane in (now, before)
    ]
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in eight]
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow: np.ndarray = estimator.calc(small[0], small[1], None)  # type: ignore[call-overload]  # start from no motion
    return flow
