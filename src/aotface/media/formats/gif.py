"""GIF: read only, and only its first picture."""

import io

import numpy as np
from PIL import GifImagePlugin

from aotface.errors import TooLargeError, UnreadableImageError
from aotface.media.formats.parts import Header, Pixels, split_alpha


def header(data: bytes) -> Header:
    """Read the size of the screen.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short.

    Source: GIF89a specification, section 18.
    """
    if len(data) < 13:
        raise UnreadableImageError("GIF cut short; get a whole copy of the file")
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if 0 in (width, height):
        raise UnreadableImageError("GIF without a size; get a whole copy of the file")
    return Header(height, width, body=data)


def decode(head: Header) -> Pixels:
    """Decode the first picture.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels, RGB.

    Raises:
        TooLargeError: the picture is larger than its screen.
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: GIF89a specification.
    """
    with GifImagePlugin.GifImageFile(io.BytesIO(head.body)) as picture:
        if picture.size != (head.width, head.height):
            raise TooLargeError(
                "GIF whose picture is larger than its screen; save it again in another program"
            )
        picture.load()
        colours = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        notes = ("is animated; only the first picture is used",) if picture.is_animated else ()
    pixels = split_alpha(np.asarray(colours))
    return Pixels(pixels.values, pixels.alpha, notes)
