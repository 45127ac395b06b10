"""A label that people can see: light words on a dark plate in a corner, whole, legible on everything, off the faces."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

from aotface.errors import InputError, UsageError
from aotface.media.pixel_aspect import stretch
from aotface.options import Options
from aotface.types import Frame

LABELS = {"ai": "AI", "ai-modified": "AI MODIFIED"}
"""Labels that have a name; every other text is drawn as it is."""

LABEL_PLACES = ("auto", "top-left", "top-right", "bottom-left", "bottom-right")

LONGEST_LABEL = 80
"""In letters."""

START_SECONDS, AGAIN_SECONDS, EVERY_SECONDS = 5, 5, 30
"""Of a video: how long the label shows at the start; how long again, and how often."""

SMALLEST, LEGIBLE, TINIEST = 11, 8, 6
"""Height of the letters in pixels, whatever size is asked for; where they would cover a face; and where the picture has no
room for that."""

INK, PLATE = 255, 20
"""Grey levels: grey pictures stay grey."""

_FINER = 4  # the plate is drawn so many times larger, which makes its edge smooth
_NOT_OF_THE_FONT = "\uffff"

Boxes = Float32[np.ndarray, "n 4"]


@dataclass(frozen=True, eq=False)
class Badge:
    """A label in its place: ``top`` and ``left`` in pixels, ``grey`` 0..255, and by ``alpha`` 0..1 how much it covers."""

    top: int
    left: int
    grey: UInt8[np.ndarray, "rows columns"]
    alpha: Float32[np.ndarray, "rows columns"]

    def draw(self, frame: Frame) -> Frame:
        """Lay it over a frame, which stays as it is.

        Args:
            frame: uint8 or uint16, RGB, of the size it was placed for.

        Returns:
            A new frame.
        """
        labelled, place = frame.copy(), self._place()
        scale = np.float32(np.iinfo(frame.dtype).max / 255)
        below = frame[place].astype(np.float32)
        over = below + self.alpha[..., None] * (self.grey[..., None] * scale - below)
        labelled[place] = np.rint(over).astype(frame.dtype)
        return labelled

    def opaque(self, transparency: np.ndarray) -> np.ndarray:
        """A picture's alpha, height x width, made opaque where the label is."""
        solid, place = transparency.copy(), self._place()
        top = np.iinfo(solid.dtype).max
        solid[place] = np.maximum(solid[place], np.rint(self.alpha * top).astype(solid.dtype))
        return solid

    def squeezed(self, x: float, y: float) -> "Badge":
        """The same label in stored pixels, each of which is shown ``x`` pixels wide and ``y`` high."""
        rows, columns = self.grey.shape
        size = max(1, int(columns / x)), max(1, int(rows / y))
        grey, alpha = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (self.grey, self.alpha))
        return Badge(int(self.top / y), int(self.left / x), grey, alpha)

    def _place(self) -> tuple[slice, slice]:
        rows, columns = self.grey.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


def place_label(
    options: Options, height: int, width: int, faces: Boxes, pixel_aspect: float = 1.0
) -> Badge | None:
    """Make the label that was asked for, in the corner that was asked for, or else where it covers least of the faces.

    Args:
        options: ``label``, ``label_place`` and ``label_size``.
        height: of the frame in pixels, as stored.
        width: likewise.
        faces: x0, y0, x1, y1 in display pixels, of all faces; of a video, in all frames.
        pixel_aspect: width over height of a stored pixel.

    Returns:
        The badge; None where none was asked for.

    Raises:
        UsageError: not a label; see `check_label`.
        InputError: the picture has no room for it.

    Source: [ours]
    """
    text = label_text(options.label)
    if text is None:
        return None
    x, y = stretch(pixel_aspect)
    height, width = round(height * y), round(width * x)
    fitting = _fitting(text, options.label_size, height, width)
    best, least = None, np.inf
    for grey, alpha in fitting:
        rows, columns = grey.shape
        for top, left in _corners(options.label_place, height, width, rows, columns):
            covered = _covered(faces, top, left, rows, columns)
            if covered < least:
                best, least = Badge(top, left, grey, alpha), covered
        if least == 0:
            break
    if best is None:
        raise InputError(
            f"{width} x {height} pixels have no room for the label {text!r}: shorten it, or drop --label"
        )
    return best if pixel_aspect == 1 else best.squeezed(x, y)


def label_text(label: str) -> str | None:
    """The words of a visible label.

    Args:
        label: ``none``, a name out of `LABELS`, or the text itself.

    Returns:
        The text; None = no label.

    Raises:
        UsageError: nothing to read in it, or too long.
    """
    text = LABELS.get(label, label)
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_LABEL:
        raise UsageError(f"expected --label as one line of up to {LONGEST_LABEL} letters, got {text!r}")
    return None if label == "none" else " ".join(text.split())


def shows_label(seconds: float) -> bool:
    """Whether a video shows its label at a time, in seconds from its start."""
    return seconds < START_SECONDS or seconds % EVERY_SECONDS < AGAIN_SECONDS


def check_label(options: Options) -> None:
    """Refuse a label that cannot be drawn.

    Raises:
        UsageError: not a label, a place or a size; or letters that the font does not have.
    """
    text = label_text(options.label)
    if options.label_place not in LABEL_PLACES:
        raise UsageError(
            f"expected --label-place as {', '.join(LABEL_PLACES[:-1])} or {LABEL_PLACES[-1]}, "
            f"got {options.label_place!r}"
        )
    if not 1 <= options.label_size <= 20:
        raise UsageError(f"expected --label-size from 1 to 20 (percent), got {options.label_size:g}")
    if text is None:
        return
    font = ImageFont.load_default(24)
    missing = bytes(font.getmask(_NOT_OF_THE_FONT))
    for letter in text:
        if bytes(font.getmask(letter)) == missing:
            raise UsageError(f"--label: the font has no {letter!r}; use unaccented Latin letters")


def _covered(faces: Boxes, top: int, left: int, rows: int, columns: int) -> float:
    """How much of the faces a place covers, in square pixels, summed over all boxes; each is taken a tenth larger."""
    x0, y0, x1, y1 = faces.T
    wider, higher = (x1 - x0) / 20, (y1 - y0) / 20
    across = np.minimum(x1 + wider, left + columns) - np.maximum(x0 - wider, left)
    down = np.minimum(y1 + higher, top + rows) - np.maximum(y0 - higher, top)
    return float((np.maximum(across, 0) * np.maximum(down, 0)).sum())


def _gap(height: int, width: int) -> int:
    return max(2, round(min(height, width) * 0.025))


def _corners(asked: str, height: int, width: int, rows: int, columns: int) -> list[tuple[int, int]]:
    """Top and left of a badge in the four corners, the one that was asked for first."""
    gap = min(_gap(height, width), (height - rows) // 2, (width - columns) // 2)
    bottom, right = height - rows - gap, width - columns - gap
    corners = [(gap, gap), (gap, right), (bottom, gap), (bottom, right)]
    named = dict(zip(LABEL_PLACES[1:], corners, strict=True))
    return [named[asked], *corners] if asked in named else corners


def _fitting(
    text: str, percent: float, height: int, width: int
) -> Iterator[tuple[UInt8[np.ndarray, "rows columns"], Float32[np.ndarray, "rows columns"]]]:
    """The badge as large as asked, with as many lines as it takes, and then smaller: for faces down to half of it.

    Only where the picture has no room, letters get smaller than that.
    """
    wanted, found = max(SMALLEST, round(min(height, width) * percent / 100)), False
    for size in range(wanted, TINIEST - 1, -1):
        if found and size < max(LEGIBLE, wanted // 2):
            return
        room = width - 2 * min(_gap(height, width), size // 3)
        lines = _lines(text, size, room - 2 * _padding(size))
        if lines is None:
            continue
        grey, alpha = _badge(lines, size)
        if grey.shape[0] <= height // (1 if size <= SMALLEST else 2) and grey.shape[1] <= width:
            found = True
            yield grey, alpha


def _lines(text: str, size: int, room: int) -> tuple[str, ...] | None:
    """Break a text into lines no longer than ``room`` pixels; None where a word is longer."""
    font, lines = ImageFont.load_default(size), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room:
            lines[-1] = longer
        elif font.getlength(word) <= room and lines[-1]:
            lines.append(word)
        else:
            return None
    return tuple(lines)


def _padding(size: int) -> int:
    return max(2, round(size * 0.45))


@lru_cache(maxsize=8)
def _badge(
    lines: tuple[str, ...], size: int
) -> tuple[UInt8[np.ndarray, "rows columns"], Float32[np.ndarray, "rows columns"]]:
    """Grey levels and alpha of some lines in a font of some size."""
    font, padding = ImageFont.load_default(size), _padding(size)
    bold = size // 40  # thicker letters read better from afar; in small ones they would run together
    boxes = [font.getbbox(line, anchor="ls", stroke_width=bold) for line in lines]
    ascent, descent = max(-box[1] for box in boxes), max(box[3] for box in boxes)
    pitch = round(size * 1.2)
    columns = round(max(box[2] - box[0] for box in boxes)) + 2 * padding
    rows = round(ascent + descent) + pitch * (len(lines) - 1) + 2 * padding
    rim = max(1, round(size / 14))
    alpha = _rounded(rows, columns, size * 0.35, 0)
    plate = INK + (PLATE - INK) * _rounded(rows, columns, size * 0.35, rim)
    words = Image.new("L", (columns, rows), 0)
    draw = ImageDraw.Draw(words)
    for number, (line, box) in enumerate(zip(lines, boxes, strict=True)):
        at = (padding - box[0], padding + ascent + number * pitch)
        draw.text(at, line, fill=255, font=font, anchor="ls", stroke_width=bold)
    ink = np.asarray(words, np.float32) / 255
    return np.rint(plate + ink * (INK - plate)).astype(np.uint8), alpha


def _rounded(rows: int, columns: int, radius: float, inset: int) -> Float32[np.ndarray, "rows columns"]:
    """1 inside a rectangle with rounded corners, 0 outside, smooth between."""
    large = Image.new("L", (columns * _FINER, rows * _FINER), 0)
    edge = inset * _FINER
    box = (edge, edge, columns * _FINER - 1 - edge, rows * _FINER - 1 - edge)
    ImageDraw.Draw(large).rounded_rectangle(box, max(0, radius - inset) * _FINER, fill=255)
    return np.asarray(large.resize((columns, rows), Image.Resampling.BOX), np.float32) / 255
