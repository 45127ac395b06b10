"""How a job reports: it is handed a reporter, and never prints."""

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
