"""Hands before the face: capsules for fingers, shaded like round things, in the face's own tone."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise


def raise_hand(canvas: Canvas, rng: np.random.Generator) -> None:
    """Lay one hand over a part of the face, in place; its arm comes from outside the picture."""
    face = canvas.height
    size = face * rng.uniform(0.55, 0.95)
    spot = canvas.landmarks[rng.choice([152, 61, 291, 50, 280, 4, 17, 234, 454, 10, 205, 425]), :2]
    heading = rng.uniform(-0.9, 0.9) + (
        np.pi if rng.random() < 0.06 else 0
    )  # from upright; mostly from below
    forward = np.array([np.sin(heading), -np.cos(heading)])
    across = np.array([forward[1], -forward[0]]) * rng.choice([-1, 1])
    palm = spot + rng.normal(0, 0.15, 2) * face - forward * size * rng.uniform(0.1, 0.7)
    tone = skin(canvas, rng)
    for alpha, shading in reversed(list(parts(canvas, rng, palm, forward, across, size))):
        canvas.shade(alpha, (rng.normal(0, 2), rng.uniform(0, 4)), rng.uniform(1, 4), rng.uniform(0.1, 0.45))
        canvas.lay((tone * shading[..., None]).astype(np.float32), alpha, Surface.HAND)


def parts(
    canvas: Canvas,
    rng: np.random.Generator,
    palm: np.ndarray,
    forward: np.ndarray,
    across: np.ndarray,
    size: float,
) -> list[tuple[Float32[np.ndarray, "side side"], Float32[np.ndarray, "side side"]]]:
    """Coverage and shading of thumb, fingers, palm and arm, nearest first."""
    spread, curl = rng.uniform(-0.05, 0.22), rng.uniform(0.35, 1.0)
    lengths = np.array([0.42, 0.47, 0.44, 0.35]) * size * curl
    width = size * rng.uniform(0.095, 0.125)
    bones: list[tuple[np.ndarray, float]] = []
    for number, length in enumerate(lengths):
        place = (number - 1.5) / 1.5
        root = palm + forward * size * 0.22 + across * place * size * 0.155
        angle = place * spread + rng.normal(0, 0.04)
        way = forward * np.cos(angle) + across * np.sin(angle)
        bend = way + across * rng.normal(0, 0.1)
        bones.append(
            (
                np.stack(
                    [root - way * 0.1 * size, root + way * length * 0.5, root + (way + bend) / 2 * length]
                ),
                width,
            )
        )
    thumb = palm - across * size * 0.2
    way = forward * np.cos(0.7) - across * np.sin(0.7) * rng.uniform(0.2, 1.2)
    bones.append(
        (
            np.stack(
                [
                    thumb - way * 0.05 * size,
                    thumb + way * size * 0.18,
                    thumb + forward * size * 0.2 + way * size * 0.16,
                ]
            ),
            width * 1.15,
        )
    )
    drawn = [_round(canvas, canvas.line(path, thick), rng) for path, thick in bones]
    edge = np.array(
        [
            (f, a)
            for f, a in (
                (0.28, -0.21),
                (0.28, 0.21),
                (0.0, 0.24),
                (-0.25, 0.17),
                (-0.25, -0.17),
                (0.0, -0.25),
            )
        ]
    )
    outline = palm + (edge[:, :1] * forward + edge[:, 1:] * across) * size
    drawn.append(_round(canvas, cv2.GaussianBlur(canvas.polygon(outline), (0, 0), 1.2), rng))
    wrist = np.stack(
        [palm - forward * size * 0.15, palm - forward * size * 2.2 + across * rng.normal(0, 0.5) * size]
    )
    drawn.append(_round(canvas, canvas.line(wrist, size * rng.uniform(0.26, 0.34)), rng))
    return drawn


def _round(canvas: Canvas, alpha: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A shape's coverage, and its shading as of a round thing."""
    inside = (alpha > 0.5).astype(np.uint8)
    deep = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    radius = max(float(deep.max()), 1.0)
    rise = np.sqrt(np.clip(1 - (1 - np.minimum(deep / radius, 1)) ** 2, 0, 1))
    light = rng.normal(0, 0.12, 2)
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(deep, (0, 0), 1.5))
    shading = rng.uniform(0.6, 0.85) + 0.28 * rise + light[0] * slope_x + light[1] * slope_y
    return alpha, (shading * (1 + 0.05 * noise(rng, canvas.side, 24))).astype(np.float32)


def skin(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """The face's tone, lighter or darker; now and then a stranger's."""
    if rng.random() < 0.2:
        return np.array([0.75, 0.55, 0.45]) ** rng.uniform(0.6, 2.4) * rng.uniform(0.8, 1.15)
    return canvas.tone() * rng.uniform(0.82, 1.15) * (1 + rng.normal(0, 0.03, 3))
