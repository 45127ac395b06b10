"""Everything that a user can cause, as one tree; each class has its documented exit code.

::

    AotfaceError 1
    |-- UsageError 2             options that do not fit together
    |-- InputError 3             a file or an array that cannot be used
    |   |-- UnreadableImageError corrupt, empty, truncated, not a picture
    |   |-- VideoError           the same of a video; or it holds no moving picture
    |   |-- TooLargeError        more pixels or bytes than the limit (refused before decoding)
    |   `-- UnsupportedError     a kind of file that is not handled
    |-- FaceError 4              the picture is fine, the faces in it are not what was asked for
    |   |-- NoFaceError
    |   `-- FaceIndexError
    |-- OutputError 5            the result cannot be written
    |   |-- OutputExistsError
    |   |-- OutputBusyError     another run is writing it
    |   `-- UnwritableError
    |-- WeightsError 6           weights missing, of another hash, or of another shape
    |-- ProvenanceError 7        a mark cannot be made or read
    |-- PartialError 8           of many pictures, some failed: each failure has its own line
    |-- OutOfMemoryError 10    less memory than the work needs
    `-- Interrupted 130          Ctrl-C; nothing half-written is left
"""


class AotfaceError(Exception):
    """Root of what a user can cause: the message is one line that says what to do."""

    exit_code = 1


class UsageError(AotfaceError):
    """Options that do not fit together."""

    exit_code = 2


class InputError(AotfaceError):
    """A file or an array that cannot be used."""

    exit_code = 3


class UnreadableImageError(InputError):
    """Corrupt, empty, truncated, or not a picture at all."""


class VideoError(InputError):
    """A video that is corrupt, cut short, or holds no moving picture."""


class TooLargeError(InputError):
    """More pixels or bytes than the limit allows."""


class UnsupportedError(InputError):
    """A kind of file or content that is not handled."""


class FaceError(AotfaceError):
    """The picture is fine, the faces in it are not what was asked for."""

    exit_code = 4


class NoFaceError(FaceError):
    """No face was found."""


class FaceIndexError(FaceError):
    """The face asked for by number does not exist."""


class OutputError(AotfaceError):
    """The result cannot be written."""

    exit_code = 5


class OutputExistsError(OutputError):
    """The output is already there and overwriting was not asked for."""


class OutputBusyError(OutputError):
    """Another run is writing the output."""


class UnwritableError(OutputError):
    """Folder missing, no permission, disk full."""


class WeightsError(AotfaceError):
    """Weights are missing, have another hash, or another shape."""

    exit_code = 6


class ProvenanceError(AotfaceError):
    """A mark cannot be made or read."""

    exit_code = 7


class PartialError(AotfaceError):
    """Of many pictures some failed."""

    exit_code = 8


class OutOfMemoryError(AotfaceError):
    """Less memory than the work needs."""

    exit_code = 10


class Interrupted(AotfaceError):
    """The user pressed Ctrl-C."""

    exit_code = 130


_MEMORY_WORDS = (
    "cannot allocate memory",
    "can't allocate memory",
    "insufficient memory",
    "failed to allocate",
    "bad allocation",
    "bad_alloc",
    "can't start new thread",
    "failed to map segment",
    "out of memory",
)
"""How libraries say that memory ran out, each in its own kind of error."""


def short_of_memory(error: BaseException) -> OutOfMemoryError | None:
    """The one line of ours for an error that says, in whatever way, that memory ran out; None for any other."""
    words = str(error).lower()
    if not isinstance(error, MemoryError) and not any(word in words for word in _MEMORY_WORDS):
        return None
    return OutOfMemoryError(
        "not enough memory: close other programs, raise the limit (ulimit -v), or use a smaller picture or video"
    )


def reason_of_file(name: object, error: Exception) -> str:
    """Why one file of many is left out, in one line; what is no fault of the file is raised again.

    Args:
        name: of the file, for faults that do not name it.
        error: what reading it, or looking for its face, raised.
    """
    if isinstance(error, InputError | FaceError):
        return " ".join(str(error).split())
    if isinstance(error, AotfaceError) or short_of_memory(error) is not None:
        raise error
    return f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:120]}"
