"""Training samples: an aligned face, moved a little, with covers drawn on it, through a camera."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from aotface.face.mesh import MIRROR
from aotface.face.visibility.view import VIEW_SIDE
from aotface.training.visibility.camera import photograph
from aotface.training.visibility.covers.canvas import Canvas
from aotface.training.visibility.covers.glasses import wear
from aotface.training.visibility.covers.grounds import change_ground, dress
from aotface.training.visibility.covers.hair import Wigs, grow_beard, put_on, strands_over
from aotface.training.visibility.covers.hands import raise_hand
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.covers.things import (
    hold_microphone,
    hold_thing,
    put_hat_on,
    wear_mask,
    wrap_scarf,
    write_over,
)
from aotface.training.visibility.hard_light import SHARE as LIT_HARD
from aotface.training.visibility.hard_light import light_hard
from aotface.training.visibility.labels import EVERY, Traits
from aotface.training.visibility.prepare import MARGIN
from aotface.types import Landmarks

CUT = 0.2
"""Share of samples whose picture ends near the face."""

BARE = 0.1
"""Share of samples without any cover."""


@dataclass(frozen=True)
class Labelled:
    """An aligned face of a store with its sets of surfaces."""

    picture: UInt8[np.ndarray, "size size 3"]
    sets: UInt16[np.ndarray, "size size"]
    landmarks: Landmarks
    traits: Traits = field(default_factory=Traits)


@dataclass(frozen=True)
class Box:
    """All that covers are made of."""

    wigs: Wigs
    textures: Textures


@dataclass(frozen=True)
class Sample:
    """What the network learns from: see `Canvas`."""

    picture: Float32[np.ndarray, "side side 3"]
    sets: UInt16[np.ndarray, "side side"]
    lens: UInt8[np.ndarray, "side side"]


def draw_sample(face: Labelled, box: Box, rng: np.random.Generator, covers: bool = True) -> Sample:
    """Make one sample.

    Args:
        face: whose.
        box: for covers.
        rng: draws everything.
        covers: whether any are drawn.
    """
    canvas = seat(face, rng)
    if covers and rng.random() > BARE:
        for share, cover in plan(box, face.traits):
            if rng.random() < share:
                cover(canvas, rng)
    if rng.random() < LIT_HARD:
        light_hard(canvas, rng)
    if rng.random() < CUT:
        end_picture(canvas, rng)
    return Sample(photograph(canvas.picture, rng), canvas.sets, canvas.lens)


def end_picture(canvas: Canvas, rng: np.random.Generator) -> None:
    """Let the picture end near the face, or inside it: beyond, its last pixels are repeated, and nothing is known.

    Args:
        canvas: changed in place.
        rng: draws the four edges.
    """
    side = canvas.side
    low, high = canvas.landmarks[:, :2].min(axis=0), canvas.landmarks[:, :2].max(axis=0)
    reach = (high - low) * rng.uniform(-0.15, 0.25, (2, 2)) * (rng.random((2, 2)) < 0.7)
    far = np.where(reach == 0, side, reach)
    left, top = np.clip(np.round(low - far[0]), 0, side // 3).astype(int)
    right, bottom = np.clip(np.round(high + far[1]), 2 * side // 3, side).astype(int)
    inside = canvas.picture[top:bottom, left:right]
    edges = ((top, side - bottom), (left, side - right))
    canvas.picture = np.pad(inside, (*edges, (0, 0)), mode="edge")
    canvas.sets = np.pad(canvas.sets[top:bottom, left:right], edges, constant_values=EVERY)
    canvas.lens = np.pad(canvas.lens[top:bottom, left:right], edges, constant_values=255)


def plan(box: Box, traits: Traits) -> list[tuple[float, Callable[[Canvas, np.random.Generator], None]]]:
    """Ground and covers, from behind the face outwards, and how often each is drawn."""
    glasses = 0.0 if traits.glasses else 0.55
    return [
        (0.5, lambda canvas, rng: change_ground(canvas, rng, box.textures)),
        (0.35, lambda canvas, rng: dress(canvas, rng, box.textures)),
        (0.0 if traits.beard else 0.12, grow_beard),
        (0.07, lambda canvas, rng: wear_mask(canvas, rng, box.textures)),
        (glasses, lambda canvas, rng: wear(canvas, rng, box.textures)),
        (0.22, lambda canvas, rng: put_on(canvas, rng, box.wigs)),
        (0.1, strands_over),
        (0.06, lambda canvas, rng: put_hat_on(canvas, rng, box.textures)),
        (0.03, lambda canvas, rng: wrap_scarf(canvas, rng, box.textures)),
        (0.06, hold_microphone),
        (0.12, raise_hand),
        (0.05, lambda canvas, rng: hold_thing(canvas, rng, box.textures)),
        (0.04, lambda canvas, rng: write_over(canvas, rng, box.textures)),
    ]


def seat(face: Labelled, rng: np.random.Generator | None = None) -> Canvas:
    """A stored face at the network's view: moved, turned, scaled and mirrored by chance; without ``rng`` exactly."""
    size = len(face.sets)
    zoom, angle, shift, mirror = MARGIN, 0.0, np.zeros(2), False
    if rng is not None:
        zoom = MARGIN * np.exp(rng.normal(0, 0.08))
        angle, shift = rng.normal(0, 0.12), np.clip(rng.normal(0, 0.03, 2), -0.07, 0.07)
        mirror = bool(rng.random() < 0.5)
    scale = zoom * VIEW_SIDE / size
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([(size - 1) / 2] * 2)
    matrix = np.concatenate(
        [linear, ((VIEW_SIDE - 1) / 2 + shift * VIEW_SIDE - linear @ middle)[:, None]], axis=1
    )
    window = (VIEW_SIDE, VIEW_SIDE)
    picture = cv2.warpAffine(
        face.picture, matrix, window, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    sets = cv2.warpAffine(
        face.sets,
        matrix,
        window,
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(EVERY,),
    )
    flat = face.landmarks[:, :2].astype(np.float64) @ linear.T + matrix[:, 2]
    points = np.concatenate([flat, face.landmarks[:, 2:] * scale], axis=1).astype(np.float32)
    if mirror:
        picture, sets = np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(sets[:, ::-1])
        points = points[MIRROR]
        points[:, 0] = VIEW_SIDE - 1 - points[:, 0]
    lens = np.full(window, 255 if face.traits.glasses else 0, np.uint8)
    return Canvas(picture.astype(np.float32) / 255, sets, lens, points)
