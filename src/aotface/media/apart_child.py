"""The child process of `aotface.media.apart`: reads a file from its standard input, answers on its standard output."""

import sys
from typing import IO

import msgspec
import numpy as np

from aotface.errors import AotfaceError
from aotface.media.apart import READY, Answer, Asked
from aotface.media.decoding import codec_of, decode_here, decoding
from aotface.media.formats.parts import Header, Pixels

MAX_MEMORY_BYTES = 8 << 30
"""Of addresses: 120 megapixels of 16-bit RGBA, three times over."""


def serve() -> None:
    """Answer until the standard input ends."""
    _limit()
    source, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    out.write(READY)
    out.flush()
    while line := source.readline():
        asked = msgspec.json.decode(line, type=Asked)
        data = source.read(asked.bytes)
        if len(data) < asked.bytes:
            return
        _answer(out, asked.name, data, asked.max_pixels)
        out.flush()


def _limit() -> None:
    """No more memory than a picture needs, no file written, no core dumped."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))
        except (OSError, ValueError):  # macOS knows no limit of addresses
            continue


def _answer(out: IO[bytes], name: str, data: bytes, max_pixels: int) -> None:
    """Write one answer: a line of JSON, then bytes. ``max_pixels`` 0: the header alone."""
    try:
        if max_pixels:
            head, pixels = decode_here(name, data, max_pixels)
        else:
            with decoding(name):
                head, pixels = codec_of(name).header(data), None
    except AotfaceError as error:
        _say(out, Answer(type(error).__name__, str(error)[:1000]))
        return
    except Exception as fault:  # of a library, which may raise anything
        _say(out, Answer("UnreadableImageError", f"{name} that is damaged ({type(fault).__name__})"))
        return
    _write(out, head, pixels, data)


def _write(out: IO[bytes], head: Header, pixels: Pixels | None, data: bytes) -> None:
    whole = head.exif is not None and head.exif is data  # as a TIFF file is its own record
    parts = {"icc": head.icc, "exif": None if whole else head.exif, "xmp": head.xmp}
    blobs = {key: bytes(value) for key, value in parts.items() if value is not None}
    arrays: dict[str, np.ndarray] = {}
    if pixels is not None:
        arrays = {"values": pixels.values} | ({} if pixels.alpha is None else {"alpha": pixels.alpha})
        arrays = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    said = Answer(
        height=head.height,
        width=head.width,
        lossless=head.lossless,
        notes=head.notes,
        exif_is_file=whole,
        blobs={key: len(value) for key, value in blobs.items()},  # type: ignore[misc]
        pixels=None
        if pixels is None
        else {key: (array.shape, array.dtype.name) for key, array in arrays.items()},  # type: ignore[misc]
        pixel_notes=() if pixels is None else pixels.notes,
    )
    _say(out, said)
    for value in blobs.values():
        out.write(value)
    for array in arrays.values():
        out.write(array.reshape(-1).view(np.uint8).data)


def _say(out: IO[bytes], said: Answer) -> None:
    out.write(msgspec.json.encode(said) + b"\n")
