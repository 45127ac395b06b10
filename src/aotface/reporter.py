"""How a job reports: it is handed a reporter, and never prints."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class Reporter(Protocol):
    """Two streams of lines, and the progress of long work."""

    def say(self, line: str) -> None:
        """A result, for the standard output."""

    def warn(self, line: str) -> None:
        """What the user should notice, for the standard error."""

    def progress(self, work: str, done: int, total: int) -> None:
        """How many of ``total`` frames are done, for a line that is written over."""


class Silent:
    """A reporter that says nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def warn(self, line: str) -> None:
        """Nothing."""

    def progress(self, work: str, done: int, total: int) -> None:
        """Nothing."""


Progress = Callable[[str, int, int], None]
"""Called with the work (``"looking for faces"``, ...), the frames done, and the frames in all."""


class Callbacks:
    """A reporter that hands progress and warnings to functions; warnings are collected as well."""

    def __init__(self, progress: Progress | None, warn: Callable[[str], None] | None = None):
        self._progress, self._warn = progress, warn
        self.warnings: list[str] = []

    def say(self, line: str) -> None:
        """Results are returned instead."""

    def warn(self, line: str) -> None:
        """Keep it, and tell the callback."""
        self.warnings.append(line)
        if self._warn is not None:
            self._warn(line)

    def progress(self, work: str, done: int, total: int) -> None:
        """Tell the callback."""
        if self._progress is not None:
            self._progress(work, done, total)
