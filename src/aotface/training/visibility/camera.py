"""What a camera and a file do to a picture: light, colour, sharpness, grain, compression. Labels stay."""

import cv2
import numpy as np
from jaxtyping import Float32

Picture = Float32[np.ndarray, "side side 3"]


def photograph(picture: Picture, rng: np.random.Generator) -> Picture:
    """One random way through a camera.

    Args:
        picture: 0..1.
        rng: draws it.

    Returns:
        The same picture, 0..1.
    """
    picture = lit(picture, rng)
    side = len(picture)
    if rng.random() < 0.35:
        small = max(48, round(side * rng.uniform(0.3, 0.9)))
        shrunk = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        way = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_LINEAR
        picture = cv2.resize(shrunk, (side, side), interpolation=way)
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.8))
    if rng.random() < 0.08:
        picture = moved(picture, rng)
    if rng.random() < 0.2:
        picture = picture + rng.uniform(0.3, 1.2) * (
            picture - cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 2))
        )
    if rng.random() < 0.5:
        level, channels = rng.uniform(0.003, 0.05), 3 if rng.random() < 0.6 else 1
        grain = rng.standard_normal((side, side, channels), np.float32) * np.float32(level)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 1.0)).reshape(
                side, side, -1
            ) * np.float32(1.5)
        picture = picture + grain
    picture = np.clip(picture, 0, 1)
    if rng.random() < 0.5:
        picture = compressed(picture, int(rng.integers(25, 95)))
    return picture.astype(np.float32)


def lit(picture: Picture, rng: np.random.Generator) -> Picture:
    """Another exposure, cast, contrast, side light or saturation."""
    side = len(picture)
    gain = (2 ** rng.normal(0, 0.45)) * (1 + rng.normal(0, 0.07, 3))
    linear = cv2.pow(np.maximum(picture, 0), 2.2) * gain.astype(np.float32)
    if rng.random() < 0.4:
        at = np.linspace(-1, 1, side, dtype=np.float32)
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.0)
        ramp = at[None] * np.float32(np.cos(angle)) + at[:, None] * np.float32(np.sin(angle))
        linear = linear * np.exp2(np.float32(-depth) * ramp)[..., None]
    shown = cv2.pow(np.clip(linear, 0, 1), 1 / 2.2)
    if rng.random() < 0.3:
        shown = np.clip(
            (shown - 0.5) * np.float32(rng.uniform(0.7, 1.3)) + np.float32(0.5 + rng.normal(0, 0.04)), 0, 1
        )
    grey = shown.mean(axis=2, keepdims=True)
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.6, 1.3)
    return np.clip(grey + np.float32(saturation) * (shown - grey), 0, 1).astype(np.float32)


def compressed(picture: Picture, quality: int) -> Picture:
    """As a JPEG file gives it back. ``quality``: 1 to 100."""
    coded = cv2.imencode(".jpg", (picture * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.float32) / np.float32(255)


def moved(picture: Picture, rng: np.random.Generator) -> Picture:
    """Blurred by a short straight movement."""
    length, angle = int(rng.integers(3, 9)), rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    end = middle * np.array([np.cos(angle), np.sin(angle)])
    first, last = (np.round(middle + sign * end).astype(int) for sign in (-1, 1))
    cv2.line(kernel, first.tolist(), last.tolist(), (1,), 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))
