"""Videos for `swap` and `refine`: analyse, make the missing segments, join, sign; stopped at any moment, it goes on."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from aotface.commands.deliver import signer_from
from aotface.commands.voice import Voice
from aotface.commands.writing import UNMARKED, Writing
from aotface.errors import AotfaceError, Interrupted, PartialError, UsageError
from aotface.face.tracks import Tracks
from aotface.media.files import check_output, list_files, pair_names, show
from aotface.media.folder import make_folder
from aotface.media.runlog import command_line, environment, free_name, now, write_run_log
from aotface.media.video.copying import refuse_container
from aotface.media.video.decode import VideoFrame
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.folder import save_frame
from aotface.media.video.join import join
from aotface.media.video.opening import is_video
from aotface.media.video.parts import Parts, claim, cut
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times
from aotface.media.video.writing import CONTAINERS
from aotface.media.weights import sha256
from aotface.provenance.credentials import Record, sign_video
from aotface.swap.options import Options
from aotface.swap.video import Clip, Giver, Scene, analyse, finished_frames, make_scene

VERSION = 1
"""Of the frames: raised when the same options begin to give other ones, so that old segments are not mixed in."""

TRACKS = "tracks"


class VideoPair(NamedTuple):
    """One piece of work; ``given`` is a source picture, or the video that was swapped elsewhere."""

    given: Path
    target: Path
    output: Path


@dataclass(frozen=True)
class VideoWork:
    """What a command hands over: itself, what its ``given`` files are, and facts for the records."""

    command: Writing
    options: Options
    giver: Callable[[Path], Giver] | None
    facts: dict[str, Any]

    @property
    def role(self) -> str:
        """What ``given`` is."""
        return "swapped" if self.giver is None else "source"


def video_pairs(given: str, target: str, output: str, by_name: bool) -> list[VideoPair]:
    """Which files meet when the targets are videos; none when they are not.

    Args:
        given: source pictures, or (``by_name``) swapped videos: file, folder or glob.
        target: file, folder or glob.
        output: a file for one pair, else a folder.
        by_name: swapped videos and targets meet by equal stems.

    Raises:
        UsageError: pictures and videos are mixed, or a swapped video has no target of its name.
    """
    targets = list_files(target)
    videos = [path for path in targets if is_video(path)]
    if not videos:
        return []
    if len(videos) < len(targets) and Path(target).is_file():
        return []
    givens = [path for path in list_files(given) if is_video(path) or not by_name]
    if by_name and len(videos) > 1:
        stems = {path.stem: path for path in givens}
        alone = sorted(path.name for path in videos if path.stem not in stems)
        if alone:
            raise UsageError(f"swapped videos and targets meet by file name, but {alone[0]} has no partner")
        meeting = [(stems[path.stem], path) for path in videos]
    else:
        meeting = [(one, path) for path in videos for one in givens]
    place = Path(output)
    if len(meeting) == 1 and not place.is_dir() and not output.endswith(("/", "\\")):
        return [VideoPair(*meeting[0], place)]
    names = pair_names([one for one, _ in meeting[:1]] if by_name else givens, videos)
    rows = {path: number for number, path in enumerate(givens)}
    columns = {path: number for number, path in enumerate(videos)}
    found = []
    for one, path in meeting:
        name = Path(names[0 if by_name else rows[one], columns[path]]).stem
        suffix = path.suffix.lower() if path.suffix.lower() in CONTAINERS else ".mkv"
        found.append(VideoPair(one, path, place / f"{name}{suffix}"))
    return found


def run_videos(work: VideoWork, pairs: list[VideoPair], voice: Voice) -> None:
    """Make every video; one that fails among several gets a line, and the rest goes on.

    Raises:
        AotfaceError: the only one failed.
        PartialError: some of several failed.
        Interrupted: Ctrl-C; what is finished is kept.
    """
    if len(pairs) > 1:
        make_folder(pairs[0].output.parent)
    if not work.command.mark:
        voice.warn(UNMARKED)
    failed = 0
    for pair in pairs:
        try:
            one_video(work, pair, voice)
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped: the finished part of {show(pair.output)} is kept; say the same command again to go on"
            ) from None
        except AotfaceError as error:
            if len(pairs) == 1:
                raise
            failed += 1
            voice.warn(f"failed: {show(pair.given)} with {show(pair.target)}: {' '.join(str(error).split())}")
    if failed:
        raise PartialError(f"{failed} of {len(pairs)} videos failed: see the lines above")


def one_video(work: VideoWork, pair: VideoPair, voice: Voice) -> Path:
    """Make one video, or go on with it.

    Returns:
        The finished file.
    """
    command, started, clock = work.command, now(), time.monotonic()
    check_output(pair.output, command.overwrite)
    refuse_container(pair.output, pair.target)
    clip = open_clip(pair.target, command.trim_start, command.trim_end)
    swapped = None if work.giver is not None else _same_frames(pair.given, clip, command)
    for note in clip.facts.notes:
        voice.warn(f"{show(pair.target)}: {note}")
    encoding = Encoding(command.codec, command.video_quality, command.preset)
    parts, going_on = claim(pair.output, _job(work, pair, clip, encoding), cut(clip.first, clip.last))
    if going_on:
        voice.say(
            f"going on: {len(parts.segments) - len(parts.missing())} of {len(parts.segments)} segments are there"
        )
    tracks = _tracks(parts, clip, voice)
    giver = work.giver(pair.given) if work.giver is not None else None
    scene = make_scene(clip, tracks, giver, work.options, command.mark, swapped)
    made = make_segments(scene, parts, encoding, _watch(voice, clip))
    _deliver(work, pair, scene, parts, encoding)
    if command.keep_frames is not None:
        _keep(pair.output, clip, make_folder(command.keep_frames), command.overwrite)
    seconds = round(time.monotonic() - clock, 2)
    record = _record(work, pair, scene) | {
        "started": started,
        "finished": now(),
        "seconds": seconds,
        "frames_made": made,
    }
    log = command.run_log or pair.output.with_name(f"{pair.output.stem}.run.json")
    write_run_log(log if command.overwrite else free_name(log), record, command.overwrite)
    parts.discard()
    voice.say(f"{show(pair.output)}  ({len(clip)} frames, {made} made now, {seconds:.1f} s)")
    return pair.output


def open_clip(path: Path, start_seconds: float | None = None, end_seconds: float | None = None) -> Clip:
    """A video, or the part of it between two times."""
    facts, times = probe(path), frame_times(path)
    return Clip(path, facts, times, *times.between(start_seconds, end_seconds))


def make_segments(scene: Scene, parts: Parts, encoding: Encoding, progress: Callable[[int], None]) -> int:
    """Make what is missing, in order; neighbours that are missing together share the frames between them.

    Returns:
        How many frames were made.
    """
    missing, made = parts.missing(), 0
    for run in _runs(missing):
        first, last = parts.segments[run[0]][0], parts.segments[run[-1]][1]
        frames = finished_frames(scene, first, last)
        for number in run:
            start, stop = parts.segments[number]
            counted = _counted(frames, stop - start, lambda: progress(1))
            made += write_segment(parts.segment(number), scene.clip.facts, encoding, counted)
    return made


def _counted(frames: Iterator[VideoFrame], count: int, tell: Callable[[], None]) -> Iterator[VideoFrame]:
    for _ in range(count):
        yield next(frames)
        tell()


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _same_frames(path: Path, clip: Clip, command: Writing) -> Clip:
    """The swapped video, when it has the target's size, rate and number of frames."""
    other = open_clip(path, command.trim_start, command.trim_end)
    pairs = (
        ("width", other.facts.width, clip.facts.width),
        ("height", other.facts.height, clip.facts.height),
        ("frames a second", other.facts.rate, clip.facts.rate),
        ("frames", len(other), len(clip)),
    )
    for name, found, wanted in pairs:
        if found != wanted:
            numbers = [round(float(n), 3) if isinstance(n, Fraction) else n for n in (wanted, found)]
            raise UsageError(
                f"{show(path)}: expected the target's {numbers[0]} {name}, got {numbers[1]}; "
                "give the swap of the same video"
            )
    return other


def _job(work: VideoWork, pair: VideoPair, clip: Clip, encoding: Encoding) -> dict[str, object]:
    """Everything that decides the frames."""
    return {
        "version": VERSION,
        "target": sha256(pair.target),
        work.role: sha256(pair.given),
        "first": clip.first,
        "last": clip.last,
        "options": asdict(work.options),
        "weights": work.facts.get("model_sha256"),
        "mark": work.command.mark,
        "encoding": asdict(encoding),
        "versions": environment()["versions"],
    }


def _tracks(parts: Parts, clip: Clip, voice: Voice) -> Tracks:
    """The clip's faces: found once, then kept beside the segments."""
    kept = parts.load(TRACKS)
    if kept is not None:
        return Tracks.from_arrays(kept)
    tracks = analyse(clip, lambda done: voice.progress("looking for faces", done, len(clip)))
    parts.save(TRACKS, tracks.to_arrays())
    return tracks


def _watch(voice: Voice, clip: Clip) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        voice.progress("swapping", done, len(clip))

    return tell


def _deliver(work: VideoWork, pair: VideoPair, scene: Scene, parts: Parts, encoding: Encoding) -> None:
    command, clip = work.command, scene.clip
    segments = [parts.segment(number) for number in range(len(parts.segments))]
    whole = (clip.facts, clip.times, clip.first, clip.last)
    if not command.mark:
        join(segments, pair.target, pair.output, *whole, command.overwrite)
        return
    joined = parts.folder / f"joined{pair.output.suffix}"
    join(segments, pair.target, joined, *whole, overwrite=True)
    reenactor = "given" if work.giver is None else "mesh"
    record = Record(
        work.options.transfer, reenactor, work.facts.get("model_sha256"), {"seed": work.options.seed}
    )
    signer = signer_from(command.certificate, command.key)
    sign_video(joined, pair.output, record, pair.target, {work.role: pair.given}, signer, command.overwrite)


def _keep(output: Path, clip: Clip, folder: Path, overwrite: bool) -> None:
    """Every frame of the finished video as PNG."""
    finished = open_clip(output)
    for frame in finished.frames():
        save_frame(folder, frame, overwrite)


def _record(work: VideoWork, pair: VideoPair, scene: Scene) -> dict[str, Any]:
    clip = scene.clip
    return {
        "command": type(work.command).__name__.lower(),
        "arguments": command_line(),
        "config": asdict(work.command),
        "seed": work.options.seed,
        "inputs": {str(path): sha256(path) for path in (pair.given, pair.target)},
        "output": pair.output,
        "frames": len(clip),
        "rate": str(clip.facts.rate),
        "tracks": {
            str(track.id): {"frames": len(track.frames), "swapped": track.id in scene.givers}
            for track in scene.tracks.tracks
        },
        **work.facts,
        **environment(),
    }
