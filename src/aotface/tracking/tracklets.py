"""From runs to tracks: fill short gaps, join what shows one person, number the people by size."""

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from aotface.tracking.descriptor import Descriptor, mix, similarities
from aotface.tracking.tracks import Track, Tracks
from aotface.types import Gaze, Landmarks

SHORTEST_TRACKLET = 3
"""Frames; what is seen for less is not a face."""

SURELY_THE_SAME = 0.78
"""Likeness of two runs anywhere in the video that show one person."""

LIKELY_THE_SAME = 0.6
"""The same for a face that comes back soon and near, in one shot."""

SOON = 25
"""Frames."""

CLEARLY = 0.05
"""By how much a similarity must exceed that to anyone seen at the same time."""


@dataclass
class Tracklet:
    """A face followed without a break of more than a few frames.

    ``descriptor``: the mean of so many ``descriptor_count``. ``changes``: of the picture in the last few frames, in levels.
    ``elsewhere``: frames of gaps that show something else, and must not be filled. ``gazes``: beside ``landmarks``.
    """

    frames: list[int]
    landmarks: list[Landmarks]
    scores: list[float]
    descriptor: Descriptor
    descriptor_count: int = 1
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=4))
    elsewhere: list[int] = field(default_factory=list)
    gazes: list[Gaze] = field(default_factory=list)

    def at(self, frame: int) -> Landmarks | None:
        """The face in a frame, or None; looks among the last few frames only, newest first."""
        for number, points in zip(reversed(self.frames), reversed(self.landmarks), strict=True):
            if number <= frame:
                return points if number == frame else None
        return None


def join(tracklets: list[Tracklet], count: int, cuts: list[int]) -> Tracks:
    """Make tracks of runs.

    Args:
        runs: in the order in which they began to be followed.
        count: frames of the video.
        cuts: first frames of shots; one that a run goes across, and no other begins at, was a flash and is dropped.

    Returns:
        The tracks, largest first.
    """
    tracklets = [tracklet for tracklet in tracklets if len(tracklet.frames) >= min(SHORTEST_TRACKLET, count)]
    tracklets.sort(key=lambda tracklet: (tracklet.frames[0], *tracklet.landmarks[0].mean(axis=0).tolist()))
    begins = {tracklet.frames[0] for tracklet in tracklets}
    real = {
        c
        for c in cuts
        if c in begins or not any(tracklet.frames[0] < c <= tracklet.frames[-1] for tracklet in tracklets)
    }
    people = [[tracklets[i] for i in sorted(group)] for group in _groups(tracklets, sorted(real))]
    for person in people:  # somebody who is elsewhere in the very next frame: a cut that nothing else showed
        real |= {b.frames[0] for a, b in pairwise(person) if b.frames[0] == a.frames[-1] + 1}
    tracks = [_track(person) for person in people]
    tracks.sort(key=lambda track: (-track.area, int(track.frames[0])))
    numbered = tuple(replace(track, id=number) for number, track in enumerate(tracks))
    return Tracks(count, np.array(sorted(real), np.int32), numbered)


def _groups(tracklets: list[Tracklet], cuts: list[int]) -> list[set[int]]:
    """Runs of one person, greedily, the most alike first; who is seen at the same time is somebody else."""
    group_of = {i: {i} for i in range(len(tracklets))}
    if len(tracklets) > 1:
        alike = similarities(
            [tracklet.descriptor for tracklet in tracklets], [tracklet.descriptor for tracklet in tracklets]
        )
        together = np.array([[_overlap(a, b) for b in tracklets] for a in tracklets])
        pairs = [
            (float(alike[i, j]), i, j) for i in range(len(tracklets)) for j in range(i + 1, len(tracklets))
        ]
        for value, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            needed = LIKELY_THE_SAME if _soon_and_near(tracklets[i], tracklets[j], cuts) else SURELY_THE_SAME
            a, b = group_of[i], group_of[j]
            if value < needed or a is b or any(together[k, m] for k in a for m in b):
                continue
            if _contested(value, i, j, alike, together) or _contested(value, j, i, alike, together):
                continue
            a |= b
            group_of |= {k: a for k in b}
    return list({id(group): group for group in group_of.values()}.values())


def _contested(value: float, i: int, j: int, alike: Float64[np.ndarray, "n n"], together: np.ndarray) -> bool:
    """Whether ``j`` is nearly as much like somebody who is seen together with ``i``."""
    return bool(((alike[:, j] > value - CLEARLY) & together[i] & (np.arange(len(alike)) != i)).any())


def _overlap(a: Tracklet, b: Tracklet) -> bool:
    return a is not b and a.frames[0] <= b.frames[-1] and b.frames[0] <= a.frames[-1]


def _soon_and_near(a: Tracklet, b: Tracklet, cuts: list[int]) -> bool:
    first, last = (a, b) if a.frames[-1] < b.frames[0] else (b, a)
    end, start = first.frames[-1], last.frames[0]
    if start - end > SOON or any(end < cut <= start for cut in cuts):
        return False
    before, after = first.landmarks[-1][:, :2], last.landmarks[0][:, :2]
    size = np.ptp(before, axis=0).max()
    moved = np.linalg.norm(after.mean(axis=0) - before.mean(axis=0))
    return bool(moved < size and 0.7 < np.ptp(after, axis=0).max() / max(size, 1e-6) < 1.4)


def _track(tracklets: list[Tracklet]) -> Track:
    descriptor, seen = tracklets[0].descriptor, len(tracklets[0].frames)
    for tracklet in tracklets[1:]:
        seen += len(tracklet.frames)
        descriptor = mix(descriptor, tracklet.descriptor, len(tracklet.frames) / seen)
    parts = [_filled(tracklet) for tracklet in tracklets]
    frames, landmarks, scores, gazes = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return Track(0, frames, landmarks, scores, descriptor, gazes=gazes)


def _filled(tracklet: Tracklet) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gaps are filled: landmarks on the straight line between both ends, score 0; but not with what is elsewhere."""
    known = np.array(tracklet.frames)
    frames = np.arange(known[0], known[-1] + 1)
    after = np.searchsorted(known, frames)
    before = np.maximum(after - (known[after] != frames), 0)
    part = (frames - known[before]) / np.maximum(known[after] - known[before], 1)
    points = np.array(tracklet.landmarks)
    gaps = np.flatnonzero(part)  # of a long video nothing is held twice as float64
    looks = np.array(tracklet.gazes, np.float32).reshape(-1, 2, 2)
    if len(looks) != len(points):  # a run that was made by hand
        looks = np.zeros((len(points), 2, 2), np.float32)
    filled = []
    for values in (points, looks):
        start, end, whole = values[before[gaps]], values[after[gaps]], values[before]
        whole[gaps] = start + part[gaps, None, None] * (end - start)
        filled.append(whole)
    landmarks, gazes = filled
    scores = np.where(part == 0, np.array(tracklet.scores)[before], 0)
    if tracklet.elsewhere:
        here = ~np.isin(frames, tracklet.elsewhere)
        frames, landmarks, scores, gazes = frames[here], landmarks[here], scores[here], gazes[here]
    landmarks, scores, gazes = (v.astype(np.float32, copy=False) for v in (landmarks, scores, gazes))
    return frames.astype(np.int32), landmarks, scores, gazes
