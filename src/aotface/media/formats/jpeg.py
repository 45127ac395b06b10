"""JPEG: grey, colour, and CMYK as printers and Adobe write it."""

import io
from functools import cache

import numpy as np
from PIL import Image, JpegImagePlugin

from aotface.errors import TooLargeError, UnreadableImageError, UnsupportedError, UsageError
from aotface.media.formats.parts import Encoding, Header, Pixels
from aotface.media.profile import check_length

MAX_SCANS = 500
"""Most scans that are decoded: progressive files have about ten, and each costs a pass over all pixels."""

_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_JFIF, _EXIF, _ICC, _ADOBE = b"JFIF\x00", b"Exif\x00\x00", b"ICC_PROFILE\x00", b"Adobe"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"


def header(data: bytes) -> Header:
    """Read size, profile and EXIF; leave only what decoding needs in the body.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: no picture in it, or cut short before the first scan.
        UnsupportedError: more than 8 bits.
        TooLargeError: an absurd number of scans, or an absurd profile.

    Source: ITU-T T.81, annex B; ICC.1:2022, annex B.4; Exif 3.0, section 4.7.
    """
    size: tuple[int, int] | None = None
    profile: dict[int, bytes] = {}
    exif, xmp, body, position = None, None, bytearray(b"\xff\xd8"), 2
    while True:
        marker, start, end = _next_segment(data, position)
        content = data[start:end]
        if marker in _FRAME_MARKERS and len(content) >= 6:
            if content[0] != 8:
                raise UnsupportedError(
                    f"JPEG with {content[0]} bits; only 8 bits are read; save it as PNG or TIFF"
                )
            size = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
        if marker == 0xDA:
            break
        if content.startswith(_EXIF) and marker == 0xE1 and exif is None:
            exif = content
        if content.startswith(_XMP) and marker == 0xE1 and xmp is None:
            xmp = content[len(_XMP) :]
        if content.startswith(_ICC) and marker == 0xE2 and len(content) > 14:
            profile.setdefault(content[12], content[14:])
        if not _is_metadata(marker, content):
            body += data[position:end]
        position = end
    if size is None or 0 in size:
        raise UnreadableImageError("JPEG without a size; get a whole copy of the file")
    scans = data.count(b"\xff\xda", position)
    if scans > MAX_SCANS:
        raise TooLargeError(
            f"JPEG with {scans:,} scans, the limit is {MAX_SCANS}; save it again in another program"
        )
    icc = b"".join(profile[index] for index in sorted(profile))
    check_length(icc)
    body += data[position:]
    return Header(*size, body=bytes(body), icc=icc or None, exif=exif, lossless=False, xmp=xmp)


def decode(head: Header) -> Pixels:
    """Decode grey, RGB or CMYK.

    CMYK stands inverted in a file that Adobe's marker is in, and straight in one without; the decoder
    takes all of them for inverted.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels, and the smallest quality at which `encode` rounds no coefficient more coarsely than this file does.

    Raises:
        OSError, SyntaxError, ValueError, LookupError: what the decoder raises on damaged data.

    Source: Adobe Technical Note 5116, section 18.
    """
    with JpegImagePlugin.JpegImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        values = np.asarray(picture)
        if picture.mode == "CMYK" and "adobe" not in picture.info:
            values = 255 - values
        steps = [picture.quantization[table] for *_, table in picture.layer]
    return Pixels(values[..., None] if values.ndim == 2 else values, quality=_quality(steps))


def encode(encoding: Encoding) -> bytes:
    """Encode with full colour resolution (4:4:4).

    Args:
        encoding: uint8 values; alpha only if it is opaque everywhere.

    Returns:
        The file.

    Raises:
        UsageError: the picture is transparent somewhere, or longer than 65,500 pixels.

    Source: [ours].
    """
    if encoding.alpha is not None and encoding.alpha.min() < 255:
        raise UsageError(
            "the picture is transparent in places, JPEG cannot hold that; name it .png, .webp or .tif"
        )
    if max(encoding.values.shape) > 65_500:
        raise UsageError("JPEG holds at most 65,500 pixels per side; name it .png or .tif")
    values = encoding.values
    file = io.BytesIO()
    Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values).save(
        file,
        "JPEG",
        quality=encoding.quality,
        subsampling=0,
        icc_profile=encoding.icc,
        exif=_EXIF + encoding.exif if encoding.exif else b"",
    )
    return _with_xmp(file.getvalue(), encoding.xmp)


def _with_xmp(data: bytes, xmp: bytes | None) -> bytes:
    """Put an XMP packet behind the segments of JFIF and EXIF, where readers look for it."""
    if xmp is None:
        return data
    position = 2
    while data[position + 1] in (0xE0, 0xE1):
        position = _next_segment(data, position)[2]
    segment = b"\xff\xe1" + (2 + len(_XMP) + len(xmp)).to_bytes(2, "big") + _XMP + xmp
    return data[:position] + segment + data[position:]


def _next_segment(data: bytes, position: int) -> tuple[int, int, int]:
    """Find the segment at ``position``: its marker, where its content begins, where it ends."""
    if data[position : position + 1] != b"\xff":
        raise UnreadableImageError(
            "JPEG cut short or damaged before its first pixel; get a whole copy of the file"
        )
    while data[position : position + 1] == b"\xff":  # any number of fill bytes
        position += 1
    marker = data[position] if position < len(data) else 0xD9
    if marker in _WITHOUT_LENGTH:
        return marker, position + 1, position + 1
    length = int.from_bytes(data[position + 1 : position + 3], "big")
    end = position + 1 + length
    if marker == 0xD9 or length < 2 or end > len(data):
        raise UnreadableImageError("JPEG cut short before its first pixel; get a whole copy of the file")
    return marker, position + 3, end


def _quality(steps: list[list[int]]) -> int:
    """The smallest quality whose tables are nowhere coarser than a file's: one list of 64 steps for each component.

    The fourth component is the black of CMYK, which is not written.
    """
    kinds = list(zip(steps[:3], (0, 1, 1), strict=False))  # 0: the table of luma, 1: of chroma
    return next(
        quality
        for quality in range(1, 101)  # all steps of 100 are 1, and a step of 0 is none
        if all((_tables(quality)[kind] <= np.maximum(own, 1)).all() for own, kind in kinds)
    )


@cache
def _tables(quality: int) -> np.ndarray:
    """The tables that `encode` writes: luma and chroma, 2 x 64."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    file.seek(0)
    with JpegImagePlugin.JpegImageFile(file) as picture:
        return np.array([picture.quantization[table] for table in (0, 1)])


def _is_metadata(marker: int, content: bytes) -> bool:
    """Say whether decoding can do without a segment; JFIF's and Adobe's tell which colours are meant."""
    if marker == 0xE0:
        return not content.startswith(_JFIF)
    if marker == 0xEE:
        return not content.startswith(_ADOBE)
    return 0xE1 <= marker <= 0xEF or marker == 0xFE
