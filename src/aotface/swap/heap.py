"""Memory between frames: what one frame has given back is kept for the next.

A frame's arrays are megabytes each, and glibc fetches such pieces from the system anew and gives them back at once: every
page of every array is then cleared and mapped again, for every frame. That took a tenth of all processor time.
"""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""What glibc's ``mallopt`` calls the size from which a piece is fetched on its own, and how much is kept at the end."""

PIECE, KEPT = 1 << 26, 1 << 28
"""Bytes of both: an array of 2160p is a piece still, and what a close-up needs is given back."""


def keep_freed_memory() -> bool:
    """Have this process keep what it frees; whether that could be said (of glibc it can)."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    said = library.mallopt(MMAP_THRESHOLD, PIECE), library.mallopt(TRIM_THRESHOLD, KEPT)
    return all(said)
