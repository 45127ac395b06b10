"""Still pictures: the only place that knows EXIF, ICC, alpha and bit depth.

Inside, a picture is an upright RGB frame in sRGB. What else was in the file travels beside it in `Picture`,
and `write_image` puts it back: bit depth, grey, alpha, colour profile, EXIF without the place. Where the new
frame is unchanged the stored pixels themselves are written, so that colours outside sRGB survive as well.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from aotface.errors import AotfaceError, InputError, UnreadableImageError, UnsupportedError, UsageError
from aotface.media import metadata, profile
from aotface.media.decoding import FORMATS, READ, codec_of, decode, read_header
from aotface.media.depth import to_depth
from aotface.media.files import MAX_BYTES, WRITABLE_SUFFIXES, check_output, read_bytes, show, write_bytes
from aotface.media.formats.parts import Encoding
from aotface.media.picture import Picture, own_colours, upright_srgb
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.media.source_type import read_source_type, write_source_type
from aotface.types import Frame

MAX_PIXELS = 120_000_000
"""Largest picture that is decoded: 120 megapixels."""

QUALITY, QUALITY_OF_LOSSLESS = 95, 98
"""Of JPEG and WebP, when no other is asked for; and of a JPEG that is made from a picture without loss."""

_DEEP = ("PNG", "TIFF")  # formats that hold 16 bits


def read_image(
    path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Picture:
    """Read a picture of one of `aotface.media.decoding.FORMATS`; the content decides which, not the name.

    Args:
        path: the file.
        max_pixels: limit for width x height, checked before anything is decoded.
        max_bytes: limit for the file, checked before anything is read.

    Returns:
        The picture, upright and in sRGB.

    Raises:
        UnreadableImageError: missing, empty, cut short, damaged, not a picture.
        TooLargeError: more pixels or bytes than the limit.
        UnsupportedError: a kind of picture that is not handled (HDR, camera raw, ...).

    Source: [ours].
    """
    data = read_bytes(path, max_bytes)
    name, kind = sniff(data[:HEAD_BYTES])
    if name not in FORMATS:
        raise _not_a_picture(path, name, kind)
    with _named(path):
        head, pixels = decode(name, data, max_pixels)
    return upright_srgb(Path(path), name, head, pixels)


def source_type_of(path: str | os.PathLike[str]) -> str | None:
    """What a picture's XMP says of how it came to be, see `aotface.media.source_type`; nothing is decoded.

    Returns:
        None where nothing is said, or the file is no picture that can be read.
    """
    try:
        data = read_bytes(path)
        name = sniff(data[:HEAD_BYTES]).name
        return read_source_type(read_header(name, data).xmp) if name in FORMATS else None
    except InputError:
        return None


def write_image(
    path: str | os.PathLike[str],
    frame: Frame,
    like: Picture | None = None,
    overwrite: bool = False,
    quality: int | None = None,
    format: str | None = None,
) -> Path:
    """Write a frame, whole or not at all.

    PNG, TIFF and lossless WebP (``quality`` 100) give the frame back bit for bit. JPEG has full colour resolution.
    16 bits are kept in PNG and TIFF.

    Args:
        path: where to; its suffix decides the format, without a suffix it is that of ``like``.
        frame: uint8 or uint16, RGB, sRGB.
        like: the picture the frame was made from: its depth, alpha, profile and EXIF are kept, and grey
            where the frame is still grey.
        overwrite: whether an existing file may be replaced.
        quality: 1 to 100, for JPEG and WebP; None = by `quality_for`.
        format: ``"JPEG"``, ``"PNG"``, ``"WEBP"`` or ``"TIFF"``, to decide without the suffix.

    Returns:
        The path.

    Raises:
        UsageError: the name or the format does not fit the picture.
        InputError: the frame has another size than the alpha of ``like``.
        OutputExistsError: the file is there and ``overwrite`` is false.
        UnwritableError: folder missing, no permission, disk full.

    Source: [ours].
    """
    path = Path(path)
    check_output(path, overwrite)  # before the work of encoding
    data = encode_image(frame, output_format(path, like, format), like, quality, path)
    return write_bytes(path, data, overwrite)


def encode_image(
    frame: Frame,
    format: str,
    like: Picture | None = None,
    quality: int | None = None,
    name: str | os.PathLike[str] = "picture",
    source_type: str | None = None,
) -> bytes:
    """Make the file that `write_image` writes, in memory.

    Args:
        frame: uint8 or uint16, RGB, sRGB.
        format: ``"JPEG"``, ``"PNG"``, ``"WEBP"`` or ``"TIFF"``.
        like: see `write_image`.
        quality: 1 to 100; None = by `quality_for`.
        name: what errors call the picture.
        source_type: what its XMP says; None = it has none.

    Returns:
        The content of the file.

    Raises:
        UsageError, InputError: see `write_image`.

    Source: [ours].
    """
    quality = quality_for(format, like) if quality is None else quality
    if not 1 <= quality <= 100:
        raise UsageError(f"{show(name)}: expected a quality from 1 to 100, got {quality}")
    if frame.ndim != 3 or frame.shape[-1] != 3 or frame.dtype not in (np.uint8, np.uint16) or not frame.size:
        raise InputError(
            f"{show(name)}: expected a frame height x width x 3 of uint8 or uint16, "
            f"got {frame.shape} {frame.dtype}"
        )
    if like is not None and like.alpha is not None and like.alpha.shape != frame.shape[:2]:
        raise InputError(
            f"{show(name)}: the frame is {frame.shape[:2]}, the transparency to keep is {like.alpha.shape} "
            "(height, width); make both the same size"
        )
    values, icc = own_colours(to_depth(frame, like.bit_depth) if like else frame, like)
    depth = 8 * values.itemsize if format in _DEEP else 8
    exif = metadata.clean(like.exif) if like and like.exif else None
    if format == "WEBP" and values.shape[-1] == 1 and icc and profile.space(icc) == "gray":
        values, icc = frame, None  # WebP has no grey
    with _named(name):
        encoded: bytes = codec_of(format).encode(
            Encoding(
                values=to_depth(values, depth),
                alpha=to_depth(like.alpha, depth) if like and like.alpha is not None else None,
                icc=icc,
                exif=exif,
                quality=quality,
                lossless=quality == 100,
                xmp=None if source_type is None else write_source_type(source_type),
            )
        )
    return encoded


def quality_for(format: str, like: Picture | None = None) -> int:
    """Decide the quality that was not asked for: `QUALITY`, and never coarser than the picture that was edited.

    Args:
        format: of the output.
        like: the picture it is made from.

    Returns:
        Of a JPEG at least ``like.quality``, or `QUALITY_OF_LOSSLESS`; 100, which is lossless, of a WebP made from a
        lossless WebP.

    Source: [ours].
    """
    if like is not None and format == "JPEG":
        return max(QUALITY, QUALITY_OF_LOSSLESS if like.lossless else like.quality or 0)
    if like is not None and format == like.format == "WEBP" and like.lossless:
        return 100
    return QUALITY


def output_format(path: Path, like: Picture | None = None, format: str | None = None) -> str:
    """Decide the format of an output: ``format`` itself, else the suffix, else that of ``like``.

    Args:
        path: the output.
        like: the picture it is made from.
        format: a format that was asked for by name.

    Returns:
        ``"JPEG"``, ``"PNG"``, ``"WEBP"`` or ``"TIFF"``; what is only read becomes PNG.

    Raises:
        UsageError: the format or the suffix is none that is written.

    Source: [ours].
    """
    suffix = path.suffix.lower()
    chosen = format.upper() if format else WRITABLE_SUFFIXES.get(suffix)
    if not format and not suffix:
        chosen = like.format if like and like.format in WRITABLE_SUFFIXES.values() else "PNG"
    if chosen is None or chosen not in WRITABLE_SUFFIXES.values():
        raise UsageError(
            f"{show(path)}: cannot write {format or suffix}; "
            "expected a name that ends in .jpg, .png, .webp or .tif"
        )
    return chosen


def _not_a_picture(path: str | os.PathLike[str], name: str, kind: str) -> InputError:
    """Say what the file is instead."""
    expected = f"expected {READ}"
    if kind == "picture":
        return UnsupportedError(f"{show(path)}: {expected}, found {name}; save it as PNG or JPEG")
    if kind == "video":
        return UnsupportedError(f"{show(path)}: {expected}, found a video ({name}); give a picture")
    found = name or "something that is no picture"
    return UnreadableImageError(f"{show(path)}: {expected}, found {found}; check that it is the right file")


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Put the file's name before the errors of a format."""
    try:
        yield
    except AotfaceError as error:
        raise type(error)(f"{show(path)}: {error}") from None
