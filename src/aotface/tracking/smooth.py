"""Quiet landmarks: a one-euro filter over time, run both ways so that nothing lags.

Head and expression are filtered apart: the pose as the mean face where it lies, the expression in the head's own
frame, each vertex with the speed of its surroundings, so that quick lips do not make the cheeks jitter. What moves
faster than the jitter of the landmark model is left as it is.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, Float64

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, MEAN, RIGHT_BROW, RIGHT_EYE
from aotface.face.pose import Pose, fit_pose
from aotface.tracking.tracks import Tracks
from aotface.types import Landmarks

SLOWEST_CUTOFF = 0.8
"""Hertz at rest: three to four parts in five of the jitter are removed."""

CUTOFF_PER_SPEED = 250.0
"""Hertz per face height per second above the jitter."""

JITTER = 0.005
DRIFT = 0.0008
"""Steps from frame to frame, in face heights, that the landmark model makes on a still face: single steps at most, and
what is left of them when they are averaged with their signs."""

DRIFT_SHARE = 0.3
"""Share of the newest step in that average."""

REACH = 2
"""Frames before and after whose quickest step counts: at the turning points of a quick motion there is no speed."""

SURROUNDINGS = 0.06
"""Standard deviation, in face heights, of the neighbourhood of a vertex whose motion is its own."""

SHAPES = 256
"""Frames of a track from which a face's shape at rest is taken."""

CHUNK, OVERLAP = 2000, 128
"""Frames filtered at once, and how many more on both sides: the filter forgets in fewer."""

HEIGHT = float(np.ptp(MEAN[:, 1]))

Points = Float64[np.ndarray, "n vertices 3"]


def _surroundings() -> Float64[np.ndarray, "468 468"]:
    apart = np.linalg.norm(MEAN[:, None].astype(np.float64) - MEAN[None], axis=2) / HEIGHT
    weights = np.exp(-0.5 * (apart / SURROUNDINGS) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


NEAR = _surroundings()


def _rigid() -> Float64[np.ndarray, " 468"]:
    """Weights of the vertices that tell the head's pose: what talks, blinks or frowns says nothing about it."""
    nose_tip = MEAN[1, 1]
    weights = np.clip((nose_tip - MEAN[:, 1].astype(np.float64)) / (0.1 * HEIGHT), 0, 1)
    weights[np.concatenate([LEFT_BROW, RIGHT_BROW, LEFT_EYE, RIGHT_EYE])] = 0
    return weights


RIGID = _rigid()


def smooth(tracks: Tracks, frames_per_second: float) -> Tracks:
    """The same tracks with smooth landmarks; nothing is smoothed across a gap or a cut."""
    smoothed = []
    for track in tracks.tracks:
        landmarks, gazes = track.landmarks.copy(), None if track.gazes is None else track.gazes.copy()
        for stretch in tracks.stretches(track):
            landmarks[stretch] = smooth_landmarks(track.landmarks[stretch], frames_per_second)
            if track.gazes is not None and gazes is not None:
                gazes[stretch] = smooth_gazes(track.gazes[stretch], _new(track.landmarks[stretch]))
        smoothed.append(replace(track, landmarks=landmarks, rest=shape_at_rest(landmarks), gazes=gazes))
    return replace(tracks, tracks=tuple(smoothed))


def shape_at_rest(landmarks: Float32[np.ndarray, "n 468 3"]) -> Landmarks:
    """How a face is made, without what it does: the median of its shapes, in the mean face's pose.

    Args:
        landmarks: of one person, pixels; of very many frames some, spread evenly, are looked at.

    Returns:
        468 x 3.
    """
    places = np.unique(np.linspace(0, len(landmarks) - 1, SHAPES).round().astype(int))
    mean, some = MEAN.astype(np.float64), landmarks[places].astype(np.float64)
    return np.median([fit_pose(mean, points).undo(points) for points in some], axis=0).astype(np.float32)


def smooth_landmarks(
    landmarks: Float32[np.ndarray, "n 468 3"], frames_per_second: float
) -> Float32[np.ndarray, "n 468 3"]:
    """Quiet one unbroken stretch.

    Args:
        landmarks: of consecutive frames, pixels.
        frames_per_second: of the video.

    Returns:
        The same face without jitter: no lag (played backwards it gives the same), and quick motion as it was.

    Source: Casiez, Roussel and Vogel, "1-euro filter: a simple speed-based low-pass filter for noisy input in
        interactive systems", CHI 2012; both ways, per surroundings, and with a dead zone: [ours].
    """
    new = _new(landmarks)
    distinct = landmarks[new]
    smoothed = np.empty_like(distinct)
    for start in range(0, len(distinct), CHUNK):
        first, last = max(0, start - OVERLAP), min(len(distinct), start + CHUNK + OVERLAP)
        piece = _smooth_piece(distinct[first:last].astype(np.float64), frames_per_second)
        smoothed[start : start + CHUNK] = piece[start - first : start - first + CHUNK]
    return smoothed[np.cumsum(new) - 1]


def smooth_gazes(
    gazes: Float32[np.ndarray, "n 2 2"], new: Bool[np.ndarray, " n"]
) -> Float32[np.ndarray, "n 2 2"]:
    """Quiet where a face looks, over one unbroken stretch: a single frame's error goes, a glance aside stays.

    Args:
        gazes: of consecutive frames.
        new: False where a frame repeats the one before.
    """
    distinct = gazes[new]
    if len(distinct) > 2:
        padded = np.pad(distinct, ((1, 1), (0, 0), (0, 0)), mode="edge")
        distinct = np.median([padded[k : k + len(distinct)] for k in range(3)], axis=0)
        padded = np.pad(distinct, ((1, 1), (0, 0), (0, 0)), mode="edge")
        distinct = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return distinct[np.cumsum(new) - 1].astype(np.float32)


def _new(landmarks: Float32[np.ndarray, "n 468 3"]) -> Bool[np.ndarray, " n"]:
    """False for a frame that repeats the one before: it has the same landmarks, bit for bit, and shall keep them."""
    new = np.ones(len(landmarks), bool)
    new[1:] = (landmarks[1:] != landmarks[:-1]).any(axis=(1, 2))
    return new


def _smooth_piece(landmarks: Points, rate: float) -> Points:
    mean = MEAN.astype(np.float64)
    poses = [fit_pose(mean, points, RIGID) for points in landmarks]
    size = np.median([pose.scale for pose in poses])
    heads = np.array([pose.apply(mean) for pose in poses]) / (size * HEIGHT)
    faces = np.array([pose.undo(points) for pose, points in zip(poses, landmarks, strict=True)]) / HEIGHT
    even = np.full((1, 468), 1 / 468)
    heads = _one_euro(heads, even, rate) * (size * HEIGHT)
    faces = _one_euro(faces, NEAR, rate) * HEIGHT
    smoothed: list[Pose] = [fit_pose(mean, head) for head in heads]
    return np.array([pose.apply(face) for pose, face in zip(smoothed, faces, strict=True)])


def _one_euro(points: Points, near: Float64[np.ndarray, "groups vertices"], rate: float) -> Points:
    """Low-pass whose cutoff rises with speed; ``near``: whose steps count for each vertex (or for all)."""
    if len(points) < 2:
        return points
    cutoff = SLOWEST_CUTOFF + CUTOFF_PER_SPEED * rate * _speed(points, near)
    share = (1 / (1 + rate / (2 * np.pi * cutoff)))[..., None]  # n groups 1
    # Forward then back, and back then forward: their mean treats both directions of time alike.
    return (_back(_forward(points, share), share) + _forward(_back(points, share), share)) / 2


def _speed(points: Points, near: Float64[np.ndarray, "groups vertices"]) -> Float64[np.ndarray, "n groups"]:
    """Face heights per frame by which each vertex moves faster than the jitter of the landmark model."""
    steps = np.diff(points, axis=0)
    share = np.full((len(steps), 1, 1), DRIFT_SHARE)
    drift = (_back(_forward(steps, share), share) + _forward(_back(steps, share), share)) / 2
    single = np.maximum(_local_length(steps, near) - JITTER, 0)
    speed = np.maximum(single, np.maximum(_local_length(drift, near) - DRIFT, 0))
    padded = np.pad(speed, ((REACH, REACH), (0, 0)))  # step k lies between frames k and k + 1
    return np.maximum.reduce([padded[k : k + len(points)] for k in range(2 * REACH)])


def _local_length(
    steps: Points, near: Float64[np.ndarray, "groups vertices"]
) -> Float64[np.ndarray, "n groups"]:
    return np.sqrt((steps**2).sum(axis=2) @ near.T)


def _forward(values: Points, share: Float64[np.ndarray, "n groups 1"]) -> Points:
    passed = values.copy()
    for k in range(1, len(values)):
        passed[k] = passed[k - 1] + share[k] * (values[k] - passed[k - 1])
    return passed


def _back(values: Points, share: Float64[np.ndarray, "n groups 1"]) -> Points:
    return _forward(values[::-1], share[::-1])[::-1]
