"""Faces over time: which face is in which frame, and which of them is meant. Plain arrays, no frame is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int32

from aotface.errors import FaceError, FaceIndexError, InputError, NoFaceError, UsageError
from aotface.tracking.descriptor import Descriptor, similarity
from aotface.types import Face, Landmarks

KNOWN = 0.35
"""Likeness to a picture taken elsewhere from which a track may be the person in it."""

CLEARLY = 0.1
"""By how much the most alike track must lead the next."""


@dataclass(frozen=True)
class Track:
    """One person's face. ``frames``: ascending numbers; where they jump, the face was out of sight.

    ``landmarks``: display pixels. ``scores``: of the latest detection, 0..1; 0 where a short gap was filled.
    ``rest``: the face's shape at rest, in the mean face's pose, once it was `smooth`ed. ``gazes``: where it looks; None: it
    is not known.
    """

    id: int
    frames: Int32[np.ndarray, " n"]
    landmarks: Float32[np.ndarray, "n 468 3"]
    scores: Float32[np.ndarray, " n"]
    descriptor: Descriptor
    rest: Landmarks | None = None
    gazes: Float32[np.ndarray, "n 2 2"] | None = None

    @property
    def area(self) -> float:
        """Square pixels of the face's box, summed over its frames."""
        return float(np.ptp(self.landmarks[..., :2].astype(np.float64), axis=1).prod(axis=1).sum())


@dataclass(frozen=True)
class Tracks:
    """All faces of a video. ``count``: its frames. ``cuts``: first frame of every shot but the first.

    ``tracks``: largest first by `Track.area`; a track's ``id`` is its place in this list.
    """

    count: int
    cuts: Int32[np.ndarray, " shots"]
    tracks: tuple[Track, ...]

    def faces_at(self, frame: int) -> list[tuple[int, Face]]:
        """The faces of one frame, each with its track's id (which is its ``index`` as well), by id."""
        found = []
        for track in self.tracks:
            place = int(np.searchsorted(track.frames, frame))
            if place < len(track.frames) and track.frames[place] == frame:
                points = track.landmarks[place]
                low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
                box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
                gaze = None if track.gazes is None else track.gazes[place]
                score = float(track.scores[place])
                found.append((track.id, Face(track.id, box, score, points, track.rest, gaze=gaze)))
        return found

    def repeats(self, id: int, frames: range) -> list[int]:
        """Those of some frames in which a track's face is that of the frame before, to the last bit of its landmarks."""
        track = self.tracks[id]
        low, high = (int(np.searchsorted(track.frames, edge)) for edge in (frames.start, frames.stop))
        low = max(low, 1)
        next_to = np.diff(track.frames[low - 1 : high]) == 1
        same = (track.landmarks[low:high] == track.landmarks[low - 1 : max(high - 1, 0)]).all(axis=(1, 2))
        return [int(number) for number in track.frames[low:high][next_to & same]]

    def stretches(self, track: Track) -> Iterator[slice]:
        """Places in a track between which nothing is missing and no cut lies: what may be smoothed in one piece."""
        if not len(track.frames):
            return
        breaks = np.flatnonzero((np.diff(track.frames) > 1) | np.isin(track.frames[1:], self.cuts)) + 1
        edges = [0, *breaks.tolist(), len(track.frames)]
        yield from (slice(first, last) for first, last in zip(edges[:-1], edges[1:], strict=True))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays by name, for a file of arrays without pickle."""
        arrays = {"count": np.array([self.count], np.int32), "cuts": self.cuts}
        arrays["tracks"] = np.array([len(self.tracks)], np.int32)
        for track in self.tracks:
            named = {"frames": track.frames, "landmarks": track.landmarks, "scores": track.scores}
            named |= {
                "texture": track.descriptor.texture,
                "weight": track.descriptor.weight,
                "tint": track.descriptor.tint,
            }
            straight = np.zeros((len(track.frames), 2, 2), np.float32)
            named["gazes"] = straight if track.gazes is None else track.gazes
            arrays |= {f"{track.id}.{name}": values for name, values in named.items()}
        return arrays

    @staticmethod
    def from_arrays(arrays: Mapping[str, np.ndarray]) -> "Tracks":
        """The way back from `to_arrays`.

        Raises:
            InputError: an array is missing or has another shape.
        """
        cuts = _checked(arrays, "cuts", np.int32, (None,))
        count, number = (int(_checked(arrays, name, np.int32, (1,))[0]) for name in ("count", "tracks"))
        return Tracks(count, cuts, tuple(_track_from(arrays, i) for i in range(number)))


def choose_tracks(tracks: Tracks, which: str) -> tuple[int, ...]:
    """The tracks that were asked for.

    Args:
        tracks: of the whole video.
        which: ``largest``, ``all`` or a track's number.

    Returns:
        Their ids.

    Raises:
        NoFaceError: the video shows none.
        FaceIndexError: there are fewer than the number asks for.
        UsageError: not a choice.
    """
    if which not in ("largest", "all") and not which.isdecimal():
        raise UsageError(f"expected a face as largest, all or a number from 0, got {which!r}")
    if not tracks.tracks:
        raise NoFaceError(
            "no face found in the target: it needs one of at least about 64 pixels, not turned away"
        )
    if which == "all":
        return tuple(track.id for track in tracks.tracks)
    wanted = 0 if which == "largest" else int(which)
    if wanted >= len(tracks.tracks):
        raise FaceIndexError(
            f"face {wanted} of the target does not exist: it shows {len(tracks.tracks)}, counted from 0"
        )
    return (wanted,)


def choose_alike(tracks: Tracks, descriptor: Descriptor) -> int:
    """The track that looks like the face of a reference picture.

    Args:
        tracks: of the whole video.
        look: of the reference, by `descriptor_of`.

    Raises:
        NoFaceError: the video shows none.
        FaceError: none is like it, or two are about equally like it.
    """
    if not tracks.tracks:
        raise NoFaceError(
            "no face found in the target: it needs one of at least about 64 pixels, not turned away"
        )
    order = sorted(
        ((similarity(descriptor, track.descriptor), -track.id) for track in tracks.tracks), reverse=True
    )
    best = order[0][0]
    if best < KNOWN:
        raise FaceError(
            f"no face of the target is like the reference (best {best:.2f}): choose it by its number"
        )
    if len(order) > 1 and best - order[1][0] < CLEARLY:
        raise FaceError(
            f"faces {-order[0][1]} and {-order[1][1]} are about equally like the reference: choose one by its number"
        )
    return -order[0][1]


def _track_from(arrays: Mapping[str, np.ndarray], i: int) -> Track:
    frames = _checked(arrays, f"{i}.frames", np.int32, (None,))
    landmarks = _checked(arrays, f"{i}.landmarks", np.float32, (len(frames), 468, 3))
    scores = _checked(arrays, f"{i}.scores", np.float32, (len(frames),))
    gazes = _checked(arrays, f"{i}.gazes", np.float32, (len(frames), 2, 2))
    texture, weight = (_checked(arrays, f"{i}.{name}", np.float32, (898,)) for name in ("texture", "weight"))
    return Track(
        i,
        frames,
        landmarks,
        scores,
        Descriptor(texture, weight, _checked(arrays, f"{i}.tint", np.float32, (2,))),
        gazes=gazes,
    )


def _checked(
    arrays: Mapping[str, np.ndarray], name: str, kind: Any, shape: tuple[int | None, ...]
) -> np.ndarray:
    """An array of the wanted type and shape (None: any length)."""
    values = arrays.get(name)
    if values is None:
        raise InputError(f"tracks: expected an array {name!r}, found none; analyse the video again")
    fits = len(values.shape) == len(shape) and all(
        w in (None, n) for n, w in zip(values.shape, shape, strict=True)
    )
    if values.dtype != kind or not fits:
        raise InputError(
            f"tracks: expected {name!r} as {np.dtype(kind)} {shape}, got {values.dtype} {values.shape}; "
            "analyse the video again"
        )
    return values
