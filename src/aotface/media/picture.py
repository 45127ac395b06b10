"""A picture as the inside of the program sees it, what else was in its file, and the way there and back."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aotface.media import metadata, profile
from aotface.media.formats.parts import Header, Pixels
from aotface.media.source_type import read_source_type
from aotface.types import Frame


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    ``frame``: upright, RGB, sRGB; uint8 if ``bit_depth`` is 8, uint16 if it is 16.
    ``format``: one of `aotface.media.decoding.FORMATS`, by content.
    ``alpha``: height x width of the frame's type, larger = more opaque; None without transparency.
    ``icc``: the profile that the file is written back with; None = sRGB without saying so.
    ``exif``: what is carried over, already without place, orientation and thumbnail.
    ``quality``: of a JPEG the smallest at which `aotface.media.image` writes one that is nowhere coarser; else None.
    ``stored``: the pixels as in the file, upright, height x width x (1 or 3); only where ``icc`` is not sRGB.
    ``source_type``: what its XMP says, as IPTC's address: by a camera, by AI, ...; None = nothing.
    ``notes``: what the user should know, one line each.
    """

    frame: Frame
    path: Path
    format: str
    bit_depth: int = 8
    icc: bytes | None = None
    exif: bytes | None = None
    alpha: np.ndarray | None = None
    grey: bool = False
    lossless: bool = True
    quality: int | None = None
    stored: np.ndarray | None = None
    source_type: str | None = None
    notes: tuple[str, ...] = ()


def upright_srgb(path: Path, format: str, head: Header, pixels: Pixels) -> Picture:
    """Turn decoded pixels upright and into sRGB, and gather what travels along.

    Args:
        path: where they come from.
        format: name of the format.
        head: what the file says about itself.
        pixels: as they stand in the file.

    Returns:
        The picture; whatever could not be used is named in its notes.

    Source: [ours].
    """
    notes = [*head.notes, *pixels.notes]
    exif, turn = _read_exif(head.exif, notes)
    values = _turned(pixels.values, turn)
    alpha = _turned(pixels.alpha, turn) if pixels.alpha is not None else None
    grey = values.shape[-1] == 1
    icc = _fitting_profile(head.icc, values.shape[-1], notes)
    stored = None
    if values.shape[-1] == 4:
        frame, icc = _from_cmyk(values, icc), None
        notes.append("is CMYK; it is written back as RGB (sRGB)")
    elif icc is None or profile.space(icc) == "rgb" and profile.is_srgb(icc):
        frame = values
    else:
        frame, stored = profile.convert(values, icc, profile.srgb()), values
        if not profile.reversible(icc):
            icc, stored = None, None
            notes.append("its colour profile works in one direction only; it is written back as sRGB")
    if grey:
        frame = np.repeat(frame[..., :1], 3, axis=-1)
    return Picture(
        frame=np.ascontiguousarray(frame),
        path=path,
        format=format,
        bit_depth=8 * frame.itemsize,
        icc=icc,
        exif=exif,
        alpha=np.ascontiguousarray(alpha) if alpha is not None else None,
        grey=grey,
        lossless=head.lossless,
        quality=pixels.quality,
        stored=stored,
        source_type=read_source_type(head.xmp),
        notes=tuple(notes),
    )


def own_colours(frame: Frame, like: Picture | None) -> tuple[np.ndarray, bytes | None]:
    """Bring an sRGB frame into the colours of the picture it was made from.

    Args:
        frame: of the bit depth of ``like``.
        like: that picture; None = leave everything as it is.

    Returns:
        height x width x (1 or 3) and the profile for them; what was stored where nothing changed.

    Source: [ours].
    """
    if like is None:
        return frame, None
    grey = like.grey and bool((frame == frame[..., :1]).all())
    values = frame[..., :1] if grey else frame
    if like.icc is None or like.stored is None:
        return values, like.icc
    if like.grey and not grey:
        return values, None  # a grey profile cannot hold colours
    if frame.shape != like.frame.shape:
        return profile.convert(frame, profile.srgb(), like.icc), like.icc
    result = like.stored.copy()
    changed = (frame != like.frame).any(axis=-1)
    if changed.any():
        result[changed] = profile.convert(frame[changed][:, None], profile.srgb(), like.icc)[:, 0]
    return result, like.icc


def _read_exif(record: bytes | None, notes: list[str]) -> tuple[bytes | None, int]:
    """Read what is carried over, and the orientation; a damaged record becomes a note."""
    if record is None:
        return None, 1
    try:
        return metadata.clean(record), metadata.orientation(record)
    except ValueError as error:
        notes.append(f"its EXIF data is damaged or too long ({error}); it is left out")
        return None, 1


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """Bring rows and columns stored under an EXIF orientation upright (TIFF 6.0, Orientation)."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _fitting_profile(icc: bytes | None, channels: int, notes: list[str]) -> bytes | None:
    """Return the profile if it is sound and made for such pixels; else say so in a note."""
    if icc is None:
        return None
    space = profile.space(icc)
    if space is None:
        notes.append("its colour profile is damaged; it is left out and sRGB assumed")
    elif space == {1: "gray", 3: "rgb", 4: "cmyk"}[channels]:
        return icc
    elif not (channels == 1 and space == "rgb" and profile.is_srgb(icc)):
        notes.append(f"its colour profile is for {space.upper()} pixels; it is left out and sRGB assumed")
    return None


def _from_cmyk(ink: np.ndarray, icc: bytes | None) -> np.ndarray:
    """Convert ink into sRGB: by the profile, or without one by (1 - ink)(1 - black)."""
    if icc is not None:
        return profile.convert(ink, icc, profile.srgb())
    top = int(np.iinfo(ink.dtype).max)
    paper = top - ink.astype(np.uint64)
    return ((paper[..., :3] * paper[..., 3:] + top // 2) // top).astype(ink.dtype)
