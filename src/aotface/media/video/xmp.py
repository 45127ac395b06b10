"""IPTC's source type in MP4 and QuickTime: a box of XMP at the top of the file. Matroska and others have no place for it."""

import os
from collections.abc import Iterator
from typing import IO

from aotface.media.kinds import CONTAINERS
from aotface.media.source_type import MAX_XMP_BYTES, read_source_type, write_source_type

_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MAX_BOXES = 10_000


def xmp_box(name: str | os.PathLike[str], source_type: str | None) -> bytes:
    """The box that says a source type, to stand behind all others.

    Args:
        name: of the video; its suffix decides the container.
        source_type: see `aotface.media.source_type`.

    Returns:
        Nothing where the container has no place for it, or there is nothing to say.

    Source: XMP specification, part 3, MPEG-4.
    """
    if source_type is None or CONTAINERS.get(os.path.splitext(name)[1].lower()) not in ("mp4", "mov"):
        return b""
    packet = write_source_type(source_type)
    return (24 + len(packet)).to_bytes(4, "big") + b"uuid" + _UUID + packet


def video_source_type(path: str | os.PathLike[str]) -> str | None:
    """What the XMP of an MP4 or QuickTime file says of how it came to be; None where it says nothing.

    Source: XMP specification, part 3, MPEG-4 and QuickTime.
    """
    try:
        with open(path, "rb") as file:
            return next(filter(None, map(read_source_type, _packets(file))), None)
    except OSError:
        return None


def _packets(file: IO[bytes]) -> Iterator[bytes]:
    """XMP at the top, and where QuickTime has it: in the user data of the movie."""
    for kind, start, end in _boxes(file, 0, file.seek(0, os.SEEK_END)):
        if kind == b"uuid" and end - start <= MAX_XMP_BYTES:
            file.seek(start)
            box = file.read(end - start)
            if box.startswith(_UUID):
                yield box[len(_UUID) :]
        if kind == b"moov":
            inner = [box for box in _boxes(file, start, end) if box[0] == b"udta"]
            for _, first, last in inner:
                for name, begin, stop in _boxes(file, first, last):
                    if name == b"XMP_" and stop - begin <= MAX_XMP_BYTES:
                        file.seek(begin)
                        yield file.read(stop - begin)


def _boxes(file: IO[bytes], start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes in a range: name, where their content begins, where it ends. Stops at the first that does not fit."""
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        size, content = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:  # the length follows, in eight bytes
            size, content = int.from_bytes(head[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if len(head) < 8 or not content <= stop <= end:
            return
        yield head[4:8], content, stop
        start = stop
