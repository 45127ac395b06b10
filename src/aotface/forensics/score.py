"""Score pictures, videos and folders with a detector: numbers, and a plot over time for videos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from aotface.errors import NoFaceError, UsageError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.forensics.crops import crop_of, spread
from aotface.forensics.trained import OnnxDetector, TrainedDetector
from aotface.forge.inputs import CLIPS, PICTURES
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.threads import one_thread_each

Detector = TrainedDetector | OnnxDetector


@dataclass(frozen=True)
class Scored:
    """One file. ``score``: 0..1; of a video the mean over ``over_time``: seconds and score of each stretch."""

    file: Path
    score: float
    over_time: tuple[tuple[float, float], ...] = ()


def files_of(places: Sequence[Path]) -> list[Path]:
    """Every picture and video of some files and folders.

    Raises:
        UsageError: there is none.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += [
                p for p in sorted(place.rglob("*")) if p.suffix.lower() in PICTURES | CLIPS and p.is_file()
            ]
        elif place.exists():
            found.append(place)
        else:
            raise UsageError(f"{show(place)}: no such file or folder; check the name")
    if not found:
        raise UsageError(f"{', '.join(map(show, places))}: no picture and no video there")
    return list(dict.fromkeys(found))


def score_file(detector: Detector, file: Path, looks: int = 16) -> Scored:
    """Score the largest face.

    Args:
        detector: see there.
        file: a picture or a video.
        looks: stretches of a video that are scored, spread over all of it.

    Raises:
        NoFaceError: no face. InputError: the file cannot be read.
    """
    with one_thread_each():
        if file.suffix.lower() not in CLIPS:
            frame = read_image(file).frame
            return Scored(file, detector.score_crops(_crops([frame], file)))
        return _score_video(detector, file, looks)


def _score_video(detector: Detector, file: Path, looks: int) -> Scored:
    from aotface.video.plan import open_clip

    clip = open_clip(file)
    rate = float(clip.info.rate)
    stacks: list[np.ndarray] = []
    over_time = []
    for number in spread(len(clip), min(looks, len(clip))):
        first = clip.first + min(number, max(0, len(clip) - detector.frames))
        frames = [one.square for one in clip.frames(first, min(first + detector.frames, clip.last))]
        try:
            crops = _crops(frames, file)
        except NoFaceError:
            continue
        stacks.append(crops)
        over_time.append(((first - clip.first) / rate, detector.score_crops(crops)))
    if not stacks:
        raise NoFaceError(f"{show(file)}: no face found in {looks} places of it")
    return Scored(file, float(np.mean([value for _, value in over_time])), tuple(over_time))


def _crops(frames: Sequence[np.ndarray], file: Path) -> np.ndarray:
    """Aligned crops of the largest face of each frame."""
    crops = []
    for frame in frames:
        eight = frame if frame.dtype == np.uint8 else (frame >> 8).astype(np.uint8)
        found = detect(eight)
        if found:
            crops.append(crop_of(eight, align(eight, found[0]).matrix))
    if not crops:
        raise NoFaceError(f"{show(file)}: no face found to score")
    return np.stack(crops)


def plot(scored: Scored, height: int = 240, width: int = 640) -> UInt8[np.ndarray, "height width 3"]:
    """Score over time: 0 below, 1 above, with lines at the quarters and at the mean."""
    left, top, right, bottom = 48, 28, width - 12, height - 32
    made = np.full((height, width, 3), 252, np.uint8)
    last = max(scored.over_time[-1][0], 1e-6) if scored.over_time else 1.0

    def place(seconds: float, score: float) -> tuple[int, int]:
        return round(left + (right - left) * seconds / last), round(bottom + (top - bottom) * score)

    def words(text: str, at: tuple[int, int]) -> None:
        cv2.putText(made, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 60, 66), 1, cv2.LINE_AA)

    for quarter in (0.0, 0.25, 0.5, 0.75, 1.0):
        cv2.line(made, place(0.0, quarter), place(last, quarter), (222, 222, 226), 1)
        words(f"{quarter:.2f}", (6, place(0.0, quarter)[1] + 4))
    cv2.line(made, place(0.0, scored.score), place(last, scored.score), (150, 150, 220), 1, cv2.LINE_AA)
    points = np.array([place(*one) for one in scored.over_time], np.int32)
    if len(points):
        cv2.polylines(made, [points], False, (190, 40, 40), 2, cv2.LINE_AA)
    words(
        f"score over time, mean {scored.score:.2f} (0 like originals, 1 like the fakes it was trained on)",
        (left, 18),
    )
    words("0 s", (left, height - 12))
    words(f"{last:.1f} s", (right - 44, height - 12))
    return made
