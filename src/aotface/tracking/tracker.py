"""Follow every face of a video: detect now and then, follow from frame to frame, know faces again.

A *run* is a face followed without a break. Afterwards the runs of one person are joined into tracks by their looks
over the whole run: that is surer than a decision at the moment in which a face comes back.
"""

from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np

from aotface.face.boxes import Box
from aotface.face.detect import A_FACE, detect
from aotface.face.gaze import gaze_of
from aotface.face.landmarks import WINDOW, Located, bounds, locate, to_uint8, window_of_landmarks
from aotface.tracking.cuts import FrameSignature, frame_signature, is_cut
from aotface.tracking.descriptor import descriptor_of, mix, similarity
from aotface.tracking.motion import held
from aotface.tracking.tracklets import Tracklet, join
from aotface.tracking.tracks import Tracks
from aotface.types import Face, Frame, Gaze, Landmarks

DETECTION_INTERVAL = 8
"""In every so many frames the whole frame is searched, and wherever a face is lost."""

LONGEST_GAP = 3
"""Frames for which a face may be lost and still be followed on."""

SIZES = (WINDOW, 2.6)
"""Sides of the windows in which a face is looked for around its last place, in face sizes: first narrow, then wide."""

FASTEST = 0.5
"""Motion from frame to frame in face sizes beyond which it is not believed to be the same face."""

STILL = 0.1
"""Distance of landmarks in face sizes within which a face stays the same across a flash or a cut."""

SIMILAR_ENOUGH = 0.3
STRICTLY_SIMILAR = 0.6
"""Likeness to the run's mean: for going on, and for going on across a cut."""

DESCRIPTOR_INTERVAL = 4
DESCRIPTOR_MEMORY = 50
"""Frames between two comparisons of looks, and number of looks in the running mean."""

REPEATED = 2.5
REPEATED_SHARE = 0.2
"""A frame repeats the one before when no part of the face changes by more than so many of 255 levels, nor by more than
this share of the quickest of the last few changes: film at another rate, or drawn on twos."""


def track(frames: Iterable[Frame], interval: int = DETECTION_INTERVAL) -> Tracks:
    """All faces of a video.

    Args:
        frames: uint8 or uint16, RGB, all of one size, in order.
        interval: frames between two searches of the whole frame.

    Returns:
        The tracks; the same frames give the same arrays.
    """
    tracker = Tracker(interval)
    for frame in frames:
        tracker.add(frame)
    return tracker.finish()


class Tracker:
    """Takes frames one after another. Holds at most ``interval`` of them, at 8 bits."""

    def __init__(self, interval: int = DETECTION_INTERVAL):
        self._interval = interval
        self._tracklets: list[Tracklet] = []
        self._active: list[Tracklet] = []
        self._recent: deque[tuple[int, np.ndarray]] = deque(maxlen=interval)
        self._signature: FrameSignature | None = None
        self._cuts: list[int] = []
        self._count = 0

    def search_ahead(self, number: int, frame: Frame) -> list[Face] | None:
        """Faces of a whole frame, where it will be searched whatever is found before; it may be done on another thread.

        Args:
            number: of the frame, from 0.
            frame: uint8 or uint16, RGB.
        """
        return None if number % self._interval else detect(to_uint8(frame))

    def add(self, frame: Frame, faces: list[Face] | None = None) -> None:
        """Take the next frame; ``faces``: of it, by `search_ahead`; left out, they are searched where they must be."""
        number, picture, now = self._count, to_uint8(frame), frame_signature(frame)
        if self._signature is not None and is_cut(self._signature, now):
            self._cuts.append(number)
            self._recent.clear()
        lost = [tracklet for tracklet in self._active if not self._follow(tracklet, picture)]
        if lost or number in self._cuts[-1:] or number % self._interval == 0:
            self._search(picture, lost, detect(picture) if faces is None else faces)
        self._active = [tracklet for tracklet in self._active if number - tracklet.frames[-1] <= LONGEST_GAP]
        self._recent.append((number, picture))
        self._signature, self._count = now, number + 1

    def finish(self) -> Tracks:
        """The tracks of all frames so far."""
        return join(self._tracklets, self._count, self._cuts)

    def _follow(self, tracklet: Tracklet, picture: np.ndarray) -> bool:
        """Find a run's face near its last place and lengthen the run by it."""
        if self._repeats(tracklet, picture):
            _lengthen(tracklet, self._count, tracklet.landmarks[-1], tracklet.scores[-1], tracklet.gazes[-1])
            return True
        for size in SIZES:
            found = _locate(picture, tracklet.landmarks[-1], size)
            if found is None or self._taken(found.landmarks, self._count, tracklet):
                continue
            points, gaze = found.landmarks, gaze_of(found.landmarks, found.iris)
            if self._continues(tracklet, picture, points):
                held_points = self._held(tracklet, picture, points)
                _lengthen(tracklet, self._count, held_points, tracklet.scores[-1], gaze)
                return True
        return False

    def _held(self, tracklet: Tracklet, picture: np.ndarray, points: Landmarks) -> Landmarks:
        """A run's new landmarks, held to the motion since the frame before if that frame shows the face too."""
        before = self._recent[-1] if self._recent else None
        if before is None or not before[0] == tracklet.frames[-1] == self._count - 1:
            return points
        return held(before[1], picture, tracklet.landmarks[-1], points)

    def _search(self, picture: np.ndarray, lost: list[Tracklet], faces: list[Face]) -> None:
        """By the faces of the whole frame: renew scores, pick up lost faces, begin new runs."""
        for face in faces:
            present = [tracklet for tracklet in self._active if tracklet.frames[-1] == self._count]
            known = [
                tracklet for tracklet in present if _overlap(bounds(tracklet.landmarks[-1]), face.box) > 0.4
            ]
            if known:
                known[0].scores[-1] = face.score
                continue
            found = [
                tracklet
                for tracklet in lost
                if tracklet not in present and self._continues(tracklet, picture, face.landmarks)
            ]
            gaze = np.zeros((2, 2), np.float32) if face.iris is None else gaze_of(face.landmarks, face.iris)
            if found:
                _lengthen(found[0], self._count, face.landmarks, face.score, gaze)
                continue
            descriptor = descriptor_of(picture, face)
            tracklet = Tracklet([self._count], [face.landmarks], [face.score], descriptor, gazes=[gaze])
            self._trace_back(tracklet)
            self._active.append(tracklet)
            self._tracklets.append(tracklet)

    def _trace_back(self, tracklet: Tracklet) -> None:
        """A new face was there before the search that found it: follow it backwards."""
        for number, picture in reversed(self._recent):
            found = _locate(picture, tracklet.landmarks[0], WINDOW)
            if found is None or self._taken(found.landmarks, number, tracklet):
                return
            points = found.landmarks
            moved, ratio = _motion(tracklet.landmarks[0], points)
            face = Face(0, bounds(points), 1.0, points)
            if (
                moved > FASTEST
                or not 0.7 < ratio < 1.4
                or similarity(tracklet.descriptor, descriptor_of(picture, face)) < SIMILAR_ENOUGH
            ):
                return
            tracklet.frames.insert(0, number)
            tracklet.landmarks.insert(0, points)
            tracklet.gazes.insert(0, gaze_of(points, found.iris))
            tracklet.scores.insert(0, tracklet.scores[0])

    def _repeats(self, tracklet: Tracklet, picture: np.ndarray) -> bool:
        """Whether the face is that of the frame before to the pixel, while it moves otherwise: then so are its landmarks."""
        if not self._recent or tracklet.frames[-1] != self._count - 1:
            return False
        change = _change(self._recent[-1][1], picture, bounds(tracklet.landmarks[-1]))
        quickest = max(tracklet.changes, default=0.0)
        tracklet.changes.append(change)
        return change <= min(REPEATED, REPEATED_SHARE * quickest)

    def _continues(self, tracklet: Tracklet, picture: np.ndarray, points: Landmarks) -> bool:
        """Whether a face in this frame is the run's: near, of its size, and like it. Renews the run's look."""
        before, gap = tracklet.landmarks[-1], self._count - tracklet.frames[-1]
        moved, ratio = _motion(before, points)
        cut = bool(self._cuts) and self._cuts[-1] > tracklet.frames[-1]
        if cut and np.linalg.norm((points - before)[:, :2], axis=1).mean() > STILL * _size(before):
            return False
        if moved > FASTEST * gap or not 0.7**gap < ratio < 1.4**gap:
            return False
        crowded = any(
            _overlap(bounds(other.landmarks[-1]), bounds(points)) > 0.1
            for other in self._active
            if other is not tracklet
        )
        if not (cut or crowded or gap > 1 or moved > 0.15 or self._count % DESCRIPTOR_INTERVAL == 0):
            return True
        descriptor = descriptor_of(picture, Face(0, bounds(points), 1.0, points))
        if similarity(tracklet.descriptor, descriptor) < (STRICTLY_SIMILAR if cut else SIMILAR_ENOUGH):
            return False
        tracklet.descriptor_count += 1
        tracklet.descriptor = mix(
            tracklet.descriptor, descriptor, 1 / min(tracklet.descriptor_count, DESCRIPTOR_MEMORY)
        )
        return True

    def _taken(self, points: Landmarks, number: int, own: Tracklet) -> bool:
        """Whether another run has this face already."""
        others = [tracklet.at(number) for tracklet in self._active if tracklet is not own]
        return any(other is not None and _overlap(bounds(other), bounds(points)) > 0.4 for other in others)


def _change(before: np.ndarray, now: np.ndarray, box: Box) -> float:
    """Largest mean difference, in levels, of any of 8 x 8 parts of a box."""
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in box)
    step = max(1, min(x1 - x0, y1 - y0) // 64)
    parts = [picture[y0 : y1 + 1 : step, x0 : x1 + 1 : step] for picture in (before, now)]
    if min(parts[0].shape[:2]) < 8:
        return 255.0
    difference = cv2.absdiff(*parts).astype(np.float32)
    return float(cv2.resize(difference, (8, 8), interpolation=cv2.INTER_AREA).mean(axis=2).max())


def _lengthen(tracklet: Tracklet, number: int, points: Landmarks, score: float, gaze: Gaze) -> None:
    tracklet.frames.append(number)
    tracklet.landmarks.append(points)
    tracklet.gazes.append(gaze)
    tracklet.scores.append(score)


def _locate(picture: np.ndarray, before: Landmarks, size: float) -> Located | None:
    """Landmarks near where they were, whichever way the head lies; ``size``: of the window, in face sizes."""
    found = locate(picture, window_of_landmarks(before, size))
    if found.certainty < A_FACE or size == WINDOW:
        return found if found.certainty >= A_FACE else None
    return _locate(picture, found.landmarks, WINDOW)


def _size(points: Landmarks) -> float:
    """Side of the square of the face's box's area."""
    return max(float(np.sqrt(np.ptp(points[:, :2], axis=0).prod())), 1.0)


def _motion(before: Landmarks, now: Landmarks) -> tuple[float, float]:
    """How far a face has moved, in face sizes, and how many times larger it is."""
    shift = np.linalg.norm(now[:, :2].mean(axis=0) - before[:, :2].mean(axis=0))
    return float(shift / _size(before)), _size(now) / _size(before)


def _overlap(a: Box, b: Box) -> float:
    """Shared area over the smaller area."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(width, 0.0) * max(height, 0.0) / max(smaller, 1e-9)
