"""Whose forehead shows above the mesh, in a video: decided once for each shot of a face, so that it never comes and goes."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from aotface.compose.forehead import Forehead, find_forehead, verdict_of
from aotface.face.align import align
from aotface.face.parse import visible_at
from aotface.reenact.base import PreparedSource
from aotface.reenact.mesh import MeshSource
from aotface.tracking.tracks import Tracks
from aotface.types import Face, Frame

LOOKS = 3
"""Frames of a shot that are looked at."""


@dataclass
class Foreheads:
    """Of one scene; found when first asked for, the same in every process. Safe in threads.

    ``frame_at``, ``faces_at``: pixels and faces (with their tracks) of a frame, by its number in the video. ``tracks``:
    numbered from frame ``first`` of it on. ``sources``: by track.
    """

    frame_at: Callable[[int], Frame]
    faces_at: Callable[[int], list[tuple[int, Face]]]
    tracks: Tracks
    first: int
    sources: Mapping[int, PreparedSource | None]
    _found: dict[tuple[int, int], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, track: int, number: int) -> str | None:
        """``taken``, ``blended`` or ``target's``; None where the face's source gives no forehead.

        Args:
            track: a face.
            number: of a frame in the video.
        """
        if not isinstance(self.sources.get(track), MeshSource):
            return None
        first, last = self._shot(number)
        with self._lock:
            if (track, first) not in self._found:
                self._found[track, first] = self._look(track, first, last)
            return self._found[track, first]

    def record(self, track: int) -> dict[str, str]:
        """By the number of each shot's first frame that shows the face."""
        known, found = self.tracks.tracks[track], {}
        for stretch in self.tracks.stretches(known):
            number = int(known.frames[stretch.start]) + self.first
            verdict = self.of(track, number)
            if verdict is not None:
                found[str(number)] = verdict
        return found

    def _shot(self, number: int) -> tuple[int, int]:
        """First frame of the shot, and that of the next."""
        cuts = np.concatenate([[0], self.tracks.cuts, [self.tracks.count]]) + self.first
        place = int(np.searchsorted(cuts, number, side="right"))
        return int(cuts[place - 1]), int(cuts[min(place, len(cuts) - 1)])

    def _look(self, track: int, first: int, last: int) -> str:
        frames = self.tracks.tracks[track].frames + self.first
        frames = frames[(frames >= first) & (frames < last)]
        places = np.unique(((np.arange(LOOKS) + 0.5) / LOOKS * len(frames)).astype(int))
        seen = [one for one in (self._forehead(track, int(frames[place])) for place in places) if one]
        if not seen:
            return "target's"
        return verdict_of(*np.median([(one.filled, one.bare, one.own) for one in seen], axis=0).tolist())

    def _forehead(self, track: int, number: int) -> Forehead | None:
        frame, source = self.frame_at(number), self.sources[track]
        face = dict(self.faces_at(number))[track]
        assert source is not None
        return find_forehead(source.reenact(align(frame, face)), visible_at(frame, face, around=True))
