"""Folders for results."""

from pathlib import Path

from aotface.errors import UnwritableError
from aotface.media.files import show


def make_folder(path: Path) -> Path:
    """Make a folder, with those above it; one that is there already is fine.

    Raises:
        UnwritableError: a file is in the way, or there is no permission.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UnwritableError(f"{show(path)}: expected a folder, found a file; choose another name") from None
    except OSError as fault:
        raise UnwritableError(f"{show(path)}: cannot make this folder: {fault.strerror or fault}") from None
    return path
