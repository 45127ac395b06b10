"""Videos for `swap` and `refine`: analyse, make the missing segments, join, sign; stopped at any moment, it goes on."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from aotface.commands.faces import FaceWish, assign, read_faces
from aotface.commands.joining import (
    beside,
    check_saved_frames,
    deliver,
    deliver_layer,
    digest,
    record_of,
    save_frames,
)
from aotface.commands.pairing import VideoPair
from aotface.commands.writing import UNMARKED, Writing
from aotface.errors import AotfaceError, Interrupted, PartialError, UsageError
from aotface.media.files import check_output, same_file, show
from aotface.media.folder import make_folder
from aotface.media.runlog import command_line, environment, free_name, now, write_run_log
from aotface.media.video.encode import Encoding
from aotface.media.video.folder import FOLDER
from aotface.media.video.parts import Parts, claim, cut
from aotface.media.video.passthrough import refuse_container
from aotface.options import BACKENDS, Options
from aotface.reporter import Reporter
from aotface.tracking.tracks import Tracks
from aotface.transfer import listed, transfer_for
from aotface.video.plan import Plan, open_clip, prepare_source_file, scene_of
from aotface.video.ray_executor import RayExecutor, make_on
from aotface.video.render import PIECE, analyse, shows_a_swap
from aotface.video.scene import Clip, Scene
from aotface.video.segments import MASK, MATRIX, REENACTED, make_segments

VERSION = 2
"""Of the frames: raised when the same options begin to give other ones, so that old segments are not mixed in."""

TRACKS = "tracks"

ROUNDING = Fraction(1, 2000)
"""How far two rates may differ, as a share, that are one rate rounded by two containers; 24 and 23.976 do by twice that."""


@dataclass(frozen=True)
class VideoWork:
    """What a command hands over.

    ``command``: itself. ``facts``: for the records. ``swapped``: whether ``given`` files are swapped already.
    ``mapping``: whether they say which face gets which source. ``rate``: of folders of frames. ``masks``: of the swap.
    """

    command: Writing
    options: Options
    facts: dict[str, Any]
    swapped: bool = False
    mapping: bool = False
    rate: Fraction | None = None
    masks: Path | None = None

    def wishes(self, pair: VideoPair) -> tuple[FaceWish, ...]:
        """Which face of the target gets what."""
        if self.mapping:
            return read_faces(pair.given)
        source = None if self.swapped else pair.given
        return (FaceWish(self.options.face, source, self.options.source_face),)

    def inputs(self, pair: VideoPair) -> dict[str, Path]:
        """What went in beside the target, by what it is."""
        found = {"swapped": pair.given} if self.swapped else {}
        sources = dict.fromkeys(wish.source for wish in self.wishes(pair) if wish.source is not None)
        for number, source in enumerate(sources):
            found["source" if number == 0 else f"source {number + 1}"] = source
        return found | ({"mask": self.masks} if self.masks is not None else {})


def run_videos(work: VideoWork, pairs: list[VideoPair], reporter: Reporter) -> None:
    """Make every video; one that fails among several gets a line, and the rest goes on.

    Raises:
        AotfaceError: the only one failed.
        PartialError: some of several failed.
        Interrupted: Ctrl-C; what is finished is kept.
    """
    if len(pairs) > 1:
        make_folder(pairs[0].output.parent)
    if not work.command.mark:
        reporter.warn(UNMARKED)
    failed = 0
    for pair in pairs:
        try:
            one_video(work, pair, reporter)
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped: the finished part of {show(pair.output)} is kept; say the same command again to go on"
            ) from None
        except AotfaceError as error:
            if len(pairs) == 1:
                raise
            failed += 1
            reporter.warn(
                f"failed: {show(pair.given)} with {show(pair.target)}: {' '.join(str(error).split())}"
            )
    if failed:
        raise PartialError(f"{failed} of {len(pairs)} videos failed: see the lines above")


def one_video(work: VideoWork, pair: VideoPair, reporter: Reporter) -> Path:
    """Make one video, or go on with it.

    Returns:
        The finished file.
    """
    command, started, clock = work.command, now(), time.monotonic()
    check_output(pair.output, command.overwrite)
    layers = _layers(command)
    _refuse_inputs(work, pair, [pair.output, *(beside(pair.output, layer) for layer in layers)])
    clip = open_clip(pair.target, command.trim_start, command.trim_end, work.rate)
    refuse_container(pair.output, None if clip.info.container == FOLDER else pair.target)
    swapped = _same_frames(pair.given, clip, work.rate) if work.swapped else None
    masks = _same_frames(work.masks, clip, work.rate) if work.masks is not None else None
    for note in clip.info.notes:
        reporter.warn(f"{show(pair.target)}: {note}")
    for wish in work.wishes(pair):
        prepare_source_file(
            wish.source, wish.source_face
        )  # what is wrong there is said before the target is searched
    if command.save_frames is not None:
        check_saved_frames(command.save_frames, command.overwrite)
    encoding = Encoding(command.codec, command.crf, command.preset)
    parts, resumed = claim(pair.output, _job(work, pair, clip, encoding), cut(clip.first, clip.last), layers)
    for layer in layers:
        check_output(beside(pair.output, layer), command.overwrite or parts.noted(layer[1:]))
    if resumed:
        reporter.say(
            f"going on: {len(parts.segments) - len(parts.missing())} of {len(parts.segments)} segments are there"
        )
    # Other backends are told when they are loaded how many threads they may use.
    if listed(work.options.transfer).uses_network and work.options.backend == BACKENDS[0]:
        threading.Thread(target=_load, args=(work.options,)).start()
    tracks = _tracks(parts, clip, reporter)
    try:
        assignments = assign(tracks, work.wishes(pair))
        scene = scene_of(clip, tracks, assignments, work.options, command.mark, swapped, masks)
    except AotfaceError:
        if not resumed:  # nothing is kept that the right words could go on with
            parts.discard()
        raise
    if work.swapped and masks is None and not shows_a_swap(scene):
        reporter.warn(
            f"{show(pair.given)}: its faces are those of {show(pair.target)}, as far as a few looks tell; "
            "such frames stay as they are: give the swap of it, or say --mask"
        )
    made = _make(command, Plan.of(scene, assignments), tracks, scene, parts, encoding, _watch(reporter, clip))
    inputs, record = work.inputs(pair), record_of(work.options, work.facts, work.swapped)
    for layer in layers:
        deliver_layer(command, pair, inputs, record, scene, parts, layer)
    deliver(command, pair, inputs, record, scene, parts)
    if command.save_frames is not None:
        save_frames(pair.output, make_folder(command.save_frames), command.overwrite)
    seconds = round(time.monotonic() - clock, 2)
    times = {"started": started, "finished": now(), "seconds": seconds}
    log = command.run_log or pair.output.with_name(f"{pair.output.stem}.run.json")
    whole = run_record(work, pair, scene) | times | {"frames_made": made}
    write_run_log(log if command.overwrite else free_name(log), whole, command.overwrite)
    parts.discard()
    reporter.say(f"{show(pair.output)}  ({len(clip)} frames, {made} made now, {seconds:.1f} s)")
    return pair.output


def _load(options: Options) -> None:
    """Have the network ready when the faces are found; what is wrong with it is said where it is needed."""
    with suppress(AotfaceError):
        transfer_for(options)


def _refuse_inputs(work: VideoWork, pair: VideoPair, outputs: list[Path]) -> None:
    """An output must not be an input, whatever may be overwritten."""
    wished = [path for wish in work.wishes(pair) for path in wish.files]
    for output in outputs:
        if any(same_file(output, path) for path in (pair.given, pair.target, work.masks, *wished) if path):
            raise UsageError(f"{show(output)} is an input of this run: choose another output")


def _make(
    command: Writing,
    plan: Plan,
    tracks: Tracks,
    scene: Scene,
    parts: Parts,
    encoding: Encoding,
    progress: Callable[[int], None],
) -> int:
    """Make the missing segments, here or by Ray; says how many frames were made."""
    if command.ray is None or not parts.missing():
        return make_segments(scene, parts, encoding, progress)
    executor = RayExecutor(command.ray, command.workers, plan.options.device == "cuda")
    try:
        return make_on(executor, plan, tracks, parts, encoding, progress)
    finally:
        executor.close()


def _layers(command: Writing) -> tuple[str, ...]:
    """The layers that were asked for, by the ends of their names."""
    asked = ((MASK, command.save_mask), (REENACTED, command.save_reenacted), (MATRIX, command.save_matrix))
    return tuple(layer for layer, wanted in asked if wanted)


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
    if FOLDER not in (other.info.container, clip.info.container) and abs(rates[0] / rates[1] - 1) > ROUNDING:
        pairs.append(("frames a second", *rates))
    for name, found, wanted in pairs:
        if found != wanted:
            numbers = [round(float(n), 3) if isinstance(n, Fraction) else n for n in (wanted, found)]
            raise UsageError(
                f"{show(path)}: expected the target's {numbers[0]} {name}, got {numbers[1]}; "
                "give the same frames as in the target"
            )
    return other


def _job(work: VideoWork, pair: VideoPair, clip: Clip, encoding: Encoding) -> dict[str, object]:
    """Everything that decides the frames."""
    hashes = {path: digest(path) for wish in work.wishes(pair) for path in wish.files}
    wishes = [(str(hashes.get(Path(wish.face), wish.face)), *wish[1:]) for wish in work.wishes(pair)]
    return {
        "version": VERSION,
        "target": digest(pair.target),
        "swapped": digest(pair.given) if work.swapped else None,
        "masks": digest(work.masks) if work.masks is not None else None,
        "faces": [[face, source and hashes[source], which] for face, source, which in wishes],
        "first": clip.first,
        "last": clip.last,
        "rate": str(clip.info.rate),
        "options": asdict(work.options),
        "weights": work.facts.get("model_sha256"),
        "mark": work.command.mark,
        "encoding": asdict(encoding),
        "versions": environment()["versions"],
    }


def _tracks(parts: Parts, clip: Clip, reporter: Reporter) -> Tracks:
    """The clip's faces: found once, then kept beside the segments."""
    kept = parts.load(TRACKS)
    if kept is not None:
        return Tracks.from_arrays(kept)
    tracks = analyse(clip, lambda done: reporter.progress("looking for faces", done, len(clip)), parts)
    parts.save(TRACKS, tracks.to_arrays())
    parts.forget(PIECE)
    return tracks


def _watch(reporter: Reporter, clip: Clip) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        reporter.progress("swapping", done, len(clip))

    return tell


def run_record(work: VideoWork, pair: VideoPair, scene: Scene) -> dict[str, Any]:
    """What the run log says of a video."""
    clip = scene.clip
    wished = [path for wish in work.wishes(pair) for path in wish.files]
    files = dict.fromkeys([pair.given, pair.target, *work.inputs(pair).values(), *wished])
    return {
        "command": type(work.command).__name__.lower(),
        "arguments": command_line(),
        "config": asdict(work.command),
        "seed": work.options.seed,
        "inputs": {str(path): digest(path) for path in files},
        "output": pair.output,
        "frames": len(clip),
        "rate": str(clip.info.rate),
        "tracks": {
            str(track.id): {"frames": len(track.frames), "swapped": track.id in scene.sources}
            for track in scene.tracks.tracks
        },
        **work.facts,
        **environment(),
    }
