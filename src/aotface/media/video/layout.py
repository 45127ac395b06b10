"""Stored pixels: Y', Cb and Cr as three plain arrays, and how they come from and go to the decoder's frames."""

from typing import NamedTuple

import av
import numpy as np

from aotface.errors import UnsupportedError
from aotface.media.video.orientation import Box

_LIMITED, _FULL = 1, 2


class Layout(NamedTuple):
    """``depth``: 8 or 10 bits. ``step_x``, ``step_y``: how many pixels share one chroma value, 1 or 2."""

    depth: int = 8
    step_x: int = 2
    step_y: int = 2

    @property
    def name(self) -> str:
        """What the codecs call it."""
        share = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}[self.step_x, self.step_y]
        return f"yuv{share}p" + ("" if self.depth == 8 else f"{self.depth}le")

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Type of the planes."""
        return np.uint8 if self.depth == 8 else np.uint16


class Planes(NamedTuple):
    """Y' (height x width), Cb and Cr (each by the chroma steps smaller); uint8, or uint16 where 10 bits are used."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def cut(self, box: Box, layout: Layout) -> "Planes":
        """A view of a box whose corners are multiples of the chroma steps."""
        x0, y0, x1, y1 = box
        sx, sy = layout.step_x, layout.step_y
        small = (slice(y0 // sy, y1 // sy), slice(x0 // sx, x1 // sx))
        return Planes(self.y[y0:y1, x0:x1], self.u[small], self.v[small])


def layout_for(format: av.VideoFormat, height: int, width: int) -> Layout:
    """Choose in what layout frames of a pixel format are handled and written: the same wherever encoders have it.

    More than 10 bits become 10. Chroma that is shared in a direction of odd size is repeated instead, because H.264
    and H.265 cannot hold it there; the size of the picture stays. RGB gets full-resolution chroma, grey half.

    Args:
        format: the decoder's pixel format.
        height: as stored, in pixels.
        width: as stored, in pixels.
    """
    bits = max(component.bits for component in format.components)
    step_x, step_y = (
        (1, 1) if format.is_rgb or format.has_palette else (min(step, 2) for step in _steps(format))
    )
    if step_x == 1 or width % 2:
        step_x = step_y = 1  # there is no encoder for chroma that is shared along y alone
    return Layout(8 if bits <= 8 else 10, step_x, 1 if height % 2 else step_y)


def from_frame(frame: av.VideoFrame, layout: Layout) -> Planes:
    """Copy the pixels out of a decoded Y'CbCr or grey frame.

    Args:
        frame: as decoded; not RGB.
        layout: from `layout_for` for its format.

    Returns:
        Bit for bit what was decoded, where the layout is that of the frame; chroma repeated where only that differs.

    Raises:
        UnsupportedError: rows stored bottom up, which cannot be copied safely.
    """
    if not _is_direct(frame.format, layout.depth):
        step_x, step_y = (min(step, 2) for step in _steps(frame.format))
        plain = Layout(layout.depth, step_x, step_y if step_x == 2 else 1)
        # the same matrix and range on both sides: only the arrangement and the depth change
        same = _FULL if frame.color_range == _FULL or frame.format.name.startswith("yuvj") else _LIMITED
        frame = frame.reformat(
            format=plain.name, src_color_range=same, dst_color_range=same, src_colorspace=1, dst_colorspace=1
        )
    if any(plane.line_size < 0 for plane in frame.planes):
        raise UnsupportedError(
            "expected rows from top to bottom, found them bottom up; convert it to MP4 first"
        )
    y, *chroma = (_plane(plane, layout.dtype) for plane in frame.planes[:3])
    height, width = y.shape
    small = (height // layout.step_y, width // layout.step_x)
    if not chroma:
        return Planes(y, *(np.full(small, 1 << (layout.depth - 1), layout.dtype) for _ in range(2)))
    have_x, have_y = _steps(frame.format)
    for axis, times in enumerate((have_y // layout.step_y, have_x // layout.step_x)):
        chroma = [np.repeat(c, times, axis=axis) if times > 1 else c for c in chroma]
    return Planes(y, *(np.ascontiguousarray(c[: small[0], : small[1]]) for c in chroma))


def to_frame(planes: Planes, layout: Layout) -> av.VideoFrame:
    """Copy planes into a frame for the encoder."""
    height, width = planes.y.shape
    frame = av.VideoFrame(width, height, layout.name)
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // values.itemsize), values.dtype)
        rows[:, : values.shape[1]] = values
        plane.update(rows.tobytes())
    return frame


def _steps(format: av.VideoFormat) -> tuple[int, int]:
    """How many pixels share one chroma value along x and y; (2, 2) for grey, which is written that way."""
    if len(format.components) < 3:  # `is_chroma` is no help: it is false for chroma of full resolution
        return 2, 2
    return 64 // format.chroma_width(64), 64 // format.chroma_height(64)


def _is_direct(format: av.VideoFormat, depth: int) -> bool:
    """Whether the first planes are Y' or Y', Cb, Cr of this depth, one value after the other."""
    parts = format.components
    plain = [part.plane for part in parts] == list(range(len(parts))) and len(parts) in (1, 3, 4)
    return plain and {part.bits for part in parts} == {depth} and not format.is_big_endian


def _plane(plane: av.video.plane.VideoPlane, dtype: type) -> np.ndarray:
    """Copy one plane without the padding at the ends of its rows."""
    rows: np.ndarray = np.frombuffer(memoryview(plane), dtype).reshape(
        -1, plane.line_size // np.dtype(dtype).itemsize
    )
    return rows[: plane.height, : plane.width].copy()
