"""Where a picture shows what a warp asks for: masks of portraits that are laid into another's geometry."""

from dataclasses import replace

import cv2
import numpy as np

from aotface.datasets.portraits import Seen
from aotface.reenact.mesh import reenact
from aotface.types import AlignedFace, Frame, Mask

_EDGE = 2  # pixels at the picture's edge that are not trusted
_FEATHER = 8.0  # pixels over which the mask fades inwards


def feathered(mask: Mask) -> Mask:
    """Soft towards every edge, also where the picture ends: a hard edge would be a seam that nobody made."""
    inside = cv2.copyMakeBorder((mask > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=[0])
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    t = np.clip(depth / _FEATHER, 0, 1)
    return (mask * t * t * (3 - 2 * t)).astype(np.float32)


def shown(source: Seen, target: AlignedFace) -> Mask:
    """How far the source's picture holds what the warp asks for: its visible skin, through the same warp."""
    cover = _into_frame(source.visible * valid(source), source)
    black = replace(target, crop=np.zeros_like(target.crop))
    return reenact(cover, source.aligned.face, black).crop[..., 0]


def _into_frame(mask: Mask, seen: Seen) -> Frame:
    """A crop's mask as a picture of the frame's size."""
    height, width = seen.frame.shape[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = cv2.warpAffine(mask, seen.aligned.matrix, (width, height), flags=flags)
    inner = np.clip(whole[_EDGE:-_EDGE, _EDGE:-_EDGE], 0, 1)
    return np.repeat(np.pad(inner * 65535, _EDGE).astype(np.uint16)[..., None], 3, axis=2)


def valid(seen: Seen) -> Mask:
    """1 where the crop shows the picture, 0 where it only repeats the picture's edge."""
    height, width = seen.frame.shape[:2]
    inside = np.zeros((height, width), np.float32)
    inside[_EDGE:-_EDGE, _EDGE:-_EDGE] = 1
    side = len(seen.aligned.crop)
    return cv2.warpAffine(inside, seen.aligned.matrix, (side, side), flags=cv2.INTER_LINEAR)
