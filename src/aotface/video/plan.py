"""Opening a video, or a folder of its frames, as the clip that is worked on."""

from fractions import Fraction
from pathlib import Path

from aotface.errors import UsageError
from aotface.media.files import show
from aotface.media.kinds import is_animation
from aotface.media.video.animation import probe_animation
from aotface.media.video.folder import folder_info
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times, regular
from aotface.video.scene import Clip


def open_clip(
    path: Path,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    rate: Fraction | None = None,
) -> Clip:
    """A video, or the part of it between two times.

    Args:
        path: a video, or a folder of pictures.
        start_seconds: None = from the first frame.
        end_seconds: None = up to the last one.
        rate: frames per second of a folder.

    Raises:
        UsageError: a folder without a rate.
    """
    if path.is_dir():
        if rate is None:
            raise UsageError(f"{show(path)}: expected --fps with a folder of frames: its frame rate")
        info = folder_info(path, rate)
        times = regular(info.frames or 0, rate)
    elif is_animation(path):
        info, times = probe_animation(path)
    else:
        info, times = probe(path), frame_times(path)
    return Clip(path, info, times, *times.between(start_seconds, end_seconds))
