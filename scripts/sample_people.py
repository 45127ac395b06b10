"""Who is averaged into which sample face (`make_samples.py`), and what such a face is."""

from dataclasses import dataclass

import numpy as np

SIDE = 640
FACE_HEIGHT = 290.0
"""Of the mesh, in pixels of the sample."""

CENTRE = (SIDE / 2, 0.53 * SIDE)
"""Where the middle of the mesh lies."""

ANGLES = np.deg2rad(np.arange(-8, 189, 4))
"""Of the rays on which the outline of the hair is found; 0 = right, 90 = up."""


@dataclass(frozen=True)
class Group:
    """People whose mean is one face; all but ``people`` names who counts where.

    ``tone``: whose skin tone the face has (all when empty). ``yaw``, degrees; ``jitter``, pixels.
    """

    people: dict[str, float]
    hair: dict[str, float]
    body: str
    tone: str = ""
    expression: str = "neutral"
    yaw: float = 0.0
    jitter: float = 3.0


def equal(people: str) -> dict[str, float]:
    return dict.fromkeys(people.split(), 1.0)


GROUPS = {
    "light_woman": Group(
        equal("010 100 102 107 013 087")
        | {"090": 0.4, "139": 0.6, "027": 0.5, "001": 0.5, "122": 0.3, "124": 0.3},
        {"124": 4.0, "122": 1.0},
        "124",
        yaw=-6,
        jitter=4,
    ),
    "light_man": Group(
        equal("012 018 026 068 131 117 105 173 036 115 119"), equal("141 117"), "141", yaw=4, jitter=4
    ),
    "medium_woman": Group(
        equal("006 087 127 027 013 139 124 100 107") | {"094": 0.4, "001": 0.2},
        equal("094 127"),
        "094",
        tone="006 087 094 127",
        yaw=5,
        jitter=4,
    ),
    "medium_man": Group(
        equal("036 037 070 092 115 117 119 018 104"),
        equal("117 018 119"),
        "117",
        tone="036 037 070 092 115 119",
        yaw=-5,
    ),
    "deep_woman": Group(
        equal("006 094 127 087 043 096") | {"062": 1.3, "114": 0.6, "025": 0.2},
        equal("025 006"),
        "025",
        tone="025 062 043 096 114",
        yaw=4,
        jitter=4,
    ),
    "deep_man": Group(
        equal("115 119 036 037 006 062 025") | {"043": 1.4, "096": 1.3, "114": 0.2},
        equal("114"),
        "114",
        tone="025 062 043 096 114",
        yaw=-4,
        jitter=2,
    ),
    "smiling_woman": Group(
        equal("010 090 100 102 107 122 124 139 013 094 127 087"),
        {"090": 3.0, "124": 1.0},
        "124",
        expression="smiling",
    ),
}


@dataclass(frozen=True)
class Portrait:
    """One input: picture (0..1), landmarks, and where the outline of the hair lies, all in its own pixels."""

    picture: np.ndarray
    landmarks: np.ndarray
    matrix: np.ndarray
    outline: np.ndarray


@dataclass(frozen=True)
class Composite:
    """A face of nobody: linear picture, landmarks, the wall behind it, how much each pixel is person."""

    linear: np.ndarray
    landmarks: np.ndarray
    wall: np.ndarray
    alpha: np.ndarray
