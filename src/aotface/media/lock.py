"""One run writes an output at a time: a lock that the system takes back when a process dies."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aotface.errors import OutputBusyError, UnwritableError
from aotface.media.files import beside, show, why

SUFFIX = ".lock"
POLL_SECONDS = 0.2
_UNKNOWN = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)  # from file systems that know no locks


@contextmanager
def writing_alone(output: Path, wait: bool = False) -> Iterator[None]:
    """Hold an output, so that no other run writes it meanwhile. A dead process holds nothing.

    Args:
        output: the finished file; it need not exist.
        wait: whether to wait for another run to end, instead of refusing.

    Raises:
        OutputBusyError: another run holds it.
        UnwritableError: its folder is missing, or may not be written.

    Source: [ours].
    """
    whole = Path(os.path.realpath(output))
    path = beside(whole.with_name(f".{whole.name}"), SUFFIX, whole=True)
    handle = _hold(path, output, wait)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is held: whoever has opened it meanwhile sees that the name is gone
        os.close(handle)


def _hold(path: Path, output: Path, wait: bool) -> int:
    """An open file that holds the lock."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UnwritableError(f"{show(output)}: cannot be written: {why(error)}") from None
        locked = _locked(handle)
        if locked and _same(handle, path):
            return handle
        os.close(handle)
        if locked:  # the last holder has ended since, and taken the file away
            continue
        if not wait:
            raise OutputBusyError(
                f"{show(output)}: another run is writing it; choose another name, or say --wait"
            )
        time.sleep(POLL_SECONDS)


def _locked(handle: int) -> bool:
    """Take the lock of an open file, if nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _UNKNOWN
    return True


def _same(handle: int, path: Path) -> bool:
    """Whether the name still stands for the open file."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False
