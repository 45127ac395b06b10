"""What a suite hands to a method: X_r and X_t in one geometry, the ground truth if there is one, and the facts."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from aotface.transfer.base import FacePair
from aotface.types import Crop, Geometry, Landmarks, Mask

Picture = Float32[np.ndarray, "height width 3"]
"""0..1, RGB, display-encoded sRGB, any size."""

LIGHT_BINS = ((25.0, "0-25"), (50.0, "25-50"), (float("inf"), "50-90"))
"""Upper bound in degrees of the angle between the main light and the camera's axis, and the bin's name."""


@dataclass(frozen=True)
class Facts:
    """What tables group by.

    ``tone``: skin tone group of the target person; ``source_tone``: of the source. ``light_angle_degrees``:
    between the target's main light and the camera's axis; NaN where it is not known. ``gap``: LF-dE between
    X_r and X_t, how far the appearances are apart.
    """

    suite: str
    source_person: str
    target_person: str
    tone: str = "unknown"
    source_tone: str = "unknown"
    light_angle_degrees: float = float("nan")
    gap: float = float("nan")

    @property
    def light(self) -> str:
        """The light bin."""
        return light_bin(self.light_angle_degrees)


@dataclass(frozen=True)
class Triple:
    """One piece of work at 256 px; everything but the source is in the target's geometry.

    ``mask``: where results count, 0..1: the reenacted face, visible in the target, not the target's own
    pixels. ``geometry``: of the target's mesh. ``target_landmarks``: of the target. ``landmarks``: of the reenacted
    shape. ``source``: a picture
    of the person that X_r shows, with landmarks of its own; None where there is none. ``clip``: the triples of
    consecutive frames of which this is the middle one; empty for a still picture.
    """

    name: str
    reenacted: Crop
    target: Crop
    truth: Crop | None
    mask: Mask
    geometry: Geometry
    target_landmarks: Landmarks
    landmarks: Landmarks
    source: Picture | None
    source_landmarks: Landmarks | None
    facts: Facts
    clip: "tuple[Triple, ...]" = ()

    @property
    def pair(self) -> FacePair:
        """What a transfer gets, anew each time: what it works out of it counts as its time."""
        return FacePair(self.reenacted, self.target, self.mask, self.target_landmarks, self.landmarks)


@dataclass(frozen=True)
class Plan:
    """One triple before it is made: small, and the same for the same data, seed and number.

    ``files``: role to path relative to the data folder. ``numbers``: what was drawn besides.
    """

    name: str
    files: dict[str, str]
    source_person: str
    target_person: str
    numbers: dict[str, float] = field(default_factory=dict)
    seed: tuple[int, ...] = ()


def light_bin(angle_degrees: float) -> str:
    """Name the bin of a light's angle; "unknown" for NaN."""
    if np.isnan(angle_degrees):
        return "unknown"
    return next(name for bound, name in LIGHT_BINS if angle_degrees < bound)
