"""The ComfyUI around the nodes, where there is one: its progress bar, its Stop button, its log."""

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aotface.errors import AotfaceError

LOG = logging.getLogger("aotface")


def progress() -> Callable[[str, int, int], None]:
    """Shows how far the work is; each kind of work fills the bar once."""
    if "comfy.utils" not in sys.modules:
        return lambda work, done, total: None
    bars: dict[str, Any] = {}

    def tell(work: str, done: int, total: int) -> None:
        if work not in bars:
            bars[work] = sys.modules["comfy.utils"].ProgressBar(total)
        bars[work].update_absolute(done, total)

    return tell


def stopped() -> bool:
    """Whether the user pressed Stop."""
    manager = sys.modules.get("comfy.model_management")
    return manager is not None and bool(manager.processing_interrupted())


@contextmanager
def told_plainly() -> Iterator[None]:
    """Faults that a user can cause, in the words of the nodes: an option is called as its widget is.

    Raises:
        AotfaceError: the same fault. Whatever ComfyUI raises when it is stopped.
    """
    try:
        yield
    except AotfaceError as error:
        if stopped():
            sys.modules["comfy.model_management"].throw_exception_if_processing_interrupted()
        words = re.sub(
            r"--([a-z][a-z-]*)", lambda found: found[1].replace("-", "_"), " ".join(str(error).split())
        )
        raise type(error)(words) from None
