"""Appearance Optimal Transport for swapped faces: the library's verbs on arrays.

A frame is a numpy array, height x width x 3, RGB, uint8 or uint16. The verbs load what they need when they
are first
called: ``import aotface`` itself is quick.

    >>> import aotface
    >>> done = aotface.swap(source, target, transfer="mkl")   # doctest: +SKIP
    >>> done.frame, done.mask                                 # doctest: +SKIP
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aotface.options import Options  # also loads the room `swap`, so that the verb below keeps its name
from aotface.types import Face, Frame

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.inspection import Inspection
    from aotface.provenance.verify import Verification

__all__ = ["detect", "inspect", "refine", "swap", "verify"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("aotface")
    raise AttributeError(f"module 'aotface' has no attribute {name!r}")


def detect(frame: Frame) -> list[Face]:
    """Find the faces of a frame.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Returns:
        Faces with box and 468 landmarks in frame pixels, largest first; ``index`` is the place in this list.
    """
    from aotface.face.detect import detect as find

    return find(frame)


def swap(
    source: Frame,
    target: Frame,
    transfer: str = Options.transfer,
    face: str | int = Options.face,
    source_face: str | int = Options.source_face,
    seed: int = Options.seed,
    mark: bool = True,
) -> "Swapped":
    """Put the source's face into the target frame, in the target's light and tone.

    Args:
        source: the person whose identity is wanted.
        target: the frame to edit: pose, expression, light and background are its own.
        transfer: name of the appearance transfer; `aotface.transfer.classical.SUMMARIES` lists them.
        face: ``"largest"``, ``"all"`` or the index of the target's face.
        source_face: ``"largest"`` or the index of the source's face.
        seed: same input and seed, same bytes.
        mark: write the invisible watermark into the result. Files are signed as well when they are written by
            the command line; an array can carry only the watermark.

    Returns:
        The frame, its soft mask, the frame before the transfer, and what was found and made for each face.

    Raises:
        NoFaceError: source or target shows no face.
        FaceIndexError: the face asked for does not exist.
        UsageError: no transfer of that name.
    """
    from aotface.compose import pipeline

    return pipeline.swap(source, target, Options(transfer, str(face), str(source_face), seed), mark=mark)


def refine(
    swapped: Frame,
    target: Frame,
    transfer: str = Options.transfer,
    face: str | int = Options.face,
    seed: int = Options.seed,
    mark: bool = True,
) -> "Swapped":
    """Move a face that any other tool has already swapped into the light and tone of its target frame.

    Args:
        swapped: the whole frame after the swap, of the target's size, or an aligned square crop of the new
            face.
        target: the original frame.
        transfer: name of the appearance transfer.
        face: ``"largest"``, ``"all"`` or the index of the target's face.
        seed: same input and seed, same bytes.
        mark: write the invisible watermark into the result.

    Returns:
        As `swap`.

    Raises:
        InputError: ``swapped`` is neither a frame of the target's size nor a square.
        NoFaceError: no face in the target, or in the crop.
        FaceIndexError: the face asked for does not exist.
    """
    from aotface.compose import pipeline

    return pipeline.refine(swapped, target, Options(transfer, str(face), seed=seed), mark=mark)


def inspect(frame: Frame) -> "Inspection":
    """What the line sees in a frame: faces, mesh, normals, PNCC, visible skin and estimated light.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Returns:
        The findings per face, and a labelled sheet to look at.

    Raises:
        NoFaceError: there is nothing to show.
    """
    from aotface import inspection

    return inspection.inspect(frame)


def verify(path: str | Path) -> "Verification":
    """Which marks a file carries: content credentials and watermark.

    Args:
        path: a picture or a video.

    Returns:
        The report; its ``lines()`` say it in words.

    Raises:
        InputError: the file cannot be read.
    """
    from aotface.provenance.verify import verify as read_marks

    return read_marks(Path(path))
