"""Appearance Optimal Transport for swapped faces.

`Swapper` holds options and networks, and works on pictures and files from many threads. The functions are short forms of it
for pictures in memory. Pictures are RGB; OpenCV reads BGR: pass ``picture[..., ::-1]``.

    >>> import aotface
    >>> done = aotface.swap(source, target, transfer="mkl")   # doctest: +SKIP
    >>> done.frame, done.mask                                 # doctest: +SKIP
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aotface.engine import Swapper
from aotface.options import Options
from aotface.types import Face

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.inspection import Inspection
    from aotface.provenance.verify import Verification

__all__ = ["Swapper", "detect", "inspect", "refine", "swap", "verify"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("aotface")
    raise AttributeError(f"module 'aotface' has no attribute {name!r}")


def detect(picture: Any) -> list[Face]:
    """Find the faces of a picture.

    Args:
        picture: see `aotface.media.array_input.as_frame`.

    Returns:
        Faces with box, 468 landmarks and irises in pixels, largest first; ``index`` is the place in this list.
    """
    return Swapper().detect(picture)


def swap(
    source: Any,
    target: Any,
    transfer: str = Options.transfer,
    face: str | int = Options.face,
    source_face: str | int = Options.source_face,
    seed: int = Options.seed,
    mark: bool = True,
) -> "Swapped":
    """Put the source's face into the target picture, in the target's light and tone.

    Args:
        source: picture of the person whose identity is wanted; see `aotface.media.array_input.as_frame`.
        target: the picture to edit: pose, expression, light and background are its own.
        transfer: name of the appearance transfer; `aotface.transfer.LISTED` has them.
        face: ``"largest"``, ``"all"`` or the index of the target's face.
        source_face: ``"largest"`` or the index of the source's face.
        seed: same input and seed, same bytes.
        mark: write the invisible watermark into the result. Files are signed as well, see `Swapper.swap_file`.

    Returns:
        The frame, its soft mask, the frame before the transfer, and what was found and made for each face.

    Raises:
        InputError: not a picture.
        NoFaceError: source or target shows no face.
        FaceIndexError: the face asked for does not exist.
        UsageError: no transfer of that name.
    """
    return Swapper(transfer=transfer, face=face, source_face=source_face, seed=seed, mark=mark).swap(
        source, target
    )


def refine(
    swapped: Any,
    target: Any,
    transfer: str = Options.transfer,
    face: str | int = Options.face,
    seed: int = Options.seed,
    mark: bool = True,
) -> "Swapped":
    """Move a face that any other tool has already swapped into the light and tone of its target picture.

    Args:
        swapped: the whole picture after the swap, of the target's size, or an aligned square crop of the new face.
        target: the original picture.
        transfer: name of the appearance transfer.
        face: ``"largest"``, ``"all"`` or the index of the target's face.
        seed: same input and seed, same bytes.
        mark: write the invisible watermark into the result.

    Returns:
        As `swap`.

    Raises:
        InputError: ``swapped`` is neither a picture of the target's size nor a square.
        NoFaceError: no face in the target, or in the crop.
        FaceIndexError: the face asked for does not exist.
    """
    return Swapper(transfer=transfer, face=face, seed=seed, mark=mark).refine(swapped, target)


def inspect(picture: Any) -> "Inspection":
    """What is seen in a picture: faces, mesh, normals, PNCC, visible skin and estimated light.

    Args:
        picture: see `aotface.media.array_input.as_frame`.

    Returns:
        The findings per face, and a labelled sheet to look at.

    Raises:
        NoFaceError: there is nothing to show.
    """
    return Swapper().inspect(picture)


def verify(path: str | Path) -> "Verification":
    """Which marks a file carries: content credentials and watermark.

    Args:
        path: a picture or a video.

    Returns:
        The report; its ``lines()`` say it in words.

    Raises:
        InputError: the file cannot be read.
    """
    return Swapper().verify(path)
