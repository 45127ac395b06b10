"""A fake has as much fine detail as its real, no more and no less [ours].

Resampling, smoothing over time and another camera's noise leave a swapped face softer or sharper than its footage. A
detector would learn that in place of the face. So each band of fine detail is scaled, inside the mask, to the energy that
the real has there; what scaling cannot give is added as grain of that band. The pattern stays that of the source.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.face.texture import LUMA

Frame8 = UInt8[np.ndarray, "rows columns 3"]
Mask8 = UInt8[np.ndarray, "rows columns"]

SIGMAS = (0.7, 1.4, 2.8)
"""Standard deviations in stored pixels of the blurs between which the bands lie."""

GAIN = (0.4, 2.0)
"""How much a band may be scaled; grain does the rest."""

GRAIN = 2.0
"""Most grain of a band, as standard deviation in levels of 255: with more, rims of glasses in the real spoil smooth skin."""


def match_detail(
    fakes: Sequence[Frame8], reals: Sequence[Frame8], masks: Sequence[Mask8], seed: int
) -> list[Frame8]:
    """Give the frames of a fake the detail of its real; one gain for each band and all frames, so that nothing flickers.

    Args:
        fakes: finished frames.
        reals: the target's.
        masks: where the swap shows, 0..255.
        seed: of the grain.
    """
    shown = [number for number, mask in enumerate(masks) if (mask >= 128).sum() > 100]
    if not shown:
        return list(fakes)
    wanted, found = (
        np.mean([_energies(_luma(some[number]), masks[number]) for number in shown], axis=0)
        for some in (reals, fakes)
    )
    if not found.all() or not wanted.all():
        return list(fakes)
    gains = np.clip(np.sqrt(wanted / found), *GAIN)
    left = np.minimum(np.sqrt(np.maximum(wanted - gains**2 * found, 0)), GRAIN)
    rng = np.random.default_rng(seed)
    return [_matched(fake, mask, gains, left, rng) for fake, mask in zip(fakes, masks, strict=True)]


def _matched(
    fake: Frame8, mask: Mask8, gains: np.ndarray, left: np.ndarray, rng: np.random.Generator
) -> Frame8:
    if not mask.any():
        return fake
    change: np.ndarray = np.zeros(fake.shape[:2], np.float32)
    for band, gain in zip(_bands(_luma(fake)), gains, strict=True):
        change += np.float32(gain - 1) * band
    if left.any():
        for band, size in zip(_bands(rng.standard_normal(fake.shape[:2], np.float32)), left, strict=True):
            change += np.float32(size / max(float(band.std()), 1e-6)) * band
    change *= mask.astype(np.float32) / 255
    return np.clip(np.rint(fake + change[..., None]), 0, 255).astype(np.uint8)


def _luma(frame: Frame8) -> Float32[np.ndarray, "rows columns"]:
    return np.asarray(cv2.transform(frame.astype(np.float32), LUMA), np.float32).reshape(frame.shape[:2])


def _bands(luma: Float32[np.ndarray, "rows columns"]) -> list[np.ndarray]:
    """From fine to coarse."""
    blurred = [luma, *(cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in SIGMAS)]
    return [a - b for a, b in zip(blurred[:-1], blurred[1:], strict=True)]


def _energies(luma: Float32[np.ndarray, "rows columns"], mask: Mask8) -> np.ndarray:
    """Mean square of each band inside the mask."""
    inside = cv2.erode((mask >= 128).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.array([float((band[inside] ** 2).mean()) if inside.any() else 0.0 for band in _bands(luma)])
