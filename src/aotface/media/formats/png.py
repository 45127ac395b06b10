"""PNG: 1 to 16 bits, grey, palette, colour, alpha."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
from PIL import PngImagePlugin

from aotface.errors import UnreadableImageError, UnsupportedError
from aotface.media.formats.parts import Encoding, Header, Pixels, join_alpha, split_alpha
from aotface.media.profile import check_length, inflate
from aotface.media.source_type import MAX_XMP_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_SRGB_PRIMARIES_AND_TRANSFER = b"\x01\x0d"
_SRGB_GAMMA = 45455
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_XMP = b"XML:com.adobe.xmp\x00"
_DEPTH_AT = 24  # where the bits per channel stand
_MODES = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "RGB": "RGB", "RGBA": "RGBA"}


def header(data: bytes) -> Header:
    """Read size, profile and EXIF; leave only what decoding needs in the body (of texts only XMP is read).

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short, or no PNG.
        UnsupportedError: high dynamic range.
        TooLargeError: an absurd profile.

    Source: PNG (third edition), sections 5, 10 and 11.
    """
    chunks: dict[bytes, bytes] = {}
    body, position, name = bytearray(SIGNATURE), len(SIGNATURE), b""
    while name != b"IEND":
        length, name = struct.unpack(">I4s", data[position : position + 8].ljust(8, b"\x00"))
        end = position + 12 + length
        if end > len(data):
            raise UnreadableImageError("PNG cut short; get a whole copy of the file")
        if name in (b"iCCP", b"eXIf", b"acTL", b"cICP", b"gAMA", b"IHDR", b"sRGB"):
            chunks.setdefault(name, data[position + 8 : end - 4])
        if name == b"iTXt" and data.startswith(_XMP, position + 8):
            chunks.setdefault(b"XMP", data[position + 8 : end - 4])
        if name in _NEEDED:
            if zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise UnreadableImageError("PNG with a wrong checksum; get a whole copy of the file")
            body += data[position:end]
        elif not name[:1].islower():  # a lower-case letter says that decoding can do without it
            raise UnreadableImageError(
                f"PNG with a part that is not known ({ascii(name)[1:]}); save it again"
            )
        position = end
    if len(chunks.get(b"IHDR", b"")) != 13:
        raise UnreadableImageError("PNG without a size; get a whole copy of the file")
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    if 0 in (width, height):
        raise UnreadableImageError("PNG without a size; get a whole copy of the file")
    icc, exif, notes, xmp = _profile(chunks), chunks.get(b"eXIf"), _notes(chunks), chunks.get(b"XMP")
    return Header(height, width, body=bytes(body), icc=icc, exif=exif, notes=notes, xmp=xmp and _text(xmp))


def decode(head: Header) -> Pixels:
    """Decode; palettes become colours, fewer than 8 bits become 8, a transparent colour becomes alpha.

    Pillow reads up to 8 bits; of 16 bits it would keep only 8, so that libpng reads those itself.

    Args:
        head: see `header`.

    Returns:
        uint8 or uint16 pixels.

    Raises:
        OSError, SyntaxError, ValueError, RuntimeError: what the decoders raise on damaged data.

    Source: PNG (third edition), section 13.
    """
    if head.body[_DEPTH_AT] == 16:
        return split_alpha(imagecodecs.png_decode(head.body))
    with PngImagePlugin.PngImageFile(io.BytesIO(head.body)) as picture:
        picture.load()
        mode = _MODES[picture.mode]
        if "transparency" in picture.info:
            mode = {"L": "LA", "RGB": "RGBA"}.get(mode, mode)
        return split_alpha(np.asarray(picture.convert(mode)))


def encode(encoding: Encoding) -> bytes:
    """Encode without loss, 8 or 16 bits as the values are.

    Args:
        encoding: uint8 or uint16 values.

    Returns:
        The file.

    Source: PNG (third edition), sections 5 and 11.
    """
    plain = imagecodecs.png_encode(join_alpha(encoding), level=6)
    after_header = len(SIGNATURE) + 25
    extra = b""
    if encoding.icc:
        extra += chunk(b"iCCP", b"ICC profile\x00\x00" + zlib.compress(encoding.icc))
    if encoding.exif:
        extra += chunk(b"eXIf", encoding.exif)
    if encoding.xmp:
        extra += chunk(b"iTXt", _XMP + bytes(4) + encoding.xmp)
    return bytes(plain[:after_header]) + extra + bytes(plain[after_header:])


def chunk(name: bytes, content: bytes) -> bytes:
    """Pack one chunk: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _profile(chunks: dict[bytes, bytes]) -> bytes | None:
    """Unpack the colour profile; a damaged one comes back as bytes that are no profile."""
    if b"iCCP" not in chunks:
        return None
    _, _, packed = chunks[b"iCCP"].partition(b"\x00")
    profile = inflate(packed[1:]) or b"damaged"
    check_length(profile)
    return profile


def _text(content: bytes) -> bytes:
    """Unpack XMP: its keyword, whether it is compressed, how, two texts that end with a zero, and the packet."""
    packet = content[len(_XMP) + 2 :].split(b"\x00", 2)[-1]
    if content[len(_XMP) : len(_XMP) + 1] == b"\x00":
        return packet
    try:
        return zlib.decompressobj().decompress(packet, MAX_XMP_BYTES + 1)  # one more: too long to be read
    except zlib.error:
        return b""


def _notes(chunks: dict[bytes, bytes]) -> tuple[str, ...]:
    """Say what is not taken over; refuse high dynamic range."""
    notes = []
    colours = chunks.get(b"cICP", _SRGB_PRIMARIES_AND_TRANSFER)
    if len(colours) > 1 and colours[1] in _HDR_TRANSFERS:
        raise UnsupportedError(
            f"PNG with high dynamic range ({_HDR_TRANSFERS[colours[1]]}); only standard range is read; "
            "save it as ordinary sRGB"
        )
    if colours[:2] != _SRGB_PRIMARIES_AND_TRANSFER and b"iCCP" not in chunks:
        notes.append("its colour tag (cICP) is not sRGB and is not used; colours may look different")
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big") or _SRGB_GAMMA
    tagged = chunks.keys() & {b"iCCP", b"sRGB", b"cICP"}
    if not tagged and abs(gamma - _SRGB_GAMMA) > 1000:
        notes.append(f"its gamma tag ({gamma / 1e5:g}) is not used; brightness may look different")
    if b"acTL" in chunks:
        notes.append("is animated; only the first picture is used")
    return tuple(notes)
