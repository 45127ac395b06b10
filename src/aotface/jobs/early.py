"""What can be known before networks and frames: wrong files, no key, no Ray, no room. Loads only what it needs."""

from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from aotface.errors import InputError, UnwritableError, UsageError
from aotface.jobs.spec import JobSpec
from aotface.media.decoding import FORMATS, read_header
from aotface.media.files import beside, check_output, read_bytes, show
from aotface.media.kinds import is_animation, is_video
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.settings import check_key_folder

if TYPE_CHECKING:
    from aotface.jobs.matching import Plan
    from aotface.media.video.info import VideoInfo

FRAMES_KEPT = 4
"""Frames without loss that lie in a video's folder at the same time, at least."""


def refuse_early(spec: JobSpec, plan: "Plan") -> None:
    """Refuse what could only fail later, before anything is loaded.

    Args:
        spec: the job.
        plan: its outputs.

    Raises:
        AotfaceError: see the message.
    """
    if spec.mark and spec.certificate is None:
        check_key_folder()
    if spec.ray is not None and find_spec("ray") is None:
        raise UsageError("--ray needs Ray, which is not installed: pip install 'aotface[ray]'")
    if len(plan.jobs) != 1:
        return
    (job,) = plan.jobs
    output = Path(job.output)
    if not plan.folder and not (spec.skip_existing and output.exists()):
        check_output(output, spec.overwrite)
    for path in filter(None, (job.source, job.swapped, job.target)):
        if Path(path).is_file():
            look_at(Path(path))


def look_at(path: Path) -> None:
    """Refuse a file that is neither a picture nor a video, or that shows at once that it is not whole.

    Args:
        path: of an input.

    Raises:
        InputError: see the message.
    """
    if is_video(path):
        from aotface.media.video.length import bytes_missing
        from aotface.media.video.probe import probe
        from aotface.media.video.timing import incomplete

        probe(path)
        if missing := bytes_missing(path):
            raise incomplete(path, f"{missing:,} bytes at its end are not there")
        return
    if is_animation(path):
        return
    data = read_bytes(path)
    name = sniff(data[:HEAD_BYTES]).name
    if name not in FORMATS:
        from aotface.media.image import read_image

        read_image(path)  # which says what it is instead
        return
    try:
        read_header(name, data)
    except InputError as error:
        raise type(error)(f"{show(path)}: {error}") from None


def check_room(output: Path, info: "VideoInfo") -> None:
    """Refuse a disk that cannot hold a video and the parts it grows from, before its frames are made.

    Needed are, by rule of thumb, twice the target, and some frames without loss.

    Args:
        output: the finished video.
        info: of its target.

    Raises:
        UnwritableError: there is less room.
    """
    from aotface.media.video.parts import SUFFIX

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
