"""From a job to what a video is made of: opened inputs, and who is put where. The same here and in a worker of Ray."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from aotface.errors import UsageError
from aotface.jobs.assign import assign
from aotface.jobs.context import JobContext
from aotface.jobs.face_map import assignments_of
from aotface.jobs.spec import JobSpec
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.media.kinds import is_animation, is_video
from aotface.tracking.tracks import Tracks
from aotface.types import Frame
from aotface.video.plan import open_clip
from aotface.video.scene import Clip, Scene, make_scene

ROUNDING = Fraction(1, 2000)
"""How far two rates may differ, as a share, that are one rate rounded by two containers; 24 and 23.976 do by twice that."""


@dataclass(frozen=True)
class Inputs:
    """``clip``: the target. ``swapped``, ``masks``: the same frames after another tool's swap, and where it shows.
    ``still_mask``: the same of all frames."""

    clip: Clip
    swapped: Clip | None
    masks: Clip | None
    still_mask: Frame | None = None


def open_inputs(job: JobSpec) -> Inputs:
    """Open the target, and what must have the same frames.

    Raises:
        UsageError: they differ in size, number or rate.
        InputError: one cannot be read.
    """
    clip = open_clip(Path(job.target), job.trim_start, job.trim_end, job.rate)
    swapped = _same_frames(Path(job.swapped), clip, job.rate) if job.kind == "refine" else None
    mask = None if job.mask is None else Path(job.mask)
    picture = mask is not None and mask.is_file() and not is_video(mask) and not is_animation(mask)
    still = _still_mask(mask, clip) if picture and mask is not None else None
    masks = _same_frames(mask, clip, job.rate) if mask is not None and not picture else None
    if swapped is not None and clip.info.only_pictures:  # which does not say what shape its pixels have
        clip = replace(clip, info=replace(clip.info, pixel_aspect=swapped.info.shown_aspect))
    return Inputs(clip, swapped, masks, still)


def open_scene(context: JobContext, job: JobSpec, inputs: Inputs, tracks: Tracks) -> Scene:
    """Choose the faces, prepare their sources, and make the scene.

    Raises:
        FaceError, UsageError: see `assign`.
    """
    chosen = assign(tracks, assignments_of(job))
    sources = {
        track: None if row.source is None else context.prepare(row.source, str(row.source_face))
        for track, row in chosen.items()
    }
    made = make_scene(
        inputs.clip, tracks, None, context.options, job.mark, inputs.swapped, sources, inputs.masks
    )
    return replace(made, still_mask=inputs.still_mask)


def _still_mask(path: Path, clip: Clip) -> Frame:
    """One picture as the mask of every frame.

    Raises:
        UsageError: it has another size than the target.
    """
    mask = read_image(path).frame
    wanted, found = (clip.info.width, clip.info.height), mask.shape[1::-1]
    if found != wanted:
        raise UsageError(
            f"{show(path)}: expected the target's {wanted[0]} x {wanted[1]} pixels, got {found[0]} x {found[1]}"
        )
    return mask


def _same_frames(path: Path, clip: Clip, rate: Fraction | None) -> Clip:
    """Frames that meet those of the target one by one: of its size and number, and files of its rate.

    Of a trimmed target they are either as many as are left, or as many as there were.
    """
    other = open_clip(path, rate=rate or clip.info.rate)
    if len(other) == len(clip.times) != len(clip):
        other = replace(other, first=clip.first, last=clip.last)
    pairs: list[tuple[str, int | Fraction, int | Fraction]] = [
        ("pixels of width", other.info.width, clip.info.width),
        ("pixels of height", other.info.height, clip.info.height),
        ("frames", len(other), len(clip)),
    ]
    rates = other.info.rate, clip.info.rate
    still = other.info.only_pictures or clip.info.only_pictures
    if not still and abs(rates[0] / rates[1] - 1) > ROUNDING:
        pairs.append(("fps", *rates))
    for name, found, wanted in pairs:
        if found != wanted:
            numbers = [round(float(n), 3) if isinstance(n, Fraction) else n for n in (wanted, found)]
            raise UsageError(
                f"{show(path)}: expected the target's {numbers[0]} {name}, got {numbers[1]}; "
                "give the same frames as in the target"
            )
    return other
