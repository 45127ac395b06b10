"""Opening a video from an unknown origin: content before name, local files only, limits before decoding.

The first bytes decide which demuxer is used; the name is never asked, no playlist that names other files is followed,
and no protocol but the file itself is allowed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from aotface.errors import TooLargeError, VideoError
from aotface.media.files import show
from aotface.media.kinds import head_of
from aotface.media.sniff import sniff
from aotface.media.video.info import MAX_PIXELS

DEMUXERS = {
    "MP4 or QuickTime": "mov",
    "Matroska or WebM": "matroska",
    "AVI": "avi",
    "MPEG program stream": "mpeg",
    "MPEG transport stream": "mpegts",
    "MPEG video": "mpegvideo",
    "Flash video": "flv",
    "Windows Media": "asf",
    "Ogg": "ogg",
    "MXF": "mxf",
    "IVF": "ivf",
    "Y4M": "yuv4mpegpipe",
}
"""From what `sniff` says to the name of the demuxer."""

_OPTIONS = {"protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video file for reading; what the decoder complains about inside the block becomes one line.

    Args:
        path: the file.

    Yields:
        The container and its main video stream; the decoder's limits are set.

    Raises:
        VideoError: missing, empty, damaged, not a video, or without a picture.
        TooLargeError: frames larger than `MAX_PIXELS`.

    Source: [ours].
    """
    format = DEMUXERS[_kind(path)]
    try:
        with av.open(
            "file:" + os.fspath(path), "r", format=format, options=_OPTIONS, metadata_errors="replace"
        ) as container:
            yield container, _picture(path, container)
    except FFmpegError as error:
        raise damaged(path, error) from error


@contextmanager
def decoder(path: str | os.PathLike[str], threads: int = 0) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video file for decoding with several threads; see `opened`.

    Args:
        path: the file.
        threads: 0 = as many as there are cores.
    """
    with opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        yield container, stream


def damaged(path: str | os.PathLike[str], error: Exception) -> VideoError:
    """Turn a complaint of the decoder into one line of ours."""
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:100]
    return VideoError(
        f"{show(path)}: a video that is damaged or cut short ({reason}); get a whole copy of the file"
    )


def _kind(path: str | os.PathLike[str]) -> str:
    """The container by the file's first bytes; what is no video file is refused before any library sees it."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise VideoError(f"{show(path)}: expected a video file, found a folder; name a file")
        if not stat.S_ISREG(mode):
            raise VideoError(
                f"{show(path)}: expected a video file, found a pipe or device; save it to a file"
            )
        head = head_of(path)
    except FileNotFoundError:
        raise VideoError(f"{show(path)}: no such file; check the name") from None
    except PermissionError:
        raise VideoError(f"{show(path)}: no permission to read; change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        reason = " ".join(str(error).split())
        raise VideoError(f"{show(path)}: cannot be read: {reason}; check the name and the disk") from None
    if not head:
        raise VideoError(f"{show(path)}: the file is empty (0 bytes); get a whole copy of it")
    name, kind = sniff(head)
    if kind != "video":
        found = name or "something else"
        raise VideoError(
            f"{show(path)}: expected a video (MP4, MOV, MKV, WebM, AVI, MPEG), found {found}; name a video"
        )
    return name


def _picture(path: str | os.PathLike[str], container: InputContainer) -> VideoStream:
    """Find the stream that is the video, leave the others unread, and set the limits of its decoder."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        holds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise VideoError(f"{show(path)}: expected a moving picture, found {holds} only; name a video")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    if stream.codec_context is None:
        raise VideoError(f"{show(path)}: its picture has a codec that is not known here; convert it to H.264")
    if stream.width * stream.height > MAX_PIXELS:
        raise TooLargeError(
            f"{show(path)}: {stream.width} x {stream.height} pixels, the limit is {MAX_PIXELS:,}; make it smaller"
        )
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream
