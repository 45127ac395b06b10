"""`sbi`: trained on reals and on self-blended images: a real blended with a slightly changed copy of itself.

No swap is ever seen in training. Made from the idea alone, no code or weights of its authors were used.

Source: Shiohara and Yamasaki, "Detecting deepfakes with self-blended images", 2022.
"""

from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from aotface.errors import InputError
from aotface.forensics.detectors import tuned
from aotface.forensics.detectors.base import FitSettings, Labelled
from aotface.forensics.detectors.efficientnet import network as network

FRAMES = 1

Crop8 = UInt8[np.ndarray, "side side 3"]


def fit(network: tuned.Tuned, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
    """Train on the reals of ``data``; its fakes are not used.

    Raises:
        InputError: there is no real.
    """
    reals = data.clips[~data.fake.astype(bool)]
    if not len(reals):
        raise InputError("sbi: expected reals to train on, got fakes only")
    rng = np.random.default_rng(settings.seed)
    blended = np.stack([np.stack([self_blended(crop, rng) for crop in clip]) for clip in reals])
    fake = np.repeat([False, True], len(reals))
    tuned.fit(network, Labelled(np.concatenate([reals, blended]), fake), settings, fabric)


def self_blended(crop: Crop8, rng: np.random.Generator) -> Crop8:
    """A crop blended with a copy of itself, shifted in place, size and colour, under a soft random mask."""
    side = len(crop)
    zoom, (dx, dy) = rng.uniform(0.96, 1.04), rng.uniform(-0.02, 0.02, 2) * side
    matrix = np.array([[zoom, 0, dx + (1 - zoom) * side / 2], [0, zoom, dy + (1 - zoom) * side / 2]])
    moved: np.ndarray = np.asarray(
        cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    moved = (moved - 128) * rng.uniform(0.85, 1.15) + 128 + rng.uniform(-12, 12, 3)
    if rng.random() < 0.5:
        moved = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.4, 1.0))
    mask = face_mask(side, rng)[..., None] * rng.choice([0.5, 0.75, 1.0])
    return np.clip(np.rint(crop + (moved - crop) * mask), 0, 255).astype(np.uint8)


def face_mask(side: int, rng: np.random.Generator) -> np.ndarray:
    """A soft, dented ellipse about where an aligned face lies, 0..1."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radii = rng.uniform(0.75, 1.05, 12)
    points = np.stack([0.5 + 0.26 * radii * np.cos(angles), 0.56 + 0.32 * radii * np.sin(angles)], axis=1)
    hull = cv2.convexHull(np.round(points * side).astype(np.int32))
    hard = np.zeros((side, side), np.float32)
    cv2.fillConvexPoly(hard, hull, (1.0,), lineType=cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), rng.uniform(0.01, 0.05) * side), np.float32)
