"""A face is no sharper than its footage [ours].

The source is a photograph, the target a video: compressed, often smoothed, sometimes moving. A face of finer detail than
all around it looks pasted, and every pore that no picture of the footage could show flickers as it moves. So the target
tells how soft its own eyes, brows and lips are (every face has those, not every face has pores), and X_r gets as soft.
"""

import cv2
import numpy as np

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OUTER_LIPS, RIGHT_BROW, RIGHT_EYE
from aotface.face.texture import LUMA, hull_mask
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

FINE, COARSE = 0.7, 1.4
"""Standard deviations, in pixels of the frame, of two blurs: detail finer than the first is compared with what lies
between both. The share does not depend on how rich in contrast a face is."""

TRIED = (0.0, 0.4, 0.7, 1.0, 1.5)
"""Blurs of X_r, in the same pixels, at which that share is looked at; nothing is softened more than by the last."""

CHROMA = 1.0
"""Blur of X_r's chroma, in the same pixels, at least: videos store chroma at half the resolution."""

PARTS = (np.concatenate([LEFT_EYE, LEFT_BROW]), np.concatenate([RIGHT_EYE, RIGHT_BROW]), OUTER_LIPS)


def softness(
    reenacted: Crop, target: Crop, own: Landmarks, theirs: Landmarks, mask: Mask, scale: float
) -> float:
    """How much softer the target is than X_r.

    Args:
        reenacted: X_r, side x side x 3, 0..1.
        target: X_t, the same side.
        own: landmarks of X_r, crop pixels.
        theirs: of the target.
        mask: what shows of both, side x side, 0..1.
        scale: crop pixels for a pixel of the frame.

    Returns:
        Standard deviation, in pixels of the frame, of the blur after which the detail of X_r falls off as that of the
        target does; 0 where it does so already.
    """
    (wanted,) = _shares(target, features(theirs, len(target)) * mask, scale, TRIED[:1])
    found = _shares(reenacted, features(own, len(reenacted)) * mask, scale, TRIED)
    return float(np.interp(-wanted, [-share for share in found], TRIED))


def defocus(
    reenacted: Crop, target: Crop, own: Landmarks, theirs: Landmarks, mask: Mask, scale: float
) -> float:
    """How much softer the target is than X_r, however soft: as `softness`, and at twice and four times its scale beyond.

    Returns:
        Standard deviation in pixels of the frame, at most four times the last of `TRIED`.
    """
    unit = max(scale, 1.0)  # what is finer than a pixel of the crop is not in it
    found = softness(reenacted, target, own, theirs, mask, unit)
    for level in (2, 4):
        if found < 0.9 * TRIED[-1] * level / 2:
            break
        found = max(found, level * softness(reenacted, target, own, theirs, mask, level * unit))
    return found * unit / scale


def soften(crop: Crop, sigma: float, scale: float) -> Crop:
    """A face blurred: its luma by so much, its chroma by twice that, or by `CHROMA`.

    Args:
        crop: side x side x 3, 0..1.
        sigma: in pixels of the frame.
        scale: crop pixels for a pixel of the frame.
    """
    parts = cv2.cvtColor(crop, cv2.COLOR_RGB2YCrCb)
    luma, *chroma = cv2.split(parts)
    chroma = [cv2.GaussianBlur(plane, (0, 0), max(2 * sigma, CHROMA) * scale) for plane in chroma]
    if sigma > 0:
        luma = cv2.GaussianBlur(luma, (0, 0), sigma * scale)
    return np.clip(cv2.cvtColor(cv2.merge([luma, *chroma]), cv2.COLOR_YCrCb2RGB), 0, 1)


def soften_reach(sigma: float) -> float:
    """Pixels of the frame around a pixel that `soften` reads."""
    return 4 * max(2 * sigma, CHROMA)


def features(landmarks: Landmarks, side: int) -> Mask:
    """Eyes, brows and lips with what is next to them: 1 there, fading out.

    Args:
        landmarks: 468 x 3, crop pixels.
        side: of the crop.
    """
    whole, unit = np.zeros((side, side), np.float32), side / CROP_SIDE
    for part in PARTS:
        drawn = hull_mask(whole.shape, landmarks[part])
        here = _box(drawn, int(np.ceil(12 * unit)) + 1)  # the blur reads four standard deviations
        if drawn[here].size:
            whole[here] += cv2.GaussianBlur(drawn[here], (0, 0), 3 * unit)
    return np.minimum(whole, 1, out=whole)


def _shares(crop: Crop, weight: Mask, scale: float, blurs: tuple[float, ...]) -> list[float]:
    """Log of the energy of fine detail over that of coarser detail, after each of these blurs; it falls with the blur."""
    energies = np.full((len(blurs), 2), 1e-9)
    for here in _boxes(weight):
        luma, root = cv2.transform(crop[here], LUMA), np.sqrt(np.maximum(weight[here], 0))
        for number, blur in enumerate(blurs):
            shown = cv2.GaussianBlur(luma, (0, 0), blur * scale) if blur else luma
            fine, coarse = (cv2.GaussianBlur(shown, (0, 0), sigma * scale) for sigma in (FINE, COARSE))
            energies[number] += [cv2.norm(band * root) ** 2 for band in (shown - fine, fine - coarse)]
    if not weight.any():
        return [0.0] * len(blurs)
    return np.log(energies[:, 0] / energies[:, 1]).tolist()


def _boxes(values: Mask) -> list[tuple[slice, slice]]:
    """Those of each run of rows with something other than 0: eyes with brows, and lips."""
    some = np.flatnonzero(values.any(axis=1))
    runs = np.split(some, np.flatnonzero(np.diff(some) > 1) + 1) if len(some) else []
    found = []
    for run in runs:
        rows = slice(int(run[0]), int(run[-1]) + 1)
        columns = np.flatnonzero(values[rows].any(axis=0))
        found.append((rows, slice(int(columns[0]), int(columns[-1]) + 1)))
    return found


def _box(values: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns with something other than 0, and so many around them."""
    rows, columns = (np.flatnonzero(values.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    found = [(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin) for at in (rows, columns)]
    return slice(*found[0]), slice(*found[1])
