"""What skin of a source would show where something lies on it: tone from beside it, and grain like its pores [ours]."""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.align import invert
from aotface.face.texture import LUMA, PLAIN, block_means, octaves
from aotface.masked import continued
from aotface.types import CROP_SIDE, Crop, Frame, Mask, Matrix, Part

SEED = 20301
"""Of the noise that is drawn like pores. Skin moved here from the cheek brought its wrinkles and its beard along."""

FLOOR = np.float32(0.02)
"""Display light added before a logarithm."""

Plane = Float32[np.ndarray, "side side"]


def bare_skin(crop: Crop, known: Mask, plain: Mask) -> Crop:
    """The face's skin as it would be without what lies on it.

    Args:
        crop: the face.
        known: 1 where its skin shows.
        plain: where it tells how strong pores are: not in a beard.
    """
    return np.clip(tone_of(crop, known) * (1 + _pores(crop, plain))[..., None], 0, 1)


def tone_of(crop: Crop, known: Mask) -> Crop:
    """The same without pores."""
    tone = cv2.GaussianBlur(continued(crop, known), (0, 0), len(crop) / CROP_SIDE)
    return np.asarray(tone, np.float32)


def _pores(crop: Crop, plain: Mask) -> Plane:
    """Noise whose octaves are as strong as those of plain skin, as a share of its brightness."""
    luma = np.asarray(cv2.transform(crop, LUMA), np.float32)
    found = octaves(np.log(np.maximum(luma, 0) + FLOOR))
    white = np.random.default_rng(SEED).standard_normal(luma.shape, np.float32)
    total: Plane = np.zeros(luma.shape, np.float32)
    for band, noise in zip(found, octaves(np.asarray(white)), strict=True):
        energy = block_means(band * band, plain)
        strength = float(np.sqrt(np.percentile(energy, PLAIN))) if len(energy) else 0.0
        total = total + np.float32(strength / float(noise.std())) * noise
    return total


def apart_from(crop: Crop, tone: Crop, unit: float) -> tuple[Plane, Plane]:
    """How far each pixel is from what skin would show, and how far in colour alone: logarithms, the greatest channel.

    Args:
        crop: the face.
        tone: what its skin would show.
        unit: pixels for each at 256.
    """
    logs = cv2.GaussianBlur(np.log((crop + FLOOR) / (tone + FLOOR)), (0, 0), 0.5 * unit)
    red, green, blue = cv2.split(logs)
    apart = cv2.max(cv2.max(np.abs(red), np.abs(green)), np.abs(blue))
    hue = cv2.max(np.abs(red - green), np.abs(blue - green))
    return np.asarray(apart, np.float32), np.asarray(hue, np.float32)


def box_of(cover: Mask, back: Matrix) -> tuple[Part, Matrix] | None:
    """Rows and columns of a frame that show something, and points of the crop to points of that box; None: nothing shows.

    Args:
        cover: of the frame's size.
        back: crop points to frame points.
    """
    rows, columns = (np.flatnonzero((cover > 0).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    shifted = back.copy()
    shifted[:, 2] -= (columns[0], rows[0])
    return (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)), shifted


def laid(frame: Frame, filled: Crop, soft: Mask, matrix: Matrix) -> Frame:
    """A frame with a crop laid into it.

    Args:
        frame: uint8 or uint16, RGB.
        filled: the crop.
        soft: 0..1, where it shows.
        matrix: frame points to those of the crop.

    Returns:
        The very same frame where it shows nowhere.
    """
    height, width = frame.shape[:2]
    back = invert(matrix)
    cover = cv2.warpAffine(soft, back, (width, height), flags=cv2.INTER_LINEAR)
    found = box_of(cover, back)
    if found is None:
        return frame
    here, shifted = found
    size = (here[1].stop - here[1].start, here[0].stop - here[0].start)
    patch = cv2.warpAffine(filled, shifted, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    white = np.float32(np.iinfo(frame.dtype).max)
    old = frame[here].astype(np.float32)
    new = old + (np.clip(patch, 0, 1) * white - old) * np.clip(cover[here], 0, 1)[..., None]
    result = frame.copy()
    result[here] = np.rint(new).astype(frame.dtype)
    return result
