"""Pictures of still people under known lamps: the list, their angles, and which of them are damaged."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Shaped

from aotface.datasets.portraits import Say, read_index
from aotface.errors import UsageError
from aotface.media.files import show
from aotface.media.image import read_image

ROUGHEST = 1.5
"""Row-to-row roughness, against the median of all people under that lamp, above which a picture is damaged:
the Extended Yale B holds some with shifted lines (2.1 to 4.1; sound ones stay below 1.2)."""

DARKEST = 0.2
"""Mean, against the same median, below which the lamp did not fire (0.03 and 0.06; sound ones above 0.5)."""


FRONTAL_DEGREES = 15.0
"""Angle from the camera's axis below which a lamp counts as in front."""

TEST_PEOPLE = frozenset(f"yaleB{number:02d}" for number in (3, 5, 8, 10, 13, 16, 19, 21, 24, 26))
TRAIN_PEOPLE = frozenset(
    f"yaleB{number:02d}" for number in (1, 2, 4, 6, 7, 9, 11, 12, 15, 17, 18, 20, 22, 23, 25, 27, 28)
)
"""The people of the Extended Yale B that networks are judged on, and those that they may be trained on. Fixed: a person
must never change sides."""


@dataclass(frozen=True)
class Shot:
    """One picture: ``azimuth`` and ``elevation`` of its lamp in degrees."""

    file: str
    person: str
    azimuth: float
    elevation: float

    @property
    def lamp(self) -> tuple[float, float]:
        """Which lamp it is."""
        return self.azimuth, self.elevation

    @property
    def angle(self) -> float:
        """Between lamp and camera's axis, degrees."""
        return lamp_angle(self.azimuth, self.elevation)


def split_of(person: str) -> Literal["train", "test"]:
    """The side of a person; who is in neither list may be trained on."""
    return "test" if person in TEST_PEOPLE else "train"


def judged(people: dict[str, list[Shot]], say: Say) -> dict[str, list[Shot]]:
    """The people that methods are judged on: of the Extended Yale B the test people only; of other data everybody."""
    if not people.keys() & (TEST_PEOPLE | TRAIN_PEOPLE):
        return people
    kept = {person: own for person, own in people.items() if split_of(person) == "test"}
    say(f"judged on the {len(kept)} people held out of training: {', '.join(sorted(kept))}")
    return kept


def lamp_angle(azimuth_degrees: float, elevation_degrees: float) -> float:
    """Angle between a lamp and the camera's axis, degrees."""
    cosine = math.cos(math.radians(azimuth_degrees)) * math.cos(math.radians(elevation_degrees))
    return round(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))), 6)


def read_shots(data: Path, say: Say) -> dict[str, list[Shot]]:
    """Sound pictures by person.

    Args:
        data: folder with ``index.csv``: file, person, azimuth_degrees, elevation_degrees.
        say: told of what is left out.

    Raises:
        UsageError: there is no such list.
    """
    shots: list[Shot] = []
    for row in read_index(data):
        try:
            place = float(row["azimuth_degrees"]), float(row["elevation_degrees"])
            shots.append(Shot(row["file"], row["person"], *place))
        except (KeyError, TypeError, ValueError):
            shots = []
            break
    if not shots:
        raise UsageError(
            f"{show(data)}: expected index.csv with file, person, azimuth_degrees, elevation_degrees"
        )
    people: dict[str, list[Shot]] = {}
    for shot in sorted(_sound(data, shots, say), key=lambda shot: shot.file):
        people.setdefault(shot.person, []).append(shot)
    return people


def _sound(data: Path, shots: list[Shot], say: Say) -> list[Shot]:
    """Leave out what differs from every other person under the same lamp."""
    lamps: dict[tuple[float, float], list[tuple[Shot, float, float]]] = {}
    for shot in shots:
        lamps.setdefault(shot.lamp, []).append(
            (shot, *roughness_and_mean(read_image(data / shot.file).frame))
        )
    sound = []
    for group in lamps.values():
        rough, mean = (float(np.median([entry[i] for entry in group])) for i in (1, 2))
        for shot, own_rough, own_mean in group:
            if own_rough <= ROUGHEST * rough and own_mean >= DARKEST * mean:
                sound.append(shot)
            else:
                say(f"left out: {shot.file} is damaged")
    return sound


def roughness_and_mean(frame: Shaped[np.ndarray, "height width 3"]) -> tuple[float, float]:
    """How much rows differ from their two neighbours, as a share of all detail; and the mean, 0..255."""
    grey = frame.astype(np.float32).mean(axis=2)
    detail = np.abs(cv2.GaussianBlur(grey, (0, 0), 2.0) - grey).mean()
    return float(np.abs(np.diff(grey, 2, axis=0)).mean() / (detail + 0.3)), float(grey.mean())
