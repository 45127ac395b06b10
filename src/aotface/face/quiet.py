"""Keeps the landmark library's start-up chatter (written by C++ straight to file descriptor 2) off the user's screen."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Point file descriptor 2 at the null device for the length of a ``with`` block.

    Python exceptions still travel: only what is written to the descriptor meanwhile is lost.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(null)
        os.close(saved)
