"""What every format hands over: a header that costs nothing to read, then the pixels, and back."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Header:
    """What a file says about itself, read without decoding a pixel.

    ``body``: what the decoder gets; for JPEG and PNG without metadata, so that no decoder stumbles over them.
    ``icc`` and ``exif``: as in the file, perhaps damaged. ``lossless``: whether decoding gives the very
    pixels that were saved. ``xmp``: as in the file.
    """

    height: int
    width: int
    body: bytes = field(repr=False)
    icc: bytes | None = None
    exif: bytes | None = None
    lossless: bool = True
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None


@dataclass(frozen=True, eq=False)
class Pixels:
    """Decoded pixels as they stand in the file, before orientation and colour profile.

    ``values``: height x width x channels, uint8 or uint16; 1 channel grey, 3 RGB, 4 CMYK (larger = more ink).
    ``alpha``: height x width of the same type, larger = more opaque, not multiplied into the values.
    ``quality``: of a JPEG, see `aotface.media.formats.jpeg.decode`.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    quality: int | None = None


@dataclass(frozen=True, eq=False)
class Encoding:
    """What is written: ``values`` with 1 or 3 channels, their ``alpha`` and what goes along with them.

    ``quality`` (1 to 100) is for lossy formats. ``exif`` begins with the TIFF header and is clean. ``xmp``: a packet.
    """

    values: np.ndarray
    alpha: np.ndarray | None
    icc: bytes | None
    exif: bytes | None
    quality: int
    lossless: bool
    xmp: bytes | None = None


def split_alpha(pixels: np.ndarray) -> Pixels:
    """Take height x width [x 1..4] apart: 2 and 4 channels carry alpha in the last one."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[-1] in (2, 4):
        return Pixels(pixels[..., :-1], pixels[..., -1])
    return Pixels(pixels)


def join_alpha(encoding: Encoding) -> np.ndarray:
    """Put alpha behind the values: contiguous, height x width x 2..4, or height x width for grey alone."""
    if encoding.alpha is not None:
        return np.ascontiguousarray(np.dstack([encoding.values, encoding.alpha]))
    values = encoding.values
    return np.ascontiguousarray(values[..., 0] if values.shape[-1] == 1 else values)
