"""How a command speaks: it is handed a voice, and never prints."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Reporter(Protocol):
    """Two streams of lines, and how far a long work has come."""

    def say(self, line: str) -> None:
        """A result, for the standard output."""

    def warn(self, line: str) -> None:
        """What the user should notice, for the standard error."""

    def progress(self, work: str, done: int, total: int) -> None:
        """How far ``work`` has come, for a line that is written over."""
