"""Which files meet: from a job with folders and patterns to one job per output."""

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from aotface.errors import UnreadableImageError, UsageError
from aotface.jobs.spec import JobSpec
from aotface.media.files import list_files, list_images, pair_names, show
from aotface.media.kinds import ANIMATIONS, CONTAINERS, ENDINGS, is_animation, is_video

Meeting = tuple[Path, Path]
"""What is put there (a source, a file that maps faces, or a swap), and its target."""


@dataclass(frozen=True)
class Plan:
    """The jobs for one output each; whether these are videos; and whether they go into one folder."""

    jobs: tuple[JobSpec, ...]
    videos: bool
    folder: bool


def make_plan(spec: JobSpec) -> Plan:
    """Find the files that a job names, and say which of them meet.

    Raises:
        UnreadableImageError: nothing there.
        UsageError: pictures and videos are mixed, names without a partner, or options of videos for pictures.
    """
    if spec.kind == "refine" and _are_frames(spec):
        return Plan((spec,), True, False)
    targets = list_files(spec.target)
    videos = [path for path in targets if is_video(path)]
    if not videos and _becomes_a_video(spec):
        videos = targets
    if videos:
        return _video_plan(spec, videos)
    if spec.fps is not None:
        raise UsageError("--fps is for videos and for folders of frames")
    if spec.ray is not None:
        raise UsageError("--ray is for videos: drop it")
    plan = _picture_plan(spec)
    if spec.mask is not None and (len(plan.jobs) > 1 or Path(spec.mask).is_dir()):
        raise UsageError("one picture as --mask belongs to one picture; folders are for folders of frames")
    return plan


def _one(spec: JobSpec, meeting: Meeting, output: Path) -> JobSpec:
    """The job for one output."""
    given, target = meeting
    name = "swapped" if spec.kind == "refine" else "source" if spec.source else "face_map"
    own = {name: str(given)} if getattr(spec, name) else {}
    return replace(spec, target=str(target), output=str(output), **own)


def _is_file_name(output: str) -> bool:
    return not Path(output).is_dir() and not output.endswith(("/", "\\"))


def _picture_plan(spec: JobSpec) -> Plan:
    mapped = bool(spec.face_map or spec.faces)
    givens = [Path(spec.given)] if mapped else list_images(spec.given)
    targets = list_images(spec.target)
    single = Path(spec.target).is_file() and (mapped or Path(spec.given).is_file())
    if single and _is_file_name(spec.output):
        return Plan((_one(spec, (givens[0], targets[0]), Path(spec.output)),), False, False)
    names = pair_names(givens, targets)
    if spec.kind == "refine" and len(targets) > 1:
        places = _meet_by_stem(givens, targets)
    else:
        places = [(row, column) for column in range(len(targets)) for row in range(len(givens))]
    jobs = [
        _one(spec, (givens[row], targets[col]), Path(spec.output) / names[row, col]) for row, col in places
    ]
    return Plan(tuple(jobs), False, True)


def _meet_by_stem(givens: list[Path], targets: list[Path], kind: str = "pictures") -> list[tuple[int, int]]:
    rows = {path.stem: number for number, path in enumerate(givens)}
    columns = {path.stem: number for number, path in enumerate(targets)}
    alone = sorted(rows.keys() ^ columns.keys())
    if alone or len(rows) < len(givens) or len(columns) < len(targets):
        raise UsageError(
            f"{len(givens)} swapped {kind} and {len(targets)} targets meet by file name, "
            f"but these have no partner: {', '.join(alone[:5]) or 'two of one name'}"
        )
    return [(rows[stem], columns[stem]) for stem in columns]


def _video_plan(spec: JobSpec, videos: list[Path]) -> Plan:
    refined = spec.kind == "refine"
    pictures = [] if Path(spec.target).is_file() else _pictures(spec.target)
    if pictures:
        raise UsageError(
            f"{show(spec.target)}: expected either videos or pictures, found both: {show(videos[0].name)} and "
            f"{show(pictures[0].name)}; give them in two runs"
        )
    givens = _video_givens(spec, videos)
    meetings = _meetings(givens, videos, refined)
    if spec.mask is not None and len(meetings) > 1:
        raise UsageError(f"one --mask belongs to one video, got {len(meetings)}: refine them one by one")
    if len(meetings) == 1 and _is_file_name(spec.output):
        return Plan((_one(spec, meetings[0], Path(spec.output)),), True, False)
    named = [meetings[0][0]] if refined else givens
    names = pair_names(named, videos)
    jobs = []
    for given, target in meetings:
        place = (0 if refined else named.index(given), videos.index(target))
        suffix = target.suffix.lower() if target.suffix.lower() in CONTAINERS else ".mkv"
        jobs.append(_one(spec, (given, target), Path(spec.output) / f"{Path(names[place]).stem}{suffix}"))
    return Plan(tuple(jobs), True, True)


def _video_givens(spec: JobSpec, videos: list[Path]) -> list[Path]:
    if spec.kind == "swap":
        return list_images(spec.source) if spec.source else [Path(spec.given)]
    givens = [path for path in list_files(spec.swapped) if is_video(path) or is_animation(path)]
    if not givens:
        raise UsageError(
            f"{show(spec.swapped)}: expected a video, as {show(videos[0])} is one; give its swap"
        )
    return givens


def _meetings(givens: list[Path], videos: list[Path], refined: bool) -> list[Meeting]:
    if not refined or len(videos) == 1:
        return [(one, path) for path in videos for one in givens]
    return [(givens[row], videos[column]) for row, column in _meet_by_stem(givens, videos, "videos")]


def _becomes_a_video(spec: JobSpec) -> bool:
    """Whether an animation is meant, and not its first picture: the name of the output tells."""
    suffix = Path(spec.output).suffix.lower()
    return suffix in CONTAINERS | ANIMATIONS and _is_file_name(spec.output) and is_animation(spec.target)


def _pictures(target: str) -> list[Path]:
    """The pictures among several targets."""
    try:
        return list_images(target)
    except UnreadableImageError:
        return []


def _are_frames(spec: JobSpec) -> bool:
    """Whether folders hold the frames of one video, rather than pictures to be refined one by one.

    Raises:
        UsageError: a folder that needs a frame rate; or the output is not the name of a video.
    """
    places, rate = (Path(spec.swapped), Path(spec.target)), spec.rate
    folders = [path for path in places if path.is_dir() and not any(map(is_video, list_files(str(path))))]
    named = Path(spec.output).suffix.lower() in CONTAINERS
    if not folders or not (rate or any(map(is_video, places)) or named):
        return False
    if not named:
        raise UsageError(f"{spec.output}: frames become a video: expected a name that ends in {ENDINGS}")
    if rate is None and places[1] in folders:
        raise UsageError(f"{show(places[1])}: expected --fps with a folder of frames: its frame rate")
    return True
