"""Suite `clips`: faces that move and talk; is the result as quiet as its target?

The data is a folder of videos. Each gives its face to the next one's person; `LENGTH` frames in a row are judged, in the
crop that follows the face. Numbers of one picture are those of the middle frame.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from aotface.datasets.portraits import Say, Seen, angle_from_camera, lay
from aotface.errors import InputError, NoFaceError, UsageError
from aotface.evaluation.triple import Facts, Plan, Triple
from aotface.face.align import align
from aotface.media.files import list_files, show
from aotface.media.kinds import is_video
from aotface.media.video.decode import read_frames
from aotface.media.video.probe import probe
from aotface.tracking.smooth import smooth
from aotface.tracking.tracker import track
from aotface.tracking.tracks import choose_tracks

LENGTH = 16
"""Frames of a clip that are judged, and as many seconds of reading as they take."""

_MAGIC = 505


def plan(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """Choose whose face goes onto whom; see `relit.plan` for the arguments. At most one pair a clip."""
    videos = [path.relative_to(data).as_posix() for path in list_files(data) if is_video(path)]
    if len(videos) < 2:
        raise UsageError(f"{show(data)}: expected at least two videos, found {len(videos)}")
    order = [videos[i] for i in np.random.default_rng([_MAGIC, seed]).permutation(len(videos))]
    plans = []
    for number, target in enumerate(order[:pairs]):
        source = order[(number + 1) % len(order)]
        files = {"source": source, "target": target}
        plans.append(Plan(f"clips-{number:04d}", files, Path(source).stem, Path(target).stem))
    return plans


def build(plan: Plan, data: Path) -> Triple:
    """Make one triple, with the frames around it.

    Raises:
        NoFaceError: no face in the source's first frame, or not in all the target's frames.
        InputError: fewer than two frames.
    """
    source, targets = _first(data / plan.files["source"]), _followed(data / plan.files["target"])
    frames = tuple(_one(plan, source, target) for target in targets)
    return replace(frames[len(frames) // 2], clip=frames)


def _one(plan: Plan, source: Seen, target: Seen) -> Triple:
    made, mask = lay(source, target)
    info = Facts(
        "clips",
        plan.source_person,
        plan.target_person,
        target.tone,
        source.tone,
        angle_from_camera(target.light),
    )
    crop, geometry = target.aligned.crop, target.geometry
    own = (source.aligned.crop, source.aligned.landmarks)
    return Triple(
        plan.name, made.crop, crop, None, mask, geometry, target.aligned.landmarks, made.landmarks, *own, info
    )


@lru_cache(maxsize=4)
def _first(path: Path) -> Seen:
    return _followed(path)[0]


@lru_cache(maxsize=4)
def _followed(path: Path) -> tuple[Seen, ...]:
    """The largest face of the first frames, its motion smoothed."""
    info = probe(path)
    frames = [frame.square for frame in islice(read_frames(path, info=info), LENGTH)]
    if len(frames) < 2:
        raise InputError(f"{show(path)}: expected at least two frames; leave this clip out")
    tracks = smooth(track(frames), float(info.rate))
    (chosen,) = choose_tracks(tracks, "largest")
    seen = []
    for number, frame in enumerate(frames):
        face = dict(tracks.faces_at(number)).get(chosen)
        if face is None:
            raise NoFaceError(f"{show(path)}: no face in frame {number}; leave this clip out")
        seen.append(Seen(frame, align(frame, face)))
    return tuple(seen)
