"""What a record says of an output that failed, and options that change nothing."""

import traceback
from typing import Any

from aotface.compose.label import label_text
from aotface.errors import AotfaceError, short_of_memory
from aotface.jobs.spec import JobSpec
from aotface.transfer import listed

FAULT = 70
"""The exit code that a fault of our own would have alone."""

OF_VIDEOS = ("trim_start", "trim_end", "codec", "crf", "preset", "save_frames")
OF_PICTURES = ("quality",)
"""Options that change nothing in the other medium."""


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
    """A line for every option that was given and changes nothing: it is for another medium, or another option."""
    names, medium = (OF_PICTURES, "pictures") if videos else (OF_VIDEOS, "videos")
    idle = dict.fromkeys(names, medium)
    if label_text(spec.label) is None:
        idle |= dict.fromkeys(("label_place", "label_size"), "a --label")
    transfer = listed(spec.transfer)
    if transfer.module and not transfer.uses_network:
        idle["weights"] = "a transfer with a network"
    plain = JobSpec(kind=spec.kind, target="", output="")
    return [
        f"--{name.replace('_', '-')} is for {what}: it changes nothing here"
        for name, what in idle.items()
        if getattr(spec, name) != getattr(plain, name)
    ]
