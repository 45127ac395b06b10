"""How many threads libraries use: asleep while they wait, and one for each stage of the video pipeline.

Decoding, face states and compositing run side by side already. Threads within one of them only spin while they wait for
each other: on two cores that took up to half of the CPU time. So torch, and the linear algebra of NumPy and SciPy, work with
one thread meanwhile.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from aotface.errors import OutOfMemoryError

WAIT_POLICY = "OMP_WAIT_POLICY", "PASSIVE"
"""How torch's threads wait for each other, unless the environment says otherwise: asleep. They would spin, and on a computer
that has other work as well one picture took twice the wall time and nearly three times the CPU time."""


@cache
def set_thread_policy() -> bool:
    """Have torch's threads sleep while they wait; call it before torch is imported. Asked again, it does nothing more.

    Where the environment says otherwise, that stands. Torch's OpenMP reads the environment once, when it is loaded. If torch
    is there already, the policy holds for processes started from here; in this one, `one_thread_each` around the work
    still helps, because a single thread does not wait.

    Returns:
        False where it came too late for this process.
    """
    name, value = WAIT_POLICY
    if name in os.environ:
        return True
    os.environ[name] = value
    return "torch" not in sys.modules


LEAST_ADDRESSES = 2_400_000_000
"""Bytes of address space that the libraries take once they are loaded; with less some fail, and some wait for ever."""


def refuse_small_memory() -> None:
    """Refuse a limit of memory (``ulimit -v``) under which the libraries cannot be loaded, before they are.

    Raises:
        OutOfMemoryError: the limit is lower than `LEAST_ADDRESSES`.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 <= limit < LEAST_ADDRESSES:
        raise OutOfMemoryError(
            f"memory is limited to {limit // 1024:,} kB (ulimit -v), and {LEAST_ADDRESSES // 1024:,} are needed at least: "
            "raise the limit"
        )


MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""What glibc's ``mallopt`` calls the size from which a piece is fetched on its own, and how much is kept at the end."""

PIECE, KEPT = 1 << 24, 1 << 26
"""Bytes of both: a frame of 720p in any type is smaller than such a piece."""


@cache
def keep_freed_memory() -> bool:
    """Have this process keep the memory that a frame gives back, for the next one; whether that could be said.

    A frame's arrays are megabytes each. glibc would fetch such pieces anew and give them back at once, and each page is
    cleared again: of 720p 9,900 pages a frame, which was 6 % of its CPU time (docs/log/2026-11-29-video.md).
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return all([library.mallopt(MMAP_THRESHOLD, PIECE), library.mallopt(TRIM_THRESHOLD, KEPT)])


class _Limit:
    """How many threads of the process work under `one_thread_each`, and what to go back to after the last."""

    def __init__(self) -> None:
        self.lock, self.users = threading.Lock(), 0
        self.torch_threads = 1
        self.blas: Any = None


_limit = _Limit()


def _after_fork() -> None:
    """A forked child begins with a lock that nobody holds; the limit stays for its only thread."""
    _limit.lock, _limit.users = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Torch, OpenMP and the BLAS of NumPy and SciPy with one thread for each thread of the program that is in here.

    When the last one leaves, there are as many again as before the first came.
    """
    # Brings the libraries whose threads are limited: only who works pays.
    import scipy.linalg  # noqa: F401
    import torch
    from threadpoolctl import OpenBLASController, threadpool_limits

    keep_freed_memory()
    with _limit.lock:
        if _limit.users == 0:
            _limit.torch_threads = torch.get_num_threads()
            OpenBLASController.clear_controlling_thread(force=True)
            _limit.blas = threadpool_limits(limits=1, user_api="blas")
        _limit.users += 1
    torch.set_num_threads(1)  # counts for the calling thread
    try:
        yield
    finally:
        with _limit.lock:
            _limit.users -= 1
            if _limit.users == 0:
                # threadpoolctl lets one thread set limits; the last one out need not be the first one in.
                OpenBLASController.clear_controlling_thread(force=True)
                _limit.blas.restore_original_limits()
            torch.set_num_threads(_limit.torch_threads)
