"""Colour profiles (ICC): into sRGB when a picture is read, back into its own colours when it is written.

Both ways go through 16 bits without the engine's shortcuts: its pre-computed tables are up to 17/255 off in
saturated colours, the plain way stays below 0.1/255. What an 8-bit file then rounds is its own limit.
"""

import struct
import zlib
from functools import cache

import imagecodecs
import numpy as np

from aotface.errors import TooLargeError
from aotface.media.depth import to_depth

MAX_PROFILE_BYTES = 16 << 20
"""Longest profile that is read, in bytes (those of printers reach some megabytes)."""

_RELATIVE_COLORIMETRIC = 1
_FLAGS = 0x0100 | 0x2000  # no optimisation; black point compensation
_ROWS_AT_ONCE = 1 << 20  # pixels converted at a time: keeps the 16-bit copies small
_SPACES = {b"RGB ": "rgb", b"GRAY": "gray", b"CMYK": "cmyk"}


@cache
def srgb() -> bytes:
    """Return the sRGB profile."""
    profile: bytes = imagecodecs.cms_profile("srgb")
    return profile


def space(profile: bytes) -> str | None:
    """Say what kind of pixels a profile describes.

    Args:
        profile: the ICC profile.

    Returns:
        ``"rgb"``, ``"gray"``, ``"cmyk"``, or None where it is damaged, of another kind, or gives no colours.

    Source: ICC.1:2022, section 7.2.
    """
    name = _SPACES.get(profile[16:20])
    if name is None or profile[36:40] != b"acsp" or len(profile) < struct.unpack(">I", profile[:4])[0]:
        return None
    channels = {"rgb": 3, "gray": 1, "cmyk": 4}[name]
    try:
        convert(np.zeros((1, 1, channels), np.uint8), profile, srgb())
    except imagecodecs.CmsError:
        return None
    return name


def reversible(profile: bytes) -> bool:
    """Say whether colours can also be converted into the profile (those of scanners often cannot)."""
    try:
        convert(np.zeros((1, 1, 3), np.uint8), srgb(), profile)
    except imagecodecs.CmsError:
        return False
    return True


def is_srgb(profile: bytes) -> bool:
    """Say whether an RGB profile moves no colour by more than 1/255, whatever it calls itself.

    Args:
        profile: an RGB profile.

    Returns:
        True where its pixels can be used as sRGB as they are.

    Source: [ours].
    """
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 1, 3)
    greys = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(-1, 1, 3)
    lattice = np.concatenate([colours, greys])
    moved = convert(lattice, profile, srgb()).astype(int) - lattice
    return bool(np.abs(moved).max() <= 1)


def convert(pixels: np.ndarray, profile: bytes, into: bytes) -> np.ndarray:
    """Convert pixels from one profile to another: relative colorimetric, black point compensated.

    Args:
        pixels: height x width x channels of ``profile`` (1, 3 or 4), uint8 or uint16; more ink = larger.
        profile: what the pixels are in.
        into: what they shall be in.

    Returns:
        height x width x channels of ``into``, of the same type.

    Raises:
        imagecodecs.CmsError: a profile is damaged, or cannot be used in that direction.

    Source: ICC.1:2022, section 6.2.3; the engine is Little CMS.
    """
    names = _SPACES[profile[16:20]], _SPACES[into[16:20]]
    height, width = pixels.shape[:2]
    channels = {"rgb": 3, "gray": 1, "cmyk": 4}[names[1]]
    result = np.empty((height, width, channels), pixels.dtype)
    rows = max(1, _ROWS_AT_ONCE // max(1, width))
    for top in range(0, height, rows):
        part = to_depth(np.ascontiguousarray(pixels[top : top + rows]), 16)
        done = imagecodecs.cms_transform(
            part[..., 0] if names[0] == "gray" else part,
            profile,
            into,
            colorspace=names[0],
            outcolorspace=names[1],
            intent=_RELATIVE_COLORIMETRIC,
            flags=_FLAGS,
        )
        result[top : top + rows] = to_depth(done.reshape(*part.shape[:2], channels), 8 * pixels.itemsize)
    return result


def inflate(compressed: bytes) -> bytes:
    """Unpack the compressed profile of a PNG, never more than `MAX_PROFILE_BYTES` of it.

    Args:
        compressed: zlib stream.

    Returns:
        The profile, or b"" where the stream is damaged.

    Raises:
        TooLargeError: it unpacks to more than the limit.

    Source: PNG (third edition), iCCP.
    """
    try:
        profile = zlib.decompressobj().decompress(compressed, MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return b""
    check_length(profile)
    return profile


def check_length(profile: bytes) -> None:
    """Refuse a profile longer than `MAX_PROFILE_BYTES`: no honest picture carries one."""
    if len(profile) > MAX_PROFILE_BYTES:
        raise TooLargeError(
            f"the colour profile has more than {MAX_PROFILE_BYTES:,} bytes; save the picture without it"
        )
