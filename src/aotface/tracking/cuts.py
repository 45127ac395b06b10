"""Where one shot ends and the next begins: structure and colours both change. A lamp changes colours alone."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE
from aotface.face.landmarks import to_uint8
from aotface.types import Frame

SIZE = (48, 27)
"""Width and height in pixels at which frames are compared."""

SAME_STRUCTURE = 0.8
"""Correlation from which two frames show the same thing, whatever the light."""

LEAST_CHANGE = 0.05
CHANGE_PER_STRUCTURE = 0.15
"""How much of the histogram must change for a cut, at the least and per unit of structure that is kept: frames that
share nothing need little, frames that share much need more."""

HUE_BINS = 8
LIGHT_BINS = 8


Plane = Float32[np.ndarray, "27 48"]


@dataclass(frozen=True)
class FrameSignature:
    """A frame as `is_cut` sees it.

    ``structure``: log light, its local mean and contrast taken out. ``histogram``: of hue and light, sums to 1.
    """

    structure: Plane
    histogram: Float32[np.ndarray, " bins"]


def frame_signature(frame: Frame) -> FrameSignature:
    """Take from a frame what the search for cuts needs.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Source: [ours].
    """
    step = max(1, min(frame.shape[0] // (4 * SIZE[1]), frame.shape[1] // (4 * SIZE[0])))
    thinned = to_uint8(frame[::step, ::step])  # every pixel of a large frame would take longer than its face
    small = cv2.resize(thinned, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    light = np.log2(small @ np.array(LUMINANCE, np.float32) + 16)
    centred = light - cv2.GaussianBlur(light, (0, 0), 3)
    contrast = np.sqrt(cv2.GaussianBlur(centred**2, (0, 0), 3) + 0.06**2)  # noise of an even wall stays small
    return FrameSignature((centred / contrast).astype(np.float32), _histogram(small, light))


def _histogram(small: Float32[np.ndarray, "27 48 3"], light: Plane) -> Float32[np.ndarray, " bins"]:
    """Shares of red, of green, and of light; each pixel is split between the nearest bins, so that no bin has an edge."""
    hue = small[..., :2] / (small.sum(axis=2, keepdims=True) + 24)
    places = np.stack(
        [*np.moveaxis(np.clip(hue * 1.5, 0, 1) * (HUE_BINS - 1), 2, 0), (light - 4) / 4.1 * (LIGHT_BINS - 1)]
    )
    lower = np.minimum(places.astype(int), np.array([HUE_BINS, HUE_BINS, LIGHT_BINS])[:, None, None] - 2)
    part = places - lower
    counts = np.zeros((HUE_BINS, HUE_BINS, LIGHT_BINS))
    for corner in np.ndindex(2, 2, 2):
        up = np.array(corner)[:, None, None]
        weight = np.where(up, part, 1 - part).prod(axis=0)
        index = np.ravel_multi_index(tuple(lower + up), counts.shape).ravel()
        counts += np.bincount(index, weight.ravel(), counts.size).reshape(counts.shape)
    return (counts.ravel() / light.size).astype(np.float32)


def is_cut(before: FrameSignature, now: FrameSignature) -> bool:
    """Whether a new shot begins.

    Neither motion (the structure is found again, if shifted) nor a lamp switched on (it is found in place) is a
    cut. A flash that burns the picture out is taken for one: who tracks faces finds them again behind it.
    """
    kept = shared_structure(before, now)
    change = 1 - float(np.minimum(before.histogram, now.histogram).sum())
    return kept < SAME_STRUCTURE and change > max(LEAST_CHANGE, CHANGE_PER_STRUCTURE * kept)


def shared_structure(a: FrameSignature, b: FrameSignature) -> float:
    """How much of one frame is found in the other, in place or moved by up to a quarter: -1..1."""
    norms = np.sqrt((a.structure**2).mean() * (b.structure**2).mean())
    in_place = float((a.structure * b.structure).mean() / max(float(norms), 1e-6))
    return max(in_place, _moved(a.structure, b.structure), _moved(b.structure, a.structure))


def _moved(a: Plane, b: Plane) -> float:
    """Best normalised correlation of the middle of ``a`` with any place of ``b``."""
    rows, columns = a.shape[0] // 4, a.shape[1] // 4
    middle = np.ascontiguousarray(a[rows:-rows, columns:-columns])
    if middle.std() < 0.05 or b.std() < 0.05:
        return 0.0
    return float(cv2.matchTemplate(b, middle, cv2.TM_CCOEFF_NORMED).max())
