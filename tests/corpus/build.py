"""Write the corpus into a folder."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aotface import errors
from corpus.bad import BAD
from corpus.entry import Entry
from corpus.good import GOOD

ENTRIES = {entry.file[:40]: entry for entry in [*GOOD, *BAD]}
"""All recipes by name."""


@dataclass(frozen=True)
class CorpusFile:
    """One file: where it is, and what reading it must give.

    ``expect``: "ok", or the name of the error class in `aotface.errors`. ``has_face``: whether it shows
    the whole base picture and that one was said to have a face. ``limit`` and ``notes``: see `Entry`.
    """

    name: str
    path: Path
    expect: str
    has_face: bool = False
    limit: float | None = None
    notes: bool = False

    @property
    def exit_code(self) -> int:
        """What the command line must exit with when the file is its input (a picture with a face: 0)."""
        if self.expect != "ok":
            return getattr(errors, self.expect).exit_code
        return 0 if self.has_face else errors.NoFaceError.exit_code


def base_picture(height: int = 48, width: int = 64) -> np.ndarray:
    """No two corners alike, smooth, inside the gamut of every profile; uint8 RGB, no face."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    planes = [60 + 150 * x, 50 + 160 * y, 200 - 120 * x * y]
    picture = np.stack(planes, axis=-1)
    picture[: height // 3, : width // 4] = (210, 150, 120)
    return np.round(picture).astype(np.uint8)


def build(folder: Path, base: np.ndarray | None = None, names: list[str] | None = None) -> list[CorpusFile]:
    """Make the files.

    Args:
        folder: an empty folder.
        base: what the pictures shall show, uint8 RGB; given, it has a face. Default `base_picture`.
        names: only these of `ENTRIES`.

    Returns:
        What there is; a file without read permission is left out where permissions do not bind (root).
    """
    picture = base_picture() if base is None else base
    files = []
    for name in names or ENTRIES:
        entry = ENTRIES[name]
        path = folder / entry.file
        _make(entry, folder, picture)
        if name == "locked.png" and os.access(path, os.R_OK):
            continue
        shown = base is not None and not entry.error and _shows_all(entry)
        files.append(CorpusFile(name, path, entry.error or "ok", shown, entry.limit, entry.notes))
    return files


def _make(entry: Entry, folder: Path, picture: np.ndarray) -> None:
    if entry.place is not None:
        entry.place(folder, picture)
    elif entry.make is not None:
        (folder / entry.file).write_bytes(entry.make(picture))


def _shows_all(entry: Entry) -> bool:
    """Whether a face in the base picture is still one in the file."""
    return not entry.file.startswith(("one_pixel", "one_row", "one_bit", "grey_2_bits"))
