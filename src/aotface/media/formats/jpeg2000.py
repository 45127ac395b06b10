"""JPEG 2000: read only; files (JP2) and bare codestreams. Decoded in a child process, see `aotface.media.apart`."""

import io
import struct

import imagecodecs
import numpy as np
from PIL import Jpeg2KImagePlugin

from aotface.errors import UnreadableImageError, UnsupportedError
from aotface.media.formats.parts import Header, Pixels, split_alpha
from aotface.media.profile import check_length

_START = b"\xff\x4f\xff\x51"  # of a codestream, and of the segment with its sizes
_PROFILE = b"colr\x02"


def header(data: bytes) -> Header:
    """Read size and profile.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: no size.
        TooLargeError: an absurd profile.

    Source: ISO/IEC 15444-1, annexes A.5.1 and I.5.3.
    """
    place, (width, height, _) = data.find(_START), _sizes(data)
    icc = None
    box = data.find(_PROFILE, 0, max(place, 0))
    if box >= 4:
        icc = data[box + 7 : box - 4 + int.from_bytes(data[box - 4 : box], "big")]
        check_length(icc)
    return Header(height, width, body=data, icc=icc or None, lossless=False)


def decode(head: Header) -> Pixels:
    """Decode; more than 8 bits are spread over 16.

    Args:
        head: see `header`.

    Returns:
        uint8 or uint16 pixels.

    Raises:
        UnsupportedError: signed numbers, or channels that are no colours.
        OSError, RuntimeError, ValueError: what the decoders raise on damaged data.

    Source: ISO/IEC 15444-1.
    """
    depth = _sizes(head.body)[2]
    if depth > 16:
        raise UnsupportedError("JPEG 2000 with signed numbers or more than 16 bits; save it with 8 or 16")
    if depth > 8:
        stored = imagecodecs.jpeg2k_decode(head.body, verbose=0)
        if stored.dtype != np.uint16 or stored.ndim not in (2, 3) or stored.shape[2:] not in ((), (3,), (4,)):
            raise UnsupportedError("JPEG 2000 with unusual channels; save it as RGB")
        top = (1 << depth) - 1
        spread = (np.minimum(stored, top).astype(np.uint32) * 65_535 + top // 2) // top
        return split_alpha(spread.astype(np.uint16))
    with Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        mode = picture.mode if picture.mode in ("L", "LA", "RGB", "RGBA") else "RGB"
        return split_alpha(np.asarray(picture.convert(mode)))


def _sizes(data: bytes) -> tuple[int, int, int]:
    """Width, height and bits of the codestream; signed numbers count as more than 16 bits."""
    place = data.find(_START)
    if place < 0 or len(data) < place + 43:
        raise UnreadableImageError("JPEG 2000 without a size; get a whole copy of the file")
    right, bottom, left, top = struct.unpack_from(">IIII", data, place + 8)
    (count,) = struct.unpack_from(">H", data, place + 40)
    depths = data[place + 42 : place + 42 + 3 * min(count, 4) : 3]
    if right <= left or bottom <= top or not depths:
        raise UnreadableImageError("JPEG 2000 without a size; get a whole copy of the file")
    return right - left, bottom - top, max(99 if depth & 0x80 else depth + 1 for depth in depths)
