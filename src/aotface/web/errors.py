"""Every refusal of the API: a status, a code for programs, and one line for people."""

import re
from collections.abc import Mapping

from aotface import errors

CODES: dict[type[errors.AotfaceError], str] = {
    errors.UsageError: "options",
    errors.InputError: "unusable_file",
    errors.UnreadableImageError: "unreadable",
    errors.VideoError: "unreadable",
    errors.TooLargeError: "too_large",
    errors.UnsupportedError: "unsupported",
    errors.FaceError: "face",
    errors.NoFaceError: "no_face",
    errors.FaceIndexError: "no_such_face",
    errors.OutputError: "disk",
    errors.WeightsError: "weights",
    errors.ProvenanceError: "marks",
    errors.OutOfMemoryError: "memory",
    errors.Interrupted: "cancelled",
}
"""What an error of the package is called in the API; a class without a line has that of its parent."""

STATUS = {"too_large": 413, "unsupported": 415}
"""Of a file that is refused; all others 422."""


class ApiError(Exception):
    """A refusal: ``status`` of HTTP, ``code`` for programs, ``text`` for people, ``retry_seconds`` with 429."""

    def __init__(self, status: int, code: str, text: str, retry_seconds: int | float | None = None):
        super().__init__(text)
        self.status, self.code, self.text, self.retry_seconds = status, code, text, retry_seconds

    @property
    def headers(self) -> dict[str, str]:
        """What goes beside the body."""
        return {} if self.retry_seconds is None else {"Retry-After": str(max(1, round(self.retry_seconds)))}

    @property
    def body(self) -> dict[str, dict[str, str]]:
        """The answer; half a letter, which JSON may hold and UTF-8 may not, is written as an escape."""
        text = self.text.encode(errors="backslashreplace").decode()
        return {"error": {"code": self.code, "text": text}}


class ChildError(Exception):
    """What a child process reports: ``code`` and ``text`` as in the API."""

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code, self.text = code, text


def code_of(error: errors.AotfaceError) -> str:
    """The code of an error of the package."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), "failed")


def not_found(what: str) -> ApiError:
    """There is none, or it is another client's: nobody can tell which."""
    return ApiError(404, "not_found", f"there is no such {what}; it may have expired")


def plain(text: str, names: Mapping[str, str]) -> str:
    """An error's line for people who see no command line and no folder of the server.

    Args:
        text: of the error.
        names: what paths of the server are called.
    """
    text = " ".join(re.sub(r"--([a-z][a-z-]+)", lambda found: found[1].replace("-", "_"), text).split())
    for path, name in names.items():
        text = text.replace(path, name)
    return text.removeprefix("job: ")
