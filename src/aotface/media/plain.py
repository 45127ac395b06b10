"""Plain arrays as PNG files without anything else in them: the same pixels, the same bytes."""

import struct
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from aotface.errors import TooLargeError, UnreadableImageError
from aotface.media.image import MAX_PIXELS

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""What a PNG begins with; its first part (IHDR) tells the size."""

COMPRESSION = 3
"""zlib level; higher ones take longer than they save."""


def png_of(picture: UInt8[np.ndarray, "..."]) -> bytes:
    """A picture (height x width x 3, RGB) or a map (height x width) as PNG, without loss and without metadata."""
    stored: Any = picture[..., ::-1] if picture.ndim == 3 else picture
    done, data = cv2.imencode(
        ".png", np.ascontiguousarray(stored), [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION]
    )
    assert done  # arrays of these types always can be
    return data.tobytes()


def array_of(png: bytes) -> UInt8[np.ndarray, "..."]:
    """The way back from `png_of`; the size is checked before anything is decoded.

    Raises:
        UnreadableImageError: not such a PNG.
        TooLargeError: more than `MAX_PIXELS`.
    """
    sound = png.startswith(SIGNATURE) and png[12:16] == b"IHDR" and len(png) >= 24
    if sound:
        width, height = struct.unpack(">II", png[16:24])
        if width * height > MAX_PIXELS:
            raise TooLargeError(
                f"{width:,} x {height:,} pixels, the limit is {MAX_PIXELS:,}; make the set again"
            )
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if sound else None
    if found is None or found.dtype != np.uint8:
        raise UnreadableImageError("expected a PNG of 8 bits; make the set again")
    return np.ascontiguousarray(found[..., ::-1]) if found.ndim == 3 else found


def jpeg_of(picture: UInt8[np.ndarray, "height width 3"], quality: int) -> bytes:
    """A picture as JPEG with 4:2:0 chroma, the kind that the web is full of."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), options)
    assert done
    return data.tobytes()


def decoded_jpeg(data: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """The way back from `jpeg_of`, to the pixels that are left."""
    found: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(found[..., ::-1])


def png_parts(png: bytes) -> tuple[str, ...]:
    """Names of all parts of a PNG, each run of one name once: what a file holds beside its pixels."""
    found: list[str] = []
    place = len(SIGNATURE)
    while place + 8 <= len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        if not found or found[-1] != name.decode("latin-1"):
            found.append(name.decode("latin-1"))
        place += 12 + length
    return tuple(found)
