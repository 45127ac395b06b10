"""Files and folders: whole or not at all on the way out, refused early and clearly on the way in.

Every result is written beside its final name and moved there in one step, so that a full disk, a missing
permission or Ctrl-C never leaves half a picture behind.
"""

import errno
import glob
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aotface.errors import OutputExistsError, TooLargeError, UnreadableImageError, UnwritableError
from aotface.media.sniff import HEAD_BYTES, sniff

MAX_BYTES = 1 << 30
"""Largest picture file that is read, in bytes: 120 megapixels of 16-bit RGBA, uncompressed, still fit."""

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".heic", ".heif", ".avif", ".jxl"}
    | {".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm"}
)
WRITABLE_SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""The suffixes a picture can be written under, and the format each one stands for."""

NAME_BYTES = 255
"""Longest name of a file in most file systems."""

_FORBIDDEN = frozenset('<>:"/\\|?*')
_STEM_BYTES = 100  # two stems, "__" and a suffix stay below the 255 bytes most file systems allow
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.EFBIG: "the file is larger than the system allows; choose another folder or a smaller picture",
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def show(path: str | os.PathLike[str]) -> str:
    """Spell a path on one line: control characters and undecodable bytes are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in os.fspath(path))


def read_bytes(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file whole; never waits on a pipe and never reads more than ``max_bytes``.

    Args:
        path: the file.
        max_bytes: limit in bytes, checked before anything is read.

    Returns:
        Its content, at least one byte.

    Raises:
        UnreadableImageError: missing, a folder, a pipe or device, empty, or without read permission.
        TooLargeError: more bytes than the limit.

    Source: [ours].
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableImageError(f"{show(path)}: expected a picture file, found a folder; name a file")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImageError(
                f"{show(path)}: expected a picture file, found a pipe or device; save the picture to a file"
            )
        if status.st_size > max_bytes:
            raise TooLargeError(
                f"{show(path)}: {status.st_size:,} bytes, the limit is {max_bytes:,}; use a smaller file"
            )
        with open(path, "rb") as file:
            data = file.read(max_bytes)
    except FileNotFoundError:
        raise UnreadableImageError(f"{show(path)}: no such file; check the name") from None
    except PermissionError:
        raise UnreadableImageError(f"{show(path)}: no permission to read; change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise UnreadableImageError(f"{show(path)}: cannot be read: {why(error)}") from None
    if not data:
        raise UnreadableImageError(f"{show(path)}: the file is empty (0 bytes); get a whole copy of it")
    return data


@contextmanager
def replacing(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary name beside ``path``; what is written there becomes ``path`` when the block ends well.

    The temporary name keeps the suffix (encoders look at it) and begins with a dot. When the block fails, for
    whatever reason, the temporary file is removed and ``path`` is what it was before. Ctrl-C goes through
    as `KeyboardInterrupt`, so that a batch stops instead of taking the next file.

    Args:
        path: where the finished file shall be.
        overwrite: whether an existing regular file may be replaced.

    Yields:
        The path to write to; nothing exists there yet.

    Raises:
        OutputExistsError: ``path`` exists and ``overwrite`` is false.
        UnwritableError: folder missing, no permission, disk full.

    Source: [ours].
    """
    path = Path(path)
    check_output(path, overwrite)
    temporary = path.with_name(f".{secrets.token_hex(8)}.part{path.suffix}")
    try:
        yield temporary
        check_output(path, overwrite)  # somebody else may have written it meanwhile
        os.replace(temporary, path)
    except OSError as error:
        raise UnwritableError(f"{show(path)}: cannot be written: {why(error)}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes, overwrite: bool = False) -> Path:
    """Write a whole file, or nothing; see `replacing` for the errors."""
    with replacing(path, overwrite) as temporary, open(temporary, "xb") as file:
        file.write(data)
    return Path(path)


def check_output(path: Path, overwrite: bool = False) -> None:
    """Refuse an output that cannot be written, before hours are spent on it.

    Args:
        path: where the result shall go.
        overwrite: whether an existing regular file may be replaced.

    Raises:
        OutputExistsError: ``path`` exists and ``overwrite`` is false.
        UnwritableError: its folder does not exist, or it is a folder, a pipe or a device.

    Source: [ours].
    """
    if "\0" in str(path):
        raise UnwritableError(f"{show(path)}: no file can have that name; choose another one")
    try:
        if not path.parent.is_dir():
            raise UnwritableError(f"{show(path)}: the folder {show(path.parent)} does not exist; create it")
        if len(os.fsencode(path.name)) > NAME_BYTES:
            raise UnwritableError(f"{show(path)}: {_REASONS[errno.ENAMETOOLONG]}")
        if path.is_dir() or path.name in {"", ".."}:
            raise UnwritableError(f"{show(path)}: expected a file name, found a folder; add a file name")
        if path.exists() and not path.is_file():
            raise UnwritableError(f"{show(path)}: is a pipe or device; choose the name of an ordinary file")
        if os.path.lexists(path) and not overwrite:
            raise OutputExistsError(f"{show(path)}: already exists; choose another name or allow overwriting")
    except (OSError, ValueError) as error:
        raise UnwritableError(f"{show(path)}: cannot be written: {why(error)}") from None


def beside(path: Path, ending: str, whole: bool = False) -> Path:
    """The name of a file that belongs to another, such as its record.

    Args:
        path: the file.
        ending: of the new name, in place of the suffix.
        whole: behind the whole name, with its suffix.

    Returns:
        In the same folder; where the name would be too long, shortened and with a hash, so that two stay two.
    """
    stem = path.name if whole else path.stem
    if len(os.fsencode(stem + ending)) > NAME_BYTES:
        digest = hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
        room = NAME_BYTES - len(os.fsencode(ending)) - len(digest) - 1
        stem = os.fsencode(stem)[:room].decode("utf-8", "ignore") + "-" + digest
    return path.with_name(stem + ending)


def same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Say whether two paths lead to one file, through links and different spellings; missing files count."""
    try:
        return os.path.samefile(a, b)
    except (OSError, ValueError):
        return os.path.realpath(a) == os.path.realpath(b)


def list_images(path_or_glob: str | os.PathLike[str]) -> list[Path]:
    """List the pictures that a file name, a folder or a glob pattern stands for.

    From a folder (not its subfolders) or a pattern come the regular files whose first bytes or whose suffix
    say "picture", sorted by name, hidden ones left out; a broken picture is listed, so that reading it says
    what is wrong. A single file is returned as it is.

    Args:
        path_or_glob: file, folder, or pattern such as ``"faces/*.png"``.

    Returns:
        At least one path.

    Raises:
        UnreadableImageError: nothing there, or no picture among it.

    Source: [ours].
    """
    given = os.fspath(path_or_glob)
    try:
        if os.path.isdir(given):
            candidates, kind = sorted(Path(given).iterdir()), "the folder"
        elif os.path.lexists(given):
            return [Path(given)]
        elif glob.has_magic(given):
            candidates, kind = sorted(Path(name) for name in glob.glob(given)), "the pattern"
        else:
            raise UnreadableImageError(f"{show(given)}: no such file or folder; check the name")
    except (OSError, ValueError) as error:
        raise UnreadableImageError(f"{show(given)}: cannot be listed: {why(error)}") from None
    found = [path for path in candidates if _looks_like_picture(path)]
    if not found:
        raise UnreadableImageError(
            f"{show(given)}: no picture in {kind} ({len(candidates)} entries); "
            "expected JPEG, PNG, WebP, TIFF, GIF, AVIF, HEIC, BMP, PPM or JPEG 2000 files"
        )
    return found


def list_files(path_or_glob: str | os.PathLike[str]) -> list[Path]:
    """List all regular, visible files that a file name, a folder or a glob pattern stands for, sorted by name."""
    given = os.fspath(path_or_glob)
    if os.path.isdir(given):
        candidates = sorted(Path(given).iterdir())
    elif os.path.lexists(given):
        return [Path(given)]
    else:
        candidates = sorted(Path(name) for name in glob.glob(given))
    return [path for path in candidates if path.is_file() and not path.name.startswith(".")]


def pair_name(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> str:
    """Name the picture that takes the face from ``source`` and everything else from ``target``.

    Args:
        source: path of the source; only its stem is used.
        target: path of the target; its stem, and its suffix where that can be written (else ``.png``).

    Returns:
        ``"target__source.ext"``: one plain file name, never a path, never hidden.

    Source: [ours].
    """
    suffix = Path(target).suffix.lower()
    suffix = suffix if suffix in WRITABLE_SUFFIXES else ".png"
    return f"{_plain(Path(target).stem)}__{_plain(Path(source).stem)}{suffix}"


def pair_names(
    sources: Sequence[str | os.PathLike[str]], targets: Sequence[str | os.PathLike[str]]
) -> dict[tuple[int, int], str]:
    """Name all pairs of a batch, no two alike, also where upper and lower case count as the same.

    Args:
        sources: N paths.
        targets: M paths.

    Returns:
        From ``(index of source, index of target)`` to file name; a name that would come twice gets ``-2`` and
        so on before its suffix. The order of the two lists decides, so the same lists give the same names.

    Source: [ours].
    """
    taken: set[str] = set()
    names: dict[tuple[int, int], str] = {}
    for column, target in enumerate(targets):
        for row, source in enumerate(sources):
            first = Path(pair_name(source, target))
            name, number = first.name, 1
            while name.casefold() in taken:
                number += 1
                name = f"{first.stem}-{number}{first.suffix}"
            taken.add(name.casefold())
            names[row, column] = name
    return names


def _plain(stem: str) -> str:
    """Turn any stem into letters that every file system takes; shorten with a hash, so that two stay two."""
    clean = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in stem).strip(" .") or "_"
    if len(clean.encode()) <= _STEM_BYTES:
        return clean
    digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return clean.encode()[: _STEM_BYTES - 9].decode("utf-8", "ignore") + "-" + digest


def _looks_like_picture(path: Path) -> bool:
    """Say whether a regular, visible file is a picture by its first bytes or its suffix."""
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        with open(path, "rb") as file:
            return sniff(file.read(HEAD_BYTES)).kind == "picture"
    except OSError:
        return False


def why(error: Exception) -> str:
    """Say in a few words, on one line, why the system refused."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (" ".join(text.split()) or type(error).__name__) + "; check the name and the disk"
