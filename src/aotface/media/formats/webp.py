"""WebP: lossy and lossless, with and without alpha."""

import io

import numpy as np
from PIL import Image, WebPImagePlugin

from aotface.errors import UnreadableImageError, UsageError
from aotface.media.formats.parts import Encoding, Header, Pixels, join_alpha, split_alpha
from aotface.media.profile import check_length


def header(data: bytes) -> Header:
    """Read size, profile and EXIF.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short, or no WebP.
        TooLargeError: an absurd profile.

    Source: RFC 9649, sections 2 and 3.
    """
    chunks = _chunks(data)
    animated = b"ANMF" in chunks
    canvas, lossless = chunks.get(b"VP8X", b""), chunks.get(b"VP8L", b"")
    lossy = chunks.get(b"VP8 ", b"")
    if len(canvas) >= 10:
        width = int.from_bytes(canvas[4:7], "little") + 1
        height = int.from_bytes(canvas[7:10], "little") + 1
    elif len(lossless) >= 5 and lossless[0] == 0x2F:
        bits = int.from_bytes(lossless[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif len(lossy) >= 10 and lossy[3:6] == b"\x9d\x01\x2a":
        width = int.from_bytes(lossy[6:8], "little") & 0x3FFF
        height = int.from_bytes(lossy[8:10], "little") & 0x3FFF
    else:
        raise UnreadableImageError("WebP without a size; get a whole copy of the file")
    icc = chunks.get(b"ICCP")
    check_length(icc or b"")
    notes = ("is animated; only the first picture is used",) if animated else ()
    exif, xmp = chunks.get(b"EXIF"), chunks.get(b"XMP ")
    return Header(height, width, body=data, icc=icc, exif=exif, lossless=bool(lossless), notes=notes, xmp=xmp)


def decode(head: Header) -> Pixels:
    """Decode the picture, or the first one of an animation.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels, RGB.

    Raises:
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: RFC 9649.
    """
    with WebPImagePlugin.WebPImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        return split_alpha(np.asarray(picture if picture.mode == "RGBA" else picture.convert("RGB")))


def encode(encoding: Encoding) -> bytes:
    """Encode; without loss also the colours below transparent pixels stay.

    Args:
        encoding: uint8 values; grey is written as RGB, the format has no grey.

    Returns:
        The file.

    Raises:
        UsageError: longer than 16,383 pixels.

    Source: [ours].
    """
    if max(encoding.values.shape) > 16_383:
        raise UsageError("WebP holds at most 16,383 pixels per side; name it .jpg, .png or .tif")
    pixels = join_alpha(encoding)
    if encoding.values.shape[-1] == 1:
        grey = np.repeat(encoding.values, 3, axis=-1)
        pixels = grey if encoding.alpha is None else np.dstack([grey, encoding.alpha])
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        file,
        "WEBP",
        lossless=encoding.lossless,
        quality=100 if encoding.lossless else encoding.quality,
        exact=encoding.lossless,
        method=4,
        icc_profile=encoding.icc or b"",
        exif=encoding.exif or b"",
        xmp=encoding.xmp or b"",
    )
    return file.getvalue()


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """Take the file apart: the first chunk of each name."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise UnreadableImageError("WebP cut short; get a whole copy of the file")
    chunks: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= end:
        name = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + length > end:
            raise UnreadableImageError("WebP cut short; get a whole copy of the file")
        chunks.setdefault(name, data[position + 8 : position + 8 + length])
        position += 8 + length + length % 2
    return chunks
