"""Memory between frames: what one frame has given back is kept for the next.

A frame's arrays are megabytes each, and glibc fetches such pieces from the system anew and gives them back at once: every
page of every array is then cleared and mapped again, for every frame. With 48 frames of 720p that was two thirds of all
page faults, start included, and a second of 24 of the processor.
"""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""What glibc's ``mallopt`` calls the size from which a piece is fetched on its own, and how much is kept at the end."""

PIECE, KEPT = 1 << 24, 1 << 26
"""Bytes of both. A frame of 720p in any type is smaller than such a piece; what close-ups and 2160p take is given back as
before: with 64 MiB and 256 MiB their peak was a fifth higher, and 720p no quicker."""


def keep_freed_memory() -> bool:
    """Have this process keep what it frees; whether that could be said (of glibc it can)."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    said = library.mallopt(MMAP_THRESHOLD, PIECE), library.mallopt(TRIM_THRESHOLD, KEPT)
    return all(said)
