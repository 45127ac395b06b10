"""Camera match: the new face gets the grain, fine texture and chroma noise that the target's camera gave the old one [ours].

Both are compared at the frame's own pixels, octave by octave, on skin without eyes, brows and lips. An octave's energy is
texture that varies from place to place, and grain, which the plainest blocks have too. Texture is scaled, grain is added:

    g^2 = (D_t - P_t) / (D_y - P_y),    n = P_t - g^2 P_y

with D the mean energy of an octave and P that of grain, of target (t) and new face (y). Grain is what the plainest blocks
have, of skin and of what lies around the face: pores are not grain. A source of less resolution than the target has no
finest detail that could be scaled. There the target's own finest octaves of skin stand in, bounded, as far as texture is
missing: pores that fit the light and the camera, of nobody's face.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.grain import draw, plain_share
from aotface.metrics.texture import LUMA, PLAIN, TRIMMED, block_means, octaves
from aotface.types import Mask

OCTAVES = 3

LEAST_BLOCKS = 24
"""Blocks of skin without which nothing is matched: a face of about 60 pixels."""

SOFTER, SHARPER = 0.2, 1.8
"""Least and greatest factor of an octave's texture."""

STRONG = 2.5
"""Multiple of the texture's strength from which on a detail counts as an edge, which is not made stronger."""

CORRECTIONS = 1
"""How many times what was reached is looked at: octaves overlap, and textures may agree by chance."""

BOUND = 2.0
"""Multiple of the target's texture at which its octaves are cut where they stand in: its lashes and wrinkles stay away."""

TONES = 3
"""Brightnesses at which grain is measured."""

RIPPLE = (0.4, 2.5)
"""Least and greatest grain at one brightness, over that of all."""

CHROMA = np.array([[-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], np.float32)
"""Rows of Cb and Cr."""

BACK = np.array([[0.0, 1.402], [-0.344, -0.714], [1.772, 0.0]], np.float32)
"""What Cb and Cr add to red, green and blue."""

Pixels = Float32[np.ndarray, "rows columns 3"]

TextureArray = Float32[np.ndarray, "6 3"]
"""Rows: mean energy by octave; of plain skin; of plain Cb; of plain Cr; brightnesses; grain's energy at these over that of all.
Squared levels of 255."""


@dataclass(frozen=True)
class Camera:
    """What is laid on one face.

    ``features``: 0..1 in the face's crop: eyes, brows and lips, which keep their own strength. ``texture``: the target's,
    where it is known from several frames; None: it is measured. ``seed``: of the grain: run, frame, face. ``given``: it is
    another tool's swap: its texture does not become weaker, and the target's does not stand in.
    """

    features: Mask
    seed: tuple[int, ...]
    texture: TextureArray | None = None
    given: bool = False


def measure_texture(picture: Pixels, skin: Mask, around: Mask | None = None) -> TextureArray | None:
    """Texture and grain of skin.

    Args:
        picture: 0..1, at the frame's own pixels.
        skin: 1 where it counts, else 0.
        around: 1 in the surroundings of the face, where there is grain but no pores; None: they are not known.

    Returns:
        See `TextureArray`; None where there is too little skin.
    """
    luma = np.asarray(cv2.transform(picture, 255 * LUMA), np.float32)
    squares = [band * band for band in octaves(luma)]
    energies = [block_means(one, skin) for one in squares]
    if len(energies[0]) < LEAST_BLOCKS:
        return None
    detail = [one[one <= np.percentile(one, TRIMMED)].mean() for one in energies]
    chroma = cv2.split(cv2.transform(picture, 255 * CHROMA))
    coloured = [[band * band for band in octaves(plane)] for plane in chroma]
    plain = [_plain(one, skin, around) for one in (squares, *coloured)]
    tones, levels = _by_tone(block_means(luma, skin), energies[0])
    return np.array([detail, *plain, tones, levels], np.float32)


def _plain(squares: list[np.ndarray], skin: Mask, around: Mask | None) -> np.ndarray:
    """Energy of grain by octave: of the plainest fifth of blocks of skin, or of the surroundings where that is less."""
    found = []
    for octave in squares:
        least = np.percentile(block_means(octave, skin), PLAIN)
        if around is not None and len(others := block_means(octave, around)) >= LEAST_BLOCKS:
            least = min(least, np.percentile(others, PLAIN))
        found.append(least)
    return np.array(found) / plain_share()


def _by_tone(tones: np.ndarray, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness of the darker, middle and brighter third, and the grain's energy in each over that of all."""
    order, all_plain = np.argsort(tones, kind="stable"), float(np.percentile(energy, PLAIN))
    thirds = np.array_split(order, TONES)
    levels = [(np.percentile(energy[third], PLAIN) + 0.02) / (all_plain + 0.02) for third in thirds]
    return np.array([np.median(tones[third]) for third in thirds]), np.clip(levels, *RIPPLE)


@dataclass(frozen=True)
class Match:
    """What is done to a face, by octave: ``gains`` of its texture; ``grain``, ``cb``, ``cr`` added, standard deviations in
    levels of 255; ``stand_in``: share of the target's octaves; ``texture``: the target's; ``strength``: of the face's own."""

    gains: Float32[np.ndarray, " octaves"]
    grain: Float32[np.ndarray, " octaves"]
    cb: Float32[np.ndarray, " octaves"]
    cr: Float32[np.ndarray, " octaves"]
    stand_in: Float32[np.ndarray, " octaves"]
    texture: TextureArray
    strength: Float32[np.ndarray, " octaves"]


def find_match(
    own: TextureArray, wanted: TextureArray, given: bool = False, asked: TextureArray | None = None
) -> Match:
    """What carries a face's texture to the target's.

    Args:
        own: of the new face.
        wanted: of the target.
        asked: in its place, where what is asked for is not reached otherwise.
        given: see `Camera`.
    """
    least = 1.0 if given else SOFTER
    asked = wanted if asked is None else asked
    (detail, plain), (detail_y, plain_y) = asked[:2], own[:2]
    plain, plain_y = np.minimum(plain, detail), np.minimum(plain_y, detail_y)
    squared = np.maximum(detail - plain, 0) / np.maximum(detail_y - plain_y, 0.05 * detail_y + 0.01)
    noisy = squared * plain_y > plain  # it has more grain than the target: all of it is scaled
    squared = np.where(noisy, (detail + 0.01) / (detail_y + 0.01), squared)
    gains = np.clip(np.sqrt(squared), least, SHARPER)
    grain = np.maximum(plain - gains**2 * plain_y, 0)
    missing = np.maximum(detail - gains**2 * detail_y - grain, 0)
    colour = np.maximum(asked[2:4] - own[2:4], 0)
    stand_in = 0 * missing if given else missing / np.maximum(wanted[0], 0.01)
    added = np.sqrt(np.stack([grain, *colour, stand_in])).astype(np.float32)
    return Match(gains.astype(np.float32), *added, wanted, np.sqrt(detail_y).astype(np.float32))


def match_face(face: Pixels, target: Pixels, weight: Mask, features: Mask, camera: Camera) -> Match | None:
    """What carries a face to the texture of its target; None where too little of it shows.

    Args:
        face: Y at the frame's own pixels, 0..1.
        target: the same place of the target.
        weight: with which Y shows, 0..1.
        features: eyes, brows and lips, 0..1.
        camera: see there.
    """
    skin = skin_of(weight, features)
    wanted, own = camera.texture, measure_texture(face, skin)
    if wanted is None:
        wanted = measure_texture(target, skin, around_of(weight))
    if own is None or wanted is None:
        return None
    found, asked = find_match(own, wanted, camera.given), wanted
    for _ in range(CORRECTIONS):
        reached = measure_texture(lay(face.copy(), target, found, features, weight, camera.seed), skin)
        assert reached is not None  # of the same skin
        asked = asked.copy()
        asked[:2] *= np.clip((wanted[:2] + 0.01) / (reached[:2] + 0.01), 0.5, 2)
        asked[1] = np.minimum(asked[1], asked[0])
        found = find_match(own, wanted, camera.given, asked)
    return found


def skin_of(weight: Mask, features: Mask) -> Mask:
    """1 on the face without its features."""
    return ((weight > 0.9) & (features < 0.2)).astype(np.float32)


def around_of(weight: Mask) -> Mask:
    """1 where the face does not show."""
    return (weight == 0).astype(np.float32)


def lay(
    face: Pixels, target: Pixels, match: Match, features: Mask, weight: Mask, seed: tuple[int, ...]
) -> Pixels:
    """The face with the target's texture and grain.

    Args:
        face: Y at the frame's own pixels, 0..1; changed in place.
        target: the same place of the target.
        match: see there.
        features: 0..1, where texture keeps its strength.
        weight: with which Y shows: where the target shows through, its grain does, and the rest is made up for.
        seed: of the grain.
    """
    luma = np.asarray(cv2.transform(face, 255 * LUMA), np.float32)
    change = np.zeros_like(luma)
    for band, gain, strength in zip(octaves(luma), match.gains, match.strength, strict=True):
        if gain < 1:
            change += np.float32(gain - 1) * band
        elif gain > 1:
            change += np.float32(gain - 1) * band / (1 + (band / np.float32(STRONG * strength + 0.1)) ** 2)
    if match.stand_in.any():
        theirs = octaves(np.asarray(cv2.transform(target, 255 * LUMA), np.float32))
        for band, share, detail in zip(theirs, match.stand_in, match.texture[0], strict=True):
            bound = float(BOUND * np.sqrt(detail))
            change += share * np.clip(band, -bound, bound)
    change *= 1 - features
    shape, more = luma.shape, np.sqrt((2 - weight) / np.maximum(weight, np.float32(0.1)))
    if match.grain.any():
        tones, levels = match.texture[4:]
        at = np.interp(np.arange(256), tones, np.sqrt(levels)).astype(np.float32)
        change += draw(match.grain, shape, seed) * at[np.clip(luma, 0, 255).astype(np.uint8)] * more
    face += (change / np.float32(255))[..., None]
    if match.cb.any() or match.cr.any():
        planes = np.dstack([draw(s, shape, seed, n) for n, s in ((1, match.cb), (2, match.cr))])
        planes *= more[..., None]
        face += cv2.transform(planes / np.float32(255), BACK)
    return face
