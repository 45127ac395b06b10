"""Lenses: tint, reflection and glare; what hides the eye counts as a cover, not as a lens."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise
from aotface.training.visibility.covers.textures import Textures

CLEAR, TINTED = 0.66, 0.8
"""Shares of clear lenses, and of clear and lightly tinted ones; the rest are sunglasses."""

HIDDEN = 0.35
"""Share of the light let through under which a lens hides what lies behind it."""

WHITE = 0.6
"""Share of a reflection over which it hides what lies behind it."""


def draw_lens(
    canvas: Canvas,
    lens: Float32[np.ndarray, "side side"],
    tint: float,
    rng: np.random.Generator,
    textures: Textures,
) -> None:
    """Put one lens on a face, in place.

    Args:
        canvas: the face.
        lens: coverage.
        tint: 0..1, see `CLEAR`.
        rng: its own; ``tint`` is shared by both lenses.
        textures: what is mirrored.
    """
    same = np.random.default_rng(int(tint * 1e9))
    if same.random() < 0.4:
        magnify(canvas, lens, same.uniform(0.9, 1.1))
    through = transmission(canvas.side, tint, same)
    rows = np.arange(canvas.side, dtype=np.float32)[:, None]
    if tint > CLEAR and same.random() < 0.5:  # darker above
        middle = float((rows * lens).sum() / max(float(lens.sum()), 1.0))
        fade = np.clip(0.5 + (rows - middle) / (0.25 * canvas.height), 0, 1)[..., None]
        through = through + (1 - through) * fade * same.uniform(0.2, 0.9)
    mirrored, share = reflection(canvas.side, rng, textures, dark=tint > TINTED)
    inside = lens[..., None]
    seen = canvas.picture * through * (1 - share[..., None]) + mirrored * share[..., None]
    canvas.picture = (canvas.picture * (1 - inside) + np.clip(seen, 0, 1) * inside).astype(np.float32)
    hidden = ((through.mean(axis=2) < HIDDEN) | (share > WHITE)) & (lens > 0.5)
    canvas.lens[lens > 0.5] = 1
    canvas.lens[(lens > 0.1) & (lens <= 0.5)] = 255
    canvas.mark(hidden.astype(np.float32), Surface.COVER)


def transmission(side: int, tint: float, rng: np.random.Generator) -> Float32[np.ndarray, "side side 3"]:
    """Share of the light of each colour that a lens lets through."""
    if tint < CLEAR:
        level, colour = rng.uniform(0.88, 1.0), 0.03
    elif tint < TINTED:
        level, colour = rng.uniform(0.45, 0.9), 0.15
    else:
        level, colour = rng.uniform(0.02, 0.3), 0.3
    return np.full((side, side, 3), level * (1 + rng.uniform(-colour, colour, 3)), np.float32).clip(0, 1)


def reflection(
    side: int, rng: np.random.Generator, textures: Textures, dark: bool
) -> tuple[Float32[np.ndarray, "side side 3"], Float32[np.ndarray, "side side"]]:
    """What a lens mirrors, and how much of it: windows, lamps, surroundings, the coating's green or blue."""
    share = np.full((side, side), rng.uniform(0, 0.06), np.float32)
    mirrored: np.ndarray = np.full((side, side, 3), rng.uniform(0.4, 1), np.float32)
    if rng.random() < (0.6 if dark else 0.3):
        mirrored = textures.draw(rng, side)
        share += rng.uniform(0.03, 0.35) * np.clip(noise(rng, side, 4) + 0.5, 0, 1)
    if rng.random() < 0.35:  # a window or lamp: one bright patch with straight edges
        centre, size = rng.uniform(0.25, 0.6, 2) * side, rng.uniform(0.02, 0.12) * side
        corners = centre + size * rng.uniform(0.4, 1.6, (4, 1)) * np.array(
            [[-1, -1], [1, -1], [1, 1], [-1, 1]]
        )
        patch = np.zeros((side, side), np.uint8)
        cv2.fillConvexPoly(patch, cv2.convexHull(np.round(corners).astype(np.int32)), (255,))
        soft = cv2.GaussianBlur(patch.astype(np.float32) / 255, (0, 0), rng.uniform(0.5, 4))
        share = np.maximum(share, soft * rng.uniform(0.2, 0.95))
        mirrored = mirrored * (1 - soft[..., None]) + soft[..., None] * rng.uniform(0.75, 1, 3)
    if rng.random() < 0.25:  # a sheen that fades across
        ramp = np.clip(noise(rng, side, 2) * 1.5, 0, 1) * rng.uniform(0.1, 0.6)
        share = np.maximum(share, ramp)
        mirrored = 0.6 * mirrored + 0.4 * rng.choice([[0.9, 0.95, 1], [0.6, 0.9, 0.75], [0.65, 0.6, 1]])
    return mirrored.astype(np.float32), np.clip(share, 0, 1).astype(np.float32)


def magnify(canvas: Canvas, lens: Float32[np.ndarray, "side side"], zoom: float) -> None:
    """A lens for far or near: picture and labels behind it grow or shrink about its middle."""
    inside = lens > 0.5
    if inside.sum() < 16:
        return
    y, x = np.nonzero(inside)
    middle = np.array([x.mean(), y.mean()])
    matrix = np.array([[zoom, 0, (1 - zoom) * middle[0]], [0, zoom, (1 - zoom) * middle[1]]])
    size = (canvas.side, canvas.side)
    picture = cv2.warpAffine(canvas.picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    sets = cv2.warpAffine(canvas.sets, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    canvas.picture = np.where(inside[..., None], picture, canvas.picture).astype(np.float32)
    canvas.sets[inside] = sets[inside]
