"""Opening a video file for writing: whole or not at all, and the same bytes every time."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import av
from av.container import OutputContainer
from av.error import FFmpegError

from aotface.errors import UnwritableError
from aotface.media.files import replacing, show


@contextmanager
def writing(
    path: str | os.PathLike[str],
    format: str,
    options: Mapping[str, str],
    overwrite: bool = False,
    tail: bytes = b"",
) -> Iterator[OutputContainer]:
    """Open a video file that appears under its name when the block ends well; see `replacing`.

    Args:
        path: where to.
        format: name of the container.
        options: for it.
        overwrite: whether an existing file may be replaced.
        tail: what stands behind all that the container writes.

    Yields:
        The open container, without a stream; it writes neither the time of day nor a version.

    Raises:
        OutputExistsError: ``path`` exists and ``overwrite`` is false.
        UnwritableError: folder missing, no permission, disk full, or refused by the container.

    Source: [ours].
    """
    same = {
        "fflags": "+bitexact",
        **options,
    }  # the plus keeps what is on by default, such as turning ADTS for MP4
    try:
        with replacing(path, overwrite) as temporary:
            with av.open(f"file:{temporary}", "w", format=format, container_options=same) as container:
                yield container
            if tail:
                with temporary.open("ab") as file:
                    file.write(tail)
    except FFmpegError as error:
        reason = " ".join(str(error.strerror or error).split())[:100]
        raise UnwritableError(
            f"{show(path)}: cannot be written: {reason}; choose another name or disk"
        ) from error
