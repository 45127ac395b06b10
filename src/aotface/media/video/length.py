"""How long a file must be by its own account: one that is shorter has been cut."""

import os
from pathlib import Path

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


def bytes_missing(path: str | os.PathLike[str]) -> int:
    """How many bytes the outermost element promises and the file does not have; 0 where nothing is promised.

    Args:
        path: Matroska, WebM or AVI; of any other file nothing is known.

    Source: RFC 8794, sections 4 to 6; RFC 9559; Microsoft, RIFF.
    """
    try:
        with Path(path).open("rb") as file:
            head, size = file.read(4096), os.fstat(file.fileno()).st_size
    except OSError:
        return 0
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return max(0, 8 + int.from_bytes(head[4:8], "little") - size)
    end = _segment_end(head)
    return 0 if end is None else max(0, end - size)


def _segment_end(head: bytes) -> int | None:
    """Where the segment of a Matroska file ends; None where it does not say, as in a recording that goes on."""
    place = 0
    for wanted in (_EBML, _SEGMENT):
        if int.from_bytes(head[place : place + 4], "big") != wanted or place + 4 >= len(head):
            return None
        length = 9 - head[place + 4].bit_length()
        size = int.from_bytes(head[place + 4 : place + 4 + length], "big") & (1 << 7 * length) - 1
        if length > 8 or size == (1 << 7 * length) - 1:
            return None
        place += 4 + length + size
    return place
