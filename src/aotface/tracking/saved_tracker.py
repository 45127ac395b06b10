"""The tracker of videos: it can be stopped and resumed, and it searches the gaps across cuts.

What it has found so far comes out piece by piece, as plain arrays. A run only ever grows at its end once the frame is over
in which it was found, so a piece holds the new ends alone. The last few frames, of which the tracker keeps the pixels, are
not kept: a resumed run reads them again.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np

from aotface.errors import InputError
from aotface.face.boxes import Box
from aotface.face.landmarks import bounds, to_uint8
from aotface.tracking.cutaway import shows_something_else
from aotface.tracking.cuts import frame_signature
from aotface.tracking.descriptor import Descriptor
from aotface.tracking.tracker import DETECTION_INTERVAL, LONGEST_GAP, Tracker
from aotface.tracking.tracklets import Tracklet
from aotface.types import Face, Frame, Landmarks


class SavedTracker(Tracker):
    """A `Tracker`; ``growth`` of one, given to ``restore`` of another in order, brings that one to the same place."""

    def __init__(self, interval: int = DETECTION_INTERVAL):
        super().__init__(interval)
        self._kept: list[int] = []  # of every run, how many of its frames are in the pieces so far
        self._passed: deque[np.ndarray] = deque(maxlen=LONGEST_GAP + 2)  # a gap with a frame on either side
        self.saved = 0

    def add(self, frame: Frame, faces: list[Face] | None = None) -> None:
        """Take the next frame; where a face comes back across a cut, see what its gap shows."""
        super().add(frame, faces)
        self._passed.append(self._recent[-1][1])
        back = [
            tracklet
            for tracklet in self._active
            if len(tracklet.frames) > 1 and tracklet.frames[-1] == self._count - 1
        ]
        for tracklet in back:
            if any(tracklet.frames[-2] < cut < tracklet.frames[-1] for cut in self._cuts[-LONGEST_GAP - 1 :]):
                tracklet.elsewhere += self._is_cutaway(tracklet)

    def _is_cutaway(self, tracklet: Tracklet) -> list[int]:
        """Frames of a run's latest gap that show somebody else, or something else."""
        (before, after), (a, b) = tracklet.frames[-2:], tracklet.landmarks[-2:]
        around = [(self._frame(number), bounds(points)) for number, points in ((before, a), (after, b))]
        found = []
        for number in range(before + 1, after):
            box = bounds(a + (b - a) * np.float32((number - before) / (after - before)))
            others = [other.at(number) for other in self._tracklets[-8:] if other is not tracklet]
            taken = any(other is not None and _holds(box, other) for other in others)
            if taken or shows_something_else(self._frame(number), box, around):
                found.append(number)
        return found

    def _frame(self, number: int) -> np.ndarray:
        return self._passed[number - self._count]

    @property
    def count(self) -> int:
        """Frames so far."""
        return self._count

    @property
    def memory(self) -> int:
        """How many of the latest frames have to be given to `recall` after `restore`."""
        return min(max(self._interval, LONGEST_GAP + 2), self._count)

    def growth(self) -> dict[str, np.ndarray]:
        """What has been found since the last call, or since `restore`.

        Returns:
            Arrays by name; those of a run begin with its number.
        """
        self._kept += [0] * (len(self._tracklets) - len(self._kept))
        active = {id(tracklet) for tracklet in self._active}
        arrays = {
            "counts": np.array([self._count], np.int32),
            "cuts": np.array(self._cuts, np.int32),
            "active": np.array(
                [i for i, tracklet in enumerate(self._tracklets) if id(tracklet) in active], np.int32
            ),
        }
        for number, (tracklet, kept) in enumerate(zip(self._tracklets, self._kept, strict=True)):
            if len(tracklet.frames) > kept or id(tracklet) in active:
                arrays |= {f"{number}.{name}": values for name, values in _arrays(tracklet, kept).items()}
            self._kept[number] = len(tracklet.frames)
        self.saved = self._count
        return arrays

    def restore(self, piece: Mapping[str, np.ndarray]) -> None:
        """Add a piece made by `growth`; then `recall` the latest frames.

        Raises:
            InputError: a piece that does not follow the one before.
        """
        for name in sorted({int(key.split(".")[0]) for key in piece if key[0].isdigit()}):
            values = {key.split(".")[1]: piece[key] for key in piece if key.startswith(f"{name}.")}
            if name > len(self._tracklets):
                raise InputError("faces: a piece of the search is missing; remove the folder of parts")
            if name == len(self._tracklets):
                self._tracklets.append(
                    Tracklet([], [], [], Descriptor(values["texture"], values["weight"], values["tint"]))
                )
            _lengthen(self._tracklets[name], values)
        (self._count,) = piece["counts"].tolist()
        self._cuts = piece["cuts"].tolist()
        self._active = [self._tracklets[number] for number in piece["active"].tolist()]
        self._kept = [len(tracklet.frames) for tracklet in self._tracklets]
        self.saved = self._count

    def recall(self, number: int, frame: Frame) -> None:
        """See again one of the latest frames, in order.

        Args:
            number: of the frame, from ``count - memory`` on.
            frame: uint8 or uint16, RGB.
        """
        self._passed.append(to_uint8(frame))
        if not self._cuts or number >= self._cuts[-1]:
            self._recent.append((number, self._passed[-1]))
        self._signature = frame_signature(frame)


def _arrays(tracklet: Tracklet, kept: int) -> dict[str, np.ndarray]:
    """A run from a place on, and how it looks now."""
    points = np.array(tracklet.landmarks[kept:], np.float32).reshape(-1, 468, 3)
    return {
        "frames": np.array(tracklet.frames[kept:], np.int32),
        "landmarks": points,
        "scores": np.array(tracklet.scores[kept:], np.float64),
        "gazes": np.array(tracklet.gazes[kept:], np.float32).reshape(-1, 2, 2),
        "texture": tracklet.descriptor.texture,
        "weight": tracklet.descriptor.weight,
        "tint": tracklet.descriptor.tint,
        "looks": np.array([tracklet.descriptor_count], np.int32),
        "changes": np.array(tracklet.changes, np.float64),
        "elsewhere": np.array(tracklet.elsewhere, np.int32),
    }


def _lengthen(tracklet: Tracklet, values: Mapping[str, np.ndarray]) -> None:
    tracklet.frames += values["frames"].tolist()
    tracklet.landmarks += list(values["landmarks"])
    tracklet.scores += values["scores"].tolist()
    tracklet.gazes += list(values["gazes"])
    tracklet.descriptor = Descriptor(values["texture"], values["weight"], values["tint"])
    tracklet.descriptor_count = int(values["looks"][0])
    tracklet.changes.clear()
    tracklet.changes.extend(values["changes"].tolist())
    tracklet.elsewhere = values["elsewhere"].tolist()


def _holds(box: Box, points: Landmarks) -> bool:
    """Whether the middle of a face lies in a box."""
    x, y = points[:, :2].mean(axis=0).tolist()
    return box[0] < x < box[2] and box[1] < y < box[3]
