"""Spectacles, built in three dimensions in front of the mesh's eyes, in its pose, and drawn with their exact masks.

Lengths are in millimetres; the eyes are 63 mm apart. x: to the right of the picture, y: down, z: away from the camera.
Source: [ours]; trained on drawn covers as arXiv 2205.06218 does for faces in general.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from aotface.face.mesh import LEFT_EYE, MEAN, RIGHT_EYE
from aotface.face.pose import fit_pose
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise
from aotface.training.visibility.covers.lenses import draw_lens
from aotface.training.visibility.covers.textures import Textures

EYES_APART = 63.0
ANGLES = np.linspace(0, 2 * np.pi, 97)[:-1]


@dataclass(frozen=True)
class Style:
    """One pair. Half sizes, shape and thickness of a rim in mm; see `draw_style`."""

    half_width: float
    half_height: float
    roundness: float
    taper: float
    droop: float
    lift: float
    thick: float
    top: float
    reach: tuple[float, float]
    bridge: float
    arm: float
    apart: float
    drop: float
    before: float
    tilt: float
    wrap: float


def draw_style(rng: np.random.Generator) -> Style:
    """A pair of any kind: full, half or no rim; thin wire to thick plastic; round, square, pilot, cat's eye."""
    kind = rng.choice(
        ["wire", "plastic", "thick", "half", "rimless", "browline"], p=[0.28, 0.24, 0.14, 0.14, 0.12, 0.08]
    )
    thick = {"wire": (0.5, 1.3), "plastic": (1.5, 3.5), "thick": (3.5, 6.5)}.get(kind, (0.6, 1.8))
    thickness = rng.uniform(*thick) if kind != "rimless" else rng.uniform(0.25, 0.6)
    shape = rng.choice(
        ["round", "oval", "square", "pilot", "cat", "big"], p=[0.16, 0.24, 0.32, 0.1, 0.1, 0.08]
    )
    half_width = rng.uniform(20, 28) + 3 * (shape == "big")
    ratio = {"round": (0.88, 1.05), "oval": (0.55, 0.8), "square": (0.5, 0.78)}.get(shape, (0.72, 0.92))
    roundness = {"round": 2.0, "oval": rng.uniform(2, 2.6), "square": rng.uniform(2.8, 5)}.get(
        shape, rng.uniform(2.2, 3.2)
    )
    half = kind in ("half", "browline")
    top = rng.uniform(1.5, 4) if kind == "browline" else rng.uniform(1, 1.6)
    return Style(
        half_width=half_width,
        half_height=half_width * rng.uniform(*ratio),
        roundness=roundness,
        taper=rng.uniform(0, 0.18),
        droop=rng.uniform(2, 6) if shape == "pilot" else 0.0,
        lift=rng.uniform(2, 6) if shape == "cat" else rng.uniform(0, 1),
        thick=thickness,
        top=top,
        reach=(-np.pi - 0.25, 0.25) if half and rng.random() < 0.6 else (-np.pi, np.pi),
        bridge=thickness * rng.uniform(0.7, 1.3) if kind != "rimless" else rng.uniform(0.7, 1.5),
        arm=max(1.2, thickness * rng.uniform(0.8, 1.6)),
        apart=rng.uniform(-2, 5),
        drop=rng.uniform(-2, 8),
        before=rng.uniform(9, 20),
        tilt=rng.uniform(0.0, 0.2),
        wrap=rng.uniform(0, 0.0025),
    )


@dataclass(frozen=True)
class Place:
    """Carries millimetres of the head into pixels: ``pixels = middle + mm @ axes``."""

    middle: Float64[np.ndarray, " 3"]
    axes: Float64[np.ndarray, "3 3"]

    def flat(self, mm: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        """Points of the picture."""
        return (self.middle + mm @ self.axes)[:, :2]

    @property
    def scale(self) -> float:
        """Pixels in a millimetre."""
        return float(np.linalg.norm(self.axes[0]))


def place_of(canvas: Canvas) -> tuple[Place, float]:
    """Where the eyes are; and half the distance between them in mm, as it is on the mean face 31.5."""
    points = canvas.landmarks.astype(np.float64)
    pose = fit_pose(MEAN.astype(np.float64), points)
    right, left = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
    mean_apart = np.linalg.norm(MEAN[LEFT_EYE].mean(axis=0) - MEAN[RIGHT_EYE].mean(axis=0))
    mm = pose.scale * float(mean_apart) / EYES_APART
    across = left - right
    x = across / np.linalg.norm(across)
    y = pose.rotation[:, 1] - (pose.rotation[:, 1] @ x) * x
    y /= np.linalg.norm(y)
    axes = mm * np.stack([x, y, np.cross(x, y)])
    return Place((right + left) / 2, axes), float(np.linalg.norm(across)) / mm / 2


def wear(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """Put one pair of spectacles on a face, in place: lenses first, then shadow, rims, bridge and arms."""
    style, (place, half_apart) = draw_style(rng), place_of(canvas)
    rims, lenses = [], []
    for side in (-1, 1):
        inner, outer = rim(style, side, half_apart, place)
        lenses.append(canvas.polygon((inner + outer) / 2))
        rims.append(_ring(canvas, inner, outer, style))
    alpha = np.maximum(rims[0], rims[1])
    for part in (bridge(canvas, style, half_apart, place, rng), arms(canvas, style, half_apart, place, rng)):
        alpha = np.maximum(alpha, part)
    mm = place.scale
    canvas.shade(
        alpha, (rng.normal(0, 2) * mm, rng.uniform(1, 7) * mm), rng.uniform(0.5, 3) * mm, rng.uniform(0, 0.5)
    )
    tint = rng.random()
    for lens, kind in zip(lenses, (0, 1), strict=True):
        draw_lens(canvas, lens, tint, np.random.default_rng([int(tint * 1e9), kind]), textures)
    colour, opacity = material(canvas, rng, alpha)
    canvas.lay(colour, alpha * opacity, Surface.FRAME)
    canvas.mark(alpha, Surface.FRAME)


def rim(style: Style, side: int, half_apart: float, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Inner and outer outline of one rim, in pixels. ``side``: -1 left in the picture, 1 right."""
    cosine, sine = np.cos(ANGLES), np.sin(ANGLES)
    power = 2 / style.roundness
    u = style.half_width * np.sign(cosine) * np.abs(cosine) ** power
    v = style.half_height * np.sign(sine) * np.abs(sine) ** power
    u = u * (1 - style.taper * v / style.half_height)
    v = v + style.droop * np.clip(v / style.half_height, 0, 1) * np.clip(u / style.half_width, -0.3, 1)
    v = v - style.lift * np.clip(u / style.half_width, 0, 1) ** 2 * (v < 0)
    outward = np.stack([np.roll(v, -1) - np.roll(v, 1), np.roll(u, 1) - np.roll(u, -1)], axis=1)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    upper = np.clip(-np.sin(ANGLES), 0, 1)
    width = style.thick * (1 + (style.top - 1) * upper)
    flat = np.stack([u, v], axis=1)
    centre = half_apart + style.apart
    outlines = []
    for push in (-0.35, 0.65):
        ring = flat + outward * (push * width)[:, None]
        outlines.append(place.flat(stand(style, side * (centre + ring[:, 0]), ring[:, 1])))
    return outlines[0], outlines[1]


def stand(style: Style, x: np.ndarray, y: np.ndarray) -> Float64[np.ndarray, "n 3"]:
    """Points of the spectacles' own surface, bent around the face and tilted, in mm of the head."""
    z = -style.before + style.wrap * x**2 * 4 + style.tilt * y * -1
    return np.stack([x, y + style.drop, z], axis=1)


def _ring(canvas: Canvas, inner: np.ndarray, outer: np.ndarray, style: Style) -> np.ndarray:
    if style.reach[0] <= -np.pi and style.reach[1] >= np.pi:
        return canvas.polygon(outer, inner)
    turn = ANGLES - 2 * np.pi * (np.pi / 2 < ANGLES)  # -3/2 pi .. pi/2: the top in the middle
    at = np.argsort(turn)
    at = at[(turn[at] >= style.reach[0]) & (turn[at] <= style.reach[1])]
    return canvas.polygon(np.concatenate([outer[at], inner[at][::-1]]))


def bridge(
    canvas: Canvas, style: Style, half_apart: float, place: Place, rng: np.random.Generator
) -> np.ndarray:
    """The piece over the nose; pilots' have two, and wires have pads."""
    inside = half_apart + style.apart - style.half_width * 0.98
    y = -style.half_height * rng.uniform(0.05, 0.55)
    t = np.linspace(-1, 1, 13)
    rise = rng.uniform(0, 3.5)
    curve = stand(style, t * inside, y - rise * (1 - t**2))
    alpha = canvas.line(place.flat(curve), style.bridge * place.scale)
    if style.droop:
        top = stand(style, t * (inside + 4), np.full(13, -style.half_height * 0.9))
        alpha = np.maximum(alpha, canvas.line(place.flat(top), style.bridge * place.scale))
    if style.thick < 1.8 and rng.random() < 0.7:
        for side in (-1, 1):
            x = side * (inside - np.array([0, 3.0, 3.5, 2.0]))
            pad = stand(style, x, np.array([0, 2.0, 6.0, 9.0]) + y + 4) + np.array([0, 0, 4.0])
            alpha = np.maximum(alpha, canvas.line(place.flat(pad), rng.uniform(0.6, 2.2) * place.scale))
    return alpha


def arms(
    canvas: Canvas, style: Style, half_apart: float, place: Place, rng: np.random.Generator
) -> np.ndarray:
    """The temples: from the hinge back to the ears, hidden where the head is before them."""
    alpha = np.zeros((canvas.side, canvas.side), np.float32)
    depth_axis = place.axes[2, :2] / max(place.scale, 1e-6)
    for side, ear in ((-1, 234), (1, 454)):
        x = half_apart + style.apart + style.half_width
        y = -style.half_height * rng.uniform(0.1, 0.75)
        hinge = stand(style, np.array([side * (x - 1)]), np.array([y]))[0]
        corner = hinge + np.array([side * rng.uniform(3, 7), 0.0, 3.0])
        points = canvas.landmarks[ear].astype(np.float64) - place.middle
        at_ear = points @ np.linalg.inv(place.axes)
        width = max(abs(at_ear[0]), x) + rng.uniform(0, 4)
        end = np.array([side * width, at_ear[1] * 0.3 - rng.uniform(2, 10), max(at_ear[2], 50.0) + 20])
        path = np.stack([hinge, corner, corner + 0.5 * (end - corner), end])
        drawn = canvas.line(place.flat(path), style.arm * place.scale)
        near = side * depth_axis[0] < 0  # going back leads inwards: this side is turned to the camera
        if not near and abs(depth_axis[0]) > 0.12:
            drawn = drawn * (1 - canvas.oval())
        alpha = np.maximum(alpha, drawn)
    return alpha


def material(canvas: Canvas, rng: np.random.Generator, alpha: np.ndarray) -> tuple[np.ndarray, float]:
    """Colour of every frame pixel, lit like the face; and opacity."""
    light = float(np.clip(canvas.tone().mean() / 0.6, 0.35, 1.3))
    kind = rng.choice(
        ["black", "brown", "tortoise", "colour", "silver", "gold", "clear"],
        p=[0.32, 0.12, 0.1, 0.1, 0.17, 0.11, 0.08],
    )
    base = {
        "black": rng.uniform(0.01, 0.16) * np.ones(3),
        "brown": rng.uniform(0.1, 0.4) * np.array([1.0, 0.62, 0.4]),
        "tortoise": np.array([0.33, 0.18, 0.09]),
        "colour": rng.uniform(0.05, 0.85, 3),
        "silver": rng.uniform(0.3, 0.75) * np.array([0.98, 1.0, 1.02]),
        "gold": rng.uniform(0.4, 0.8) * np.array([1.0, 0.82, 0.55]),
        "clear": rng.uniform(0.6, 0.9) * np.ones(3),
    }[kind]
    waves = noise(rng, canvas.side, 6) if kind != "tortoise" else noise(rng, canvas.side, 40)
    swing = {"silver": 0.5, "gold": 0.4, "tortoise": 0.9, "clear": 0.2}.get(kind, 0.15)
    plane = base * light * (1 + swing * waves[..., None])
    upper = np.clip(alpha - np.roll(alpha, 1, axis=0), 0, 1)
    shine = rng.uniform(0, 0.6) * np.clip(noise(rng, canvas.side, 5) + rng.uniform(-0.3, 0.6), 0, 1)
    plane = plane + light * (upper * shine)[..., None]
    plane = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 0.5)
    return plane.astype(np.float32), float(rng.uniform(0.35, 0.65)) if kind == "clear" else 1.0
