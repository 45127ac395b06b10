"""Hair over the face: cut out of other portraits, or drawn strand by strand; and beards."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.face.mesh import OUTER_LIPS
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise, strands
from aotface.training.visibility.labels import below_the_nose, bits, dilated, filled

CHEEK_LINE = [
    93,
    58,
    172,
    136,
    150,
    149,
    176,
    148,
    152,
    377,
    400,
    378,
    379,
    365,
    397,
    288,
    323,
    425,
    411,
    391,
    2,
    165,
    187,
    205,
]
"""Vertices around the part of a face where a full beard grows."""


@dataclass(frozen=True)
class Wigs:
    """Hair of other people, aligned like the faces. ``masks``: 0 or 255, the hair alone."""

    pictures: UInt8[np.ndarray, "n size size 3"]
    masks: UInt8[np.ndarray, "n size size"]


def put_on(canvas: Canvas, rng: np.random.Generator, wigs: Wigs) -> None:
    """Another person's hair over the face: lower, wider or turned, in another colour, in place."""
    at = rng.integers(len(wigs.masks))
    picture, mask = wigs.pictures[at], wigs.masks[at]
    if rng.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    size, side = len(mask), canvas.side
    zoom = rng.uniform(0.8, 1.25) * np.array([rng.uniform(0.85, 1.1), 1.0])
    angle = rng.normal(0, 0.14)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = canvas.height / (0.555 * size)
    linear = turn @ np.diag(face * zoom)
    head = canvas.landmarks[[10, 152], :2].mean(axis=0)
    down = np.array([rng.normal(0, 0.08), rng.uniform(0.0, 0.24)]) * canvas.height
    shift = head + down - linear @ np.array([0.5 * size, 0.53 * size])
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    colour = cv2.warpAffine(np.ascontiguousarray(picture), matrix, (side, side)).astype(np.float32) / 255
    core = cv2.erode(np.ascontiguousarray(mask), np.ones((3, 3), np.uint8))
    alpha = cv2.warpAffine(core, matrix, (side, side), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    alpha = frayed(alpha, rng)
    canvas.shade(alpha, (rng.normal(0, 2), rng.uniform(0, 5)), rng.uniform(1, 5), rng.uniform(0, 0.45))
    canvas.lay(recoloured(colour, alpha, rng), alpha, Surface.HAIR)


def frayed(
    alpha: Float32[np.ndarray, "side side"], rng: np.random.Generator
) -> Float32[np.ndarray, "side side"]:
    """A mask whose edge follows strands, not the scissors."""
    side = len(alpha)
    soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.8, 4.0))
    grain = strands(rng, side, rng.normal(0, 0.5), rng.uniform(0.8, 2.5))
    edge = np.clip((soft - 0.5 + 0.35 * grain) * rng.uniform(2, 6) + 0.5, 0, 1)
    return (edge * (soft > 0.02)).astype(np.float32)


def recoloured(
    colour: Float32[np.ndarray, "side side 3"],
    alpha: Float32[np.ndarray, "side side"],
    rng: np.random.Generator,
) -> Float32[np.ndarray, "side side 3"]:
    """Hair in another colour, half the time: brightness kept as pattern, tone drawn anew."""
    if rng.random() < 0.4 or alpha.sum() < 10:
        return colour * np.float32(rng.uniform(0.7, 1.4))
    grey = colour.mean(axis=2)
    level = float((grey * alpha).sum() / alpha.sum()) + 0.02
    pattern = np.clip(grey / level, 0.2, 3) ** rng.uniform(0.5, 1.2)
    return (pattern[..., None] * hair_colour(rng)).astype(np.float32)


def hair_colour(rng: np.random.Generator) -> np.ndarray:
    """Black, brown, red, blond, grey, white, and sometimes dyed."""
    tones = np.array(
        [
            [0.06, 0.05, 0.05],
            [0.2, 0.13, 0.09],
            [0.36, 0.25, 0.17],
            [0.5, 0.27, 0.14],
            [0.72, 0.58, 0.4],
            [0.55, 0.54, 0.53],
            [0.85, 0.83, 0.8],
        ]
    )
    if rng.random() < 0.05:
        return rng.uniform(0, 0.9, 3)
    first, second = tones[rng.integers(len(tones), size=2)]
    return (0.7 * first + 0.3 * second) * rng.uniform(0.7, 1.3)


def strands_over(canvas: Canvas, rng: np.random.Generator) -> None:
    """Locks and single hairs from the crown or the temples across forehead, eye or cheek, in place."""
    head = canvas.landmarks[10, :2]
    face, colour = canvas.height, hair_colour(rng) * np.clip(canvas.tone().mean() / 0.6, 0.4, 1.3)
    alpha = np.zeros((canvas.side, canvas.side), np.float32)
    side = rng.choice([-1, 1])
    for _ in range(rng.integers(1, 5)):
        start = head + np.array([side * rng.uniform(-0.2, 0.5), rng.uniform(-0.3, 0.0)]) * face
        end = start + np.array([side * rng.uniform(-0.1, 0.35), rng.uniform(0.15, 0.95)]) * face
        bend = (start + end) / 2 + np.array([side * rng.uniform(-0.1, 0.3), rng.uniform(-0.15, 0.1)]) * face
        t = np.linspace(0, 1, 17)[:, None]
        for _ in range(rng.integers(1, 14)):
            spread = rng.normal(0, 0.025, (3, 2)) * face
            a, b, c = start + spread[0], bend + spread[1], end + spread[2]
            path = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
            alpha = np.maximum(
                alpha, canvas.line(path, rng.choice([0.6, 1.0, 2.0, 4.0]) * face / 170) * rng.uniform(0.6, 1)
            )
    canvas.shade(alpha, (rng.normal(0, 2), rng.uniform(0, 3)), 1.5, rng.uniform(0, 0.35))
    plane = colour * (1 + 0.35 * strands(rng, canvas.side, rng.normal(0, 0.4))[..., None])
    canvas.lay(plane.astype(np.float32), alpha, Surface.HAIR)


def grow_beard(canvas: Canvas, rng: np.random.Generator) -> None:
    """Stubble, moustache or full beard on a shaven face, in place; thin growth may be skin or beard."""
    side, face = canvas.side, canvas.height
    low = below_the_nose(canvas.landmarks, side)
    region = filled(canvas.landmarks, np.array(CHEEK_LINE), side) & low
    style = rng.choice(["full", "goatee", "moustache"], p=[0.55, 0.25, 0.2])
    mouth = canvas.landmarks[[61, 291], :2]
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    if style != "full":
        reach = rng.uniform(0.55, 0.9) * np.linalg.norm(mouth[1] - mouth[0])
        region &= (
            np.hypot(x - mouth[:, 0].mean(), (y - mouth[:, 1].mean()) * (0.6 if style == "goatee" else 1))
            < reach
        )
    if style == "moustache":
        region &= y < mouth[:, 1].mean()
    lips = dilated(filled(canvas.landmarks, OUTER_LIPS, side), 0.012 * face)
    soft = cv2.GaussianBlur((region & ~lips).astype(np.float32), (0, 0), rng.uniform(0.01, 0.035) * face)
    dense = np.clip(soft * 1.5 * (1 + 0.25 * noise(rng, side, 8)) - 0.2, 0, 1)
    strength = rng.uniform(0.45, 1.0)
    grain = np.clip(0.75 + 0.5 * strands(rng, side, rng.normal(0, 0.3), rng.uniform(0.6, 1.2)), 0.2, 1)
    alpha = (dense * strength * grain * ~lips).astype(np.float32)
    light = np.clip(canvas.tone().mean() / 0.6, 0.4, 1.2)
    plane = hair_colour(rng) * light * (1 + 0.5 * strands(rng, side, rng.normal(0, 0.4), 0.7)[..., None])
    a = alpha[..., None]
    canvas.picture = (canvas.picture * (1 - a) + np.clip(plane, 0, 1) * a).astype(np.float32)
    grown = cv2.GaussianBlur(alpha, (0, 0), 2)
    canvas.sets[(grown > 0.15) & ~lips] |= bits(Surface.BEARD)
    canvas.sets[(grown > 0.38) & ~lips] = bits(Surface.BEARD)
