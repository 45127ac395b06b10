"""The folder in which a video grows: what is finished stays there through a stop, and the same command goes on with it.

The video is cut into fixed segments of frames; where the cuts lie depends on the number of frames alone, so that a
finished segment is the same whoever made it, and when. What a segment grows from is kept frame by frame, without loss, until
the segment is finished.

Every file appears under its name in one step, so a process that is killed at any moment leaves whole files only. They are
not forced onto the disk (``fsync``): after a power cut the last ones may be missing, and are made again, or broken, which
`Parts.load` takes for missing and `aotface.media.video.join` refuses.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from aotface.errors import InputError, UnwritableError
from aotface.media.files import beside, read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.video.encode import SEGMENT_SUFFIX

SUFFIX = ".aotface-part"
"""Added to the output's whole name."""

JOB = "job.json"
_NAMES = re.compile(
    r"job\.json|\w+\.safetensors|[\w.]+\.noted\.json|segment_\d{5}[\w.]*\.(mp4|jsonl)|joined[\w.]*\.(mp4|m4v|mov|mkv|webm|gif|webp)|\.[0-9a-f]{16}\.part\.\w+"
)
SHORTEST, LONGEST, SHARE = 12, 96, 50
"""Frames of a segment: a fiftieth of the video, between these bounds."""


def cut(first: int, last: int) -> list[tuple[int, int]]:
    """The segments of frames ``first`` to ``last - 1``: first frame, and first frame of the next.

    A last segment shorter than half of the others joins the one before it.
    """
    length = min(max((last - first) // SHARE, SHORTEST), LONGEST)
    starts = list(range(first, last, length))
    if len(starts) > 1 and last - starts[-1] < length / 2:
        starts.pop()
    return list(zip(starts, [*starts[1:], last], strict=True))


@dataclass(frozen=True)
class Parts:
    """The folder of one output.

    ``segments``: see `cut`. ``layers``: what every segment has beside its picture, by the ends of the files' names.
    """

    folder: Path
    segments: tuple[tuple[int, int], ...]
    layers: tuple[str, ...] = ()

    def segment(self, number: int, layer: str = SEGMENT_SUFFIX) -> Path:
        """Where a segment is kept, or one of its layers."""
        return self.folder / f"segment_{number:05d}{layer}"

    def files(self, number: int) -> list[Path]:
        """All files of a segment, the picture last."""
        return [self.segment(number, layer) for layer in (*self.layers, SEGMENT_SUFFIX)]

    def missing(self) -> list[int]:
        """Numbers of the segments that are not finished, or lack a layer."""
        numbers = range(len(self.segments))
        return [number for number in numbers if not all(path.exists() for path in self.files(number))]

    def note(self, name: str) -> None:
        """Remember that a step was reached."""
        write_bytes(self.folder / f"{name}.noted.json", b"true", overwrite=True)

    def noted(self, name: str) -> bool:
        """Whether `note` was called, in this run or an earlier one."""
        return (self.folder / f"{name}.noted.json").exists()

    def save(self, name: str, arrays: Mapping[str, np.ndarray], number: int | None = None) -> None:
        """Keep plain arrays, whole or not at all; ``number``: of the frame that they belong to."""
        whole = {key: np.ascontiguousarray(values) for key, values in arrays.items()}
        write_bytes(self._arrays(name, number), save(whole), overwrite=True)

    def load(self, name: str, number: int | None = None) -> dict[str, np.ndarray] | None:
        """What `save` kept; None where there is nothing, or nothing whole."""
        try:
            return load_file(self._arrays(name, number))
        except (OSError, SafetensorError):
            return None

    def has(self, name: str, number: int | None = None) -> bool:
        """Whether something was saved under a name."""
        return self._arrays(name, number).exists()

    def forget(self, name: str, below: int | None = None) -> None:
        """Remove what was saved under a name for frames; ``below``: of smaller numbers only."""
        for path in self.folder.glob(f"{name}_*.safetensors"):
            number = path.stem[len(name) + 1 :]
            if number.isdecimal() and (below is None or int(number) < below):
                path.unlink(missing_ok=True)

    def _arrays(self, name: str, number: int | None) -> Path:
        return self.folder / f"{name if number is None else f'{name}_{number:08d}'}.safetensors"

    def discard(self) -> None:
        """Remove what is ours, and the folder when nothing else is in it; the output is finished."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                if _ours(path):
                    path.unlink()
            self.folder.rmdir()


def claim(
    output: Path, job: Mapping[str, object], segments: list[tuple[int, int]], layers: Sequence[str] = ()
) -> tuple[Parts, bool]:
    """Take the folder beside an output for one job.

    Args:
        output: the finished video's path; it need not exist.
        job: everything that decides the frames, as plain values. A folder of the same job is gone on with; one of
            another job is emptied.
        segments: of `cut`.
        layers: see `Parts`; they are no part of the job, so that one asked for later is added.

    Returns:
        The folder, and whether something of this job was there already.

    Raises:
        UnwritableError: the folder cannot be made, or is no folder of ours.
    """
    folder = make_folder(beside(output, SUFFIX, whole=True))
    marker, text = folder / JOB, json.dumps(job, sort_keys=True, default=str)
    known = marker.is_file()
    same = known and _read(marker) == text
    if not same:
        strangers = [path for path in folder.iterdir() if not _ours(path)]
        if strangers:
            raise UnwritableError(
                f"{show(folder)} holds {show(strangers[0].name)}, which is not of aotface: move it, or choose another output"
            )
        for path in folder.iterdir():
            path.unlink()
        write_bytes(marker, text.encode(), overwrite=True)
    parts = Parts(folder, tuple(segments), tuple(layers))
    begun = len(parts.missing()) < len(segments) or any(folder.glob("*.safetensors"))
    return parts, same and begun


def _ours(path: Path) -> bool:
    """Whether a file was made here: ours, or left half-written by a kill."""
    return path.is_file() and _NAMES.fullmatch(path.name) is not None


def _read(marker: Path) -> str:
    try:
        return read_bytes(marker).decode()
    except (InputError, UnicodeDecodeError):
        return ""
