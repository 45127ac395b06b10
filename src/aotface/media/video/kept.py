"""A frame as plain arrays, without loss and smaller: where it differs from the target's own frame, and by how much.

Outside the face a finished frame is the target's own or its watermark, so two values of three are the same. Measured
with the watermark in 1280 x 720: 0.5 MB and 1 ms; by zlib it was 0.23 MB and 9 ms (plain: 1.4 MB).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from aotface.media.video.decode import VideoFrame
from aotface.media.video.info import VideoInfo
from aotface.media.video.layout import Planes


def pack(frame: VideoFrame, target: VideoFrame) -> dict[str, np.ndarray]:
    """Make arrays of a frame.

    Args:
        frame: any; of the target's size.
        target: the frame of the same number; what it shares with ``frame`` takes no room.

    Returns:
        Of each plane, by its name: a bit for each value, whether it differs, then the differences that are not 0. Nothing
        where all are 0.
    """
    pairs = zip(frame.planes, _base(frame, target), strict=True)
    return {name: _packed((a - b).ravel()) for name, (a, b) in zip(Planes._fields, pairs, strict=True)}


def _packed(difference: np.ndarray) -> np.ndarray:
    differs = difference != 0  # truth values are counted six times as fast as numbers
    values = difference.take(np.flatnonzero(differs)).view(np.uint8)
    return np.concatenate([np.packbits(differs), values]) if len(values) else values


def unpack(arrays: Mapping[str, np.ndarray], target: VideoFrame, info: VideoInfo) -> VideoFrame:
    """The way back from `pack`.

    Args:
        arrays: of `pack`.
        target: the same as there.
        facts: of the frame that was packed.
    """
    frame = replace(target, info=info)
    planes = []
    for name, base in zip(Planes._fields, _base(frame, target), strict=True):
        if not arrays[name].size:
            planes.append(base)
            continue
        bits, values = np.split(arrays[name], [-(-base.size // 8)])
        plane = base.copy()
        plane.reshape(-1)[np.unpackbits(bits, count=base.size) > 0] += np.ascontiguousarray(values).view(
            base.dtype
        )
        planes.append(plane)
    return replace(frame, planes=Planes(*planes))


def _base(frame: VideoFrame, target: VideoFrame) -> Planes:
    """The target's planes; zeros where those of the frame are laid out otherwise (unsigned numbers wrap, so both work)."""
    layout, info = frame.info.layout, frame.info
    if layout == target.info.layout:
        return target.planes
    size = info.coded_height, info.coded_width
    small = size[0] // layout.step_y, size[1] // layout.step_x
    return Planes(*(np.zeros(shape, layout.dtype) for shape in (size, small, small)))
