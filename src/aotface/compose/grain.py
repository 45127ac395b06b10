"""New grain: Gaussian noise in octaves, out of one tile; which part of the tile a frame shows follows from its seed [ours].

The tile is band-passed once. So the grain of a frame costs a few additions, is new in each frame, and the same for the
same seed, whichever thread or process makes the frame.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from aotface.face.texture import BLURS, PLAIN, block_means, octaves

TILE = 512
"""Side of the tile, pixels; it repeats beyond that."""


@lru_cache(maxsize=1)
def tile() -> Float32[np.ndarray, "octaves 512 512"]:
    """Noise of mean square 1 in each octave; its edges meet."""
    white = np.random.default_rng(20201).standard_normal((TILE, TILE)).astype(np.float32)
    edge = 16 * int(np.ceil(BLURS[-1]))
    wide = np.pad(white, edge, mode="wrap")
    # Filtered twice: an octave's noise then is seen in its neighbours' filters but little.
    bands = [octaves(band)[n][edge:-edge, edge:-edge] for n, band in enumerate(octaves(wide))]
    made = np.stack([band / np.sqrt(np.mean(band**2)) for band in bands]).astype(np.float32)
    made.setflags(write=False)
    return made


@lru_cache(maxsize=1)
def plain_share() -> Float32[np.ndarray, " octaves"]:
    """Energy of the plainest fifth of blocks of pure noise, over that of all of it: chance makes some blocks plain."""
    whole = np.ones((TILE, TILE), np.float32)
    shares = [np.percentile(block_means(band**2, whole), PLAIN) for band in tile()]
    return np.array(shares, np.float32)


def draw(
    strengths: Float32[np.ndarray, " octaves"], shape: tuple[int, int], seed: tuple[int, ...], plane: int = 0
) -> Float32[np.ndarray, "rows columns"]:
    """Grain of one plane.

    Args:
        strengths: standard deviation in each octave.
        shape: rows and columns.
        seed: of the frame.
        plane: 0 for luma, 1 and 2 for chroma.

    Returns:
        Noise in the unit of the strengths.
    """
    offsets = np.random.default_rng((*seed, plane)).integers(0, TILE, 2).tolist()
    total = np.zeros(shape, np.float32)
    if not np.any(strengths > 0):
        return total
    flat = np.tensordot(strengths.astype(np.float32), tile(), axes=1).astype(np.float32)
    part = np.roll(flat, offsets, (0, 1))
    for top in range(0, shape[0], TILE):
        for left in range(0, shape[1], TILE):
            place = total[top : top + TILE, left : left + TILE]
            place[:] = part[: place.shape[0], : place.shape[1]]
    return total
