"""PPM, PGM and PBM: read only; 8 and 16 bits, binary and as text."""

import re

import numpy as np

from aotface.errors import UnreadableImageError
from aotface.media.formats.parts import Header, Pixels

_GAP = rb"(?:\s|#[^\n]*\n)+"
_SIZE = re.compile(rb"P([1-6])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})")
_TOP = re.compile(_GAP + rb"(\d{1,9})")
_HEAD_BYTES = 4096


def header(data: bytes) -> Header:
    """Read the size.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: no size, or no largest value from 1 to 65,535.

    Source: Netpbm, ppm(5), pgm(5), pbm(5).
    """
    _, width, height, _, _ = _read(data)
    return Header(height, width, body=data)


def decode(head: Header) -> Pixels:
    """Decode; values are spread over all 8 or 16 bits.

    Args:
        head: see `header`.

    Returns:
        uint8 or uint16 pixels, grey or RGB.

    Raises:
        UnreadableImageError: cut short.
        ValueError: something else than numbers.

    Source: Netpbm, ppm(5), pgm(5), pbm(5).
    """
    kind, width, height, top, start = _read(head.body)
    channels = 3 if kind in (3, 6) else 1
    count = height * width * channels
    if kind == 4:
        row = -(-width // 8)
        packed = np.frombuffer(head.body, np.uint8, offset=start)[: row * height]
        _check(packed.size, row * height)
        stored = np.unpackbits(packed.reshape(height, row), axis=1)[:, :width]
    elif kind > 4:
        size = 1 if top < 256 else 2
        _check(len(head.body) - start, count * size)
        stored = np.frombuffer(head.body, np.uint8 if size == 1 else ">u2", count, start)
    else:
        words = re.sub(rb"#[^\n]*", b" ", head.body[start:])
        digits = re.findall(rb"[01]", words) if kind == 1 else words.split(None, count)[:count]
        _check(len(digits), count)
        stored = np.array(digits[:count]).astype(np.uint32)
    values = stored.reshape(height, width, channels).astype(np.uint32)
    if values.max(initial=0) > top:
        raise UnreadableImageError("PPM with values above its largest; get a whole copy of the file")
    if kind in (1, 4):
        values = 1 - values  # ink, not light
    full = 255 if top < 256 else 65_535
    return Pixels(((values * full + top // 2) // top).astype(np.uint8 if full == 255 else np.uint16))


def _check(found: int, wanted: int) -> None:
    if found < wanted:
        raise UnreadableImageError("PPM cut short; get a whole copy of the file")


def _read(data: bytes) -> tuple[int, int, int, int, int]:
    """Kind (1 to 6), width, height, largest value, and where the values begin."""
    found = _SIZE.match(data, 0, _HEAD_BYTES)
    if found is None or 0 in (int(found[2]), int(found[3])):
        raise UnreadableImageError("PPM without a size; get a whole copy of the file")
    kind, width, height, end, top = int(found[1]), int(found[2]), int(found[3]), found.end(), 1
    if kind not in (1, 4):
        largest = _TOP.match(data, end, _HEAD_BYTES)
        if largest is None or not 0 < int(largest[1]) < 65_536:
            raise UnreadableImageError("PPM without its largest value; get a whole copy of the file")
        top, end = int(largest[1]), largest.end()
    return kind, width, height, top, end + 1
