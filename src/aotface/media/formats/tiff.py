"""TIFF: grey, palette, RGB and CMYK in 1 to 16 bits; strips and tiles; the first page."""

import io
import logging
import struct
import zlib
from itertools import accumulate

import numpy as np
import tifffile

from aotface.errors import UnreadableImageError, UnsupportedError
from aotface.media import metadata
from aotface.media.formats.parts import Encoding, Header, Pixels, join_alpha
from aotface.media.profile import check_length

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_FORMATS = {2: "signed numbers", 3: "floating point (HDR)", 5: "complex numbers", 6: "complex numbers"}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_DEFLATE, _NEW_JPEG = 8, 7
_HORIZONTAL_DIFFERENCES = 2
_STRIP_BYTES = 1 << 20
_DNG_VERSION = 50706
_ICC_PROFILE = 34675
_XMP = 700

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its complaints become our errors


def header(data: bytes) -> Header:
    """Read size, profile and EXIF, and check that every strip or tile lies in the file.

    Args:
        data: the file.

    Returns:
        Its header.

    Raises:
        UnreadableImageError: cut short, or its directory is damaged.
        UnsupportedError: floating point, camera raw, odd bit depths or colour spaces.
        TooLargeError: an absurd profile.

    Source: TIFF 6.0; Adobe Photoshop TIFF Technical Notes.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = _first_page(file)
        _check_kind(page)
        _check_segments(page, len(data))
        icc, xmp = page.tags.valueof(_ICC_PROFILE), page.tags.valueof(_XMP)
    icc = bytes(icc) if icc is not None else None
    check_length(icc or b"")
    notes = []
    try:
        exif: bytes | None = data if data[2:4] in (b"*\x00", b"\x00*") else None
        if exif and metadata.parse(exif).next:
            notes.append("has several pages; only the first is used")
    except ValueError:
        pass  # reported where EXIF is read
    lossless = page.compression not in (6, _NEW_JPEG)
    return Header(
        page.imagelength,
        page.imagewidth,
        body=data,
        icc=icc,
        exif=exif,
        lossless=lossless,
        notes=tuple(notes),
        xmp=xmp if isinstance(xmp, bytes) else None,
    )


def decode(head: Header) -> Pixels:
    """Decode the first page.

    Args:
        head: see `header`.

    Returns:
        uint8 or uint16 pixels; alpha that was multiplied into the colours is taken out of them.

    Raises:
        ValueError, RuntimeError, OSError: what the decoder raises on damaged data.

    Source: TIFF 6.0, sections 3 to 6, 16 and 18.
    """
    with tifffile.TiffFile(io.BytesIO(head.body)) as file:
        page = _first_page(file)
        stored = page.asarray(maxworkers=1)
        if page.planarconfig == 2 and page.samplesperpixel > 1:
            stored = np.moveaxis(stored, 0, -1)
        stored = np.ascontiguousarray(stored.reshape(head.height, head.width, page.samplesperpixel))
        return _interpret(page, stored)


def encode(encoding: Encoding) -> bytes:
    """Encode without loss (deflate with horizontal differences), 8 or 16 bits as the values are.

    Args:
        encoding: uint8 or uint16 values.

    Returns:
        The file: header, strips, main directory, EXIF directory.

    Source: TIFF 6.0, sections 2, 3, 6, 14 and 18; Exif 3.0, section 4.6.3.
    """
    record = metadata.Directories("<", [], [], 0)
    if encoding.exif:
        record = metadata.kept(metadata.parse(encoding.exif))
    pixels = np.atleast_3d(join_alpha(encoding))
    rows_per_strip = max(1, _STRIP_BYTES // pixels[0].nbytes)
    strips = [
        _pack_strip(pixels[top : top + rows_per_strip], record.order)
        for top in range(0, len(pixels), rows_per_strip)
    ]
    data = b"".join(strips)
    data += bytes(len(data) % 2)
    at = 8 + len(data)
    offsets = [8 + before for before in accumulate(map(len, strips[:-1]), initial=0)]
    main = record.main + _layout(encoding, pixels, rows_per_strip, offsets, strips, record.order)
    if record.exif:
        # the length of the main directory does not depend on the offset in it: pack twice
        end = at + len(
            metadata.pack_directory([*main, _entry(metadata.EXIF_POINTER, "I", [0])], at, record.order)
        )
        main.append(_entry(metadata.EXIF_POINTER, "I", [end], record.order))
    directory = metadata.pack_directory(main, at, record.order)
    if record.exif:
        directory += metadata.pack_directory(record.exif, at + len(directory), record.order)
    magic = b"II*\x00" if record.order == "<" else b"MM\x00*"
    return magic + struct.pack(record.order + "I", at) + data + directory


def _first_page(file: tifffile.TiffFile) -> tifffile.TiffPage:
    """Return the first page."""
    try:
        page = file.pages[0]
    except IndexError:
        page = None
    if not isinstance(page, tifffile.TiffPage):
        raise UnreadableImageError("TIFF without a page; get a whole copy of the file")
    return page


def _check_kind(page: tifffile.TiffPage) -> None:
    """Refuse what is not an ordinary picture."""
    if _DNG_VERSION in page.tags or page.subfiletype & 1:
        raise UnsupportedError("camera raw or a preview, not a finished picture; export it as TIFF or JPEG")
    sample_format = int(page.sampleformat)
    if sample_format != 1:
        kind = _FORMATS.get(sample_format, "an unknown kind of numbers")
        raise UnsupportedError(f"TIFF with {kind}; only whole numbers are read; save it with 8 or 16 bits")
    channels = _CHANNELS.get(page.photometric)
    bits = page.bitspersample
    if channels is None or (page.photometric == _YCBCR and page.compression != _NEW_JPEG):
        raise UnsupportedError("TIFF in an unusual colour space; save it as RGB")
    if bits not in ((1, 2, 4, 8, 16) if channels == 1 else (8, 16)):
        raise UnsupportedError(f"TIFF with {bits} bits per channel; save it with 8 or 16 bits")
    if page.compression not in tifffile.TIFF.DECOMPRESSORS:
        raise UnsupportedError("TIFF packed in an unusual way; save it uncompressed, or with LZW or deflate")
    if page.imagedepth != 1 or page.samplesperpixel < channels:
        raise UnsupportedError("TIFF that is a volume or lacks channels; save it as an ordinary RGB picture")


def _check_segments(page: tifffile.TiffPage, size: int) -> None:
    """Refuse a file whose strips or tiles do not all lie in it: the decoder would show holes instead."""
    across, down = page.imagewidth, page.rowsperstrip
    if page.is_tiled:
        across, down = page.tilewidth, page.tilelength
    if 0 in (across, down, page.imagewidth, page.imagelength):
        raise UnreadableImageError("TIFF without a size; get a whole copy of the file")
    wanted = -(-page.imagewidth // across) * -(-page.imagelength // down)
    wanted *= page.samplesperpixel if page.planarconfig == 2 else 1
    pairs = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(pairs) < wanted or any(count <= 0 or start + count > size for start, count in pairs):
        raise UnreadableImageError("TIFF cut short, or its sizes are wrong; get a whole copy of the file")


def _interpret(page: tifffile.TiffPage, stored: np.ndarray) -> Pixels:
    """Turn what is stored into grey, RGB or CMYK, and alpha."""
    channels = _CHANNELS[page.photometric]
    values, extra = stored[..., :channels], stored[..., channels:]
    if page.photometric == _PALETTE:
        colours = (np.asarray(page.colormap, np.uint32).T + 128) // 257
        values = colours.astype(np.uint8)[values[..., 0]]
    elif page.bitspersample < 8:
        values = values.astype(np.uint8) * np.uint8(255 // (2**page.bitspersample - 1))
    if page.photometric == _WHITE_IS_ZERO:
        values = np.iinfo(values.dtype).max - values
    kinds = [int(kind) for kind in page.extrasamples]
    for index, kind in enumerate(kinds[: extra.shape[-1]]):
        if kind in (_ASSOCIATED, _UNASSOCIATED) and extra.dtype == values.dtype:
            alpha = extra[..., index]
            return Pixels(_divide(values, alpha) if kind == _ASSOCIATED else values, alpha)
    notes = ("has extra channels that are not transparency; they are left out",) if extra.shape[-1] else ()
    return Pixels(values, None, notes)


def _divide(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Take alpha out of colours it was multiplied into; where it is 0 they stay as they are."""
    top = np.iinfo(values.dtype).max
    whole = np.where(alpha == 0, top, alpha).astype(np.uint64)[..., None]
    return np.minimum((values.astype(np.uint64) * top + whole // 2) // whole, top).astype(values.dtype)


def _pack_strip(rows: np.ndarray, order: str) -> bytes:
    """Pack some rows: differences to the pixel on the left, modulo the number of values, deflated."""
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]
    return zlib.compress(differences.astype(rows.dtype.newbyteorder(order)).tobytes())  # type: ignore[arg-type]


def _layout(
    encoding: Encoding,
    pixels: np.ndarray,
    rows_per_strip: int,
    offsets: list[int],
    strips: list[bytes],
    order: str,
) -> list[metadata.Entry]:
    """Describe how the pixels are stored."""
    height, width, channels = pixels.shape
    values: list[tuple[int, str, list[int]]] = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [8 * pixels.itemsize] * channels),
        (259, "H", [_DEFLATE]),
        (262, "H", [_RGB if encoding.values.shape[-1] == 3 else _BLACK_IS_ZERO]),
        (273, "I", offsets),
        (277, "H", [channels]),
        (278, "I", [rows_per_strip]),
        (279, "I", [len(strip) for strip in strips]),
        (284, "H", [1]),
        (317, "H", [_HORIZONTAL_DIFFERENCES]),
    ]
    if encoding.alpha is not None:
        values.append((338, "H", [_UNASSOCIATED]))
    entries = [_entry(*value, order) for value in values]
    if encoding.icc:
        entries.append(metadata.Entry(_ICC_PROFILE, 7, len(encoding.icc), encoding.icc))
    if encoding.xmp:
        entries.append(metadata.Entry(_XMP, 1, len(encoding.xmp), encoding.xmp))
    return entries


def _entry(tag: int, code: str, numbers: list[int], order: str = "<") -> metadata.Entry:
    """Make an entry of 16-bit (``"H"``) or 32-bit (``"I"``) numbers."""
    packed = struct.pack(f"{order}{len(numbers)}{code}", *numbers)
    return metadata.Entry(tag, 3 if code == "H" else 4, len(numbers), packed)
