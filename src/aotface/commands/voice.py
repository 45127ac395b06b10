"""How a command speaks: it is handed a voice, and never prints."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Voice(Protocol):
    """Two streams of lines."""

    def say(self, line: str) -> None:
        """A result, for the standard output."""

    def warn(self, line: str) -> None:
        """What the user should notice, for the standard error."""
