"""BMP: read only."""

import io
import struct

import numpy as np
from PIL import BmpImagePlugin

from aotface.errors import UnreadableImageError
from aotface.media.formats.parts import Header, Pixels, split_alpha

_OLD_HEADER = 12


def header(data: bytes) -> Header:
    """Read the size.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short, or without a size.

    Source: Microsoft, BITMAPINFOHEADER.
    """
    if len(data) < 26:
        raise UnreadableImageError("BMP cut short; get a whole copy of the file")
    old = int.from_bytes(data[14:18], "little") == _OLD_HEADER
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    if width <= 0 or height == 0:
        raise UnreadableImageError("BMP without a size; get a whole copy of the file")
    return Header(abs(height), width, body=data)  # a negative height: stored from the top down


def decode(head: Header) -> Pixels:
    """Decode.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels.

    Raises:
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: Microsoft, BITMAPINFOHEADER.
    """
    with BmpImagePlugin.BmpImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        mode = {"1": "L", "L": "L", "RGBA": "RGBA"}.get(picture.mode, "RGB")
        return split_alpha(np.asarray(picture.convert(mode)))
