"""AVIF: read only. Decoded in a child process, see `aotface.media.apart`."""

import io

import numpy as np
from PIL import AvifImagePlugin, Image

from aotface.errors import UnsupportedError
from aotface.media.formats.parts import Header, Pixels, split_alpha
from aotface.media.profile import check_length

_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


def header(data: bytes) -> Header:
    """Read size, profile, EXIF and XMP.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnsupportedError: high dynamic range, or Pillow was built without AVIF.
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: AV1 Image File Format 1.1.
    """
    refuse_hdr(data, "AVIF")
    with _opened(data) as picture:
        notes = more_bits(data, b"av1C", 2, 0x40)
        if getattr(picture, "n_frames", 1) > 1:
            notes += ("is animated; only the first picture is used",)
        return header_of(picture, data, notes)


def decode(head: Header) -> Pixels:
    """Decode the first picture.

    Args:
        head: see `header`.

    Returns:
        uint8 pixels.

    Raises:
        OSError, SyntaxError, ValueError: what the decoder raises on damaged data.

    Source: AV1 Image File Format 1.1.
    """
    with _opened(head.body) as picture:
        return pixels_of(picture)


def header_of(picture: Image.Image, data: bytes, notes: tuple[str, ...]) -> Header:
    """The header that Pillow has read."""
    found = {name: picture.info.get(name) for name in ("icc_profile", "exif", "xmp")}
    icc, exif, xmp = (bytes(value) if value else None for value in found.values())
    check_length(icc or b"")
    width, height = picture.size
    return Header(height, width, data, icc, exif, lossless=False, notes=notes, xmp=xmp)


def pixels_of(picture: Image.Image) -> Pixels:
    """The pixels that Pillow decodes."""
    picture.load()
    mode = picture.mode if picture.mode in ("L", "LA", "RGB", "RGBA") else "RGB"
    return split_alpha(np.asarray(picture.convert(mode)))


def refuse_hdr(data: bytes, name: str) -> None:
    """Refuse high dynamic range, by the colours that the file declares.

    Source: ISO/IEC 23008-12, nclx colour information; ITU-T H.273, transfer characteristics.
    """
    place = data.find(b"colrnclx")
    transfer = int.from_bytes(data[place + 10 : place + 12], "big") if place >= 0 else 0
    if transfer in _HDR_TRANSFERS:
        raise UnsupportedError(
            f"{name} with high dynamic range ({_HDR_TRANSFERS[transfer]}); only standard range is read; "
            "save it as ordinary sRGB"
        )


def more_bits(data: bytes, box: bytes, offset: int, bits: int) -> tuple[str, ...]:
    """A note where the configuration of the codec says that there are more than 8 bits."""
    place = data.find(box)
    deep = place >= 0 and any(value & bits for value in data[place + 4 + offset : place + 5 + offset])
    return ("has more than 8 bits per channel; 8 are read",) if deep else ()


def _opened(data: bytes) -> Image.Image:
    if not AvifImagePlugin.SUPPORTED:
        raise UnsupportedError(
            "AVIF, which this Pillow cannot read: pip install -U Pillow, or save it as PNG"
        )
    return AvifImagePlugin.AvifImageFile(io.BytesIO(data))
