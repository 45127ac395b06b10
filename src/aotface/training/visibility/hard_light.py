"""One hard lamp, of any colour, on a finished sample: a dark side of a face is neither hair nor a cover."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.render import render
from aotface.training.visibility.covers.canvas import Canvas

SHARE = 0.45
"""Of the samples."""

REACH = 0.06
"""Blur, in sides, by which normals go on beyond the mesh: over ears, hair and neck."""

Normals = Float32[np.ndarray, "side side 3"]


def light_hard(canvas: Canvas, rng: np.random.Generator) -> None:
    """Light the picture, covers and all, by one lamp and some fill.

    Args:
        canvas: its picture is changed, in place.
        rng: draws lamp, fill, colours and exposure.

    Source: [ours]; Lambert's cosine law on the mesh's normals, without cast shadows.
    """
    normals = wide_normals(canvas)
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(-0.15, 0.8)
    lamp = np.array([np.cos(angle), np.sin(angle), height], np.float32)
    lamp /= np.linalg.norm(lamp)
    cosine = np.clip(normals @ lamp, 0, 1) ** np.float32(rng.uniform(0.6, 2.0))
    fill = np.float32(np.exp(rng.uniform(np.log(0.01), np.log(0.3))))
    colours = [np.ones(3, np.float32) for _ in range(2)]
    for colour in colours:
        if rng.random() < 0.35:
            colour *= np.exp(rng.normal(0, 0.35, 3)).astype(np.float32)
    light = cosine[..., None] * colours[0] + fill * colours[1]
    linear = cv2.pow(np.maximum(canvas.picture, 0), 2.2) * light
    bright = max(float(np.quantile(linear.mean(axis=2)[48:208:4, 64:192:4], 0.9)), 1e-4)
    linear *= np.float32(rng.uniform(0.12, 0.7) / bright)
    canvas.picture[...] = cv2.pow(np.clip(linear, 0, 1), 1 / 2.2)


def wide_normals(canvas: Canvas) -> Normals:
    """Normals of the mesh, and beside it those of its nearest edge, turned away more and more."""
    side = len(canvas.picture)
    geometry = render(canvas.landmarks, side)
    mask = (geometry.mask > 0).astype(np.float32)[..., None]
    wide = np.zeros_like(geometry.normals)
    for sigma, weight in ((REACH, 1.0), (3 * REACH, 0.05)):
        wide += np.float32(weight) * cv2.GaussianBlur(geometry.normals * mask, (0, 0), sigma * side)
    whole = geometry.normals * mask + (1 - mask) * wide
    length = np.linalg.norm(whole, axis=2, keepdims=True)
    return np.asarray(whole / np.maximum(length, 1e-6), np.float32)
