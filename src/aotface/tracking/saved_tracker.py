"""The tracker of videos: one that is stopped and goes on, and that looks into the gaps across cuts.

What it has found so far comes out piece by piece, as plain arrays. A run only ever grows at its end once the frame is over
in which it was found, so a piece holds the new ends alone. The last few frames, of which the tracker keeps the pixels, are
not kept: whoever goes on reads them again.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np

from aotface.errors import InputError
from aotface.face.landmarks import Box, to_uint8
from aotface.tracking.cutaway import shows_something_else
from aotface.tracking.cuts import glance
from aotface.tracking.descriptor import Look
from aotface.tracking.tracker import DETECTION_INTERVAL, LONGEST_GAP, Tracker
from aotface.tracking.tracklets import Run
from aotface.types import Frame, Landmarks


class SavedTracker(Tracker):
    """A `Tracker`; ``growth`` of one, given to ``restore`` of another in order, brings that one to the same place."""

    def __init__(self, interval: int = DETECTION_INTERVAL):
        super().__init__(interval)
        self._kept: list[int] = []  # of every run, how many of its frames are in the pieces so far
        self._passed: deque[np.ndarray] = deque(maxlen=LONGEST_GAP + 2)  # a gap with a frame on either side
        self.saved = 0

    def add(self, frame: Frame) -> None:
        """Take the next frame; where a face comes back across a cut, see what its gap shows."""
        super().add(frame)
        self._passed.append(self._recent[-1][1])
        back = [run for run in self._active if len(run.frames) > 1 and run.frames[-1] == self._count - 1]
        for run in back:
            if any(run.frames[-2] < cut < run.frames[-1] for cut in self._cuts[-LONGEST_GAP - 1 :]):
                run.elsewhere += self._something_else(run)

    def _something_else(self, run: Run) -> list[int]:
        """Frames of a run's latest gap that show somebody else, or something else."""
        (before, after), (a, b) = run.frames[-2:], run.landmarks[-2:]
        around = [(self._frame(number), _box(points)) for number, points in ((before, a), (after, b))]
        found = []
        for number in range(before + 1, after):
            box = _box(a + (b - a) * np.float32((number - before) / (after - before)))
            others = [other.at(number) for other in self._runs[-8:] if other is not run]
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
        self._kept += [0] * (len(self._runs) - len(self._kept))
        active = {id(run) for run in self._active}
        arrays = {
            "counts": np.array([self._count, self._searched], np.int32),
            "cuts": np.array(self._cuts, np.int32),
            "active": np.array([i for i, run in enumerate(self._runs) if id(run) in active], np.int32),
        }
        for number, (run, kept) in enumerate(zip(self._runs, self._kept, strict=True)):
            if len(run.frames) > kept or id(run) in active:
                arrays |= {f"{number}.{name}": values for name, values in _arrays(run, kept).items()}
            self._kept[number] = len(run.frames)
        self.saved = self._count
        return arrays

    def restore(self, piece: Mapping[str, np.ndarray]) -> None:
        """Add a piece made by `growth`; then `recall` the latest frames.

        Raises:
            InputError: a piece that does not follow the one before.
        """
        for name in sorted({int(key.split(".")[0]) for key in piece if key[0].isdigit()}):
            values = {key.split(".")[1]: piece[key] for key in piece if key.startswith(f"{name}.")}
            if name > len(self._runs):
                raise InputError("faces: a piece of the search is missing; remove the folder of parts")
            if name == len(self._runs):
                self._runs.append(Run([], [], [], Look(values["texture"], values["weight"], values["tint"])))
            _lengthen(self._runs[name], values)
        self._count, self._searched = piece["counts"].tolist()
        self._cuts = piece["cuts"].tolist()
        self._active = [self._runs[number] for number in piece["active"].tolist()]
        self._kept = [len(run.frames) for run in self._runs]
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
        self._glance = glance(frame)


def _arrays(run: Run, kept: int) -> dict[str, np.ndarray]:
    """A run from a place on, and how it looks now."""
    points = np.array(run.landmarks[kept:], np.float32).reshape(-1, 468, 3)
    return {
        "frames": np.array(run.frames[kept:], np.int32),
        "landmarks": points,
        "scores": np.array(run.scores[kept:], np.float64),
        "texture": run.look.texture,
        "weight": run.look.weight,
        "tint": run.look.tint,
        "looks": np.array([run.looks], np.int32),
        "changes": np.array(run.changes, np.float64),
        "elsewhere": np.array(run.elsewhere, np.int32),
    }


def _lengthen(run: Run, values: Mapping[str, np.ndarray]) -> None:
    run.frames += values["frames"].tolist()
    run.landmarks += list(values["landmarks"])
    run.scores += values["scores"].tolist()
    run.look = Look(values["texture"], values["weight"], values["tint"])
    run.looks = int(values["looks"][0])
    run.changes.clear()
    run.changes.extend(values["changes"].tolist())
    run.elsewhere = values["elsewhere"].tolist()


def _box(points: Landmarks) -> Box:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _holds(box: Box, points: Landmarks) -> bool:
    """Whether the middle of a face lies in a box."""
    x, y = points[:, :2].mean(axis=0).tolist()
    return box[0] < x < box[2] and box[1] < y < box[3]
