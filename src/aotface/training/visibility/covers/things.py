"""Other covers: medical masks, microphones, hats, scarves, bars, writing, and things of any shape."""

import string

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise
from aotface.training.visibility.covers.textures import Textures

LEFT_OF_MASK = [6, 122, 50, 187, 58, 172, 136, 150, 149, 176, 148, 152]
RIGHT_OF_MASK = [377, 400, 378, 379, 365, 397, 288, 411, 280, 351]
"""Vertices around a medical mask: from the bridge of the nose down one side to the chin, and up the other."""


def wear_mask(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """A medical or cloth mask over nose and mouth, with pleats and bands, in place."""
    ring = canvas.landmarks[LEFT_OF_MASK + RIGHT_OF_MASK, :2].astype(np.float64)
    top, chin = canvas.landmarks[6, :2], canvas.landmarks[152, :2]
    down = (chin - top) / np.linalg.norm(chin - top)
    middle = ring.mean(axis=0)
    ring = (
        middle + (ring - middle) * rng.uniform(0.98, 1.1) + rng.normal(0, 0.012, ring.shape) * canvas.height
    )
    slip = rng.uniform(0, 0.16) if rng.random() < 0.8 else rng.uniform(0.2, 0.4)
    along = (ring - top) @ down
    reach = max(float(along.max()), 1.0)
    ring = ring + down * canvas.height * slip * np.clip(1 - along / reach, 0, 1)[:, None]
    alpha = cv2.GaussianBlur(canvas.polygon(ring), (0, 0), 0.6)
    plain = np.array(
        [[0.55, 0.75, 0.85], [0.9, 0.92, 0.93], [0.06, 0.06, 0.07], [0.45, 0.7, 0.62], [0.85, 0.65, 0.7]]
    )
    colour = (
        plain[rng.integers(5)] * rng.uniform(0.8, 1.1)
        if rng.random() < 0.75
        else textures.draw(rng, canvas.side)
    )
    x, y = np.meshgrid(np.arange(canvas.side), np.arange(canvas.side))
    across = ((x - middle[0]) * down[1] - (y - middle[1]) * down[0]) / (0.4 * canvas.height)
    shading = (
        1.05
        - rng.uniform(0.15, 0.5) * across**2
        + rng.normal(0, 0.12) * across
        + 0.07 * noise(rng, canvas.side, 7)
    )
    if rng.random() < 0.6:
        fold = ((x - middle[0]) * down[0] + (y - middle[1]) * down[1]) / canvas.height + 0.06 * across**2
        for at in np.linspace(-0.12, 0.16, rng.integers(2, 5)):
            shading = shading - rng.uniform(0.08, 0.25) * np.exp(-(((fold - at) / 0.008) ** 2))
    light = np.clip(canvas.tone().mean() / 0.55, 0.4, 1.2)
    for ear, edge in ((234, 3), (454, -3)):
        band = canvas.line(np.stack([ring[edge], canvas.landmarks[ear, :2] * 1.0]), rng.uniform(0.8, 2.5))
        canvas.lay(np.float32(0.85) * np.ones(3, np.float32) * np.float32(light), band, Surface.COVER)
    canvas.shade(alpha, (0.0, 2.0), 2.5, rng.uniform(0.1, 0.4))
    canvas.lay((colour * (light * shading)[..., None]).astype(np.float32), alpha, Surface.COVER)


def hold_microphone(canvas: Canvas, rng: np.random.Generator) -> None:
    """A microphone before chin or mouth, or a thin one beside the cheek, in place."""
    face, mouth = canvas.height, canvas.landmarks[[13, 152], :2].mean(axis=0)
    if rng.random() < 0.25:  # a headset's
        a, b = canvas.landmarks[rng.choice([234, 454]), :2], canvas.landmarks[rng.choice([61, 291, 17]), :2]
        bend = (a + b) / 2 + np.array([0, 0.08 * face])
        t = np.linspace(0, 1, 13)[:, None]
        alpha = canvas.line((1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b, rng.uniform(1, 3))
        alpha = np.maximum(alpha, canvas.line(np.stack([b, b + rng.normal(0, 3, 2)]), rng.uniform(4, 10)))
        canvas.lay(np.full(3, rng.uniform(0, 0.3), np.float32), alpha, Surface.COVER)
        return
    head = mouth + rng.normal(0, 1, 2) * np.array([0.2, 0.12]) * face + np.array([0, 0.1 * face])
    radius = face * rng.uniform(0.07, 0.17)
    foot = np.array([head[0] + rng.normal(0, 0.5) * face, canvas.side * 1.3])
    handle = canvas.line(np.stack([head, foot]), radius * rng.uniform(0.4, 1.2))
    ball = canvas.polygon(head + radius * _circle() * np.array([1, rng.uniform(1, 1.6)]))
    grey = rng.uniform(0.02, 0.5)
    shade = np.clip(0.6 + 0.5 * noise(rng, canvas.side, 5) + 0.25 * noise(rng, canvas.side, 80), 0.1, 1.6)
    canvas.shade(np.maximum(ball, handle), (rng.normal(0, 3), 4.0), 4.0, rng.uniform(0, 0.4))
    canvas.lay(
        (rng.uniform(0.02, 0.3) * shade[..., None] * np.ones(3)).astype(np.float32), handle, Surface.COVER
    )
    colour = grey * np.ones(3) if rng.random() < 0.75 else rng.uniform(0, 0.9, 3)
    canvas.lay((colour * shade[..., None]).astype(np.float32), ball, Surface.COVER)


def put_hat_on(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """A hat, cap, hood or headscarf down to the forehead, with a brim or none, in place."""
    face, brow = canvas.height, canvas.landmarks[[9, 10], :2].mean(axis=0)
    down = canvas.landmarks[152, :2] - canvas.landmarks[10, :2]
    angle = np.arctan2(-down[0], down[1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    x = np.linspace(-1, 1, 25)
    arch = rng.uniform(-0.06, 0.14)
    level = rng.uniform(-0.2, 0.08)
    rim = np.stack([x * 0.62 * face, (level + arch * x**2) * face], axis=1)
    top = np.array([[0.62, -1.2], [-0.62, -1.2]]) * face
    alpha = canvas.polygon(brow + np.concatenate([rim, top]) @ turn)
    if rng.random() < 0.3:  # a hood or headscarf: down the cheeks too
        cheeks = canvas.polygon(
            brow
            + np.array(
                [
                    [-1, -1.2],
                    [1, -1.2],
                    [1, 1.6],
                    [0.5, 1.6],
                    [0.42, 0.2],
                    [0.3, -0.1],
                    [-0.3, -0.1],
                    [-0.42, 0.2],
                    [-0.5, 1.6],
                    [-1, 1.6],
                ]
            )
            * np.array([rng.uniform(0.9, 1.1), 1])
            * face
            @ turn
        )
        alpha = np.maximum(alpha, cv2.GaussianBlur(cheeks, (0, 0), 1))
    plane = textures.draw(rng, canvas.side) * (1 + 0.3 * noise(rng, canvas.side, 4)[..., None])
    canvas.shade(
        alpha, (rng.normal(0, 2), rng.uniform(2, 0.1 * face + 2)), rng.uniform(2, 8), rng.uniform(0.1, 0.6)
    )
    canvas.lay(plane.astype(np.float32), alpha, Surface.COVER)
    if rng.random() < 0.6:
        deep = rng.uniform(0.04, 0.16)
        lower = np.stack(
            [x * rng.uniform(0.5, 0.95) * face, (level + arch * x**2 + deep * (1 - x**2)) * face], axis=1
        )
        brim = canvas.polygon(brow + np.concatenate([rim, lower[::-1]]) @ turn)
        canvas.shade(brim, (0.0, 4.0), 4.0, rng.uniform(0.2, 0.6))
        canvas.lay((plane * rng.uniform(0.4, 0.9)).astype(np.float32), brim, Surface.COVER)


def wrap_scarf(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """A scarf or collar from below up to chin, mouth or nose, in place."""
    x = np.linspace(-0.2, 1.2, 21)
    level = canvas.landmarks[rng.choice([152, 152, 199, 17, 2]), 1] + rng.normal(0, 0.04) * canvas.height
    wave = (
        rng.normal(0, 0.1) * (x - 0.5)
        + rng.normal(0, 0.25) * (x - 0.5) ** 2
        + 0.015 * np.sin(x * rng.uniform(5, 25))
    )
    edge = np.stack([x * canvas.side, level + wave * canvas.height], axis=1)
    alpha = canvas.polygon(
        np.concatenate([edge, [[canvas.side * 1.2, canvas.side * 1.2], [-9, canvas.side * 1.2]]])
    )
    folds = 1 + 0.35 * noise(rng, canvas.side, int(rng.integers(3, 9)))[..., None]
    canvas.shade(alpha, (0.0, -3.0), 3.0, rng.uniform(0, 0.4))
    canvas.lay((textures.draw(rng, canvas.side) * folds).astype(np.float32), alpha, Surface.COVER)


def write_over(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """A bar, with or without words, or words alone, in place."""
    side = canvas.side
    low, tall = rng.uniform(0.05, 0.9) * side, rng.uniform(0.05, 0.2) * side
    left, right = (rng.uniform(-0.1, 0.4) * side, rng.uniform(0.6, 1.1) * side)
    if rng.random() < 0.3:  # over the eyes
        low = canvas.landmarks[[33, 263], 1].mean() - tall / 2
    corners = np.array([[left, low], [right, low], [right, low + tall], [left, low + tall]])
    bar = canvas.polygon(corners) * (rng.random() < 0.75)
    colour = np.full(3, rng.choice([0.0, 0.05, 0.9])) if rng.random() < 0.5 else rng.uniform(0, 1, 3)
    solid = 1.0 if rng.random() < 0.7 else rng.uniform(0.6, 0.9)
    if bar.any():
        canvas.lay(colour.astype(np.float32), bar * np.float32(solid), Surface.COVER)
    words = np.zeros((side, side), np.uint8)
    text = "".join(rng.choice(list(string.ascii_letters + "0123456789  "), rng.integers(3, 18)))
    scale = tall / 40
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    place = (int(max(left, 0) + 3), int(low + 0.75 * tall))
    cv2.putText(
        words, text, place, font, scale, (255,), max(1, round(scale * rng.uniform(1.5, 4))), cv2.LINE_AA
    )
    if not bar.any() or rng.random() < 0.8:
        ink = np.full(3, rng.choice([0.0, 1.0])) if rng.random() < 0.6 else rng.uniform(0, 1, 3)
        canvas.lay(ink.astype(np.float32), words.astype(np.float32) / 255, Surface.COVER)


def hold_thing(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """Something of any shape and surface: a cup, a telephone, a leaf, in place."""
    place = canvas.landmarks[rng.integers(468), :2] + rng.normal(0, 0.15, 2) * canvas.height
    radius = canvas.height * rng.uniform(0.08, 0.35)
    if rng.random() < 0.5:
        wave = 1 + rng.uniform(0, 0.35) * np.sin(
            np.linspace(0, 2 * np.pi * rng.integers(2, 6), 48) + rng.uniform(0, 6)
        )
        outline = _circle(48) * wave[:, None] * np.array([1, rng.uniform(0.4, 2)])
    else:
        outline = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([1, rng.uniform(0.5, 2.2)])
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    alpha = canvas.polygon(place + radius * outline @ turn)
    canvas.shade(alpha, (rng.normal(0, 3), rng.normal(2, 3)), rng.uniform(1, 5), rng.uniform(0, 0.45))
    shading = (1 + 0.25 * noise(rng, canvas.side, 3))[..., None]
    canvas.lay((textures.draw(rng, canvas.side) * shading).astype(np.float32), alpha, Surface.COVER)


def _circle(points: int = 40) -> Float32[np.ndarray, "n 2"]:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
