"""What users of other programs run today, re-created from published behaviour: rows to compare with, faults
included.

Nothing here is corrected: statistics that count the black outside, displacements that are blurred away, steps
in 8 bit. The corrected methods are in :mod:`aotface.transfer.classical`; to beat only the rows of this file proves
nothing. Three things are ours in all of them: random numbers come from the caller's seed (the originals are
unseeded and flicker on a still picture), pixels with mask 0 are returned unchanged, and a division by zero
keeps the face instead of making NaN.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.transfer.base import Recolour
from aotface.transfer.classical.masked import check_shapes
from aotface.types import Crop, Mask

_LOWEST = np.array([0, -127, -127], np.float32)
_HIGHEST = np.array([100, 127, 127], np.float32)
_SOT_STEPS, _SOT_DIRECTIONS = 10, 30
_SOT_SIGMA_SPACE, _SOT_SIGMA_RANGE = 16, 5
_COARSEST = 16


def _inside_only(reenacted: Crop, mask: Mask, changed: np.ndarray) -> Crop:
    """Take the changed colours where the mask is above 0."""
    clipped = np.clip(changed, 0, 1).astype(np.float32)
    return np.where((mask > 0)[..., None], clipped, reenacted.astype(np.float32))


def dfl_rct(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """DeepFaceLab's default, ``rct`` with masks: Reinhard whose mean and deviation also count the outside as
    black.

    With a share p inside, the mean is p times too small and the deviation is mostly face against black. The
    gain then follows the means instead of the contrast, and a hue whose sign differs between the faces comes
    out wrong.

    Source: iperov/DeepFaceLab, ``reinhard_color_transfer`` (behaviour only).
    """
    check_shapes(reenacted, target, mask)
    binary = (mask > 0)[..., None]
    before, wanted = srgb_to_lab(reenacted), srgb_to_lab(target)
    black_before, black_wanted = before * binary, wanted * binary
    spread = black_before.std(axis=(0, 1))
    gain = np.where(spread > 0, black_wanted.std(axis=(0, 1)) / np.where(spread > 0, spread, 1), 1)
    moved = (before - black_before.mean(axis=(0, 1))) * gain + black_wanted.mean(axis=(0, 1))
    return _inside_only(reenacted, mask, lab_to_srgb(np.clip(moved, _LOWEST, _HIGHEST).astype(np.float32)))


def _slide(
    cloud: Float32[np.ndarray, "pixels 3"],
    target: Float32[np.ndarray, "pixels 3"],
    random: np.random.Generator,
) -> Float32[np.ndarray, "pixels 3"]:
    """Mean over random directions of the move that sorts one projection onto the other (equal sizes)."""
    moves = np.zeros_like(cloud)
    for _ in range(_SOT_DIRECTIONS):
        direction = random.standard_normal(3).astype(np.float32)
        direction /= np.linalg.norm(direction)
        here, there = cloud @ direction, target @ direction
        order = np.argsort(here)
        moves[order] += (np.sort(there) - here[order])[:, None] * direction
    return moves / _SOT_DIRECTIONS


def dfl_sot(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """DeepFaceLab's ``sot-m``: sliced transport of the crops with a black outside, 10 steps of 30 directions.

    Each step closes a third of the gap. The displacement then passes a bilateral filter whose range (5, on
    colours of 0..1) never acts: it is a Gaussian of 16 pixels that takes the fine fit away again and mixes in
    the black outside.

    Source: iperov/DeepFaceLab, ``color_transfer_sot`` (behaviour only).
    """
    check_shapes(reenacted, target, mask)
    binary = (mask > 0)[..., None].astype(np.float32)
    black = reenacted.astype(np.float32) * binary
    cloud, wanted = black.reshape(-1, 3).copy(), (target * binary).astype(np.float32).reshape(-1, 3)
    random = np.random.default_rng(seed)
    for _ in range(_SOT_STEPS):
        cloud += _slide(cloud, wanted, random)
    displacement = cloud.reshape(black.shape) - black
    smooth = cv2.bilateralFilter(displacement, 0, _SOT_SIGMA_RANGE, _SOT_SIGMA_SPACE)
    return _inside_only(reenacted, mask, black + smooth)


def faceswap_avg(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """faceswap's default, ``avg-color``: add the mean RGB difference under the mask, then clip.

    The original runs it twice before it clips; the second time the difference is zero. What clipping takes
    from the mean is not given back.

    Source: deepfakes/faceswap, ``plugins/convert/color/avg_color.py`` (behaviour only).
    """
    check_shapes(reenacted, target, mask)
    total = mask.sum(dtype=np.float64)
    difference = ((target.astype(np.float64) - reenacted) * mask[..., None]).sum(axis=(0, 1))
    return _inside_only(reenacted, mask, reenacted + difference / (total if total > 0 else 1.0))


def _add_difference(reference: np.ndarray, picture: np.ndarray, side: int) -> np.ndarray:
    """Add to an 8-bit picture what a reference has more, seen at a small size."""
    small = [
        cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        for x in (reference, picture)
    ]
    shape = picture.shape[1], picture.shape[0]
    difference = cv2.resize(small[0] - small[1], shape, interpolation=cv2.INTER_CUBIC)
    return (picture + difference).clip(0, 255).astype(np.uint8)


def multiscale_difference(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """facefusion's ``match_frame_color``, without its blend weight: add the target's low frequencies, no mask
    at all.

    In 8 bit, the reference is brought to the face at three sizes (16 pixels and upwards); what survives all
    of them is the difference of the two pictures at 16 x 16. It carries the light over, and the target's
    eyes, mouth and background with it.

    Source: facefusion/facefusion, ``facefusion/vision.py`` (behaviour only).
    """
    check_shapes(reenacted, target, mask)
    picture, reference = (np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8) for x in (reenacted, target))
    side = picture.shape[0]
    for size in np.linspace(_COARSEST, side, 3, endpoint=False):
        reference = _add_difference(reference, picture, max(2, 2 * round(size / 2)))
    reference = _add_difference(reference, picture, side)
    return _inside_only(reenacted, mask, reference.astype(np.float32) / 255)


BASELINES: dict[str, Recolour] = {
    one.name: one
    for one in (
        Recolour("dfl-rct", dfl_rct, "DeepFaceLab's default: Reinhard that counts the black outside"),
        Recolour("dfl-sot", dfl_sot, "DeepFaceLab's sliced transport, 10 steps of 30 directions, blurred"),
        Recolour("faceswap-avg", faceswap_avg, "faceswap's default: mean RGB difference"),
        Recolour(
            "multiscale-difference",
            multiscale_difference,
            "facefusion's match_frame_color: low frequencies of the target, unmasked",
        ),
    )
}
"""By the name of its row."""
