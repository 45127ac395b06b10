"""What every transfer shares: the pixels under the mask go in as rows, the moved ones come back as a crop.

Three promises are kept here, once, for all methods:

* **Only the mask counts.** A method sees the pixels with mask > 0 and their weights, nothing else; the pixels
  with mask 0 are returned unchanged. All pixels with mask > 0 are mapped fully: fading at the edge belongs to
  the blend.
* **The mean lands.** Clipping to the gamut pulls the mean away from where the method put it (dark targets,
  strong casts). A small fixed point moves it back [ours].
* **Enough pixels.** From fewer than ``FEWEST_PIXELS`` only a mean can be known, so only the mean moves.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.errors import InputError
from aotface.types import Crop, Mask

Pixels = Float64[np.ndarray, "pixels 3"]
"""Display-encoded RGB, 0..1, one row per pixel under the mask; what a method returns may leave 0..1."""

Weights = Float64[np.ndarray, " pixels"]
"""Mask values of those pixels; they sum to 1."""

Colour = Float64[np.ndarray, "3"]

Move = Callable[[Pixels, Pixels, Weights, np.random.Generator], Pixels]
"""(reenacted, target, weights, random) -> moved: what one method is."""

FEWEST_PIXELS = 32
"""Below this many effective pixels a covariance or a distribution is noise."""

_ROUNDS = 8
_CLOSE = 0.02


def mean_of(pixels: Pixels, weights: Weights) -> Colour:
    """Weighted mean."""
    return weights @ pixels


def covariance_of(pixels: Pixels, weights: Weights) -> Float64[np.ndarray, "3 3"]:
    """Weighted covariance (divided by the total weight, not by n - 1)."""
    centred = pixels - mean_of(pixels, weights)
    return (centred * weights[:, None]).T @ centred


def shift_mean(reenacted: Pixels, target: Pixels, weights: Weights, random: np.random.Generator) -> Pixels:
    """Move all colours by the difference of the Lab means."""
    here, there = srgb_to_lab(reenacted), srgb_to_lab(target)
    return lab_to_srgb(here + (mean_of(there, weights) - mean_of(here, weights)))


def check_shapes(reenacted: Crop, target: Crop, mask: Mask) -> None:
    """Refuse arrays that do not belong together.

    Raises:
        InputError: the two crops and the mask are not of one size.
    """
    if reenacted.ndim != 3 or reenacted.shape != target.shape or mask.shape != reenacted.shape[:2]:
        raise InputError(
            "expected two crops side x side x 3 and a mask side x side of one size, "
            f"got {reenacted.shape}, {target.shape} and {mask.shape}: align both faces to one side first"
        )


def move_under_mask(move: Move, reenacted: Crop, target: Crop, mask: Mask, seed: int) -> Crop:
    """Run one method on the colours under the mask.

    Args:
        move: the method.
        reenacted: crop to recolour, 0..1.
        target: crop whose colours are wanted, 0..1, same geometry.
        mask: soft weights 0..1 of the face in both crops.
        seed: of the random numbers that the method may draw.

    Returns:
        The recoloured crop, 0..1; where the mask is 0 (everywhere, if it is empty) ``reenacted``.

    Raises:
        InputError: the arrays are not of one size.

    Source: [ours]
    """
    check_shapes(reenacted, target, mask)
    result = reenacted.astype(np.float32, copy=True)
    inside = mask > 0
    if not inside.any():
        return result
    weights = mask[inside].astype(np.float64)
    weights /= weights.sum()
    before = np.clip(reenacted[inside].astype(np.float64), 0, 1)
    wanted = np.clip(target[inside].astype(np.float64), 0, 1)
    if 1 / (weights @ weights) < FEWEST_PIXELS:
        move = shift_mean
    moved = move(before, wanted, weights, np.random.default_rng(seed))
    result[inside] = into_gamut(moved, mean_of(srgb_to_lab(wanted), weights), weights)
    return result


def into_gamut(rgb: Pixels, mean: Colour, weights: Weights) -> Pixels:
    """Clip colours into 0..1 and shift them in Lab until the mean *after* clipping is the wanted one.

    Args:
        rgb: display-encoded colours, some of them outside 0..1.
        mean: Lab mean that the clipped colours shall have.
        weights: of the pixels in that mean, sum 1.

    Returns:
        Display-encoded RGB, 0..1; only clipped when the mean is right already.

    Source: [ours]
    """
    lab, shift = srgb_to_lab(rgb), np.zeros(3)
    clipped = np.clip(rgb, 0, 1)
    for _ in range(_ROUNDS):
        gap = mean - mean_of(srgb_to_lab(clipped), weights)
        if np.linalg.norm(gap) < _CLOSE:
            break
        shift += gap
        clipped = np.clip(lab_to_srgb(lab + shift), 0, 1)
    return clipped
