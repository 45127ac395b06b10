"""HEIC: read only, where the package pillow-heif is installed. Decoded in a child process, see `aotface.media.apart`."""

import io

from PIL import Image

from aotface.errors import UnsupportedError
from aotface.media.formats.avif import header_of, more_bits, pixels_of, refuse_hdr
from aotface.media.formats.parts import Header, Pixels


def header(data: bytes) -> Header:
    """Read size, profile, EXIF and XMP; the library has turned the picture upright.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnsupportedError: the package is missing, or high dynamic range.
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: ISO/IEC 23008-12.
    """
    refuse_hdr(data, "HEIC")
    with _opened(data) as picture:
        notes = more_bits(data, b"hvcC", 17, 0x07)
        return header_of(picture, data, notes)


def decode(head: Header) -> Pixels:
    """Decode the main picture.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels.

    Raises:
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: ISO/IEC 23008-12.
    """
    with _opened(head.body) as picture:
        return pixels_of(picture)


def _opened(data: bytes) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise UnsupportedError(
            "HEIC needs one more package: pip install 'aotface[heic]', or save it as PNG or JPEG"
        ) from None
    picture: Image.Image = HeifImageFile(io.BytesIO(data))
    return picture
