"""Keeps the landmark library's start-up chatter (written by C++ straight to file descriptor 2) off the user's screen, and
what it would load beside and nobody asks for out of the user's time."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

DRAWING = ("matplotlib", "matplotlib.pyplot")
"""A plotting library that the landmark library imports for pictures of its own: four tenths of a second."""


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


@contextlib.contextmanager
def drawing_later() -> Iterator[None]:
    """Whatever is imported within a ``with`` block gets the plotting library when it first uses it, and not before."""
    if DRAWING[0] in sys.modules:
        yield
        return
    stand_ins = {name: _Later(name) for name in DRAWING}
    stand_ins[DRAWING[0]].pyplot = stand_ins[DRAWING[1]]  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        _take_away()


class _Later(ModuleType):
    """Stands for a module until something of it is wanted."""

    def __getattr__(self, name: str) -> Any:
        _take_away()
        return getattr(importlib.import_module(self.__name__), name)


def _take_away() -> None:
    for name in DRAWING:
        if isinstance(sys.modules.get(name), _Later):
            del sys.modules[name]
