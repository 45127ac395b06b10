"""Y'CbCr and R'G'B': the file's own matrix and range, both ways.

Where chroma is stored at half resolution one value stands for a whole block of pixels, so reading repeats it and
writing takes the mean. That pair is an exact inverse: a frame that is read and written back is what it was (8-bit
limited range and everything deeper: bit for bit, as long as its colours exist in RGB; 8-bit full range: chroma off by
one step at most). A smoother kernel for reading would look better in a still, and blur the chroma of every pixel that
is written back.

R'G'B' stays in the primaries and transfer function of the file; nothing is converted to sRGB.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from aotface.errors import UnsupportedError
from aotface.media.video.layout import Layout, Planes
from aotface.types import Frame

PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
             10: "xyz", 11: "p3-dci", 12: "p3-d65", 22: "ebu3213"}  # fmt: skip
TRANSFERS = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
             10: "log316", 11: "xvycc", 12: "bt1361", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12", 16: "pq",
             17: "smpte428", 18: "hlg"}  # fmt: skip
MATRICES = {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
            10: "bt2020c", 11: "ydzdx", 12: "derived-nc", 13: "derived-c", 14: "ictcp", 15: "ipt"}  # fmt: skip
WEIGHTS = {"bt709": (0.2126, 0.0722), "fcc": (0.30, 0.11), "bt470bg": (0.299, 0.114), "smpte170m": (0.299, 0.114),
           "smpte240m": (0.212, 0.087), "bt2020nc": (0.2627, 0.0593)}  # fmt: skip
"""Luma weights of red and blue, by the matrices that are handled."""

PLAIN = "plain"
"""Matrix of frames that were never in a video: their planes are G, B and R themselves, in full range."""

HDR_TRANSFERS = ("pq", "hlg", "dolby vision")
FULL = 2
"""How a file says that its range is full."""

BAND_ROWS = 64
"""Rows converted at a time, an even number: memory follows the band, not the frame."""


@dataclass(frozen=True)
class Colour:
    """The colours of a video, by the names of ITU-T H.273.

    ``full_range``: Y' fills 0 to 255 (in 8 bits) instead of 16 to 235. ``guessed``: what the file does not say.
    ``tags``: what it does say: the code points of primaries, transfer and matrix (2 = nothing), and the range (0 =
    nothing, 1 = limited, 2 = full); the output is tagged with the very same, so that it is shown like the input.
    """

    primaries: str
    transfer: str
    matrix: str
    full_range: bool
    guessed: tuple[str, ...] = ()
    tags: tuple[int, int, int, int] = (2, 2, 2, 0)

    @property
    def hdr(self) -> bool:
        """Whether it is high dynamic range (PQ or HLG)."""
        return self.transfer in HDR_TRANSFERS


def from_tags(tags: tuple[int, int, int, int], height: int, width: int, full: bool, rgb: bool) -> Colour:
    """Fill in what a file does not say, by the rule that players follow.

    Without tags, video wider than 1279 or higher than 576 pixels is BT.709, anything smaller BT.601 (625-line
    primaries at heights of 288 and 576, else 525-line), and the range is limited.

    Args:
        tags: see `Colour`.
        height: as stored, in pixels.
        width: as stored, in pixels.
        full: whether the pixel format itself says that the range is full.
        rgb: whether the pixels are RGB; they are handled as full-resolution BT.709 in limited range.
    """
    large = width >= 1280 or height > 576
    system = "bt709" if large else "bt470bg" if height in (288, 576) else "smpte170m"
    found = {
        "primaries": PRIMARIES.get(tags[0]),
        "transfer": TRANSFERS.get(tags[1]),
        "matrix": None if rgb else MATRICES.get(tags[2]),
    }
    # BT.601 has the transfer function of BT.709
    guess = {"primaries": system, "transfer": "bt709", "matrix": "bt709" if rgb else system}
    guessed = [name for name, value in found.items() if value is None]
    if not (full or tags[3] or rgb):
        guessed.append("range")
    return Colour(
        **{name: value or guess[name] for name, value in found.items()},
        full_range=(full or tags[3] == FULL) and not rgb,
        guessed=tuple(guessed),
        tags=(tags[0], tags[1], 1, 1) if rgb else (*tags[:3], FULL if full else tags[3]),
    )


def to_rgb(planes: Planes, layout: Layout, colour: Colour) -> Frame:
    """Convert stored pixels into RGB.

    Args:
        planes: Y', Cb, Cr.
        layout: their depth and chroma steps.
        colour: their matrix and range.

    Returns:
        height x width x 3; uint8 if the depth is 8, else uint16 with 65535 as white.

    Raises:
        UnsupportedError: a matrix that is not handled.

    Source: ITU-T H.273, equations 1 to 3 and 41 to 46.
    """
    height, width = planes.y.shape
    matrix = _matrices(layout.depth, colour.matrix, colour.full_range)[0]
    frame = np.empty((height, width, 3), np.uint8 if layout.depth == 8 else np.uint16)
    for top in range(0, height, BAND_ROWS):
        y, u, v = planes.cut((0, top, width, min(top + BAND_ROWS, height)), layout)
        size = (width, len(y))
        whole = [cv2.resize(c, size, interpolation=cv2.INTER_NEAREST) for c in (u, v)]
        values = cv2.transform(cv2.merge([y, *whole]).astype(np.float32), matrix)
        frame[top : top + BAND_ROWS] = rounded(values, 8 if layout.depth == 8 else 16)
    return frame


def from_rgb(frame: Frame, layout: Layout, colour: Colour) -> Planes:
    """Convert RGB into stored pixels: the inverse of `to_rgb`.

    Args:
        frame: height x width x 3, both multiples of the chroma steps; uint8 or uint16.
        layout: the wanted depth and chroma steps.
        colour: the wanted matrix and range.

    Returns:
        Y', Cb, Cr.

    Raises:
        UnsupportedError: a matrix that is not handled.

    Source: ITU-T H.273, equations 1 to 3 and 41 to 46.
    """
    bands = [
        Planes(*(rounded(plane, layout.depth) for plane in unrounded(rows, layout, colour)))
        for rows in (frame[top : top + BAND_ROWS] for top in range(0, len(frame), BAND_ROWS))
    ]
    return Planes(
        *(np.concatenate(plane) if len(plane) > 1 else plane[0] for plane in zip(*bands, strict=True))
    )


def unrounded(frame: Frame, layout: Layout, colour: Colour) -> Planes:
    """What `from_rgb` rounds: float32, in steps of the stored depth; see there."""
    matrix = _matrices(layout.depth, colour.matrix, colour.full_range)[1]
    height, width = frame.shape[:2]
    values = frame.astype(np.float32)
    if (layout.depth > 8) != (frame.dtype == np.uint16):
        values *= 257.0 if layout.depth > 8 else 1 / 257.0
    y, u, v = cv2.split(cv2.transform(values, matrix))
    if layout.step_x * layout.step_y > 1:
        small = (width // layout.step_x, height // layout.step_y)
        u, v = (cv2.resize(c, small, interpolation=cv2.INTER_AREA) for c in (u, v))
    return Planes(y, u, v)


def lightened(planes: Planes, change: np.ndarray, layout: Layout, colour: Colour) -> Planes:
    """Planes of pixels that get lighter by the same in R, G and B: grey stays grey.

    Args:
        planes: as stored, or before rounding, as of `unrounded`; what comes out is of that type.
        change: height x width, float32, in levels of 255.
        layout: of the planes.
        colour: likewise.
    """
    per_level = _matrices(layout.depth, colour.matrix, colour.full_range)[1][:, :3].sum(axis=1)
    per_level *= 1 if layout.depth == 8 else 257
    top = (1 << layout.depth) - 1

    def lighter(plane: np.ndarray, step: float) -> np.ndarray:
        if abs(step) < 1e-9:  # chroma
            return plane
        kind = {"u": cv2.CV_8U if plane.itemsize == 1 else cv2.CV_16U, "f": cv2.CV_32F}[plane.dtype.kind]
        whole = np.asarray(cv2.addWeighted(plane, 1, change, step, 0, dtype=kind))
        return whole if kind == cv2.CV_32F or top in (255, 65535) else np.minimum(whole, top)

    return Planes(*(lighter(plane, step) for plane, step in zip(planes, per_level.tolist(), strict=True)))


def rounded(values: np.ndarray, depth: int) -> np.ndarray:
    """Round to whole steps and saturate, in one go."""
    whole = cv2.addWeighted(values, 1, values, 0, 0, dtype=cv2.CV_8U if depth == 8 else cv2.CV_16U)
    return whole if depth in (8, 16) else np.minimum(whole, (1 << depth) - 1)


@lru_cache
def _matrices(depth: int, name: str, full_range: bool) -> tuple[np.ndarray, np.ndarray]:
    """The 3 x 4 matrices from stored values to R'G'B' (0 to 255 or 65535), and back."""
    if name == PLAIN:
        order = np.eye(3)[[1, 2, 0]]
        return np.c_[order.T, np.zeros(3)], np.c_[order, np.zeros(3)]
    if name not in WEIGHTS:
        raise UnsupportedError(
            f"expected Y'CbCr with one of {', '.join(WEIGHTS)}, found {name}; convert it to bt709"
        )
    kr, kb = WEIGHTS[name]
    kg = 1 - kr - kb
    luma = np.array([kr, kg, kb])
    rows = [
        luma,
        (np.array([0, 0, 1]) - luma) / (2 * (1 - kb)),
        (np.array([1, 0, 0]) - luma) / (2 * (1 - kr)),
    ]
    step = 1 << (depth - 8)
    top = (1 << depth) - 1
    scale = np.array([top, top, top] if full_range else [219 * step, 224 * step, 224 * step], float)
    zero = np.array([0 if full_range else 16 * step, 128 * step, 128 * step], float)
    white = 255 if depth == 8 else 65535
    forward = scale[:, None] * np.array(rows) / white
    backward = np.linalg.inv(forward)
    return np.c_[backward, -backward @ zero], np.c_[forward, zero]
