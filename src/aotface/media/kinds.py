"""What kind of file something is; loads no library of video."""

import os
import stat

from aotface.media.sniff import HEAD_BYTES, sniff

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""The suffixes a video can be written under, and the container each one stands for."""


def is_video(path: str | os.PathLike[str]) -> bool:
    """Say by its first bytes whether a file is a video container (which may still turn out to hold sound only).

    Args:
        path: the file; anything that is not a readable regular file is no video.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and sniff(head_of(path)).kind == "video"
    except (OSError, ValueError):
        return False


def head_of(path: str | os.PathLike[str]) -> bytes:
    """The first bytes of a file, as many as `sniff` wants."""
    with open(path, "rb") as file:
        return file.read(HEAD_BYTES)
