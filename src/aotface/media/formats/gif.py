"""GIF: read only, and only its first picture."""

import io
import struct

import numpy as np
from PIL import GifImagePlugin

from aotface.errors import TooLargeError, UnreadableImageError
from aotface.media.formats.parts import Header, Pixels, split_alpha

_EXTENSION, _PICTURE = 0x21, 0x2C


def header(data: bytes) -> Header:
    """Read the size of the screen, and check that the first picture lies on it.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short before the first picture.
        TooLargeError: the first picture is larger than the screen; the decoder would make room for it.

    Source: GIF89a specification, sections 15 to 27.
    """
    if len(data) < 13:
        raise UnreadableImageError("GIF cut short; get a whole copy of the file")
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if 0 in (width, height):
        raise UnreadableImageError("GIF without a size; get a whole copy of the file")
    pictures = _pictures(data)
    if not pictures:
        raise UnreadableImageError("GIF without a picture; get a whole copy of the file")
    right, bottom = pictures[0]
    if right > width or bottom > height:
        raise TooLargeError("GIF whose picture is larger than its screen; save it again in another program")
    notes = ("is animated; only the first picture is used",) if len(pictures) > 1 else ()
    return Header(height, width, body=data, notes=notes)


def decode(head: Header) -> Pixels:
    """Decode the first picture.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels, RGB.

    Raises:
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: GIF89a specification.
    """
    with GifImagePlugin.GifImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        colours = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        return split_alpha(np.asarray(colours))


def _pictures(data: bytes) -> list[tuple[int, int]]:
    """Find right and bottom edge of the first two pictures (two tell that it is animated)."""
    found: list[tuple[int, int]] = []
    position = 13 + _table_bytes(data[10])
    while position + 10 <= len(data) and len(found) < 2:
        if data[position] == _PICTURE:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, position + 1)
            found.append((left + width, top + height))
            position += 11 + _table_bytes(flags)  # descriptor, colour table, code size
        elif data[position] == _EXTENSION:
            position += 2
        else:
            break
        while (
            position < len(data) and data[position]
        ):  # parts with their length before them, until an empty one
            position += 1 + data[position]
        position += 1
    return found


def _table_bytes(flags: int) -> int:
    """Return the length of the colour table that the flags announce."""
    return 3 * 2 ** (1 + (flags & 7)) if flags & 0x80 else 0
