"""TIFF: grey, palette, RGB and CMYK in 1 to 16 bits; strips and tiles; the first page."""

import io
import logging
import struct
from typing import Any

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
_NEW_JPEG = 7
_DNG_VERSION = 50706
_ICC_PROFILE = 34675

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
        icc = page.tags.valueof(_ICC_PROFILE)
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
    """Encode without loss (deflate), 8 or 16 bits as the values are.

    Args:
        encoding: uint8 or uint16 values.

    Returns:
        The file.

    Source: TIFF 6.0; Exif 3.0, section 4.6.3.
    """
    record = metadata.Directories("<", [], [], 0)
    if encoding.exif:
        record = metadata.kept(metadata.parse(encoding.exif))
    resolution = (metadata.X_RESOLUTION, metadata.Y_RESOLUTION, metadata.RESOLUTION_UNIT)
    extra = [(*entry, True) for entry in record.main if entry.tag not in resolution]
    if record.exif:
        extra.append((metadata.EXIF_POINTER, 4, 1, bytes(4), True))
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        join_alpha(encoding),
        byteorder="<" if record.order == "<" else ">",
        photometric="rgb" if encoding.values.shape[-1] == 3 else "minisblack",
        planarconfig="contig" if encoding.values.shape[-1] + (encoding.alpha is not None) > 1 else None,
        extrasamples=["unassalpha"] if encoding.alpha is not None else None,
        compression="adobe_deflate",
        predictor=True,
        iccprofile=encoding.icc,
        metadata=None,
        software=False,
        extratags=extra,
        **_resolution(record),
    )
    data = file.getvalue()
    if not record.exif:
        return data
    # the EXIF directory goes to the end; its place is known only now
    data += b"\x00" * (len(data) % 2)
    place = _entry_position(data, metadata.EXIF_POINTER, record.order) + 8
    pointer = struct.pack(record.order + "I", len(data))
    directory = metadata.pack_directory(record.exif, len(data), record.order)
    return data[:place] + pointer + data[place + 4 :] + directory


def _first_page(file: tifffile.TiffFile) -> tifffile.TiffPage:
    """Return the first page."""
    page = file.pages[0]
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


def _resolution(record: metadata.Directories) -> dict[str, Any]:
    """Read pixels per inch or centimetre in the way the writer wants them."""
    found = {entry.tag: entry for entry in record.main}
    if not {metadata.X_RESOLUTION, metadata.Y_RESOLUTION} <= found.keys():
        return {}
    rational = [found[tag] for tag in (metadata.X_RESOLUTION, metadata.Y_RESOLUTION)]
    unit = found.get(metadata.RESOLUTION_UNIT)
    number = struct.unpack(record.order + "H", unit.value)[0] if unit and len(unit.value) == 2 else 2
    if any(entry.type != 5 or entry.number != 1 for entry in rational) or number not in (1, 2, 3):
        return {}
    pairs = tuple(struct.unpack(record.order + "II", entry.value) for entry in rational)
    return {"resolution": pairs, "resolutionunit": number} if all(bottom for _, bottom in pairs) else {}


def _entry_position(data: bytes, tag: int, order: str) -> int:
    """Find where in the file the entry of ``tag`` in the first directory stands."""
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    tags = [struct.unpack_from(order + "H", data, offset + 2 + 12 * index)[0] for index in range(count)]
    return offset + 2 + 12 * tags.index(tag)
