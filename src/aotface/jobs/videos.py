"""Videos: find the faces, make the missing segments, join, sign; stopped at any moment, a video resumes."""

import time
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from aotface.compose.output_layers import layers_named
from aotface.errors import AotfaceError, Interrupted, PartialError, UsageError
from aotface.jobs.assemble import assemble, assemble_layer, check_saved_frames, digest, save_frames
from aotface.jobs.context import JobContext, inputs_of
from aotface.jobs.device import preload
from aotface.jobs.early import check_room
from aotface.jobs.face_map import assignments_of, files_of, reference_in
from aotface.jobs.failures import failure_of
from aotface.jobs.matching import Plan
from aotface.jobs.ray_executor import RayExecutor, make_on
from aotface.jobs.scene import Inputs, open_inputs, open_scene
from aotface.jobs.spec import JobSpec
from aotface.media.files import beside, check_output, same_file, show
from aotface.media.folder import make_folder
from aotface.media.lock import writing_alone
from aotface.media.runlog import environment, free_name, now, write_run_log
from aotface.media.video.encode import Encoding, encoding_for
from aotface.media.video.parts import Parts, claim, cut
from aotface.media.video.passthrough import check_container
from aotface.tracking.tracks import Tracks
from aotface.video.render import PIECE, analyse, shows_a_swap
from aotface.video.scene import Clip, Scene
from aotface.video.segments import make_segments

VERSION = 26
"""Of the frames: raised when the same options begin to give other ones, so that old segments are not mixed in."""

TRACKS = "tracks"


def run_videos(context: JobContext, plan: Plan) -> list[Path]:
    """Make every video. One that fails of several gets a line, and the rest is made.

    Raises:
        AotfaceError: the only one failed.
        PartialError: some of several failed.
        Interrupted: stopped or cancelled; what is finished is kept.
    """
    if plan.folder:
        make_folder(Path(plan.jobs[0].output).parent)
    for note in context.notes:
        context.reporter.warn(note)
    failed, written = 0, []
    for job in plan.jobs:
        output = Path(job.output)
        if job.skip_existing and output.exists():
            context.reporter.say(f"{show(output)}  (skipped: it exists)")
            continue
        try:
            written.append(make_video(context, job))
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted(
                f"stopped: the finished part of {show(output)} is kept; run the same command again to resume"
            ) from None
        except Exception as error:  # of any kind: one file does not end a batch
            if len(plan.jobs) == 1:
                raise
            failed += 1
            line = failure_of(error)["error"]
            context.reporter.warn(f"failed: {show(job.given)} with {show(job.target)}: {line}")
    if failed:
        raise PartialError(f"{failed} of {len(plan.jobs)} videos failed: see the lines above")
    return written


def make_video(context: JobContext, job: JobSpec) -> Path:
    """Make one video, or resume it, while no other run writes it.

    Returns:
        The finished file.
    """
    output = Path(job.output)
    check_output(output, job.overwrite)
    with writing_alone(output, job.wait):
        return _make_video(context, job)


def _make_video(context: JobContext, job: JobSpec) -> Path:
    output, reporter, started, clock = Path(job.output), context.reporter, now(), time.monotonic()
    inputs = _checked(context, job)
    encoding = encoding_for(output, job.codec, job.crf, job.preset)
    layers = layers_named(job.layers)
    endings = tuple(layer.video_ending for layer in layers)
    check_room(output, inputs.clip.info)
    cuts = cut(inputs.clip.first, inputs.clip.last)
    parts, resumed = claim(output, _identity(context, job, inputs.clip, encoding), cuts, endings)
    for ending in endings:
        check_output(beside(output, ending), job.overwrite or parts.noted(ending[1:]))
    if resumed:
        there = len(parts.segments) - len(parts.missing())
        reporter.say(f"resuming: {there} of {len(parts.segments)} segments are there")
    preload(context.options)
    tracks = _tracks(context, parts, inputs.clip)
    try:
        scene = open_scene(context, job, inputs, tracks)
    except AotfaceError:
        if not resumed:  # nothing is kept that the right options could resume
            parts.discard()
        raise
    if inputs.swapped is not None and job.mask is None and not shows_a_swap(scene):
        reporter.warn(
            f"{show(job.given)}: its faces are those of {show(job.target)} in the few frames that were compared; "
            "such frames stay as they are: give the swap of it, or say --mask"
        )
    made = _make(context, job, tracks, scene, parts, encoding)
    for layer in layers:
        assemble_layer(context, job, inputs.clip, parts, layer)
    assemble(context, job, inputs.clip, parts)
    if job.save_frames is not None:
        save_frames(output, make_folder(Path(job.save_frames)), job.overwrite, reporter.warn)
    seconds = round(time.monotonic() - clock, 2)
    log = Path(job.run_log) if job.run_log else beside(output, ".run.json")
    log = log if job.overwrite else free_name(log)
    times = {"started": started, "finished": now(), "seconds": seconds, "frames_made": made}
    write_run_log(log, context.run_record(job, log) | _video_record(job, scene) | times, job.overwrite)
    parts.discard()
    reporter.say(f"{show(output)}  ({len(inputs.clip)} frames, {made} made now, {seconds:.1f} s)")
    return output


def _checked(context: JobContext, job: JobSpec) -> Inputs:
    """Open what goes in; refuse at once what could only fail later."""
    output, layers = Path(job.output), layers_named(job.layers)
    check_output(output, job.overwrite)
    _refuse_inputs(job, [output, *(beside(output, layer.video_ending) for layer in layers)])
    inputs = open_inputs(job)
    converted = check_container(output, None if inputs.clip.info.only_pictures else Path(job.target))
    for note in converted:
        context.reporter.warn(note)
    for note in inputs.clip.info.notes:
        context.reporter.warn(f"{show(job.target)}: {note}")
    for row in assignments_of(job):
        if row.source is not None:  # what is wrong there is said before the target is searched
            context.prepare(row.source, str(row.source_face))
    if job.save_frames is not None:
        check_saved_frames(Path(job.save_frames), job.overwrite)
    return inputs


def _refuse_inputs(job: JobSpec, outputs: list[Path]) -> None:
    """An output must not be an input, whatever may be overwritten."""
    inputs = [Path(job.given), Path(job.target), *inputs_of(job).values(), *files_of(assignments_of(job))]
    for output in outputs:
        if any(same_file(output, path) for path in inputs):
            raise UsageError(f"{show(output)} is an input of this run: choose another output")


def _make(
    context: JobContext, job: JobSpec, tracks: Tracks, scene: Scene, parts: Parts, encoding: Encoding
) -> int:
    """Make the missing segments, here or by Ray; says how many frames were made."""
    progress = _counting(context, scene.clip)
    if job.ray is None or not parts.missing():
        return make_segments(scene, parts, encoding, progress)
    device = context.options.device
    executor = RayExecutor(job.ray, job.workers, device == "cuda")
    try:
        return make_on(
            executor, replace(job, device=device), tracks, parts, progress, context.stop_if_cancelled
        )
    finally:
        executor.close()


def _identity(context: JobContext, job: JobSpec, clip: Clip, encoding: Encoding) -> dict[str, object]:
    """Everything that decides the frames: a work folder of another identity is not resumed."""
    rows = assignments_of(job)
    hashes = {path: digest(path) for path in files_of(rows)}
    faces = [
        [
            hashes[reference] if (reference := reference_in(str(row.face))) else str(row.face),
            row.source and hashes[Path(row.source)],
            str(row.source_face),
        ]
        for row in rows
    ]
    return {
        "version": VERSION,
        "target": digest(Path(job.target)),
        "swapped": digest(Path(job.swapped)) if job.kind == "refine" else None,
        "masks": digest(Path(job.mask)) if job.mask is not None else None,
        "faces": faces,
        "first": clip.first,
        "last": clip.last,
        "rate": str(clip.info.rate),
        "options": asdict(context.options),
        "weights": context.facts.get("model_sha256"),
        "reenactor": context.reenactor_identity(),
        "mark": job.mark,
        "encoding": asdict(encoding),
        "versions": environment()["versions"],
    }


def _tracks(context: JobContext, parts: Parts, clip: Clip) -> Tracks:
    """The clip's faces: found once, then kept beside the segments."""
    kept = parts.load(TRACKS)
    if kept is not None:
        return Tracks.from_arrays(kept)
    tracks = analyse(clip, lambda done: context.progress("looking for faces", done, len(clip)), parts)
    parts.save(TRACKS, tracks.to_arrays())
    parts.forget(PIECE)
    return tracks


def _counting(context: JobContext, clip: Clip) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        context.progress("swapping", done, len(clip))

    return tell


def _video_record(job: JobSpec, scene: Scene) -> dict[str, Any]:
    """What the run log says of a video beside what it says of every job."""
    clip = scene.clip
    files = dict.fromkeys(
        [Path(job.given), Path(job.target), *inputs_of(job).values(), *files_of(assignments_of(job))]
    )
    rate: Fraction = clip.info.rate
    return {
        "inputs": {str(path): digest(path) for path in files if path.exists()},
        "output": job.output,
        "frames": len(clip),
        "rate": str(rate),
        "tracks": {
            str(track.id): {"frames": len(track.frames), "swapped": track.id in scene.sources}
            | ({"forehead": shots} if (shots := scene.foreheads.record(track.id)) else {})
            for track in scene.tracks.tracks
        },
    }
