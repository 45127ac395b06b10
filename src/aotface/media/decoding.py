"""From the bytes of a picture file to pixels: which decoder, in which process, and what its complaints become."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from aotface.errors import TooLargeError, UnreadableImageError
from aotface.media.formats.parts import Header, Pixels

FORMATS = {
    "JPEG": "jpeg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tiff",
    "GIF": "gif",
    "BMP": "bmp",
    "PPM": "ppm",
    "JPEG 2000": "jpeg2000",
    "AVIF": "avif",
    "HEIC": "heic",
}
"""The formats that are read, by the names that `sniff` gives them, and the module of each in `formats`."""

APART = frozenset({"TIFF", "JPEG 2000", "AVIF", "HEIC"})
"""Formats whose decoders have a history of memory faults: they run in a child process, see `apart`."""

READ = "JPEG, PNG, WebP, TIFF, GIF, AVIF, HEIC, BMP, PPM or JPEG 2000"
"""The same for people."""

# what Pillow, imagecodecs and tifffile (whose own error is a ValueError or an Exception) raise on damaged data
_TELLING_ERRORS = (OSError, SyntaxError, ValueError, RuntimeError)
_DECODER_ERRORS = (
    *_TELLING_ERRORS,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    AttributeError,
    struct.error,
)


def read_header(name: str, data: bytes) -> Header:
    """What a picture says about itself; see `decode`."""
    if name in APART:
        from aotface.media.apart import header_apart

        return header_apart(name, data)
    with decoding(name):
        head: Header = codec_of(name).header(data)
        return head


def decode(name: str, data: bytes, max_pixels: int) -> tuple[Header, Pixels]:
    """Decode a picture.

    Args:
        name: of its format, one of `FORMATS`.
        data: the file.
        max_pixels: limit for width x height, checked before anything is decoded.

    Raises:
        UnreadableImageError: damaged, cut short; or its decoder crashed.
        TooLargeError: more pixels than the limit, or than memory holds.
        UnsupportedError: a kind of picture that is not handled.
    """
    if name in APART:
        from aotface.media.apart import decode_apart

        return decode_apart(name, data, max_pixels)
    return decode_here(name, data, max_pixels)


def decode_here(name: str, data: bytes, max_pixels: int) -> tuple[Header, Pixels]:
    """As `decode`, in this process, whatever the format."""
    codec = codec_of(name)
    with decoding(name):
        head: Header = codec.header(data)
        if head.height * head.width > max_pixels:
            raise TooLargeError(
                f"{head.width:,} x {head.height:,} pixels, the limit is {max_pixels:,}; make it smaller"
            )
        pixels: Pixels = codec.decode(head)
        if pixels.values.shape[:2] != (head.height, head.width):
            raise UnreadableImageError(f"{name} whose sizes contradict each other; get a whole copy")
    return head, pixels


def codec_of(name: str) -> ModuleType:
    """The module of a format."""
    return import_module(f"aotface.media.formats.{FORMATS[name]}")


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn a decoder's complaint into one line of ours."""
    try:
        yield
    except MemoryError:
        raise TooLargeError("not enough memory to decode it; make it smaller") from None
    except _DECODER_ERRORS as error:
        readable = isinstance(error, _TELLING_ERRORS) and not isinstance(error, UnicodeError)
        reason = f" ({' '.join(str(error).split())[:100]})" if readable and str(error) else ""
        reason = "".join(c if c.isprintable() else "?" for c in reason)
        raise UnreadableImageError(
            f"{name} that is damaged or cut short{reason}; get a whole copy of the file"
        ) from error
