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
    |   `-- UnwritableError
    |-- WeightsError 6           weights missing, of another hash, or of another shape
    |-- ProvenanceError 7        a mark cannot be made or read
    |-- PartialError 8           of many pictures, some failed: each failure has its own line
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


class Interrupted(AotfaceError):
    """The user pressed Ctrl-C."""

    exit_code = 130
