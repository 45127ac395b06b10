"""Which files meet when targets are videos, or folders of their frames."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from aotface.errors import UnreadableImageError, UsageError
from aotface.media.files import list_files, list_images, pair_names, show
from aotface.media.video.opening import is_video
from aotface.media.video.writing import CONTAINERS


class VideoPair(NamedTuple):
    """One piece of work; ``given`` is a source picture, a mapping of faces, or the video that was swapped elsewhere."""

    given: Path
    target: Path
    output: Path


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
    pictures = [] if Path(target).is_file() else _pictures(target)
    if pictures:
        raise UsageError(
            f"{show(target)}: expected either videos or pictures, found both: {show(videos[0].name)} and "
            f"{show(pictures[0].name)}; give them in two runs"
        )
    givens = [path for path in list_files(given) if is_video(path)] if by_name else list_images(given)
    if not givens:
        raise UsageError(f"{show(Path(given))}: expected a video, as {show(videos[0])} is one; give its swap")
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


def _pictures(target: str) -> list[Path]:
    """The pictures among several targets."""
    try:
        return list_images(target)
    except UnreadableImageError:
        return []


def frames_pair(given: str, target: str, output: str, rate: Fraction | None) -> VideoPair | None:
    """The one piece of work where frames lie in folders; None when pictures are refined one by one.

    Args:
        given: after the swap: folder of frames, or video.
        target: likewise.
        output: the video to write.
        rate: frames a second, where it was said.

    Raises:
        UsageError: a folder for which ``rate`` is needed; or ``output`` is no video's name.
    """
    places = Path(given), Path(target)
    folders = [path for path in places if path.is_dir() and not any(map(is_video, list_files(str(path))))]
    if not folders or not (rate or any(map(is_video, places)) or Path(output).suffix.lower() in CONTAINERS):
        return None
    if Path(output).suffix.lower() not in CONTAINERS:
        raise UsageError(f"{output}: frames become a video: expected a name that ends in .mp4, .mov or .mkv")
    if rate is None and places[1] in folders:
        raise UsageError(f"{show(places[1])}: expected --fps with a folder of frames: frames a second")
    return VideoPair(*places, Path(output))
