"""From finished segments to files: the video, its layers, its frames as pictures."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aotface.compose.output_layers import OutputLayer
from aotface.jobs.context import JobContext, inputs_of
from aotface.jobs.spec import JobSpec
from aotface.media.files import beside, check_output, read_bytes, show, write_bytes
from aotface.media.image import source_type_of
from aotface.media.kinds import ANIMATIONS, is_video
from aotface.media.source_type import combined
from aotface.media.video.animation import write_animation
from aotface.media.video.folder import list_frames, save_frame
from aotface.media.video.join import join
from aotface.media.video.parts import Parts
from aotface.media.video.xmp import video_source_type
from aotface.media.weights import sha256
from aotface.provenance.credentials import Record, sign_video
from aotface.video.plan import open_clip
from aotface.video.scene import Clip

_FRAME = re.compile(r"\d{6,}\.png")


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder of frames, that of all of them in order."""
    if not path.is_dir():
        return sha256(path)
    return hashlib.sha256("".join(sha256(frame) for frame in list_frames(path)).encode()).hexdigest()


def assemble(context: JobContext, job: JobSpec, clip: Clip, parts: Parts) -> None:
    """Join the segments with the target's sound, sign, and write the video."""
    output = Path(job.output)
    segments = [parts.segment(number) for number in range(len(parts.segments))]
    whole = (clip.info, clip.times, clip.first, clip.last)
    sound = None if clip.info.only_pictures else Path(job.target)
    said = combined(declared(Path(job.target)), map(declared, inputs_of(job).values()), job.mark)
    joined = parts.folder / f"joined{output.suffix.lower()}" if job.mark else output
    overwrite = job.overwrite or job.mark
    if output.suffix.lower() in ANIMATIONS:
        write_animation(segments, joined, *whole, overwrite)
    else:
        join(segments, sound, joined, *whole, overwrite, said)
    if not job.mark:
        return
    _sign(context, job, clip, joined, output, context.record(), job.overwrite)


def assemble_layer(context: JobContext, job: JobSpec, clip: Clip, parts: Parts, layer: OutputLayer) -> None:
    """Write a layer beside the output; what a stop leaves of it may be replaced when the video resumes."""
    ending = layer.video_ending
    output = beside(Path(job.output), ending)
    overwrite = job.overwrite or parts.noted(ending[1:])
    check_output(output, overwrite)
    parts.note(ending[1:])
    pieces = [parts.segment(number, ending) for number in range(len(parts.segments))]
    if layer.of_frame is None:
        write_bytes(output, b"".join(read_bytes(piece) for piece in pieces), overwrite)
        return
    whole = (layer.info(clip.info), clip.times, clip.first, clip.last)
    if not layer.shows_swap:
        join(pieces, None, output, *whole, overwrite)
        return
    said = combined(declared(Path(job.target)), map(declared, inputs_of(job).values()), job.mark)
    if not job.mark:
        join(pieces, None, output, *whole, overwrite, said)
        return
    joined = join(pieces, None, parts.folder / f"joined{ending}", *whole, overwrite=True, source_type=said)
    _sign(context, job, clip, joined, output, context.record(before_transfer=True), overwrite)


def declared(path: Path) -> str | None:
    """What the XMP of a picture, a video, or the first picture of a folder says of how it came to be."""
    path = list_frames(path)[0] if path.is_dir() else path
    return video_source_type(path) if is_video(path) else source_type_of(path)


def check_saved_frames(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds frames already, before hours are spent."""
    for path in sorted(folder.glob("[0-9]*.png"))[:1]:
        check_output(path, overwrite)


def save_frames(output: Path, folder: Path, overwrite: bool, tell: Callable[[str], None]) -> None:
    """Write every frame of the finished video as PNG; frames that an earlier run left beyond its end are removed."""
    old = {path.name for path in folder.iterdir() if _FRAME.fullmatch(path.name)}
    for frame in open_clip(output).frames():
        old.discard(save_frame(folder, frame, overwrite).name)
    for name in old:
        (folder / name).unlink()
    if old:
        tell(
            f"{show(folder)}: {len(old)} frames of an earlier, longer video were removed ({min(old)} and on)"
        )


def _sign(
    context: JobContext, job: JobSpec, clip: Clip, joined: Path, output: Path, record: Record, overwrite: bool
) -> None:
    """Sign; a folder of frames is named by its first."""
    inputs = inputs_of(job)
    known = declared(Path(job.target))
    record = replace(record, target_source_type=known, trimmed=len(clip) < len(clip.times))
    parent, *others = (
        list_frames(path)[0] if path.is_dir() else path for path in (Path(job.target), *inputs.values())
    )
    named = dict(zip(inputs, others, strict=True))
    sign_video(joined, output, record, parent, named, context.signer, overwrite)
