"""What a record says of an output that failed, and options that change nothing."""

import traceback
from pathlib import Path
from shutil import disk_usage
from typing import Any

from aotface.errors import AotfaceError, UnwritableError, short_of_memory
from aotface.jobs.spec import JobSpec
from aotface.media.files import beside, show
from aotface.media.video.info import VideoInfo
from aotface.media.video.parts import SUFFIX

FRAMES_KEPT = 4
"""Without loss, at the same time, at least."""

FAULT = 70
"""The exit code that a fault of our own would have alone."""

OF_VIDEOS = ("trim_start", "trim_end", "codec", "crf", "preset", "save_frames")
OF_PICTURES = ("quality",)
"""Options that change nothing in the other medium."""


def check_room(output: Path, info: VideoInfo) -> None:
    """Refuse a disk that cannot hold a video and the parts it grows from, before its frames are made.

    Needed are, by rule of thumb, twice the target, and some frames without loss.

    Args:
        output: the finished video.
        info: of its target.

    Raises:
        UnwritableError: there is less room.
    """
    if beside(output, SUFFIX, whole=True).exists():  # it resumes: most of it is there already
        return
    frames = FRAMES_KEPT * info.coded_width * info.coded_height * 3 * (1 if info.bit_depth == 8 else 2)
    needed = 2 * (info.path.stat().st_size if info.path.is_file() else 0) + frames
    free = disk_usage(output.parent).free
    if free < needed:
        raise UnwritableError(
            f"{show(output)}: about {needed / 1e6:,.1f} MB are needed there while it grows, {free / 1e6:,.1f} MB are free; "
            "free some space or choose another folder"
        )


def failure_of(error: Exception) -> dict[str, Any]:
    """One line and the exit code; of a fault of our own, where it happened.

    Args:
        error: of any kind.
    """
    known = error if isinstance(error, AotfaceError) else short_of_memory(error)
    if known is not None:
        return {"error": " ".join(str(known).split()), "exit_code": known.exit_code}
    words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    where = traceback.extract_tb(error.__traceback__)
    line = f"a fault of aotface, please report it: {words}"
    return {"error": line, "exit_code": FAULT, "traceback": "".join(traceback.format_list(where))}


def idle_options(spec: JobSpec, videos: bool) -> list[str]:
    """A line for every option that was given and changes nothing, since it is for the other medium."""
    names, medium = (OF_PICTURES, "pictures") if videos else (OF_VIDEOS, "videos")
    plain = JobSpec(kind=spec.kind, target="", output="")
    return [
        f"--{name.replace('_', '-')} is for {medium}: it changes nothing here"
        for name in names
        if getattr(spec, name) != getattr(plain, name)
    ]
