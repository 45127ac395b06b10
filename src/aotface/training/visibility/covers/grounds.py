"""What lies behind a face and below it, where that is known to be ground: another background, and clothes.

Without these, dark suits and flags of portraits pass for hair.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.canvas import Canvas, noise, strands
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.labels import bits

LEAST_GROUND = 0.08
"""Share of a picture that must be known ground before another is laid there."""


def change_ground(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """Another background where the picture surely shows background, in place; labels stay."""
    known = (canvas.sets == bits(Surface.BACKGROUND)).astype(np.float32)
    if known.mean() < LEAST_GROUND:
        return
    alpha = cv2.GaussianBlur(known, (0, 0), rng.uniform(0.5, 1.2)) * known
    plane = textures.draw(rng, canvas.side) if rng.random() < 0.4 else cloth(rng, canvas.side)
    if rng.random() < 0.5:  # a background is often out of focus
        plane = cv2.GaussianBlur(plane, (0, 0), rng.uniform(1, 8))
    a = alpha[..., None]
    canvas.picture = (canvas.picture * (1 - a) + np.clip(plane, 0, 1) * a).astype(np.float32)


def dress(canvas: Canvas, rng: np.random.Generator, textures: Textures) -> None:
    """Shoulders in a suit, a shirt, a pullover or a gown, from the neck down, in place: they are background."""
    face, side = canvas.height, canvas.side
    down = (canvas.landmarks[152, :2] - canvas.landmarks[10, :2]) / max(face, 1e-6)
    across = np.array([down[1], -down[0]])
    chin = canvas.landmarks[152, :2] + down * rng.uniform(0.03, 0.22) * face
    turn = np.stack([across, down]) * face
    neck, deep = rng.uniform(0.22, 0.34), rng.uniform(0.05, 0.6)
    slope, far = rng.uniform(0.15, 0.45), rng.uniform(0.7, 1.1)
    rise = rng.uniform(-0.12, 0.04)
    outline = np.array(
        [
            [-3, slope + 0.5], [-far, slope], [-neck, rise], [0, deep], [neck, rise], [far, slope], [3, slope + 0.5],
            [3, 4], [-3, 4],
        ]
    )  # fmt: skip
    alpha = cv2.GaussianBlur(canvas.polygon(chin + outline @ turn), (0, 0), rng.uniform(0.3, 1.0))
    canvas.shade(alpha, (0.0, -2.0), 3.0, rng.uniform(0, 0.3))
    plane = cloth(rng, side) if rng.random() < 0.75 else textures.draw(rng, side)
    canvas.lay(plane, alpha, Surface.BACKGROUND)
    if rng.random() < 0.6:
        _wear_shirt(canvas, rng, chin, turn, (neck, rise, deep))


def cloth(rng: np.random.Generator, side: int) -> Float32[np.ndarray, "side side 3"]:
    """Cloth, mostly dark, with folds, sometimes woven or striped like hair."""
    if rng.random() < 0.65:  # black, navy, charcoal, brown
        base = np.array([[0.03, 0.03, 0.03], [0.05, 0.06, 0.13], [0.13, 0.13, 0.14], [0.16, 0.11, 0.08]])
        colour = base[rng.integers(4)] * rng.uniform(0.4, 1.8)
    else:
        colour = rng.uniform(0, 0.9, 3)
    folds = 1 + rng.uniform(0.05, 0.5) * noise(rng, side, int(rng.integers(3, 12)))
    if rng.random() < 0.5:
        folds = folds * (
            1 + rng.uniform(0.05, 0.6) * strands(rng, side, rng.normal(0, 0.8), rng.uniform(1, 16))
        )
    folds = folds.reshape(side, side, -1)
    plane = colour * folds
    if rng.random() < 0.25:  # stripes or a flag
        other = rng.uniform(0, 0.9, 3)
        x, y = np.meshgrid(np.arange(side), np.arange(side))
        angle, period = rng.normal(0, 0.6), rng.uniform(0.02, 0.3) * side
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period + rng.uniform(0, 6))
        share = np.clip(4 * wave, -1, 1)[..., None] / 2 + 0.5
        plane = plane * (1 - share) + other * folds * share
    weave = rng.uniform(0, 0.03) * rng.standard_normal((side, side, 1))
    return np.clip(plane + weave, 0, 1).astype(np.float32)


def _wear_shirt(
    canvas: Canvas,
    rng: np.random.Generator,
    chin: np.ndarray,
    turn: np.ndarray,
    opening: tuple[float, float, float],
) -> None:
    """A shirt within a suit's opening, often with a tie; all of it background."""
    neck, rise, deep = opening
    low = deep + rng.uniform(0.2, 1.2)
    collar = rng.uniform(0.05, 0.25)
    shirt = np.array([[-neck, rise], [-neck * 0.5, rise + collar], [0, collar + 0.05]])
    shirt = np.concatenate([shirt, [[neck * 0.5, rise + collar], [neck, rise], [0.02, low], [-0.02, low]]])
    white = rng.uniform(0.6, 0.98) * np.ones(3) if rng.random() < 0.7 else rng.uniform(0.2, 0.95, 3)
    plane = white * (1 + 0.1 * noise(rng, canvas.side, 6).reshape(canvas.side, canvas.side, 1))
    canvas.lay(plane.astype(np.float32), canvas.polygon(chin + shirt @ turn), Surface.BACKGROUND)
    if rng.random() < 0.6:
        wide = rng.uniform(0.03, 0.07)
        tie = np.array(
            [[-wide, collar + 0.03], [wide, collar + 0.03], [1.6 * wide, low + 0.3], [-1.6 * wide, low + 0.3]]
        )
        canvas.lay(cloth(rng, canvas.side), canvas.polygon(chin + tie @ turn), Surface.BACKGROUND)
