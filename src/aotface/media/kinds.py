"""What kind of file something is; loads no library of video."""

import glob
import os
import stat
from pathlib import Path

from aotface.errors import InputError, UnreadableImageError
from aotface.media.decoding import read_header
from aotface.media.files import PICTURE_SUFFIXES, list_files, read_bytes, show
from aotface.media.sniff import HEAD_BYTES, sniff

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""The suffixes a video can be written under, and the container each one stands for."""

ANIMATIONS = {".gif": "GIF", ".webp": "WEBP"}
"""The suffixes an animation can be written under, and the format of each."""

ENDINGS = ".mp4, .mov, .mkv or .webm"
"""Suffixes of videos for people."""


def is_video(path: str | os.PathLike[str]) -> bool:
    """Say by its first bytes whether a file is a video container (which may still turn out to hold sound only).

    Args:
        path: the file; anything that is not a readable regular file is no video.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and sniff(head_of(path)).kind == "video"
    except (OSError, ValueError):
        return False


def is_animation(path: str | os.PathLike[str]) -> bool:
    """Say whether a file is a GIF or WebP with more than one picture.

    Args:
        path: the file; anything that cannot be read is none.
    """
    try:
        name = sniff(head_of(path)).name if stat.S_ISREG(os.stat(path).st_mode) else ""
        if name not in ("GIF", "WEBP"):
            return False
        return any("animated" in note for note in read_header(name, read_bytes(path)).notes)
    except (OSError, ValueError, InputError):
        return False


def head_of(path: str | os.PathLike[str]) -> bytes:
    """The first bytes of a file, as many as `sniff` wants."""
    with open(path, "rb") as file:
        return file.read(HEAD_BYTES)


def list_media(path_or_glob: str | os.PathLike[str]) -> list[Path]:
    """List the pictures and videos that a file name, a folder or a pattern stands for.

    Args:
        path_or_glob: a file, which is returned as it is; a folder (not its subfolders); or a pattern.

    Returns:
        At least one path, sorted by name. Broken files with a picture's or video's suffix are among them: reading
        them says what is wrong.

    Raises:
        UnreadableImageError: nothing there, or neither pictures nor videos.

    Source: [ours].
    """
    given = os.fspath(path_or_glob)
    many = os.path.isdir(given) or not os.path.lexists(given)
    if many and not os.path.isdir(given) and not glob.has_magic(given):
        raise UnreadableImageError(f"{show(given)}: no such file or folder; check the name")
    try:
        listed = list_files(given)
    except OSError as error:
        raise UnreadableImageError(f"{show(given)}: cannot be listed: {error.strerror or error}") from None
    found = [path for path in listed if not many or _is_media(path)]
    if not found:
        raise UnreadableImageError(
            f"{show(given)}: no picture and no video there ({len(listed)} files); check the name"
        )
    return found


def _is_media(path: Path) -> bool:
    """Whether a suffix or the first bytes say picture or video."""
    if path.suffix.lower() in PICTURE_SUFFIXES | CONTAINERS.keys():
        return True
    try:
        return sniff(head_of(path)).kind != "other"
    except OSError:
        return False
